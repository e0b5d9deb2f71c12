package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// probe asks code to describe itself and compares that with the manifest. It names everything on which the two differ, and
// which of them says what.
func probe(ctx context.Context, module driver.Module, m *manifest.Manifest) error {
	call := wire.Call{Op: wire.OpDescribe}
	message, err := call.MarshalMsg(nil)
	if err != nil {
		return fmt.Errorf("encode %s: %w", wire.OpDescribe, err)
	}
	answer, err := module.Call(ctx, driver.Call{Message: message})
	if err != nil {
		return fmt.Errorf("the code does not describe itself: %w", err)
	}
	var code sdk.Description
	if err := decode(answer.Message, &code); err != nil {
		return fmt.Errorf("the code does not describe itself: %w", err)
	}
	return compare(m, &code)
}

func compare(m *manifest.Manifest, code *sdk.Description) error {
	var problems []string
	if code.ID != string(m.ID) {
		problems = append(problems, fmt.Sprintf("plugin.json says id %q, the code says %q", m.ID, code.ID))
	}
	if code.Version != m.Version {
		problems = append(problems, fmt.Sprintf("plugin.json says version %q, the code says %q", m.Version, code.Version))
	}
	for _, module := range m.Modules {
		if !slices.Contains(code.Views, module.View) {
			problems = append(problems, fmt.Sprintf("the module %q of plugin.json shows the view %q, and the code has %s", module.Key, module.View, list("views", code.Views)))
		}
	}
	for _, p := range m.Provides {
		kind, has := "synchronizer", code.Synchronizers
		if p.Capability == manifest.ServiceV1 {
			kind, has = "service", code.Services
		}
		if !slices.Contains(has, p.Name) {
			problems = append(problems, fmt.Sprintf("plugin.json provides the %s %q, and the code has %s", kind, p.Name, list(kind+"s", has)))
		}
	}
	for _, c := range m.Configs {
		if c.Guard != "" && !slices.Contains(code.Guards, c.Guard) {
			problems = append(problems, fmt.Sprintf("the config %q of plugin.json names the guard %q, and the code has %s", c.Type, c.Guard, list("guards", code.Guards)))
		}
	}
	for _, e := range m.Events {
		if !slices.Contains(code.Events, e.Handler) {
			problems = append(problems, fmt.Sprintf("the event %q of plugin.json names the handler %q, and the code has %s", e.Event, e.Handler, list("handlers of events", code.Events)))
		}
	}
	for _, j := range m.Jobs {
		if !slices.Contains(code.Jobs, j.Handler) {
			problems = append(problems, fmt.Sprintf("the job %q of plugin.json names the handler %q, and the code has %s", j.Name, j.Handler, list("handlers of jobs", code.Jobs)))
		}
	}
	for _, f := range m.Functions {
		if !slices.Contains(code.Functions, f.Handler) {
			problems = append(problems, fmt.Sprintf("the function %q of plugin.json names the handler %q, and the code has %s", f.Name, f.Handler, list("handlers of functions", code.Functions)))
		}
	}
	for _, r := range m.Routes {
		if !slices.Contains(code.Routes, r.Handler) {
			problems = append(problems, fmt.Sprintf("the route %q of plugin.json names the handler %q, and the code has %s", r.Method+" "+r.Path, r.Handler, list("handlers of routes", code.Routes)))
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return errors.New("code and plugin.json disagree: " + strings.Join(problems, "; ") + ". Correct one of the two and build again")
}

func list(what string, names []string) string {
	if len(names) == 0 {
		return "no " + what
	}
	return "only " + strings.Join(names, ", ")
}
