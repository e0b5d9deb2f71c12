package ui_test

import (
	"bytes"
	"fmt"
	"html"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/sdk/event"
)

func TestCardWordsForWhatIsAskedAndStored(t *testing.T) {
	got := pages(t)["admin"]
	for _, want := range []string{
		"Read issues the user can see", "Nothing that is read is kept.", "Reads the key of the issue", "Keep identifiers", "vendor:moon", "Not granted", "To find the issue of a code that was scanned", "issue: the id of an issue", "state: a status word",
		"Issue panel “QR code”", "Runs in a WebAssembly sandbox", "Runs as a process of its own", `aria-checked="true"`, `aria-checked="false"`, "paused until 14:05",
		`data-body="{&#34;enabled&#34;:false}"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Contains(got, "Page “Open”") {
		t.Error("a hidden page is shown as a place")
	}
	if err := newRenderer(t).AdminPlugin(new(bytes.Buffer), ui.Shell{}, ui.AdminPlugin{}); err == nil {
		t.Error("a card without a manifest was drawn")
	}
}

// TestKindsOfTheManifestHaveWords fails when core/manifest learns a kind that the admin page cannot name.
func TestKindsOfTheManifestHaveWords(t *testing.T) {
	for _, kind := range manifest.Kinds() {
		m := &manifest.Manifest{ID: "a.b", Records: []manifest.Record{{Type: "t", Fields: map[string]manifest.Field{"f": {Kind: kind}}}}}
		var b bytes.Buffer
		if err := newRenderer(t).AdminPlugin(&b, ui.Shell{}, ui.AdminPlugin{Manifest: m}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), strings.ReplaceAll(kind, ".", " ")) {
			t.Errorf("%s has no words", kind)
		}
	}
}

func TestJobsOfTheManifestAreOnTheCard(t *testing.T) {
	m := &manifest.Manifest{ID: "a.b", Jobs: []manifest.Job{{Name: "index", Title: "Write the index", Handler: "index", Reason: "Make links searchable"}}}
	var b bytes.Buffer
	if err := newRenderer(t).AdminPlugin(&b, ui.Shell{}, ui.AdminPlugin{Manifest: m}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"in the background", "Write the index", "Make links searchable"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the card does not say %q", want)
		}
	}
}

func TestFunctionsOfTheManifestAreOnTheCard(t *testing.T) {
	m := &manifest.Manifest{ID: "a.b", Functions: []manifest.Function{{
		Key: "linked", Name: "linkedAssets", Reason: "Find what is linked", Arguments: []manifest.Argument{{Name: "relation", Required: true}, {Name: "issues", Required: true}, {Name: "end"}},
	}}}
	var b bytes.Buffer
	if err := newRenderer(t).AdminPlugin(&b, ui.Shell{}, ui.AdminPlugin{Manifest: m}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"in Jira’s search", "issue in linkedAssets(relation, issues[, end])", "Find what is linked"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the card does not say %q", want)
		}
	}
}

func TestEventsOfTheManifestHaveWords(t *testing.T) {
	for _, kind := range event.Kinds() {
		m := &manifest.Manifest{ID: "a.b", Events: []manifest.Event{{Event: kind, Reason: "Forget what is gone"}}}
		var b bytes.Buffer
		if err := newRenderer(t).AdminPlugin(&b, ui.Shell{}, ui.AdminPlugin{Manifest: m}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), kind) || !strings.Contains(b.String(), "It is told when these things happen in Jira") || !strings.Contains(b.String(), "Forget what is gone") {
			t.Errorf("%s has no words, or its reason is not shown", kind)
		}
	}
}

func TestAnAdminReadsOfWhichEventsAPluginIsTold(t *testing.T) {
	m := &manifest.Manifest{
		ID: "a.b", Settings: []byte(`{"properties": {"where": {"properties": {"projects": {"title": "Projects of assets"}}}}}`),
		Configs: []manifest.Config{{Type: "rule", Plural: "Rules", Schema: []byte(`{"properties": {"rows": {"items": {"properties": {"field": {"title": "Watched field"}, "type": {}}}}}}`)}},
		Events: []manifest.Event{
			{Event: event.IssueUpdated, Only: manifest.Only{Projects: []string{"settings.where.projects"}, Fields: []string{"summary", "kind.custom", "configs.rule.rows.field"}}},
			{Event: event.IssueCreated, Only: manifest.Only{IssueTypes: []string{"configs.rule.rows.type"}, Fields: []string{"kind.jira"}}},
			{Event: event.IssueDeleted},
		},
	}
	var b bytes.Buffer
	if err := newRenderer(t).AdminPlugin(&b, ui.Shell{}, ui.AdminPlugin{Manifest: m}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Only in projects chosen as “Projects of assets” in its settings; when one of these fields changes: summary, any custom field, “Watched field” of Rules.",
		"Only for issue types chosen as “rows.type” of Rules; while there is a field to look at: any field of Jira’s own.",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the card does not say %q", want)
		}
	}
	if n := strings.Count(b.String(), "Only "); n != 2 {
		t.Errorf("the card restricts %d events", n)
	}
}

func TestTheQuestionBeforeADeletionSaysWhatRefersToADocument(t *testing.T) {
	uses := func(n int) (out []ui.ConfigUse) {
		for i := range n {
			out = append(out, ui.ConfigUse{Plugin: "acme.notes", Type: "view", ID: fmt.Sprint(i), Words: fmt.Sprintf("Rule “R%d”", i+1)})
		}
		return out
	}
	for _, tt := range []struct {
		row  ui.ConfigRow
		want string
	}{
		{ui.ConfigRow{}, "Nothing refers to it. It can be taken back for 30 days."},
		{ui.ConfigRow{Uses: 1}, "1 record refers to it; it is kept as long as this can be taken back. It can be taken back for 30 days."},
		{ui.ConfigRow{UsedBy: uses(1)}, "It is used by Rule “R1”. It cannot be deleted before these documents are changed or deleted."},
		{ui.ConfigRow{UsedBy: uses(3), Uses: 1200}, "It is used by Rule “R1”, Rule “R2” and Rule “R3”, and by 1,200 records. It cannot"},
		{ui.ConfigRow{UsedBy: uses(8), Uses: 1}, "Rule “R5” and 3 more, and by 1 record. It cannot"},
	} {
		r := newRenderer(t)
		var out strings.Builder
		tt.row.ID, tt.row.Label = "d1", "Parts"
		if err := r.Configs(&out, ui.ConfigList{Plugin: "acme.notes", Type: manifest.Config{Type: "relation", Title: "Relation", Plural: "Relations"}, Documents: []ui.ConfigRow{tt.row}}); err != nil {
			t.Fatal(err)
		}
		if got := html.UnescapeString(out.String()); !strings.Contains(got, tt.want) || !strings.Contains(got, "Delete “Parts”? ") {
			t.Errorf("%q is not in %s", tt.want, got)
		}
	}
}
