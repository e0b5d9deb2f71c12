package manifest_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk/store"
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

func TestIDsAreMadeOfFields(t *testing.T) {
	id := manifest.RecordID{Fields: []string{"outward", "inward", "side"}}
	fields := map[string]string{"outward": "10001", "inward": "10002", "side": "left", "more": "x"}
	if got, lacks := id.Derive(fields); got != "10001.10002.left" || lacks != "" {
		t.Errorf("id %q, lacks %q", got, lacks)
	}
	for _, name := range id.Fields {
		less := maps.Clone(fields)
		less[name] = ""
		if got, lacks := id.Derive(less); got != "" || lacks != name {
			t.Errorf("without %s: id %q, lacks %q", name, got, lacks)
		}
	}
}

// Were there a dot in a value, two records could have one id, and a prefix could end inside of a value. Were there an account,
// erasing it would mean to look for it among ids.
func TestNoPartOfAnIDHoldsADotOrAnAccount(t *testing.T) {
	for _, kind := range manifest.PartKinds() {
		for _, value := range []string{".", "1.", ".1", "10001.10002", "a.b", "customfield_1.2", "true.", "712020:3b1f-77_x", "5b10ac8d82e05b22cc7d4ef5"} {
			if manifest.ValidateValue(kind, value) == nil {
				t.Errorf("%s takes %q", kind, value)
			}
		}
	}
	if slices.Contains(manifest.PartKinds(), manifest.KindAccount) {
		t.Error("an id can be made of an account")
	}
}

// What a manifest may declare has to fit into a record's id, whatever its values.
func TestLongestIDsAreStillIDs(t *testing.T) {
	longest := map[string]string{
		manifest.KindField: "customfield_" + strings.Repeat("9", 19), manifest.KindToken: strings.Repeat("a", 18), manifest.KindConfig: strings.Repeat("a", 18), manifest.KindSwitch: "false", manifest.KindStatus: strings.Repeat("w", 30),
	}
	for _, kind := range manifest.PartKinds() {
		value, ok := longest[kind]
		if !ok {
			value = strings.Repeat("9", 19)
		}
		field := `{ "kind": "` + kind + `" }`
		if kind == manifest.KindConfig {
			field = `{ "kind": "` + kind + `", "config": "design", "indexed": true }`
		}
		if kind == manifest.KindStatus {
			field = `{ "kind": "` + kind + `", "values": ["` + value + `"] }`
		}
		m := parse(t, strings.NewReplacer(`"relation", "whole", "part"`, `"a", "b", "c", "d"`,
			`"seen": { "kind": "platform.time" }`, `"a": `+field+`, "b": `+field+`, "c": `+field+`, "d": `+field).Replace(full(t)))
		r, _ := m.Record("link")
		if err := r.Fields["a"].Validate(value); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if id, _ := r.ID.Derive(map[string]string{"a": value, "b": value, "c": value, "d": value}); !store.ValidID(id) {
			t.Errorf("%s: the id %q of %d characters is none", kind, id, len(id))
		}
	}
}
