package ui_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/ui"
)

const storedURL = "https://acme.atlassian.net/plugins/servlet/ac/pergola/stored"

var countedAt = time.Date(2027, 5, 4, 12, 5, 0, 0, time.UTC)

// storedPage is a site with two plugins and some of everything.
func storedPage() ui.Stored {
	return ui.Stored{
		AppName: "Pergola", Site: "acme.atlassian.net", At: countedAt, Region: "Frankfurt, Germany (AWS, eu-central-1)",
		Sealed: "AES-256-GCM, with a key of your site’s own", Grace: 30 * 24 * time.Hour,
		DownloadCall: "stored", AdminURL: "https://acme.atlassian.net/plugins/servlet/ac/pergola/admin",
		Groups: []ui.StoredGroup{
			{Title: "Pergola itself", Purpose: "What the app needs to know your site again, and what you chose", Types: []ui.StoredType{
				{Name: "Site", Purpose: "To take calls of your site and of no other", Documents: 1, Retention: "until the app is uninstalled and the time of grace is over", Fields: []ui.StoredField{
					{Name: "clientKey", Kind: "site.clientKey", Meaning: "Atlassian’s identifier of the installation"},
					{Name: "baseUrl", Kind: "site.address", Meaning: "the address of your site"},
					{Name: "sharedSecret", Kind: "secret.sealed", Meaning: "the secret that Atlassian gave your site and the app", Sealed: true},
					{Name: "installedAt", Kind: "platform.time"},
				}},
				{Name: "Choices of admins", Purpose: "To know which features are on, with which settings", Documents: 4, Retention: "until the app is uninstalled and the time of grace is over",
					Erasure: "When the account of whoever chose is closed, the choice stays and the account goes.", Fields: []ui.StoredField{
						{Name: "granted[]", Kind: "platform.permission", Meaning: "a permission that was granted"},
						{Name: "by", Kind: "jira.account", Meaning: "the account id of the admin who chose", Account: true},
						{Name: "settings", Kind: "admin.configuration", Meaning: "what an admin wrote or chose in a form"},
					}},
			}},
			{Title: "QR codes and labels", Plugin: "pergola.qrcode", Types: []ui.StoredType{
				{Name: "code", Purpose: "To find the issue of a code that was scanned", Documents: 12480, Retention: "730 days after the last change",
					Erasure: "When the account of whoever made it is closed, the record is deleted.", Fields: []ui.StoredField{
						{Name: "issue", Kind: "jira.issue"}, {Name: "maker", Kind: "jira.account", Account: true},
						{Name: "state", Kind: "platform.status"}, {Name: "scans", Kind: "platform.count"},
					}},
				{Name: "sheet", Purpose: "To go on with a sheet of labels that was begun", Documents: 210, Retention: "7 days after the last change", Fields: []ui.StoredField{{Name: "project", Kind: "jira.project"}, {Name: "next", Kind: "platform.count"}}},
			}},
			{Title: "Database synchronizer for inventories with a very long name", Plugin: "acme.sync", Purpose: "Which row belongs to which issue", Types: []ui.StoredType{
				{Name: "run", Purpose: "To show when the last run was", Retention: "90 days after the last change"},
			}},
		},
		Never: []string{"Summaries, descriptions, values and names of fields, comments or attachments of issues", "Names, mail addresses and pictures of people", "Browsers, IP addresses and places of visitors", "JQL queries, whatever they look for"},
		Plugins: []ui.StoredPlugin{
			{Name: "QR codes and labels", Version: "0.1.0", Enabled: true, Permissions: []ui.StoredPermission{
				{Title: "Read issues the user can see", Detail: "Only while that user has a page of the plugin open. Nothing that is read is kept.", Reason: "Reads the key of the issue, and the field that you choose, to put it into the code.", Granted: true},
				{Title: "Keep identifiers", Detail: "Ids of issues, projects, fields and accounts, and counts, times and switches. Never the content of an issue.", Reason: "Keeps which code belongs to which issue, so that a code can be revoked."},
			}},
			{Name: "Greeter", Version: "2.1.0"},
		},
	}
}

// storedNothing is a site on which nothing has happened yet.
func storedNothing() ui.Stored {
	return ui.Stored{Site: "new.atlassian.net", At: countedAt, Groups: []ui.StoredGroup{
		{Title: "QR codes and labels", Plugin: "pergola.qrcode", Types: []ui.StoredType{{Name: "code", Purpose: "To find the issue of a code that was scanned", Retention: "730 days after the last change", Fields: []ui.StoredField{{Name: "issue", Kind: "jira.issue"}}}}},
		{Title: "Greeter", Plugin: "acme.greeter"},
	}}
}

func stored(t *testing.T, s ui.Stored) string {
	t.Helper()
	var b bytes.Buffer
	if err := newRenderer(t).Stored(&b, ui.Shell{}, s); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestStoredSaysHowMuchOfWhat(t *testing.T) {
	got := stored(t, storedPage())
	for _, want := range []string{
		"<strong>12,695</strong> records", "<strong>5</strong> types of record", "<strong>2</strong> of them with account ids", "<strong>No</strong> issue content",
		"acme.atlassian.net, as of <time datetime=\"2027-05-04T12:05:00Z\">4 May 2027, 12:05 UTC</time>", "Frankfurt, Germany", "kept for 30 days",
		"1 record. Kept until the app is uninstalled and the time of grace is over.", "12,480 records. Kept 730 days after the last change. When the account",
		"the id of an issue", "the account id of a user", `Not granted`, `data-call="stored" data-body="{}" data-file`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing", want)
		}
	}
}

func TestStoredWithNothingSaysSo(t *testing.T) {
	got := stored(t, storedNothing())
	for _, want := range []string{"<strong>0</strong> records", "<strong>1</strong> type of record", "has not said", "deleted at once", "Nothing yet. Kept 730 days", "no type of record is declared", "no account ids are stored", "No plugins are installed"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing", want)
		}
	}
	for _, not := range []string{`id="download"`, `class="bar"`, "What is never stored", "How secrets are encrypted"} {
		if strings.Contains(got, not) {
			t.Errorf("%s is there", not)
		}
	}
	if got := stored(t, ui.Stored{}); !strings.Contains(got, "Nothing is stored yet") || !strings.Contains(got, "Pergola or a plugin") {
		t.Error(got)
	}
}

func TestStoredPictureIsOrderedAndToScale(t *testing.T) {
	s := ui.Stored{Groups: []ui.StoredGroup{{Types: []ui.StoredType{{Name: "none"}, {Name: "one", Documents: 1}, {Name: "half", Documents: 5000}, {Name: "most", Documents: 10000}}}}}
	var rows []string
	for _, n := range parseHTML(t, stored(t, s)) {
		switch {
		case n.name == "a" && n.attrs["data-to"] != "":
			rows = append(rows, n.text+" "+n.attrs["data-to"])
		case n.name == "rect":
			rows = append(rows, n.attrs["width"])
		}
	}
	want := []string{"most type-1-4", "100.0%", "half type-1-3", "50.0%", "one type-1-2", "1.0%", "none type-1-1"}
	if d := cmp.Diff(want, rows); d != "" {
		t.Error(d)
	}
}

func TestNothingOnTheStoredPageIsMarkup(t *testing.T) {
	for _, attack := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `javascript:alert(1)`, "</title><script>alert(1)</script>"} {
		s := storedPage()
		poison(reflect.ValueOf(&s), attack)
		got := stored(t, s)
		checkRules(t, got)
	}
}

func TestStoredDownloadIsThePageItself(t *testing.T) {
	raw, err := json.Marshal(storedPage())
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		App, Site, At, Region, Sealed, KeptAfterUninstall string
		Groups                                            []ui.StoredGroup
		Never                                             []string
		Plugins                                           []ui.StoredPlugin
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields() // the page's own addresses stay out
	if err := d.Decode(&got); err != nil {
		t.Fatal(err)
	}
	want := storedPage()
	if got.KeptAfterUninstall != "PT720H" || got.At != "2027-05-04T12:05:00Z" || got.App != "Pergola" || got.Site != want.Site {
		t.Errorf("%+v", got)
	}
	if diff := cmp.Diff([]any{want.Groups, want.Never, want.Plugins}, []any{got.Groups, got.Never, got.Plugins}); diff != "" {
		t.Error(diff)
	}
}
