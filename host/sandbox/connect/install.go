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
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
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
	return s.InstallDescriptor(ctx, Installation{URL: descriptorURL, Descriptor: raw}, by)
}

// Installation is what an app is installed from.
type Installation struct {
	URL        string // of the descriptor
	Descriptor []byte
	// Forge is set for a Forge app; its descriptor is that of its Connect half. Upgrade keeps the shared secret, and the app
	// is not told.
	Forge   *world.Forge
	Upgrade bool
}

// InstallDescriptor installs an app whose descriptor is at hand.
func (s *Apps) InstallDescriptor(ctx context.Context, in Installation, by world.AccountID) (*world.App, error) {
	d, err := ParseDescriptor(in.Descriptor)
	if err != nil {
		return nil, refuse("The descriptor was refused: %s.", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	s.installMu.Lock()
	defer s.installMu.Unlock()

	app := &world.App{
		Key: world.AppKey(d.Key), DescriptorURL: in.URL, Descriptor: in.Descriptor, ClientKey: world.NewUUID(), SharedSecret: world.NewSecret(),
		Account: world.AccountID("557058:" + world.NewUUID()), State: world.AppEnabled, Installed: s.now().UTC(), Forge: in.Forge,
	}
	if old := s.store.State().Apps.Get(app.Key); old != nil {
		app.ClientKey, app.Account = old.ClientKey, old.Account
		if in.Upgrade {
			app.SharedSecret, app.Installed = old.SharedSecret, old.Installed
		} else if err := s.anotherSecond(ctx, old.Installed); err != nil {
			return nil, err
		} else {
			app.Installed = s.now().UTC()
		}
	}
	if d.Lifecycle.Installed != "" && !in.Upgrade {
		if err := s.lifecycle(ctx, app, d, "installed", d.Lifecycle.Installed, by); err != nil {
			s.log.WarnContext(ctx, "app refused the installation", "app", app.Key, "error", err)
			return nil, refuse("%s was not installed: %s.", d.Name, err)
		}
	}
	if err := s.store.ChangeAs(by, func(tx *world.Tx) error { return s.enter(tx, app, d) }); err != nil {
		return nil, err
	}
	s.log.InfoContext(ctx, "app installed", "app", app.Key, "client", app.ClientKey)
	if in.Forge == nil { // apps on Forge are not told any more
		s.tell(ctx, app, d, "enabled", d.Lifecycle.Enabled, by)
	}
	return app, nil
}

// enter keeps an installed app, with what it had before and what its modules say.
func (s *Apps) enter(tx *world.Tx, app *world.App, d *Descriptor) error {
	if old := tx.Apps.Get(app.Key); old != nil {
		app.Properties, app.MigrationHooks = old.Properties, old.MigrationHooks
		var err error
		if app.Modules, err = restored(d, old.Modules); err != nil {
			return err
		}
	}
	whole, err := Describe(app)
	if err != nil { // what was registered at run time does not fit the new descriptor
		s.log.Warn("dynamic modules are dropped", "app", app.Key, "error", err)
		app.Modules, whole = nil, d
	}
	if err := tx.Put(app); err != nil {
		return err
	}
	groups := []string{world.AppGroup}
	if rest.ScopeAdmin.In(d.Scopes) {
		groups = append(groups, world.AppAdminGroup)
		if site := tx.EditSite(); !slices.Contains(site.Global[world.Administer], world.AppAdminGroup) {
			site.Global[world.Administer] = append(site.Global[world.Administer], world.AppAdminGroup)
			if err := tx.Put(site); err != nil {
				return err
			}
		}
	}
	if u := tx.User(app.Account); u == nil || u.Name != d.Name || !slices.Equal(u.Groups, groups) {
		if err := tx.Put(&world.User{Account: app.Account, Name: d.Name, App: true, Groups: groups}); err != nil {
			return err
		}
	}
	return settle(tx, app, whole)
}

// restored are the dynamic modules that a new installation finds again: none where a key is one of the descriptor's now.
func restored(d *Descriptor, old json.RawMessage) (json.RawMessage, error) {
	dynamic, err := readModules(old)
	if err != nil || dynamic.count() == 0 {
		return nil, err
	}
	static := modules{}
	for kind, raw := range d.Modules {
		var one modules
		if err := json.Unmarshal([]byte(`{"`+kind+`":`+string(raw)+`}`), &one); err != nil {
			return nil, err
		}
		static = static.with(one)
	}
	if len(duplicates(append(static.keys(), dynamic.keys()...))) > 0 {
		return nil, nil
	}
	return old, nil
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
	if app := s.store.State().App(key); app != nil && to == world.AppUninstalled && s.leaving != nil {
		s.leaving(ctx, app)
	}
	var app *world.App
	var before world.AppState
	err := s.store.ChangeAs(by, func(tx *world.Tx) error {
		if app = world.Edit(tx.App(key)); app == nil {
			return refuse("No app with the key %s is installed.", key)
		}
		before, app.State = app.State, to
		if err := tx.Put(app); err != nil || to != world.AppUninstalled {
			return err
		}
		return unsettle(tx, app.Key)
	})
	if err != nil || before == to {
		return err
	}
	d, err := Describe(app)
	if err != nil {
		return err
	}
	s.log.InfoContext(ctx, "app changed", "app", key, "from", before, "to", to)
	switch {
	case app.Forge != nil && to != world.AppUninstalled: // apps on Forge are not told any more
	case to == world.AppEnabled:
		s.tell(ctx, app, d, "enabled", d.Lifecycle.Enabled, by)
	case to == world.AppDisabled:
		s.tell(ctx, app, d, "disabled", d.Lifecycle.Disabled, by)
	case to == world.AppUninstalled:
		if before == world.AppEnabled && app.Forge == nil {
			s.tell(ctx, app, d, "disabled", d.Lifecycle.Disabled, by)
		}
		s.tell(ctx, app, d, "uninstalled", d.Lifecycle.Uninstalled, by)
		s.hooks.Forget(string(key))
		s.answers.drop(key)
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
		"oauthClientId": OAuthClientID(app), "eventType": event,
	}
	if event == "installed" {
		body["sharedSecret"] = app.SharedSecret
	}
	if app.Forge != nil {
		body["installationId"] = app.Forge.Installation
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

// OAuthClientID is by which the app calls itself where it asks for tokens, an opaque value in the form of Atlassian's.
func OAuthClientID(app *world.App) string {
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
