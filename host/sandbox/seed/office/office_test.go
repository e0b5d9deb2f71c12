package office_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox/seed/office"
)

func TestIssuesHaveTheIDsAndKeysThatTestsKnow(t *testing.T) {
	issues, last := office.Issues(time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)), map[string]string{}
	if len(issues) != 60 {
		t.Fatalf("%d issues, want 60", len(issues))
	}
	for _, i := range issues {
		last[i.Project] = i.ID + " " + i.Key
	}
	if diff := cmp.Diff(map[string]string{"OPS": "10133 OPS-34", "HR": "10143 HR-10", "FAC": "10159 FAC-16"}, last); diff != "" {
		t.Error(diff)
	}
}

func TestCopiesAreTheCallersOwn(t *testing.T) {
	office.Projects()[0].Types[0], office.Users()[0].Groups[0], office.Fields()[1].Contexts[0].Options[0].Value = "", "", ""
	if office.Projects()[0].Types[0] == "" || office.Users()[0].Groups[0] == "" || office.Fields()[1].Contexts[0].Options[0].Value == "" {
		t.Error("what one caller changed another one got")
	}
}
