package forge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// checkFunction looks at a function in JQL: https://developer.atlassian.com/platform/forge/manifest-reference/modules/jira-jql-function/.
func (m *Module) checkFunction() error {
	switch {
	case m.Name == "":
		return errors.New("name is missing")
	case m.Endpoint == "" && m.Function == "":
		return errors.New("endpoint is missing")
	case m.Arguments == nil || len(m.Operators) == 0 || len(m.Types) == 0:
		return errors.New("arguments, operators or types are missing")
	}
	for _, o := range m.Operators {
		if o != "in" && o != "not in" {
			return fmt.Errorf("operator %q: the sandbox knows in and not in", o)
		}
	}
	return nil
}

// functions are what users can write in JQL, and an endpoint answers.
func (s *Forge) functions(st *world.State) (out []connect.Offer) {
	s.enabled(st, func(app *world.App, m *Manifest) {
		for _, each := range m.of(jqlFunction) {
			if each.Endpoint == "" {
				continue
			}
			f := &connect.Function{Key: each.Key, Name: string(each.Name), Types: each.Types}
			for _, a := range each.Arguments {
				f.Arguments = append(f.Arguments, connect.Argument(a))
			}
			for _, o := range each.Operators {
				f.Operators = append(f.Operators, strings.ReplaceAll(o, " ", "_")) // as Connect spells them
			}
			out = append(out, connect.Offer{
				App: app, Function: f, Key: strings.Replace(app.Forge.Environment, "::environment/", "::extension/", 1) + "/static/" + each.Key,
				Ask: func(ctx context.Context, body []byte) (*http.Request, error) {
					return s.question(ctx, st, app, m, each, body)
				},
			})
		}
	})
	return out
}

// question is one to the endpoint of a function, in the name of nobody.
func (s *Forge) question(ctx context.Context, st *world.State, app *world.App, m *Manifest, each *Module, body []byte) (*http.Request, error) {
	e := m.endpoint(each.Endpoint)
	remote := m.Remote(e.Remote)
	h, err := s.headers(st, app, m, invocation{remote: remote, auth: e.Auth, kind: "core:endpoint", key: e.Key, context: s.context(st, each.Key)})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, string(remote.Base)+e.Route.Path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("the address of the endpoint %s is wrong: %w", e.Key, err)
	}
	r.Header = h
	return r, nil
}
