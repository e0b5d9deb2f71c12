package main

import (
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jqlfunc"
)

const indexField = `issue.property["pergola.links.index"].links`

// jql is what a function answers; it has to answer.
func (s *site) jql(function, operator string, arguments ...string) string {
	s.Helper()
	got, err := s.JQL(function, operator, arguments...)
	if err != nil {
		s.Errorf("%s %s%q: %v", operator, function, arguments, err)
	}
	return got
}

func (s *site) noJQL(want, function string, arguments ...string) {
	s.Helper()
	got, err := s.JQL(function, jqlfunc.In, arguments...)
	if sdk.CodeOf(err) != sdk.Invalid || !strings.Contains(err.Error(), want) {
		s.Errorf("%s%q answers %q and %v, want one about %q", function, arguments, got, err, want)
	}
}

func TestFunctionsAnswerWithConditionsOnTheIndex(t *testing.T) {
	s := newSite(t)
	r := s.searchable()
	for _, tt := range []struct {
		function, operator string
		arguments          []string
		want               string
	}{
		{"linkedAssets", jqlfunc.In, []string{"Laptop of an employee", "HR-1"},
			indexField + ` is not EMPTY AND ` + indexField + ` in ("R:second:10101", "R:first:10101") AND key not in ("HR-1")`},
		{"linkedAssets", jqlfunc.NotIn, []string{"LAPTOP of an employee ", " hr-1, IT-2,hr-1"},
			`(` + indexField + ` is EMPTY OR ` + indexField + ` not in ("R:second:10101", "R:first:10101", "R:second:10002", "R:first:10002")) OR key in ("HR-1", "IT-2")`},
		{"linkedAssets", jqlfunc.In, []string{r, "IT-1", "is used by"}, // what stands in the laptop
			indexField + ` is not EMPTY AND ` + indexField + ` in ("R:second:10001") AND key not in ("IT-1")`},
		{"linkedassets", jqlfunc.In, []string{r, "HR-1", "SECOND"},
			indexField + ` is not EMPTY AND ` + indexField + ` in ("R:first:10101") AND key not in ("HR-1")`},
		{"assetsWithLinks", jqlfunc.In, []string{"Laptop of an employee"}, indexField + ` is not EMPTY AND ` + indexField + ` in ("R:first", "R:second")`},
		{"assetsWithLinks", jqlfunc.NotIn, []string{r, "Uses"}, indexField + ` is EMPTY OR ` + indexField + ` not in ("R:second")`},
		{"assetsWithoutLinks", jqlfunc.In, []string{r, "first"}, indexField + ` is EMPTY OR ` + indexField + ` not in ("R:first")`},
		{"assetsWithoutLinks", jqlfunc.NotIn, []string{r, "first"}, indexField + ` is not EMPTY AND ` + indexField + ` in ("R:first")`},
	} {
		got := strings.ReplaceAll(s.jql(tt.function, tt.operator, tt.arguments...), r, "R")
		if got != tt.want {
			t.Errorf("%s %s%q:\n got %s\nwant %s", tt.operator, tt.function, tt.arguments, got, tt.want)
		}
	}
}

func TestFunctionsSayWhatIsWrong(t *testing.T) {
	s := newSite(t)
	s.noJQL("make relations", "assetsWithLinks", "Laptop")
	s.relate()
	s.noJQL("Searchable with JQL", "assetsWithLinks", "laptop of an employee")
	r := s.relate(`{"name": "Monitor of an employee", "outward": "is watched by", "inward": "watches", "searchable": true}`)
	s.noJQL("There are “Laptop of an employee”, “Monitor of an employee”.", "linkedAssets", "Laptop", "IT-1")
	s.noJQL("is watched by” (first)", "assetsWithLinks", r, "uses")
	s.noJQL("Name an issue", "linkedAssets", r, " , ")
	s.noJQL("is no key", "linkedAssets", r, "IT-1, 10001")
	s.noJQL("does not exist for field", "linkedAssets", r, "IT-99")
	s.noJQL("At most 20", "linkedAssets", r, "A-1,A-2,A-3,A-4,A-5,A-6,A-7,A-8,A-9,A-10,A-11,A-12,A-13,A-14,A-15,A-16,A-17,A-18,A-19,A-20,A-21")
	for range mostNames {
		s.relate()
	}
	if _, err := s.JQL("assetsWithLinks", jqlfunc.In, strings.Repeat("x", 5000)); err == nil || !strings.Contains(err.Error(), "and 2 more") || len(err.Error()) > 1000 {
		t.Errorf("of many relations: %v", err)
	}
}

func TestFunctionsOfJirasOwnLinks(t *testing.T) {
	s := newSite(t)
	s.LinkTypes = []jira.LinkType{{ID: "1", Name: "Blocks", Outward: "blocks", Inward: "is blocked by"}, {ID: "2", Name: "Relates", Outward: "relates to", Inward: "relates to"}}
	native := func(name, linkType string) {
		if _, err := s.Configure("relation", `{"name": "`+name+`", "outward": "stops", "inward": "waits for", "storage": "jira", "linkType": "`+linkType+`"}`); err != nil {
			t.Fatal(err)
		}
	}
	native("Stop", "1")
	native("Friend", "2")
	native("Gone", "3")
	for _, tt := range []struct {
		function, operator string
		arguments          []string
		want               string
	}{
		{"linkedAssets", jqlfunc.In, []string{"Stop", "IT-1"}, `issue in linkedIssues("IT-1", "blocks", "is blocked by")`},
		{"linkedAssets", jqlfunc.In, []string{"Stop", "IT-1,IT-2", "waits for"}, `issue in linkedIssues("IT-1", "is blocked by") OR issue in linkedIssues("IT-2", "is blocked by")`},
		{"linkedAssets", jqlfunc.NotIn, []string{"Friend", "IT-1,SECRET-7", "first"}, `issue not in linkedIssues("IT-1", "relates to") AND issue not in linkedIssues("SECRET-7", "relates to")`},
		{"assetsWithLinks", jqlfunc.In, []string{"Stop"}, `issueLinkType is not EMPTY AND issueLinkType = "Blocks"`},
		{"assetsWithLinks", jqlfunc.In, []string{"Stop", "second"}, `issueLinkType is not EMPTY AND issueLinkType = "is blocked by"`},
		{"assetsWithoutLinks", jqlfunc.In, []string{"Friend"}, `issueLinkType is EMPTY OR issueLinkType != "Relates"`},
	} {
		if got := s.jql(tt.function, tt.operator, tt.arguments...); got != tt.want {
			t.Errorf("%s %s%q:\n got %s\nwant %s", tt.operator, tt.function, tt.arguments, got, tt.want)
		}
	}
	s.noJQL("tell the ends", "assetsWithLinks", "Stop", "stops")
	s.noJQL("not there any more", "assetsWithLinks", "Gone")
}

// hostile are arguments that try to become a part of the query.
var hostile = []string{
	`" OR key is not EMPTY OR key = "`, `') OR (key is not EMPTY) OR key in ('`, `x") OR project = HR ORDER BY key`, `\" OR 1 = 1`, `\`, `"`, `'`, `)`, `(`, `) OR (`, `EMPTY`, `NULL`, `currentUser()`,
	"IT-1\") OR (key = IT-2", "IT-1) OR (key in (IT-2", "IT-1 OR IT-2", `IT-1", "IT-2`, "IT-1\n OR x = y", "\u0000", "IT-1\u2028OR", "{{issue.key}}", "assetsWithLinks(\"x\")", "-1", "IT--1", "ＩＴ-1",
	"Laptop of an employee\" OR key = \"IT-1", "Laptop of an employee;", "first\" OR", "is used by) OR (key is not EMPTY",
}

func TestHostileArgumentsBecomeNoPartOfTheQuery(t *testing.T) {
	s := newSite(t)
	r := s.searchable()
	for _, h := range hostile {
		for _, arguments := range [][]string{{h, "IT-1"}, {r, h}, {r, "IT-1", h}, {r, "IT-1, " + h}} {
			if got, err := s.JQL("linkedAssets", jqlfunc.In, arguments...); err == nil {
				t.Errorf("linkedAssets%q answers %s", arguments, got)
			}
		}
		for _, function := range []string{"assetsWithLinks", "assetsWithoutLinks"} {
			for _, arguments := range [][]string{{h}, {r, h}} {
				if got, err := s.JQL(function, jqlfunc.NotIn, arguments...); err == nil {
					t.Errorf("%s%q answers %s", function, arguments, got)
				}
			}
		}
	}
	// An admin's own words may hold anything, and stay words.
	for i, h := range hostile {
		if strings.TrimSpace(h) != h || i%2 == 1 {
			continue
		}
		s.LinkTypes = []jira.LinkType{{ID: "1", Name: h, Outward: h + "1", Inward: h + "2"}}
		id, err := s.Configure("relation", `{"name": "n`+string(rune('a'+i))+`", "outward": "a", "inward": "b", "storage": "jira", "linkType": "1"}`)
		if err != nil {
			t.Fatal(err)
		}
		if got := s.jql("assetsWithLinks", jqlfunc.In, id); strings.Count(got, "issueLinkType") != 2 || !strings.HasPrefix(got, `issueLinkType is not EMPTY AND issueLinkType = "`) {
			t.Errorf("a link type called %q: %s", h, got)
		}
	}
}
