package main

import (
	"strings"
	"testing"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

func TestRulesThatCannotWorkAreRefused(t *testing.T) {
	for _, tt := range []struct{ name, more, want string }{
		{"a query that is none", `, "jql": "a = "`, "Character 5: want a value instead of the end of the query"},
		{"a variable in quotes", `, "jql": "a = \"{{issue.key}}\""`, "a variable inside of quotes"},
		{"a query that Jira does not take", `, "jql": "refused = 1 AND key = {{issue.key}}"`, "Jira does not take this: Field 'refused' does not exist"},
		{"a filter that is not there", `, "filter": "10400"`, "Jira does not take this: Field 'refused'"},
		{"a relation that is not there", `, "jql": "id in {{link.x.first}}"`, "There is no {{link.x.first}}. These are there: {{link." + supplies + ".first}} (Supplier: supplies); {{link." + supplies + ".second}} (Supplier: is supplied by)"},
		{"an end that is none", `, "jql": "id in {{link.` + supplies + `.third}}"`, "write {{link.RELATION.first}}"},
		{"a path that is not there", `, "jql": "id in {{path.x}}"`, "There is no {{path.x}}."},
		{"both a query and a filter", `, "jql": "a = 1", "filter": "1"`, "Choose a saved filter or write a query"},
		{"half a preset", `, "presets": [{"project": "10"}]`, "Choose a project and an issue type"},
		{"a preset that could not be linked", `, "types": ["3"], "presets": [{"project": "10", "type": "4"}]`, "could be created and not be linked"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			s.Answer = func(op string, body []byte) (msgp.Marshaler, error, bool) {
				var q jira.Search
				_, _ = q.UnmarshalMsg(body)
				no := op == jira.OpSearch && (strings.Contains(q.JQL, "refused") || strings.Contains(q.JQL, "filter"))
				return nil, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromDownstream, Message: "Field 'refused' does not exist"}, no
			}
			_, err := s.Configure("rule", `{"name": "x", "relation": "`+supplies+`", "end": "first"`+tt.more+`}`)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func TestAnEndHasOneRule(t *testing.T) {
	s := newSite(t)
	id := s.rule("")
	if _, err := s.Configure("rule", `{"name": "y", "relation": "`+supplies+`", "end": "first"}`); err == nil || !strings.Contains(err.Error(), "“Suppliers” is a rule for this end") {
		t.Error(err)
	}
	if _, err := s.Configure("rule", `{"name": "y", "relation": "`+supplies+`", "end": "second"}`); err != nil {
		t.Error(err)
	}
	if err := s.Reconfigure("rule", id, `{"name": "z", "relation": "`+supplies+`", "end": "first"}`); err != nil {
		t.Error(err)
	}
}

func TestPathsThatLeadNowhereAreRefused(t *testing.T) {
	s := newSite(t)
	path := func(values string) (string, error) { return s.Configure("path", values) }
	step := `"steps": [{"relation": "` + supplies + `"}]`
	wants := func(err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	_, err := path(`{"name": "x"}`)
	wants(err, "Add a step")
	_, err = path(`{"name": "x", "steps": [{"end": "first"}]}`)
	wants(err, "Choose a relation")
	a, err := path(`{"name": "a", ` + step + `}`)
	if err != nil {
		t.Fatal(err)
	}
	b, err := path(`{"name": "b", "paths": ["` + a + `"]}`)
	if err != nil {
		t.Fatal(err)
	}
	c, err := path(`{"name": "c", "paths": ["` + b + `"]}`)
	if err != nil {
		t.Fatal(err)
	}
	_, err = path(`{"name": "d", "paths": ["` + c + `"]}`)
	wants(err, "3 deep at most")
	wants(s.Reconfigure("path", a, `{"name": "a", "paths": ["`+a+`"]}`), "of themselves never")
	wants(s.Reconfigure("path", a, `{"name": "a", "paths": ["`+c+`"]}`), "of themselves never")
	if d, err := path(`{"name": "d", ` + step + `}`); err != nil {
		t.Error(err)
	} else {
		wants(s.Reconfigure("path", a, `{"name": "a", "paths": ["`+d+`"]}`), "“c” is made of this path")
	}
}
