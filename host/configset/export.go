package configset

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk"
)

// Export returns what the admins of a site wrote for plugins, all of them where none is named, with the names that Jira has just now for
// what it refers to. Documents that were deleted and can still be taken back are left out, and so is whether a plugin is switched on and
// what it may do: that is for the admins of each site to decide.
func (s *Service) Export(ctx context.Context, t tenant.Tenant, plugins []capability.PluginID) (*File, error) {
	h, err := s.here(ctx, t)
	if err != nil {
		return nil, err
	}
	for _, id := range plugins {
		if _, ok := h.part(id); !ok {
			return nil, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Field: "plugin", Message: fmt.Sprintf("There is no plugin %.128q here.", id)}
		}
	}
	from, err := hostOf(t)
	if err != nil {
		return nil, err
	}
	at := s.now().UTC().Truncate(time.Second)
	w := writer{file: &File{Schema: schemaURL, Format: format, Version: version, From: from, Exported: &at}, used: map[schemaform.Source]map[string]bool{}}
	for _, p := range h.parts {
		if len(plugins) > 0 && !slices.Contains(plugins, p.Manifest.ID) {
			continue
		}
		if err := w.plugin(p); err != nil {
			return nil, err
		}
	}
	if err := w.names(ctx, h); err != nil {
		return nil, err
	}
	return w.file, w.file.check()
}

// hostOf is the host name of a site.
func hostOf(t tenant.Tenant) (string, error) {
	u, err := url.Parse(t.BaseURL)
	if err != nil {
		return "", fmt.Errorf("address of tenant %s: %w", t.ID, err)
	}
	return u.Host, nil
}

// writer makes a file.
type writer struct {
	file *File
	used map[schemaform.Source]map[string]bool // ids that occur
}

func (w *writer) plugin(p feature.Part) error {
	out := Plugin{ID: p.Manifest.ID, Version: p.Manifest.Version}
	var err error
	if p.Form != nil && p.Choice.Settings != nil {
		if out.Settings, err = w.values(p.Form, p.Choice.Settings); err != nil {
			return fmt.Errorf("export the settings of %s: %w", p.Manifest.ID, err)
		}
	}
	for _, t := range p.Types {
		for _, d := range t.Documents {
			if !d.Deleted.IsZero() {
				continue
			}
			values, err := w.values(t.Form, d.Values)
			if err != nil {
				return fmt.Errorf("export a document of %s: %w", p.Manifest.ID, err)
			}
			out.Documents = append(out.Documents, Document{Type: t.Type, ID: d.ID, Values: values})
		}
	}
	if out.Settings != nil || len(out.Documents) > 0 {
		w.file.Plugins = append(w.file.Plugins, out)
	}
	return nil
}

// values notes what settings name, and leaves out what their form does not have any more.
func (w *writer) values(form *schemaform.Form, raw []byte) ([]byte, error) {
	use := func(from schemaform.Source, id string) {
		if w.used[from] == nil {
			w.used[from] = map[string]bool{}
		}
		w.used[from][id] = true
	}
	out, _, err := form.Rewrite(raw, func(n schemaform.Named) (string, bool) {
		if n.From != "" {
			use(n.From, n.Value)
			return n.Value, true
		}
		inText(n.Value, func(id string) string { use(schemaform.JiraFields, id); return id }, func(id string) string { use("", id); return id })
		return n.Value, true
	})
	return tidy(out), err
}

// names puts the table of what occurs into the file.
func (w *writer) names(ctx context.Context, h *here) error {
	there := map[string]bool{} // documents of the file
	for _, p := range w.file.Plugins {
		for _, d := range p.Documents {
			there[d.ID] = true
		}
	}
	w.inTexts(h)
	w.file.Names = map[schemaform.Source][]Thing{}
	for source, ids := range w.used {
		if source == schemaform.Users {
			continue
		}
		all, err := h.things(ctx, source)
		if err != nil {
			return err
		}
		for id := range ids {
			i := slices.IndexFunc(all, func(t Thing) bool { return t.ID == id })
			switch {
			case there[id]:
			case i >= 0:
				w.file.Names[source] = append(w.file.Names[source], all[i])
				if p := all[i].Project; source == schemaform.IssueTypes && p != "" && !w.used[schemaform.Projects][p] {
					if err := w.project(ctx, h, p); err != nil {
						return err
					}
				}
			default: // it is gone from the site
				w.file.Names[source] = append(w.file.Names[source], Thing{ID: id})
			}
		}
	}
	for source, things := range w.file.Names {
		slices.SortFunc(things, func(a, b Thing) int { return strings.Compare(a.ID, b.ID) })
		w.file.Names[source] = slices.CompactFunc(things, func(a, b Thing) bool { return a.ID == b.ID })
	}
	return nil
}

// project names the project of an issue type: types of one name are told apart by it.
func (w *writer) project(ctx context.Context, h *here, id string) error {
	all, err := h.things(ctx, schemaform.Projects)
	if err != nil {
		return err
	}
	for _, p := range all {
		if p.ID == id {
			w.file.Names[schemaform.Projects] = append(w.file.Names[schemaform.Projects], p)
		}
	}
	return nil
}

// inTexts says of which type the documents are that queries name: they are the only words in variables that are ids.
func (w *writer) inTexts(h *here) {
	ids := w.used[""]
	delete(w.used, "")
	for _, p := range h.parts {
		for _, t := range p.Types {
			for _, d := range t.Documents {
				source := sourceOf(p.Manifest.ID, t.Type)
				if !ids[d.ID] || !d.Deleted.IsZero() {
					continue
				}
				if w.used[source] == nil {
					w.used[source] = map[string]bool{}
				}
				w.used[source][d.ID] = true
			}
		}
	}
}
