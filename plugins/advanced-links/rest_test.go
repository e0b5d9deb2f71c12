package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// ask calls a route and returns what it answers, as plain values.
func (s *site) ask(want int, name string, params map[string]string, body string) map[string]any {
	s.Helper()
	status, text, err := s.Route(name, params, body)
	if err != nil {
		s.Fatalf("%s: %v", name, err)
	}
	if status != want {
		s.Errorf("%s answers %d, want %d: %s", name, status, want, text)
	}
	var out map[string]any
	if text != "" {
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			s.Fatal(err)
		}
	}
	return out
}

// refuses calls a route that has to refuse with a code, and to change no link.
func (s *site) refuses(code sdk.Code, field, name string, params map[string]string, body string) string {
	s.Helper()
	before := s.Records("link")
	_, text, err := s.Route(name, params, body)
	e, _ := err.(*sdk.Error)
	if e == nil || e.Code != code || e.Field != field {
		s.Errorf("%s %v %s: %v %s, want %s about %q", name, params, body, err, text, code, field)
		return ""
	}
	if diff := cmp.Diff(before, s.Records("link")); diff != "" {
		s.Errorf("%s was refused and changed links (-before +after):\n%s", name, diff)
	}
	return e.Message
}

func listOf(v any, name string) []any {
	m, _ := v.(map[string]any)
	list, _ := m[name].([]any)
	return list
}

func of(issue string) map[string]string { return map[string]string{"issue": issue} }

func to(relation, direction, issue string) string {
	return fmt.Sprintf(`{"relation": %q, "direction": %q, "issue": %q}`, relation, direction, issue)
}

func TestProgramsMakeReadAndRemoveLinks(t *testing.T) {
	s := newSite(t)
	relation := s.relate()
	made := s.ask(201, "create", of("IT-1"), to(relation, "outward", "10102"))
	want := map[string]any{"id": relation + ".10001.10102", "relationId": relation, "direction": "outward", "label": "is used by", "issue": map[string]any{"id": "10102", "key": "HR-2"}}
	if diff := cmp.Diff(want, made); diff != "" {
		t.Errorf("link (-want +got):\n%s", diff)
	}
	if r := s.Records("link"); len(r) != 1 || r[0].Fields["by"] != s.Context.Account {
		t.Errorf("records: %v", r)
	}
	// The same again, and from the other end, is the same link.
	if again := s.ask(200, "create", of("10001"), to(relation, "outward", "HR-2")); !cmp.Equal(made, again) {
		t.Errorf("again: %v", again)
	}
	back := s.ask(200, "create", of("HR-2"), to(relation, "inward", "IT-1"))
	if back["id"] != made["id"] || back["label"] != "uses" {
		t.Errorf("from the other end: %v", back)
	}
	page := s.ask(200, "links", of("HR-2"), "")
	if links, _ := page["links"].([]any); len(links) != 1 || !cmp.Equal(links[0], any(back)) || page["hidden"] != 0.0 || page["next"] != nil {
		t.Errorf("page: %v", page)
	}
	id, _ := made["id"].(string)
	one := s.ask(200, "link", map[string]string{"link": id}, "")
	if diff := cmp.Diff(map[string]any{"id": "10001", "key": "IT-1"}, one["outward"]); diff != "" {
		t.Errorf("outward (-want +got):\n%s", diff)
	}
	s.ask(204, "delete", map[string]string{"link": id}, "")
	s.refuses(sdk.NotFound, "", "delete", map[string]string{"link": id}, "")
	s.refuses(sdk.NotFound, "", "link", map[string]string{"link": id}, "")
	if len(s.Records("link")) != 0 || len(s.Records("removed")) != 1 {
		t.Error("the link is still there, or leaves nothing for the history")
	}
}

func TestProgramsReadRelations(t *testing.T) {
	s := newSite(t)
	relation := s.relate(`{"name": "Laptop of an employee", "outward": "is used by", "inward": "uses", "first": {"contexts": [{"types": ["` + laptop + `"]}], "most": 1}}`)
	got := s.ask(200, "relations", nil, "")
	want := map[string]any{"relations": []any{map[string]any{
		"id": relation, "name": "Laptop of an employee", "color": "blue", "storage": "app", "searchable": false,
		"outward": map[string]any{"label": "is used by", "shown": true, "contexts": []any{map[string]any{"projectIds": []any{}, "issueTypeIds": []any{laptop}}}, "maxLinks": 1.0},
		"inward":  map[string]any{"label": "uses", "shown": true, "contexts": []any{}},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("relations (-want +got):\n%s", diff)
	}
}

// Whoever leafs through the pages meets each link once, over all sides.
func TestProgramsLeafThroughLinks(t *testing.T) {
	s := newSite(t)
	relation := s.relate()
	second, err := s.Configure("relation", `{"name": "Backup", "outward": "stands in for", "inward": "is stood in for by"}`)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 7 {
		s.ask(201, "create", of("IT-1"), to(relation, "outward", fmt.Sprintf("HR-%d", i+1)))
	}
	s.ask(201, "create", of("IT-1"), to(second, "outward", "IT-2"))
	s.ask(201, "create", of("IT-1"), to(second, "inward", "IT-3"))
	for _, limit := range []string{"1", "2", "3", "7", "8", "9", "100"} {
		seen, pages, cursor := map[any]bool{}, 0, ""
		for {
			params := map[string]string{"issue": "IT-1", "limit": limit}
			if cursor != "" {
				params["cursor"] = cursor
			}
			page := s.ask(200, "links", params, "")
			links, _ := page["links"].([]any)
			for _, l := range links {
				id := l.(map[string]any)["id"]
				if seen[id] {
					t.Errorf("limit %s: %v is there twice", limit, id)
				}
				seen[id] = true
			}
			if pages++; pages > 20 {
				t.Fatalf("limit %s: the pages have no end", limit)
			}
			if cursor, _ = page["next"].(string); cursor == "" {
				break
			}
		}
		if len(seen) != 9 {
			t.Errorf("limit %s: %d links, want 9", limit, len(seen))
		}
	}
	page := s.ask(200, "links", map[string]string{"issue": "IT-1", "relation": second, "direction": "inward"}, "")
	if links, _ := page["links"].([]any); len(links) != 1 {
		t.Errorf("one side: %v", page)
	}
	s.refuses(sdk.Invalid, "cursor", "links", map[string]string{"issue": "IT-1", "cursor": "bm90aGluZw"}, "")
	s.refuses(sdk.Invalid, "cursor", "links", map[string]string{"issue": "IT-1", "cursor": "!"}, "")
	s.refuses(sdk.NotFound, "relation", "links", map[string]string{"issue": "IT-1", "relation": "none"}, "")
}

func TestProgramsReadLinksOfManyIssues(t *testing.T) {
	s := newSite(t)
	relation := s.relate()
	for i := range 3 {
		s.ask(201, "create", of("IT-1"), to(relation, "outward", fmt.Sprintf("HR-%d", i+1)))
	}
	s.ask(201, "create", of("IT-2"), to(relation, "outward", "HR-1"))
	before := len(s.Calls())
	got := s.ask(200, "many", nil, `{"issues": ["IT-2", "10001", "IT-1", "XX-9", "HR-1", "99999"], "limit": 2}`)
	if n := len(s.Calls()) - before; n > 8 {
		t.Errorf("it took %d calls of the host: %v", n, s.Calls()[before:])
	}
	var shape []string
	for _, one := range got["issues"].([]any) {
		m := one.(map[string]any)
		shape = append(shape, fmt.Sprint(m["issue"].(map[string]any)["key"], " ", len(m["links"].([]any)), " ", m["hidden"], " ", m["more"]))
	}
	if diff := cmp.Diff([]string{"IT-2 1 0 false", "IT-1 2 0 true", "HR-1 2 0 false"}, shape); diff != "" {
		t.Errorf("issues (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]any{"XX-9", "99999"}, got["missing"]); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
	// Relations more cost nothing more.
	for i := range 9 {
		id, err := s.Configure("relation", fmt.Sprintf(`{"name": "More %d", "outward": "a", "inward": "b"}`, i))
		if err != nil {
			t.Fatal(err)
		}
		s.ask(201, "create", of("IT-3"), to(id, "outward", "HR-1"))
	}
	before = len(s.Calls())
	got = s.ask(200, "many", nil, `{"issues": ["IT-3", "HR-1", "IT-1"], "limit": 100}`)
	if n := len(s.Calls()) - before; n > 9 {
		t.Errorf("it took %d calls of the host: %v", n, s.Calls()[before:])
	}
	for i, want := range []int{9, 11, 3} {
		if links := listOf(got["issues"].([]any)[i], "links"); len(links) != want {
			t.Errorf("issue %d has %d links, want %d: %v", i, len(links), want, links)
		}
	}
	hundred := `"` + strings.Join(strings.Split(strings.Repeat("IT-1 ", 101), " ")[:101], `","`) + `"`
	s.refuses(sdk.Invalid, "", "many", nil, `{"issues": [`+hundred+`]}`)
}

// What the account may not browse is not there, and says nothing of itself.
func TestProgramsSeeWhatTheirAccountSees(t *testing.T) {
	s := newSite(t)
	relation := s.relate()
	s.ask(201, "create", of("IT-1"), to(relation, "outward", "HR-1"))
	s.ask(201, "create", of("IT-1"), to(relation, "outward", "HR-2"))
	s.May = func(permission, id string) bool { return id != "10102" }
	page := s.ask(200, "links", of("IT-1"), "")
	if links, _ := page["links"].([]any); len(links) != 1 || page["hidden"] != 1.0 {
		t.Errorf("page: %v", page)
	}
	absent := s.refuses(sdk.NotFound, "", "links", of("XX-9"), "")
	if hidden := s.refuses(sdk.NotFound, "", "links", of("HR-2"), ""); strings.Replace(hidden, "HR-2", "XX-9", 1) != absent {
		t.Errorf("a hidden issue is told apart from none: %q, %q", hidden, absent)
	}
	s.refuses(sdk.NotFound, "", "create", of("IT-3"), to(relation, "outward", "HR-2"))
	s.refuses(sdk.NotFound, "", "delete", map[string]string{"link": relation + ".10001.10102"}, "")
	many := s.ask(200, "many", nil, `{"issues": ["HR-2", "IT-1"]}`)
	if diff := cmp.Diff([]any{"HR-2"}, many["missing"]); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
}

func TestProgramsMeetTheRulesOfThePanel(t *testing.T) {
	s := newSite(t)
	relation := s.relate(`{"name": "Laptop of an employee", "outward": "is used by", "inward": "uses", "first": {"contexts": [{"types": ["` + laptop + `"]}], "most": 1}, "second": {"contexts": [{"types": ["` + employee + `"]}]}}`)
	s.refuses(sdk.NotFound, "relation", "create", of("IT-1"), to("none", "outward", "HR-1"))
	s.refuses(sdk.Invalid, "relation", "create", of("IT-1"), to(relation, "inward", "HR-1"))
	s.refuses(sdk.Invalid, "relation", "create", of("HR-1"), to(relation, "outward", "IT-1"))
	s.refuses(sdk.Invalid, "issue", "create", of("IT-1"), to(relation, "outward", "IT-2"))
	s.refuses(sdk.Invalid, "issue", "create", of("IT-1"), to(relation, "outward", "IT-1"))
	s.ask(201, "create", of("IT-1"), to(relation, "outward", "HR-1"))
	if words := s.refuses(sdk.Invalid, "", "create", of("IT-1"), to(relation, "outward", "HR-2")); !strings.Contains(words, "takes one issue") {
		t.Errorf("one link too many: %q", words)
	}
	s.May = func(permission, _ string) bool { return permission != jira.LinkIssues }
	s.refuses(sdk.PermissionDenied, "", "create", of("IT-2"), to(relation, "outward", "HR-2"))
	s.refuses(sdk.PermissionDenied, "", "delete", map[string]string{"link": relation + ".10001.10101"}, "")
	s.May = func(permission, id string) bool { return permission != jira.LinkIssues || id != "10101" } // not at the other end
	s.refuses(sdk.PermissionDenied, "", "delete", map[string]string{"link": relation + ".10001.10101"}, "")
	s.refuses(sdk.Invalid, "issue", "create", of("IT-2"), to(relation, "outward", "HR-1"))
	s.refuses(sdk.NotFound, "", "delete", map[string]string{"link": "nonsense"}, "")
	s.refuses(sdk.NotFound, "", "delete", map[string]string{"link": relation + ".10001.IT-9"}, "")
}

// What other plugins have a say in, they have a say in for programs too; and when they cannot answer, nothing is linked.
func TestProgramsMeetTheRulesOfOtherPlugins(t *testing.T) {
	s, r := newSite(t), &rules{}
	relation := s.relate()
	s.with(r)
	s.ask(201, "create", of("IT-1"), to(relation, "outward", "HR-1"))
	r.draw = func(d *contract.Drawing) *contract.Drawn {
		return &contract.Drawn{Parts: []contract.DrawnPart{{Governed: true, NoAdd: true}}}
	}
	s.refuses(sdk.PermissionDenied, "", "create", of("IT-1"), to(relation, "outward", "HR-2"))
	r.draw = nil
	r.broken = &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromPlugin, Message: "The saved filter is gone. Ask an admin."}
	s.refuses(sdk.Unavailable, "", "create", of("IT-1"), to(relation, "outward", "HR-2"))
}
