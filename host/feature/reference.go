package feature

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk"
)

// Use is a document, or the settings of a plugin, that refers to a document.
type Use struct {
	Plugin capability.PluginID
	Type   string // of the document that refers; "" for the settings of the plugin
	ID     string
	Title  string // what its type is called, or the plugin
	Label  string // "" for settings
	// ByLabel says that a query names the document by its label: with another label it would not find it any more.
	ByLabel bool
}

// String names it for an admin.
func (u Use) String() string {
	if u.Type == "" {
		return "the settings of " + u.Title
	}
	return u.Title + " “" + u.Label + "”"
}

// UsedError says that a document cannot be deleted as long as others refer to it.
type UsedError struct {
	Label string
	Uses  []Use
}

// Error names what uses the document, and says what to do.
func (e *UsedError) Error() string {
	var names []string
	for _, u := range e.Uses {
		names = append(names, u.String())
	}
	return fmt.Sprintf("“%s” cannot be deleted. Used by: %s. Choose something else there, or delete that first.", e.Label, strings.Join(names, ", "))
}

// Unwrap makes it an error that everybody who asks may read.
func (e *UsedError) Unwrap() error {
	return &sdk.Error{Code: sdk.Exists, Source: sdk.FromHost, Message: e.Error()}
}

// source is the type as x-config names it.
func source(plugin capability.PluginID, typ string) schemaform.Source {
	return schemaform.Source(string(plugin) + "/" + typ)
}

// uses finds what refers to documents of a type: settings that were chosen, and queries that name one. What was deleted refers to nothing: it
// is looked at again when it is taken back. With only, that is the one label that counts.
func (s *Service) uses(ctx context.Context, t capability.TenantID, plugin capability.PluginID, typ string, only *named) (map[string][]Use, error) {
	out, of := map[string][]Use{}, source(plugin, typ)
	names, err := s.names(ctx, t, plugin, typ, only)
	if err != nil {
		return nil, err
	}
	add := func(form *schemaform.Form, values json.RawMessage, u Use) {
		seen := map[string]bool{}
		for _, r := range form.References(values) {
			if r.To == of && !seen[r.ID] {
				seen[r.ID] = true
				out[r.ID] = append(out[r.ID], u)
			}
		}
		for _, q := range form.Queries(values) {
			for id, byLabel := range names.in(q) {
				u.ByLabel = byLabel
				if !seen[id] {
					seen[id] = true
					out[id] = append(out[id], u)
				} else if last := &out[id][len(out[id])-1]; byLabel {
					last.ByLabel = true
				}
			}
		}
	}
	for _, m := range s.Manifests() {
		e, choice, err := s.choice(ctx, t, m.ID)
		if sdk.CodeOf(err) == sdk.NotFound {
			continue // it was taken out just now
		}
		if err != nil {
			return nil, err
		}
		if e.form != nil && (e.form.RefersTo(of) || e.form.HasQueries()) {
			add(e.form, choice.Settings, Use{Plugin: m.ID, Title: e.manifest.Name})
		}
		for _, c := range e.configs {
			if !c.form.RefersTo(of) && !c.form.HasQueries() {
				continue
			}
			all, err := drafted(ctx, t, s.Documents).List(ctx, t, tenant.ConfigType{Plugin: m.ID, Type: c.Type})
			if err != nil {
				return nil, err
			}
			for _, d := range all {
				if d.Deleted.IsZero() {
					add(c.form, d.Values, Use{Plugin: m.ID, Type: c.Type, ID: d.ID, Title: c.Title, Label: c.label(d.Values)})
				}
			}
		}
	}
	return out, nil
}

// dangling says which references of values lead nowhere: the document is not there, or an admin has deleted it.
func (s *Service) dangling(ctx context.Context, t capability.TenantID, form *schemaform.Form, values json.RawMessage) (schemaform.Errors, error) {
	var out schemaform.Errors
	for _, r := range form.References(values) {
		plugin, typ, _ := r.To.Documents()
		d, err := drafted(ctx, t, s.Documents).Get(ctx, t, tenant.ConfigType{Plugin: capability.PluginID(plugin), Type: typ}, r.ID)
		switch {
		case errors.Is(err, store.ErrNotFound):
			out = append(out, schemaform.Error{Path: r.Path, Message: "What was chosen here is not there any more. Choose something else."})
		case err != nil:
			return nil, err
		case !d.Deleted.IsZero():
			out = append(out, schemaform.Error{Path: r.Path, Message: "What was chosen here was deleted. Take it back, or choose something else."})
		}
	}
	return out, nil
}

// offered lists the documents of a source, and says what to do where there are none.
func (s *Service) offered(ctx context.Context, t capability.TenantID, from schemaform.Source) (list []schemaform.Choice, empty string, err error) {
	plugin, typ, _ := from.Documents()
	id := capability.PluginID(plugin)
	e, c, err := s.configType(ctx, t, id, typ)
	if sdk.CodeOf(err) == sdk.NotFound {
		return []schemaform.Choice{}, fmt.Sprintf("These come from the plugin %s, which is not installed on this server, or has none. Ask whoever runs it.", id), nil
	}
	if err != nil {
		return nil, "", err
	}
	all, err := s.Documents.List(ctx, t, tenant.ConfigType{Plugin: id, Type: typ})
	if err != nil {
		return nil, "", err
	}
	list = []schemaform.Choice{}
	for _, d := range all {
		if d.Deleted.IsZero() {
			list = append(list, schemaform.Choice{ID: d.ID, Name: c.label(d.Values)})
		}
	}
	if len(list) == 0 {
		empty = fmt.Sprintf("There are no %s yet. Add one under %s: %s.", lowerFirst(c.Plural), e.manifest.Name, c.Plural)
	}
	return list, empty, nil
}

func lowerFirst(s string) string { return strings.ToLower(s[:min(1, len(s))]) + s[min(1, len(s)):] }
