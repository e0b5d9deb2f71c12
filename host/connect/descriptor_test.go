package connect_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/connect"
	"github.com/pergola-platform/pergola/host/sandbox/condition"
	"github.com/pergola-platform/pergola/host/surface/surfacetest"
	"github.com/pergola-platform/pergola/sdk/event"
)

var update = flag.Bool("update", false, "write the golden files anew")

func config() connect.Config {
	return connect.Config{
		AppKey: "pergola", Name: "Pergola", Description: "Assets in Jira <b>&</b> beyond.",
		Vendor: connect.Vendor{Name: "Example", URL: "https://example.com"}, BaseURL: "https://app.example/pergola/",
	}
}

func plugins() []*manifest.Manifest { return surfacetest.Plugins() }

func TestDescriptorGolden(t *testing.T) {
	for name, plugins := range map[string][]*manifest.Manifest{"atlassian-connect.json": plugins(), "everything.json": surfacetest.All()} {
		got, err := connect.Descriptor(config(), plugins)
		if err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s: run the test with -update if this is meant (-want +got):\n%s", name, diff)
		}
	}
}

func TestDescriptorDoesNotDependOnTheOrderOfPlugins(t *testing.T) {
	given := plugins()
	one, err := connect.Descriptor(config(), given)
	if err != nil {
		t.Fatal(err)
	}
	other := plugins()
	slices.Reverse(other)
	two, err := connect.Descriptor(config(), other)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, two) {
		t.Error("another order makes another descriptor")
	}
	if diff := cmp.Diff(plugins(), given); diff != "" {
		t.Errorf("the caller's list was changed:\n%s", diff)
	}
}

func TestDescriptorRefusals(t *testing.T) {
	panel := func(edit func(*manifest.Manifest)) []*manifest.Manifest {
		m := plugins()[1]
		edit(m)
		return []*manifest.Manifest{m}
	}
	for _, tt := range []struct {
		name    string
		edit    func(*connect.Config)
		plugins []*manifest.Manifest
		want    string
	}{
		{"no app key", func(c *connect.Config) { c.AppKey = "" }, nil, "app key"},
		{"app key with a space", func(c *connect.Config) { c.AppKey = "per gola" }, nil, "app key"},
		{"app key too long", func(c *connect.Config) { c.AppKey = strings.Repeat("a", 65) }, nil, "app key"},
		{"no name", func(c *connect.Config) { c.Name = "" }, nil, "no name"},
		{"relative base URL", func(c *connect.Config) { c.BaseURL = "/app" }, nil, "base URL"},
		{"base URL with a query", func(c *connect.Config) { c.BaseURL += "?a=1" }, nil, "base URL"},
		{"base URL too long", func(c *connect.Config) { c.BaseURL += strings.Repeat("a", 200) }, nil, "base URL"},
		{"same plugin twice", nil, append(plugins(), plugins()[0]), "two modules"},
		{"module key with a slash", nil, panel(func(m *manifest.Manifest) { m.Modules[0].Key = "a/b" }), "module key"},
		{"module without a name", nil, panel(func(m *manifest.Manifest) { m.Modules[0].Name = "" }), "name is empty"},
		{"unknown place", nil, panel(func(m *manifest.Manifest) { m.Modules[0].Type = "footer" }), "footer"},
		{"unknown permission", nil, panel(func(m *manifest.Manifest) { m.Permissions = []manifest.Permission{{Name: "jira:admin"}} }), "jira:admin"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := config()
			if tt.edit != nil {
				tt.edit(&c)
			}
			_, err := connect.Descriptor(c, tt.plugins)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one about %q", err, tt.want)
			}
		})
	}
}

// The conditions in the descriptor and the property that toggling writes must mean together what the admin chose.
func TestConditionsFollowTheToggle(t *testing.T) {
	raw, err := connect.Descriptor(config(), plugins())
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Modules struct {
			JiraIssueContents, GeneralPages []struct {
				Key                                  string
				Conditions, ContentPresentConditions json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name                string
		property            *connect.Toggle
		panel, page, always bool
	}{
		{"not written yet", nil, false, false, false},
		{"off", toggle(false, nil, nil), false, false, false},
		{"off, in this project", toggle(false, []string{"10000"}, nil), false, false, false},
		{"everywhere", toggle(true, nil, nil), true, true, true},
		{"in this project", toggle(true, []string{"10009", "10000"}, nil), true, true, true},
		{"in another project", toggle(true, []string{"10009"}, nil), false, true, true},
		{"in a project whose id begins alike", toggle(true, []string{"100001"}, nil), false, true, true},
		{"for this type", toggle(true, nil, []string{"3"}), true, true, true},
		{"for another type", toggle(true, nil, []string{"4"}), false, true, true},
		{"in this project for this type", toggle(true, []string{"10000"}, []string{"3"}), true, true, true},
		{"in this project for another type", toggle(true, []string{"10000"}, []string{"4"}), false, true, true},
		{"in another project for this type", toggle(true, []string{"10009"}, []string{"3"}), false, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			holds := func(raw json.RawMessage) bool {
				t.Helper()
				c, err := condition.Parse(raw)
				if err != nil {
					t.Fatal(err)
				}
				return c.Holds(place(t, tt.property))
			}
			i := slices.IndexFunc(d.Modules.JiraIssueContents, func(m struct {
				Key                                  string
				Conditions, ContentPresentConditions json.RawMessage
			}) bool {
				return m.Key == "pergola-qrcode--panel"
			})
			panel := d.Modules.JiraIssueContents[i]
			if got := holds(panel.Conditions); got != tt.panel {
				t.Errorf("the panel shows: %v, want %v", got, tt.panel)
			}
			if got := holds(panel.ContentPresentConditions); got != tt.always {
				t.Errorf("the panel opens by itself: %v, want %v", got, tt.always)
			}
			for _, m := range d.Modules.GeneralPages {
				if got := holds(m.Conditions); got != tt.page {
					t.Errorf("page %s shows: %v, want %v", m.Key, got, tt.page)
				}
			}
		})
	}
}

func toggle(enabled bool, projects, issueTypes []string) *connect.Toggle {
	t := connect.ToggleProperty(enabled, projects, issueTypes)
	return &t
}

// place is an issue of type 3 in project 10000, with the property of the QR plugin.
func place(t *testing.T, property *connect.Toggle) condition.Place {
	t.Helper()
	return condition.Place{
		LoggedIn: true,
		Property: func(entity, key string) (json.RawMessage, bool) {
			if property == nil || entity != "addon" || key != "module.pergola-qrcode" {
				return nil, false
			}
			raw, err := json.Marshal(property)
			if err != nil {
				t.Fatal(err)
			}
			return raw, true
		},
		Variable: func(name string) (string, bool) {
			v, ok := map[string]string{"project.id": "10000", "issuetype.id": "3"}[name]
			return v, ok
		},
		Global:  func(string) bool { return false },
		Project: func(string) bool { return false },
	}
}

func TestTogglePropertyOnTheWire(t *testing.T) {
	projects := []string{"10001", "10000", "10001"}
	got, err := json.Marshal(connect.ToggleProperty(true, projects, nil))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"enabled":true,"everywhere":false,"everyProject":false,"projects":["10000","10001"],"everyIssueType":true,"issueTypes":[]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if diff := cmp.Diff([]string{"10001", "10000", "10001"}, projects); diff != "" {
		t.Errorf("the caller's list was changed:\n%s", diff)
	}
}

func TestWebhooksAreThoseThatPluginsListenTo(t *testing.T) {
	all := plugins()
	all[0].Events = []manifest.Event{{Event: event.IssueDeleted}, {Event: event.LinkCreated}}
	all[1].Events = []manifest.Event{{Event: event.IssueDeleted}}
	raw, err := connect.Descriptor(config(), all)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Modules struct {
			Webhooks []map[string]string `json:"webhooks"`
		} `json:"modules"`
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	want := []map[string]string{
		{"event": "issuelink_created", "url": "/connect/event/issuelink.created"}, {"event": "jira:issue_deleted", "url": "/connect/event/issue.deleted"},
	}
	slices.SortFunc(got.Modules.Webhooks, func(a, b map[string]string) int { return strings.Compare(a["event"], b["event"]) })
	if diff := cmp.Diff(want, got.Modules.Webhooks); diff != "" {
		t.Errorf("webhooks (-want +got):\n%s", diff)
	}
	for _, kind := range event.Kinds() {
		all[0].Events = []manifest.Event{{Event: kind}}
		if raw, err = connect.Descriptor(config(), all); err != nil || !strings.Contains(string(raw), `"url": "/connect/event/`+kind+`"`) || strings.Contains(string(raw), `"event": ""`) {
			t.Errorf("%s: %v\n%s", kind, err, raw)
		}
	}
}
