package ui_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/sdk/view"
)

func TestLinksLeadOnlyToTheWeb(t *testing.T) {
	for in, want := range map[string]string{
		"https://example.com/a?b=c#d":              `href="https://example.com/a?b=c#d"`,
		"http://example.com":                       `href="http://example.com"`,
		"javascript:alert(1)":                      "",
		"data:text/html,x":                         "",
		"//example.com/a":                          "",
		"/relative":                                "",
		"https://":                                 "",
		"https://acme.atlassian.net@evil.example/": "",
		"ftp://example.com/":                       "",
	} {
		got := fragment(t, ui.Shell{}, &view.Page{Blocks: []view.Block{{Text: &view.Text{Spans: []view.Span{{Text: "go", Href: in}}}}}})
		if want == "" && strings.Contains(got, "href") || !strings.Contains(got, want) || !strings.Contains(got, "go") {
			t.Errorf("%s became %s", in, got)
		}
	}
}

func TestAccountsAreNamedWhereThePageIsDrawn(t *testing.T) {
	shell := ui.Shell{Names: map[string]string{"712020:mia": "Mia <b>Admin</b>", "712020:gone": ""}}
	profile := "https://acme.atlassian.net/jira/people/1"
	for _, tt := range []struct {
		name string
		span view.Span
		want string
	}{
		{"known", view.Span{Text: "another user", Account: "712020:mia"}, `<p>Mia &lt;b&gt;Admin&lt;/b&gt;</p>`},
		{"without a text", view.Span{Account: "712020:mia", Strong: true}, `<p><strong>Mia &lt;b&gt;Admin&lt;/b&gt;</strong></p>`},
		{"linked", view.Span{Text: "another user", Account: "712020:mia", Href: profile}, `<a href="` + profile + `" target="_blank" rel="noopener noreferrer">Mia &lt;b&gt;Admin`},
		{"there no more", view.Span{Text: "another user", Account: "712020:gone", Href: profile}, `<p>somebody whose account is closed</p>`},
		{"not told", view.Span{Text: "a colleague", Account: "712020:jonas", Href: profile}, `rel="noopener noreferrer">a colleague`},
		{"not told and without a text", view.Span{Account: "712020:jonas"}, `<p>another user</p>`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := fragment(t, shell, &view.Page{Blocks: []view.Block{{Text: &view.Text{Spans: []view.Span{tt.span}}}}})
			if !strings.Contains(got, tt.want) {
				t.Errorf("%s is not in %s", tt.want, got)
			}
		})
	}
	cell := view.Cell{Spans: []view.Span{{Account: "712020:jonas"}, {Account: "712020:mia"}, {Account: "1 or 2"}}}
	p := &view.Page{Blocks: []view.Block{{Section: &view.Section{Title: "s", Blocks: []view.Block{
		{Table: &view.Table{Columns: []view.Column{{Title: "By"}}, Rows: []view.Row{{Cells: []view.Cell{cell, cell}}}}},
	}}}}}
	if d := cmp.Diff([]string{"712020:jonas", "712020:mia"}, ui.Accounts(p)); d != "" {
		t.Error(d)
	}
}

func TestLinksToIssues(t *testing.T) {
	site := ui.Shell{SiteURL: "https://acme.atlassian.net/"}
	known := site
	known.IssueKeys = map[string]string{"10001": "OPS-9"}
	tests := []struct {
		name  string
		shell ui.Shell
		span  view.Span
		want  string
	}{
		{"key written on the link", site, view.Span{Text: "OPS-7", IssueID: "10001"}, `<a href="https://acme.atlassian.net/browse/OPS-7" target="_top" data-issue="10001" data-key="OPS-7">OPS-7</a>`},
		{"key looked up", known, view.Span{Text: "the laptop", IssueID: "10001"}, `<a href="https://acme.atlassian.net/browse/OPS-9" target="_top" data-issue="10001" data-key="OPS-9">the laptop</a>`},
		{"key not known", site, view.Span{Text: "the laptop", IssueID: "10001"}, `<a href="https://acme.atlassian.net/issues/?jql=id%3D10001" target="_top" data-issue="10001">the laptop</a>`},
		{"site not known", ui.Shell{}, view.Span{Text: "the laptop", IssueID: "10001"}, `<button type="button" class="link" data-issue="10001">the laptop</button>`},
		{"not an id", site, view.Span{Text: "the laptop", IssueID: "1 or 1=1"}, `<p>the laptop</p>`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := fragment(t, tt.shell, &view.Page{Blocks: []view.Block{{Text: &view.Text{Spans: []view.Span{tt.span}}}}})
			if !strings.Contains(got, tt.want) {
				t.Errorf("%s is not in %s", tt.want, got)
			}
		})
	}
	p := &view.Page{OpenIssue: "10003", Blocks: []view.Block{{Text: &view.Text{Spans: []view.Span{{Text: "OPS-7", IssueID: "10001"}, {Text: "a", IssueID: "10002"}, {Text: "b", IssueID: "10002"}}}}}}
	if d := cmp.Diff([]string{"10002", "10003"}, ui.IssueIDs(p)); d != "" {
		t.Error(d)
	}
}
