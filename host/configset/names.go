package configset

import (
	"context"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk"
)

// here is a site as one export or import sees it: each list of it is asked for once, and kept no longer than that.
type here struct {
	site   Site
	tenant tenant.Tenant
	parts  []feature.Part
	lists  map[schemaform.Source][]Thing
	people map[string]person
}

func (s *Service) here(ctx context.Context, t tenant.Tenant) (*here, error) {
	parts, err := s.features.Parts(ctx, t.ID)
	return &here{site: s.site, tenant: t, parts: parts, lists: map[schemaform.Source][]Thing{}, people: map[string]person{}}, err
}

// things lists what a source has: of the site, or documents that are not deleted.
func (h *here) things(ctx context.Context, source schemaform.Source) ([]Thing, error) {
	if list, ok := h.lists[source]; ok {
		return list, nil
	}
	list, err := h.list(ctx, source)
	if err == nil {
		h.lists[source] = list
	}
	return list, err
}

func (h *here) list(ctx context.Context, source schemaform.Source) ([]Thing, error) {
	var out []Thing
	switch source {
	case schemaform.Projects:
		all, err := h.site.Projects(ctx, h.tenant)
		for _, p := range all {
			out = append(out, Thing{ID: p.ID, Key: p.Key, Name: p.Name})
		}
		return out, err
	case schemaform.IssueTypes:
		all, err := h.site.IssueTypes(ctx, h.tenant)
		for _, i := range all {
			out = append(out, Thing{ID: i.ID, Name: i.Name, Project: i.Project})
		}
		return out, err
	case schemaform.JiraFields:
		all, err := h.site.Fields(ctx, h.tenant)
		for _, f := range all {
			out = append(out, Thing{ID: f.ID, Name: f.Name})
		}
		return out, err
	case schemaform.Categories:
		all, err := h.site.Categories(ctx, h.tenant)
		if err != nil {
			return nil, err
		}
		for _, c := range all.Categories {
			out = append(out, Thing{ID: c.ID, Name: c.Name})
		}
		return out, nil
	case schemaform.Filters:
		all, err := h.site.Filters(ctx, h.tenant)
		for _, f := range all {
			out = append(out, Thing{ID: f.ID, Name: f.Name})
		}
		return out, err
	case schemaform.LinkTypes:
		all, err := h.site.LinkTypes(ctx, h.tenant)
		for _, l := range all {
			out = append(out, Thing{ID: l.ID, Name: l.Name})
		}
		return out, err
	}
	if t, ok := h.typeOf(source); ok {
		for _, d := range t.Documents {
			if d.Deleted.IsZero() {
				out = append(out, Thing{ID: d.ID, Name: t.LabelOf(d)})
			}
		}
	}
	return out, nil
}

// part returns what is there of a plugin.
func (h *here) part(id capability.PluginID) (feature.Part, bool) {
	i := slices.IndexFunc(h.parts, func(p feature.Part) bool { return p.Manifest.ID == id })
	if i < 0 {
		return feature.Part{}, false
	}
	return h.parts[i], true
}

// typeOf returns the type of documents that a source such as pergola.links/relation names.
func (h *here) typeOf(source schemaform.Source) (feature.PartType, bool) {
	plugin, typ, ok := source.Documents()
	p, there := h.part(capability.PluginID(plugin))
	if !ok || !there {
		return feature.PartType{}, false
	}
	i := slices.IndexFunc(p.Types, func(t feature.PartType) bool { return t.Type == typ })
	if i < 0 {
		return feature.PartType{}, false
	}
	return p.Types[i], true
}

// sourceOf names a type of documents.
func sourceOf(plugin capability.PluginID, typ string) schemaform.Source {
	return schemaform.Source(string(plugin) + "/" + typ)
}

// person is an account of the site.
type person struct {
	name string
	kept bool // it is somebody's, and active
}

// whois asks the site for an account. Account ids are the same on every site of Atlassian, so there is nobody to choose.
func (h *here) whois(ctx context.Context, account string) (person, error) {
	if p, ok := h.people[account]; ok {
		return p, nil
	}
	if len(h.people) >= maxPeople {
		return person{}, invalid("The file names more than %d people. Import fewer plugins at once.", maxPeople)
	}
	a, err := h.site.Account(ctx, h.tenant, account)
	code := sdk.CodeOf(err)
	switch {
	case err == nil:
		h.people[account] = person{a.Name, a.Active && a.Kind == "atlassian"}
	case code == sdk.NotFound || code == sdk.Invalid:
		h.people[account] = person{}
	default:
		return person{}, err
	}
	return h.people[account], nil
}

// maxPeople bounds the accounts of a file: the site is asked for each.
const maxPeople = 200

// find proposes which of the things of a site one from elsewhere is: the same id with the same name, then the same key, then the same name where
// only one has it, then the names that it may have elsewhere. projects say which projects of the file are which here.
func (t Thing) find(all []Thing, sameSite bool, projects map[string]string) (Thing, bool) {
	if i := slices.IndexFunc(all, func(o Thing) bool { return o.ID == t.ID && (sameSite || t.same(o)) }); i >= 0 {
		return all[i], true
	}
	if t.Key != "" {
		if i := slices.IndexFunc(all, func(o Thing) bool { return o.Key == t.Key }); i >= 0 {
			return all[i], true
		}
	}
	for _, name := range append([]string{t.Name}, t.Also...) {
		if found, ok := t.named(name, all, projects); ok {
			return found, true
		}
	}
	return Thing{}, false
}

func (t Thing) same(o Thing) bool {
	return t.Key != "" && t.Key == o.Key || t.Name != "" && strings.EqualFold(t.Name, o.Name)
}

// named finds the one thing of a name. Of issue types the one of the project is taken before one of the whole site.
func (t Thing) named(name string, all []Thing, projects map[string]string) (Thing, bool) {
	if name == "" {
		return Thing{}, false
	}
	for _, project := range []string{projects[t.Project], ""} {
		var found []Thing
		for _, o := range all {
			if strings.EqualFold(o.Name, name) && o.Project == project {
				found = append(found, o)
			}
		}
		if len(found) == 1 {
			return found[0], true
		}
		if len(found) > 1 {
			return Thing{}, false
		}
	}
	return Thing{}, false
}

// String is the thing in words: its key or name, and the id where that is all there is.
func (t Thing) String() string {
	switch {
	case t.Key != "" && t.Name != "":
		return t.Key + " · " + t.Name
	case t.Key != "":
		return t.Key
	case t.Name != "":
		return t.Name
	}
	return t.ID
}
