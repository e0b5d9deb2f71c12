package connect

import (
	"fmt"
	"strings"

	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/sandbox/push"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// allHooks lists what the enabled apps want to hear of.
func (s *Apps) Hooks() (hooks []push.Hook) {
	for _, app := range s.store.State().InstalledApps() {
		if app.State != world.AppEnabled {
			continue
		}
		d, err := Describe(app)
		if err != nil {
			s.log.Error("read a descriptor for its webhooks", "app", app.Key, "error", err)
			continue
		}
		hooks = append(append(hooks, d.hooks...), s.hooks.Hooks(string(app.Key), s.now())...)
	}
	return hooks
}

// Reads says whether an app has the scope READ.
func (s *Apps) Reads(app *world.App) bool {
	d, err := Describe(app)
	return err == nil && rest.ScopeRead.In(d.Scopes)
}

// SignWebhook signs a request to an app with the secret that it has now: it may be another than at the event.
func (s *Apps) SignWebhook(key, method, address string) (string, error) {
	app := s.store.State().App(world.AppKey(key))
	if app == nil || app.State != world.AppEnabled {
		return "", fmt.Errorf("the app %s is not enabled any more", key)
	}
	d, err := Describe(app)
	if err != nil {
		return "", err
	}
	if !strings.EqualFold(d.Authentication.Type, "jwt") {
		return "", nil
	}
	c := s.claims(app, "", tokenLifetime)
	c.QSH = auth.QSH(method, address, pathOf(d.BaseURL))
	token, err := auth.SignHS256(c, app.SharedSecret)
	if err != nil {
		return "", fmt.Errorf("sign for %s: %w", key, err)
	}
	return "JWT " + token, nil
}
