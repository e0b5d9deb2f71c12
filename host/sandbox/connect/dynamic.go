package connect

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// maxDynamic is how many modules an app can have registered at run time.
const maxDynamic = 100

// Apps register modules for one site while they run:
// https://developer.atlassian.com/cloud/jira/platform/connect-dynamic-modules/.

func (s *Apps) dynamicOperations() []rest.Operation {
	const path = "/rest/atlassian-connect/1/app/module/dynamic"
	return []rest.Operation{
		rest.Op("GET", path, rest.ScopeNone, s.listModules),
		rest.Op("POST", path, rest.ScopeNone, s.registerModules),
		rest.Op("DELETE", path, rest.ScopeNone, s.removeModules),
	}
}

func connectApp(c *rest.Call) error {
	if !c.AsApp() || c.Who.Forge {
		return rest.Fail(http.StatusUnauthorized, "%s", notConnect)
	}
	return nil
}

func (s *Apps) listModules(c *rest.Call) (rest.Answer, error) {
	if err := connectApp(c); err != nil {
		return rest.Answer{}, err
	}
	have, err := readModules(c.Who.App.Modules)
	if err != nil {
		return rest.Answer{}, err
	}
	// Atlassian's schema has a list of modules under "modules", and its example the kinds at the top; this answers both.
	out := object{"modules": []json.RawMessage{}}
	var all []json.RawMessage
	for _, key := range have.kinds() {
		out[key] = have[key]
		all = append(all, have[key]...)
	}
	if all != nil {
		out["modules"] = all
	}
	return rest.Answer{Status: http.StatusOK, Body: out}, nil
}

func (s *Apps) registerModules(c *rest.Call) (rest.Answer, error) {
	if err := connectApp(c); err != nil {
		return rest.Answer{}, err
	}
	fresh, err := dynamicInput(c)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusOK}, s.changeModules(c, func(app *world.App, have modules) (modules, error) {
		var static struct {
			Modules modules `json:"modules"`
		}
		if err := json.Unmarshal(app.Descriptor, &static); err != nil {
			return nil, err
		}
		all := have.with(fresh)
		if twice := duplicates(append(static.Modules.keys(), all.keys()...)); len(twice) > 0 {
			return nil, rest.Fail(http.StatusBadRequest,
				"Installation failed. The app %s has duplicate module keys: [%s]. Please contact the app vendor.", app.Key, strings.Join(twice, ", "))
		}
		if n := all.count(); n > maxDynamic {
			return nil, rest.Fail(http.StatusBadRequest, "An app can register at most %d dynamic modules; this would make %d.", maxDynamic, n)
		}
		return all, nil
	})
}

// dynamicInput reads modules in the form of a descriptor's, with or without "modules" around them.
func dynamicInput(c *rest.Call) (modules, error) {
	var in map[string]json.RawMessage
	if err := c.DecodeBody(&in); err != nil {
		return nil, err
	}
	wrapped := in["modules"]
	if wrapped != nil {
		in = nil
		if err := json.Unmarshal(wrapped, &in); err != nil {
			return nil, rest.Fail(http.StatusBadRequest, "modules: want an object of module types, each with a list of modules, as in an app descriptor.")
		}
	}
	fresh := modules{}
	for kind, raw := range in {
		var list []json.RawMessage
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, rest.Fail(http.StatusBadRequest, "%s: want a list of modules.", kind)
		}
		fresh[kind] = list
	}
	if fresh.count() == 0 {
		return nil, rest.Fail(http.StatusBadRequest, "There are no modules in the request.")
	}
	for kind, list := range fresh {
		for n, raw := range list {
			if !moduleKeyForm.MatchString(moduleKey(raw)) {
				return nil, rest.Fail(http.StatusBadRequest, "%s[%d]: a dynamic module needs a key of letters, digits, dashes and underscores.", kind, n)
			}
		}
	}
	return fresh, nil
}

func (s *Apps) removeModules(c *rest.Call) (rest.Answer, error) {
	if err := connectApp(c); err != nil {
		return rest.Answer{}, err
	}
	keys := c.URL.Query()["moduleKey"]
	return rest.Answer{Status: http.StatusNoContent}, s.changeModules(c, func(_ *world.App, have modules) (modules, error) {
		if len(keys) == 0 {
			return modules{}, nil
		}
		return have.without(keys), nil
	})
}

// changeModules changes the dynamic modules of the calling app, if what comes of it is a descriptor that Jira would take.
func (s *Apps) changeModules(c *rest.Call, change func(*world.App, modules) (modules, error)) error {
	return s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		app := world.Edit(tx.App(c.Who.App.Key))
		if app == nil {
			return rest.Fail(http.StatusUnauthorized, "The app is not installed.")
		}
		have, err := readModules(app.Modules)
		if err != nil {
			return err
		}
		next, err := change(app, have)
		if err != nil {
			return err
		}
		app.Modules = nil
		if next.count() > 0 {
			if app.Modules, err = json.Marshal(next); err != nil {
				return fmt.Errorf("encode modules: %w", err)
			}
		}
		d, err := Describe(app)
		if err != nil {
			return rest.Fail(http.StatusBadRequest, "Installation failed. The modules were refused: %s.", strings.ReplaceAll(err.Error(), "\n", "; "))
		}
		if err := tx.Put(app); err != nil {
			return err
		}
		return settle(tx, app, d)
	})
}
