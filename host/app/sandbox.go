package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// Sandbox is a running sandbox Jira site. Make it with StartSandbox.
type Sandbox struct {
	url    string
	site   *sandbox.Site
	server *http.Server
	served chan error
}

// SandboxConfig says where a sandbox lives.
type SandboxConfig struct {
	Dir    string // data directory
	Listen string // address such as 127.0.0.1:8090
	Log    *slog.Logger
	// SearchLag is how long searches take to see a change.
	SearchLag time.Duration
	// Fill fills a new site; with it, one that exists is refused with [world.ErrExists]. nil is the small office for a new one.
	Fill func(*world.Store) error
}

// StartSandbox opens the site whose data lies in cfg.Dir, seeding it where there is none, and serves it.
func StartSandbox(cfg SandboxConfig) (*Sandbox, error) {
	l, err := listen(cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	s := &Sandbox{url: "http://" + l.Addr().String(), served: make(chan error, 1)}
	if s.site, err = sandbox.Open(sandbox.Config{DataDir: cfg.Dir, BaseURL: s.url, Logger: cfg.Log, Clock: time.Now, Fill: cfg.Fill, SearchLag: cfg.SearchLag}); err != nil {
		return nil, errors.Join(fmt.Errorf("sandbox: %w", err), l.Close())
	}
	s.server = &http.Server{Handler: s.site.Handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() { s.served <- s.server.Serve(l) }()
	return s, nil
}

// URL returns the site's address without a trailing slash.
func (s *Sandbox) URL() string { return s.url }

// Override returns the settings that make a host accept this site: its key host, its bridge, its frames.
func (s *Sandbox) Override() map[string]string {
	return map[string]string{
		"connect.key_hosts":       s.url + "/install-keys",
		"connect.bridge_url":      s.url + "/connect-cdn/atlassian-connect/all.js",
		"connect.frame_ancestors": s.url,
		"connect.loopback_sites":  "true",
		"connect.token_url":       s.url + "/oauth2/token",
		"connect.act_as_user":     "true",
		"forge.jwks_url":          s.url + "/.well-known/jwks.json",
		"forge.environments":      "DEVELOPMENT",
	}
}

// Install makes the site install the app of a host, over HTTP and with a signed handshake, as a Jira admin would.
func (s *Sandbox) Install(ctx context.Context, hostURL string) error {
	body, err := json.Marshal(map[string]string{"descriptor": hostURL + "/atlassian-connect.json"})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/sandbox/apps", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("install into the sandbox: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode/100 != 2 {
		text, _ := io.ReadAll(io.LimitReader(answer.Body, 4<<10))
		return fmt.Errorf("install into the sandbox: status %d: %s", answer.StatusCode, text)
	}
	return nil
}

// Welcome returns an address that logs an administrator in and shows an issue.
func (s *Sandbox) Welcome() string { return s.Page(s.site.Welcome()) }

// Admin returns an address that logs an administrator in and leads on to a path of the site.
func (s *Sandbox) Admin(path string) string {
	login, _ := s.site.Welcome()
	return s.Page(login, path)
}

// Page returns an address that logs a user in and leads on to a path of the site.
func (s *Sandbox) Page(user, path string) string {
	return s.url + "/login?as=" + user + "&dest=" + path
}

// Close finishes the running requests and closes the site.
func (s *Sandbox) Close(ctx context.Context) error {
	s.site.Hurry()
	err := s.server.Shutdown(ctx)
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return errors.Join(err, s.site.Close())
}
