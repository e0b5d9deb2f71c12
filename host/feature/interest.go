package feature

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/tenant"
)

// Some are ids of a site's things, or all of them; the zero value is none.
type Some struct {
	All bool
	IDs []string
}

// Interest is what of a kind of event a plugin wants to be told, as its manifest and what admins chose say.
type Interest struct {
	Projects, IssueTypes Some
	// Fields has manifest.JiraFields and manifest.CustomFields among its ids, too.
	Fields Some
}

// Happening is what is known of an event when it comes, as far as plugins choose by it.
type Happening struct {
	// Projects and IssueTypes are those in which the issue is and was. None says that the event does not tell.
	Projects, IssueTypes []string
	// Changed are the ids of the fields that changed; AnyField says that all may have, or that the event does not tell.
	Changed  []string
	AnyField bool
}

// Hears says whether a plugin wants to be told. What an event does not tell of itself keeps nobody from being told.
func (i Interest) Hears(h Happening) bool {
	return i.Projects.hold(h.Projects) && i.IssueTypes.hold(h.IssueTypes) && i.Fields.changed(h)
}

// Nothing says whether no event is heard at all.
func (i Interest) Nothing() bool { return !i.Hears(Happening{AnyField: true}) }

func (s Some) none() bool { return !s.All && len(s.IDs) == 0 }

// hold says whether one of some ids is among them.
func (s Some) hold(ids []string) bool {
	return s.All || len(ids) == 0 && !s.none() || slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(s.IDs, id) })
}

// changed says whether a field is among them that changed.
func (s Some) changed(h Happening) bool {
	if s.All || h.AnyField {
		return !s.none()
	}
	return slices.ContainsFunc(h.Changed, func(id string) bool { return slices.Contains(s.IDs, id) || s.ofKind(id) })
}

// ofKind says whether a field is of a kind that is among them.
func (s Some) ofKind(field string) bool {
	kind := manifest.JiraFields
	if manifest.IsCustomField(field) {
		kind = manifest.CustomFields
	}
	return slices.Contains(s.IDs, kind)
}

// interest reads what a listener wants to be told on a site.
func (s *Service) interest(ctx context.Context, t capability.TenantID, e entry, choice tenant.Module, o manifest.Only) (out Interest, err error) {
	read := chosen{s: s, tenant: t, entry: e, choice: choice}
	if out.Projects, err = read.some(ctx, o.Projects, true); err != nil {
		return Interest{}, err
	}
	if out.IssueTypes, err = read.some(ctx, o.IssueTypes, true); err != nil {
		return Interest{}, err
	}
	out.Fields, err = read.some(ctx, o.Fields, false)
	return out, err
}

// chosen reads what admins chose for a plugin, each type of document once.
type chosen struct {
	s      *Service
	tenant capability.TenantID
	entry  entry
	choice tenant.Module
	read   map[string][]any
}

// some is what a list of [manifest.Only] stands for. emptyIsAll says what a setting means that an admin left empty.
func (r *chosen) some(ctx context.Context, list []string, emptyIsAll bool) (Some, error) {
	if len(list) == 0 {
		return Some{All: true}, nil
	}
	var out Some
	for _, text := range list {
		config, path, ok := manifest.Chosen(text)
		if !ok {
			out.IDs = append(out.IDs, text)
			continue
		}
		all, err := r.values(ctx, config)
		if err != nil {
			return Some{}, err
		}
		for _, values := range all {
			out.add(values, strings.Split(path, "."), emptyIsAll)
		}
	}
	if out.All {
		return Some{All: true}, nil
	}
	slices.Sort(out.IDs)
	out.IDs = slices.Compact(out.IDs)
	return out, nil
}

// values are the plugin's settings, or those of all documents of a type, with defaults.
func (r *chosen) values(ctx context.Context, config string) ([]any, error) {
	if all, ok := r.read[config]; ok {
		return all, nil
	}
	var raw []json.RawMessage
	if config == "" {
		if r.entry.form != nil {
			raw = append(raw, r.entry.form.Defaults(r.choice.Settings))
		}
	} else if c, ok := r.entry.configOf(config); ok {
		stored, err := r.s.Documents.List(ctx, r.tenant, tenant.ConfigType{Plugin: r.entry.manifest.ID, Type: config})
		if err != nil {
			return nil, err
		}
		for _, d := range stored {
			if d.Deleted.IsZero() {
				raw = append(raw, c.form.Defaults(d.Values))
			}
		}
	}
	out := make([]any, len(raw))
	for i := range raw {
		if err := json.Unmarshal(raw[i], &out[i]); err != nil {
			return nil, err
		}
	}
	if r.read == nil {
		r.read = map[string][]any{}
	}
	r.read[config] = out
	return out, nil
}

// add takes the ids from a setting, whose path leads through groups and each row of lists of groups.
func (s *Some) add(v any, path []string, emptyIsAll bool) {
	switch v := v.(type) {
	case map[string]any:
		if len(path) > 0 {
			s.add(v[path[0]], path[1:], emptyIsAll)
		}
	case []any:
		for _, one := range v {
			s.add(one, path, emptyIsAll)
		}
		s.All = s.All || emptyIsAll && len(v) == 0
	case string:
		if v != "" {
			s.IDs = append(s.IDs, v)
		}
		s.All = s.All || emptyIsAll && v == ""
	default: // nobody chose anything
		s.All = s.All || emptyIsAll
	}
}
