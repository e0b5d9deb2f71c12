package web_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFunctionsInJQLAreAnsweredAndWhatUsersWroteIsNotLogged(t *testing.T) {
	h := start(t)
	const target = "/connect/jql/acme.notes/noted"
	ask := func(body string) answer { return h.do("POST", target, h.bound("POST", target, ""), body) }
	clause := func(argument string) string {
		return `{"precomputationId":"1","clause":{"field":"key","type":["issue"],"operator":"not in","functionName":"withNotes","arguments":["` + argument + `","b"]}}`
	}
	for _, tt := range []struct{ body, want string }{
		{clause("a"), `{"jql":"labels = \"noted\""}`},
		{clause("wrong"), `{"error":"There is no note “wrong”.","storeErrorAsPrecomputation":false}`},
		{clause("broken"), `{"error":"This could not be answered just now. Try again in a minute; if it stays so, tell a Jira admin.","storeErrorAsPrecomputation":false}`},
	} {
		if got := ask(tt.body); got.status != 200 || got.body != tt.want || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s\n got %d %s\nwant 200 %s", tt.body, got.status, got.body, tt.want)
		}
	}
	want := []string{`true acme.notes noted not in ["a" "b"]`, `true acme.notes noted not in ["wrong" "b"]`, `true acme.notes noted not in ["broken" "b"]`}
	if diff := cmp.Diff(want, h.answered); diff != "" {
		t.Errorf("what was asked (-want +got):\n%s", diff)
	}
	for _, body := range []string{"", "[]", "{}", `{"clause":7}`, `{"clause":{"arguments":["a"]}}`, `{"clause":{"operator":"in","arguments":"a"}}`} {
		if got := ask(body); got.status != 400 {
			t.Errorf("%q: status %d: %s", body, got.status, got.body)
		}
	}
	if log := h.log.text(); strings.Contains(log, "wrong”") || !strings.Contains(log, "the disk of the host is full") {
		t.Errorf("the log:\n%s", log)
	}
}
