package feature_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/sdk/event"
)

var everything = feature.Some{All: true}

// hearing is a service whose plugin says in each way what it wants to hear.
func hearing(t *testing.T) *shelves {
	w := newWorld(t)
	list := func(of string) map[string]any {
		return map[string]any{"type": "array", "items": map[string]any{"type": "string"}, "x-jira": of}
	}
	listener := func(kind string, only map[string]any) map[string]any {
		return map[string]any{"event": kind, "handler": "heard", "reason": "Follow what happens", "only": only}
	}
	s := w.service([]string{"*"}, parse(t, map[string]any{
		"events": []any{
			listener(event.IssueCreated, map[string]any{"projects": []any{"settings.projects"}, "issueTypes": []any{"settings.types", "configs.shelf.places.types"}}),
			listener(event.IssueUpdated, map[string]any{"fields": []any{"summary", "kind.custom", "configs.shelf.field"}}),
			listener(event.IssueDeleted, map[string]any{"projects": []any{"configs.shelf.places.projects"}}),
		},
		"configs": []any{map[string]any{
			"type": "shelf", "title": "Shelf", "plural": "Shelves", "purpose": "Say where things stand", "label": "name",
			"schema": map[string]any{"type": "object", "required": []any{"name"}, "properties": map[string]any{
				"name":  map[string]any{"type": "string", "title": "Name", "maxLength": 20},
				"field": map[string]any{"type": "string", "title": "Field", "x-jira": "field"},
				"places": map[string]any{"type": "array", "title": "Places", "items": map[string]any{
					"type": "object", "properties": map[string]any{"projects": list("project"), "types": list("issueType")},
				}},
			}},
		}},
	}))
	return &shelves{world: w, Service: s}
}

// wants is what the plugin wants to hear of a kind of event.
func (s *shelves) wants(kind string) feature.Interest {
	s.t.Helper()
	all, err := s.Listeners(s.t.Context(), s.tenant.ID, kind)
	check(s.t, err)
	if len(all) != 1 || all[0].Plugin != notes {
		s.t.Fatalf("%s: %+v", kind, all)
	}
	return all[0].Wants
}

func TestAPluginHearsWhereAdminsUseIt(t *testing.T) {
	s := hearing(t)
	is := func(what, kind string, want feature.Interest) {
		t.Helper()
		got := s.wants(kind)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s, %s (-want +got):\n%s", what, kind, diff)
		}
	}
	some := func(ids ...string) feature.Some { return feature.Some{IDs: ids} }
	is("no document, empty settings", event.IssueCreated, feature.Interest{Projects: everything, IssueTypes: everything, Fields: everything})
	is("no document, empty settings", event.IssueUpdated, feature.Interest{Projects: everything, IssueTypes: everything, Fields: some("kind.custom", "summary")})
	is("no document, empty settings", event.IssueDeleted, feature.Interest{IssueTypes: everything, Fields: everything})
	if !s.wants(event.IssueDeleted).Nothing() || s.wants(event.IssueUpdated).Nothing() {
		t.Error("who hears nothing is not known")
	}

	one, err := s.save("", 0, map[string][]string{
		"name": {"One"}, "field": {"labels"}, "places": {"0", "1"}, "places.0.projects": {"10000"}, "places.0.types": {"1"}, "places.1.projects": {"10002", "10000"}, "places.1.types": {"2"},
	})
	check(t, err)
	saved, problems, err := s.SaveSettings(t.Context(), s.tenant, admin, notes, map[string][]string{"projects": {"10001"}, "types": {"3"}})
	if err != nil || len(problems) > 0 {
		t.Fatalf("%+v %+v %v", saved, problems, err)
	}
	is("one document", event.IssueCreated, feature.Interest{Projects: some("10001"), IssueTypes: some("1", "2", "3"), Fields: everything})
	is("one document", event.IssueUpdated, feature.Interest{Projects: everything, IssueTypes: everything, Fields: some("kind.custom", "labels", "summary")})
	is("one document", event.IssueDeleted, feature.Interest{Projects: some("10000", "10002"), IssueTypes: everything, Fields: everything})

	two, err := s.save("", 0, map[string][]string{"name": {"Two"}}) // everywhere
	check(t, err)
	is("one that is everywhere", event.IssueDeleted, feature.Interest{Projects: everything, IssueTypes: everything, Fields: everything})
	check(t, s.DeleteConfig(t.Context(), s.tenant, admin, notes, "shelf", two.ID, two.Rev))
	is("one that is deleted", event.IssueDeleted, feature.Interest{Projects: some("10000", "10002"), IssueTypes: everything, Fields: everything})
	check(t, s.DeleteConfig(t.Context(), s.tenant, admin, notes, "shelf", one.ID, one.Rev))
	is("none any more", event.IssueDeleted, feature.Interest{IssueTypes: everything, Fields: everything})
}

func TestAnEventIsHeardWhereItMayBeMeant(t *testing.T) {
	some := func(ids ...string) feature.Some { return feature.Some{IDs: ids} }
	fields := func(f feature.Some) feature.Interest {
		return feature.Interest{Projects: everything, IssueTypes: everything, Fields: f}
	}
	changed := func(ids ...string) feature.Happening { return feature.Happening{Changed: ids} }
	for _, tt := range []struct {
		name  string
		wants feature.Interest
		event feature.Happening
		want  bool
	}{
		{"a project", feature.Interest{Projects: some("1"), IssueTypes: everything, Fields: everything}, feature.Happening{Projects: []string{"1"}}, true},
		{"another project", feature.Interest{Projects: some("1"), IssueTypes: everything, Fields: everything}, feature.Happening{Projects: []string{"2"}}, false},
		{"a project that it left", feature.Interest{Projects: some("1"), IssueTypes: everything, Fields: everything}, feature.Happening{Projects: []string{"2", "1"}}, true},
		{"a project that is not told", feature.Interest{Projects: some("1"), IssueTypes: everything, Fields: everything}, feature.Happening{}, true},
		{"no project at all", feature.Interest{IssueTypes: everything, Fields: everything}, feature.Happening{AnyField: true}, false},
		{"another type", feature.Interest{Projects: some("1"), IssueTypes: some("5"), Fields: everything}, feature.Happening{Projects: []string{"1"}, IssueTypes: []string{"6"}}, false},
		{"a field", fields(some("labels")), changed("summary", "labels"), true},
		{"another field", fields(some("labels")), changed("summary"), false},
		{"no field that is told", fields(some("labels")), changed(), false},
		{"any field", fields(some("labels")), feature.Happening{AnyField: true}, true},
		{"any field, and none is chosen", fields(some()), feature.Happening{AnyField: true}, false},
		{"a custom field", fields(some("kind.custom")), changed("customfield_10010"), true},
		{"no custom field", fields(some("kind.custom")), changed("summary"), false},
		{"a field of Jira's own", fields(some("kind.jira")), changed("customfield_10010", "summary"), true},
		{"no field of Jira's own", fields(some("kind.jira")), changed("customfield_10010"), false},
	} {
		if got := tt.wants.Hears(tt.event); got != tt.want {
			t.Errorf("%s: %t", tt.name, got)
		}
	}
}
