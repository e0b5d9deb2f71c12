package manifest_test

import (
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core/manifest"
)

func TestValuesFitTheirKind(t *testing.T) {
	for _, tt := range []struct {
		kind      string
		good, bad []string
	}{
		{manifest.KindIssue, []string{"1", "10001", "9223372036854775807"}, []string{"", "OPS-7", "-1", "1.0", " 1", "1\n", strings.Repeat("1", 20), "١"}},
		{manifest.KindProject, []string{"10000"}, []string{"OPS"}},
		{manifest.KindIssueType, []string{"10001"}, []string{"Bug"}},
		{manifest.KindField, []string{"customfield_10001", "customfield_9223372036854775807", "duedate", "fixVersions"}, []string{"", "customfield_", "customfield_x", "customfield_" + strings.Repeat("1", 20), "Due date", "Duedate", "printeronfire"}},
		{manifest.KindAccount, []string{"5b10ac8d82e05b22cc7d4ef5", "712020:3b1f-77_x"}, []string{"", "jane@acme.example", "Jane Doe", strings.Repeat("a", 129)}},
		{manifest.KindTime, []string{"2026-01-31T12:00:00Z", "2026-01-31T12:00:00.123456789+02:00"}, []string{"", "2026-01-31", "2026-02-30T12:00:00Z", "2026-01-31T12:00:00,5Z", "2026-01-31T12:00:00." + strings.Repeat("1", 10) + "Z", "2026-01-31 12:00:00Z", "2026-01-31T1:00:00Z", "2026-01-31T1:00:00.0Z"}},
		{manifest.KindCount, []string{"0", "-7", "9223372036854775807"}, []string{"", "007", "+7", "-0", "7.0", "1e3", "9223372036854775808"}},
		{manifest.KindStatus, []string{"revoked", "in_progress"}, []string{"", "Revoked", "two words", strings.Repeat("a", 33)}},
		{manifest.KindToken, []string{"4Nk7tQxYzAbCdEfGh2"}, []string{"", "printer", "4Nk7tQxYzAbCdEfGh", "4Nk7tQxYzAbCdEfGh22", "4Nk7tQxYzAbCdEfGh0", "4Nk7tQxYzAbCdEfGhä"}},
		{manifest.KindSwitch, []string{"true", "false"}, []string{"", "1", "True", "yes"}},
		{"text", nil, []string{"", "anything"}},
	} {
		for _, v := range tt.good {
			if err := manifest.ValidateValue(tt.kind, v); err != nil {
				t.Errorf("%s refuses %q: %v", tt.kind, v, err)
			}
		}
		for _, v := range tt.bad {
			if err := manifest.ValidateValue(tt.kind, v); err == nil {
				t.Errorf("%s accepts %q", tt.kind, v)
			}
		}
	}
}

// Of Jira's things a plugin can keep the number alone.
func TestKindsOfJiraAreNumbers(t *testing.T) {
	for _, kind := range manifest.Kinds() {
		if !strings.HasPrefix(kind, "jira.") || kind == manifest.KindField || kind == manifest.KindAccount {
			continue
		}
		for value, good := range map[string]bool{"10001": true, "": false, "OPS-7": false, "Done": false, "1.0": false, strings.Repeat("1", 20): false} {
			if err := manifest.ValidateValue(kind, value); (err == nil) != good {
				t.Errorf("%s, %q: %v", kind, value, err)
			}
		}
	}
}

func TestFieldsTakeWhatTheyDeclare(t *testing.T) {
	status := manifest.Field{Kind: manifest.KindStatus, Values: []string{"active", "revoked"}}
	for value, want := range map[string]string{"active": "", "revoked": "", "": "want one of active, revoked", "printer": "want one of active, revoked"} {
		if got := words(status.Validate(value)); got != want {
			t.Errorf("status %q: %q, want %q", value, got, want)
		}
	}
	if got := words(manifest.Field{Kind: manifest.KindStatus, Values: []string{"on"}}.Validate("off")); got != "want on" {
		t.Errorf("status of one word: %q", got)
	}
	// No manifest can say so; should one do it all the same, nothing fits.
	if (manifest.Field{Kind: manifest.KindStatus}).Validate("active") == nil {
		t.Error("a status without words takes one")
	}
	if err := (manifest.Field{Kind: manifest.KindIssue}).Validate("10001"); err != nil {
		t.Error(err)
	}
	id := manifest.RecordID{Kind: manifest.KindIssue}
	if id.Validate("10001") != nil || id.Validate("OPS-7") == nil {
		t.Error("ids of issues are numbers")
	}
}

func words(err error) string {
	if err == nil {
		return ""
	}
	return strings.TrimPrefix(err.Error(), "invalid: ")
}

// The value may be content that a plugin tried to keep, and errors are logged.
func TestErrorsNeverRepeatTheValue(t *testing.T) {
	const canary = "Canary of the board meeting"
	for _, kind := range manifest.Kinds() {
		err := manifest.ValidateValue(kind, canary)
		if err == nil || strings.Contains(err.Error(), "Canary") || strings.Contains(err.Error(), "not known") {
			t.Errorf("%s: %v", kind, err)
		}
	}
}
