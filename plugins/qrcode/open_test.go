package main_test

import (
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/wire"
)

func open(code string) sdk.Request {
	r := elsewhere()
	r.Params = map[string]string{"code": code}
	return r
}

func TestScannedCodeOpensItsIssueUnderItsPresentKey(t *testing.T) {
	s := newSite(t, 2)
	s.act("create", s.beside(1))
	s.issues[1].Key = "STOCK-1" // moved since
	page := s.view("open", open(s.code(1)))
	if page.OpenIssue != s.issues[1].ID || page.Title != "Opening STOCK-1" {
		t.Errorf("%q opens %q", page.Title, page.OpenIssue)
	}
	linked := false
	for _, span := range page.Blocks[0].Text.Spans {
		linked = linked || span.IssueID == s.issues[1].ID && span.Text == "STOCK-1"
	}
	if !linked {
		t.Error("there is no link for a browser that cannot move on")
	}
}

func TestCodesThatLeadNowhereSayWhy(t *testing.T) {
	s := newSite(t, 2)
	s.act("create", s.beside(0))
	s.act("create", s.beside(1))
	revoked, hidden := s.code(0), s.code(1)
	r := s.beside(0)
	r.Params = map[string]string{"code": revoked}
	s.act("revoke", r)
	s.hidden[s.issues[1].ID] = true

	for _, tt := range []struct{ name, code, want string }{
		{"no code", "", "This code is not known"},
		{"not the form of a code", "../admin", "This code is not known"},
		{"never made", strings.Repeat("z", len(revoked)), "This code is not known"},
		{"revoked", revoked, "This code was revoked"},
		{"not allowed", hidden, "You cannot open this"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			page := s.view("open", open(tt.code))
			got := words(page)
			if !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if page.OpenIssue != "" || strings.Contains(got, "OPS-") || strings.Contains(got, "1000") {
				t.Errorf("it discloses the issue: %q %q", page.OpenIssue, got)
			}
		})
	}
}

func TestOpenPassesOnThatJiraIsAway(t *testing.T) {
	s := newSite(t, 1)
	s.act("create", s.beside(0))
	s.jiraError = sdk.Errorf(sdk.Unavailable, "Jira does not answer")
	if _, _, err := s.try(wire.OpView, "open", open(s.code(0))); sdk.CodeOf(err) != sdk.Unavailable {
		t.Error(err)
	}
}
