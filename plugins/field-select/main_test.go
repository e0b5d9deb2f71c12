package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/service"
)

const (
	textKind  = "com.atlassian.jira.plugin.system.customfieldtypes:textfield"
	floatKind = "com.atlassian.jira.plugin.system.customfieldtypes:float"
)

func newHost(t *testing.T) *sdktest.Host {
	h := sdktest.Load(t, newPlugin(), "plugin.json")
	h.Fields = []jira.Field{
		{ID: "summary", Name: "Summary", Type: "string", Clauses: []string{"summary"}}, {ID: "thumbnail", Name: "Images"},
		{ID: "customfield_1", Name: "Department", Type: "string", Kind: textKind, Custom: true, Clauses: []string{"cf[1]"}},
		{ID: "customfield_2", Name: "Price", Type: "number", Kind: floatKind, Custom: true, Clauses: []string{"cf[2]"}},
	}
	return h
}

func asked(t *testing.T, h *sdktest.Host, relation, end string) relations.Look {
	t.Helper()
	q := relations.LookQuestion{End: relations.End{Relation: relation, End: end}}
	var out relations.Look
	if err := h.Serve(service.Request{Name: "select", Op: relations.OpLook, Caller: "pergola.links"}, q.MarshalMsg, out.UnmarshalMsg); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPluginConforms(t *testing.T) { sdktest.Conform(t, newPlugin()) }

func TestChoicesLookAsTheAdminWroteForTheirEnd(t *testing.T) {
	h := newHost(t)
	for _, values := range []string{
		`{"name": "a", "relation": "r1", "end": "first", "fields": ["customfield_1", "customfield_2"], "search": ["customfield_1"], "order": "customfield_2", "descending": true}`,
		`{"name": "b", "relation": "r1", "end": "second", "icon": false, "status": false, "recent": false}`,
	} {
		if _, err := h.Configure(pickerType, values); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		relation, end string
		want          relations.Look
	}{
		{"r1", "first", relations.Look{Governed: true, Fields: []string{"customfield_1", "customfield_2"}, Search: []string{"customfield_1"}, Order: "customfield_2", Descending: true}},
		{"r1", "second", relations.Look{Governed: true, HideIcon: true, HideStatus: true, HideRecent: true}},
		{"r2", "first", relations.Look{}},
	} {
		if diff := cmp.Diff(tt.want, asked(t, h, tt.relation, tt.end), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", tt.relation, tt.end, diff)
		}
	}
}

func TestGuardRefusesWhatUsersWouldMeetAsAnError(t *testing.T) {
	h := newHost(t)
	id, err := h.Configure(pickerType, `{"name": "By department", "relation": "r1", "end": "first"}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ values, want string }{
		{`{"name": "n", "relation": "r1", "end": "first"}`, "“By department” is the picker of this end already"},
		{`{"name": "n", "relation": "r1", "end": "second", "search": ["summary", "customfield_2"]}`, "Price is no field of text"},
		{`{"name": "n", "relation": "r1", "end": "second", "order": "thumbnail"}`, "Images cannot be sorted by"},
	} {
		if _, err := h.Configure(pickerType, tt.values); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.values, err)
		}
	}
	// The document itself is no second one, and a field that is gone keeps nobody from changing the rest.
	if err := h.Reconfigure(pickerType, id, `{"name": "n", "relation": "r1", "end": "first", "search": ["customfield_9"], "order": "customfield_9"}`); err != nil {
		t.Error(err)
	}
}
