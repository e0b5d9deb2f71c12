package connect

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

const (
	// lifecycleTimeout is how long an app may take to answer a lifecycle call or to hand out its descriptor.
	lifecycleTimeout = 20 * time.Second
	// maxDescriptor is the largest descriptor that the site reads.
	maxDescriptor = 1 << 20
)

// InstallError says why an app was not installed, to the person who wanted it.
type InstallError struct{ Message string }

func (e *InstallError) Error() string { return e.Message }

func refuse(format string, args ...any) error { return &InstallError{fmt.Sprintf(format, args...)} }

// Install fetches a descriptor and installs the app, or installs it anew: the client key stays, the shared secret is a new
// one. As in Jira the app decides: only if its installed hook answers 2xx has anything changed here.
func (s *Apps) Install(ctx context.Context, descriptorURL string, by world.AccountID) (*world.App, error) {
	raw, err := s.fetchDescriptor(ctx, descriptorURL)
	if err != nil {
		return nil, err
	}
	d, err := ParseDescriptor(raw)
	if err != nil {
		return nil, refuse("The descriptor was refused: %s.", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	s.installMu.Lock()
	defer s.installMu.Unlock()

	app := &world.App{
		Key: world.AppKey(d.Key), DescriptorURL: descriptorURL, Descriptor: raw, ClientKey: world.NewUUID(), SharedSecret: world.NewSecret(),
		Account: world.AccountID("557058:" + world.NewUUID()), State: world.AppEnabled, Installed: s.now().UTC(),
	}
	if old := s.store.State().Apps.Get(app.Key); old != nil {
		app.ClientKey, app.Account, app.Properties = old.ClientKey, old.Account, old.Properties
		if err := s.anotherSecond(ctx, old.Installed); err != nil {
			return nil, err
		}
		app.Installed = s.now().UTC()
	}
	if d.Lifecycle.Installed != "" {
		if err := s.lifecycle(ctx, app, d, "installed", d.Lifecycle.Installed, by); err != nil {
			s.log.WarnContext(ctx, "app refused the installation", "app", app.Key, "error", err)
			return nil, refuse("%s was not installed: %s.", d.Name, err)
		}
	}
	err = s.store.ChangeAs(by, func(tx *world.Tx) error {
		if old := tx.Apps.Get(app.Key); old != nil {
			app.Properties = old.Properties
		}
		if err := tx.Put(app); err != nil {
			return err
		}
		if err := indexProperties(tx, app.Key, d.indexed); err != nil || tx.User(app.Account) != nil {
			return err
		}
		return tx.Put(&world.User{Account: app.Account, Name: d.Name, App: true, Groups: []string{world.AppGroup}})
	})
	if err != nil {
		return nil, err
	}
	s.log.InfoContext(ctx, "app installed", "app", app.Key, "client", app.ClientKey)
	s.tell(ctx, app, d, "enabled", d.Lifecycle.Enabled, by)
	return app, nil
}

// anotherSecond waits for the end of the second of an earlier installation. Tokens carry whole seconds, so an app could
// not tell which of two installations in one second is the later one, and has to take the second for a replay.
func (s *Apps) anotherSecond(ctx context.Context, before time.Time) error {
	now := s.now()
	if now.Unix() != before.Unix() {
		return nil
	}
	t := time.NewTimer(now.Truncate(time.Second).Add(time.Second).Sub(now))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// changeApp enables, disables or uninstalls an app and tells it.
func (s *Apps) Change(ctx context.Context, key world.AppKey, to world.AppState, by world.AccountID) error {
	s.installMu.Lock()
	defer s.installMu.Unlock()
	var app *world.App
	var before world.AppState
	err := s.store.ChangeAs(by, func(tx *world.Tx) error {
		if app = world.Edit(tx.App(key)); app == nil {
			return refuse("No app with the key %s is installed.", key)
		}
		before, app.State = app.State, to
		return tx.Put(app)
	})
	if err != nil || before == to {
		return err
	}
	d, err := ParseDescriptor(app.Descriptor)
	if err != nil {
		return fmt.Errorf("read the descriptor of %s: %w", key, err)
	}
	s.log.InfoContext(ctx, "app changed", "app", key, "from", before, "to", to)
	switch to {
	case world.AppEnabled:
		s.tell(ctx, app, d, "enabled", d.Lifecycle.Enabled, by)
	case world.AppDisabled:
		s.tell(ctx, app, d, "disabled", d.Lifecycle.Disabled, by)
	case world.AppUninstalled:
		if before == world.AppEnabled {
			s.tell(ctx, app, d, "disabled", d.Lifecycle.Disabled, by)
		}
		s.tell(ctx, app, d, "uninstalled", d.Lifecycle.Uninstalled, by)
		s.hooks.Forget(string(key))
	}
	return nil
}

// tell makes a lifecycle call whose answer changes nothing.
func (s *Apps) tell(ctx context.Context, app *world.App, d *Descriptor, event, path string, by world.AccountID) {
	if path == "" {
		return
	}
	if err := s.lifecycle(ctx, app, d, event, path, by); err != nil {
		s.log.WarnContext(ctx, "lifecycle call", "app", app.Key, "event", event, "error", err)
	}
}

// lifecycle posts an event to the app. installed and uninstalled are signed with the site's RSA key, since the app cannot
// yet, or no longer, trust the shared secret.
func (s *Apps) lifecycle(ctx context.Context, app *world.App, d *Descriptor, event, path string, by world.AccountID) error {
	key, err := publicKey(s.store.State().InstallKey)
	if err != nil {
		return err
	}
	body := object{
		"key": app.Key, "clientKey": app.ClientKey, "publicKey": key, "baseUrl": s.baseURL, "displayUrl": s.baseURL,
		"displayUrlServicedeskHelpCenter": s.baseURL, "productType": "jira", "description": s.store.State().Title,
		"oauthClientId": oauthClientID(app), "eventType": event,
	}
	if event == "installed" {
		body["sharedSecret"] = app.SharedSecret
	}
	c := s.claims(app, by, tokenLifetime)
	c.QSH = auth.QSH(http.MethodPost, d.BaseURL+path, pathOf(d.BaseURL))
	var token string
	if event == "installed" || event == "uninstalled" {
		c.Audience = []string{d.BaseURL}
		token, err = s.signInstall(c)
	} else {
		token, err = auth.SignHS256(c, app.SharedSecret)
	}
	if err != nil {
		return fmt.Errorf("sign %s: %w", event, err)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode %s: %w", event, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.BaseURL+path, bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("the app's address is wrong: %w", err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("Authorization", "JWT "+token)
	resp, err := s.client.Do(req)
	if err != nil {
		return fmt.Errorf("the app host could not be reached: %w", err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxDescriptor)) // so that the connection can be used again
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("the app host returned HTTP response code %d to the %s call", resp.StatusCode, event)
	}
	return nil
}

// oauthClientID is an opaque value in the form of Atlassian's; the sandbox has no OAuth.
func oauthClientID(app *world.App) string {
	return base64.StdEncoding.EncodeToString([]byte("sandbox-" + app.ClientKey))
}

func (s *Apps) fetchDescriptor(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, refuse("%q is not the http or https address of a descriptor.", address)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, refuse("%q is not the address of a descriptor.", address)
	}
	req.Header.Set("Accept", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, refuse("The descriptor at %s could not be fetched: %s.", address, rootCause(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, refuse("The descriptor at %s could not be fetched: the app host returned HTTP response code %d.", address, resp.StatusCode)
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxDescriptor+1))
	if err != nil {
		return nil, refuse("The descriptor at %s could not be read: %s.", address, rootCause(err))
	}
	if len(raw) > maxDescriptor {
		return nil, refuse("The descriptor at %s is larger than %d bytes.", address, maxDescriptor)
	}
	return raw, nil
}

// rootCause leaves out the address that a url.Error repeats.
func rootCause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
