package connect_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/connect"
	"github.com/pergola-platform/pergola/host/syncer/identity"
)

func TestScopesOfAnOperatorsChoiceAreAskedForOnlyWithASynchronizer(t *testing.T) {
	for scope, choose := range map[string]func(*connect.Config){
		`"ACT_AS_USER"`: func(c *connect.Config) { c.ActAsUser = true },
		`"ADMIN"`:       func(c *connect.Config) { c.AddOptions = true },
	} {
		for _, chosen := range []bool{false, true} {
			for _, with := range []bool{false, true} {
				c, some := config(), plugins()
				if chosen {
					choose(&c)
				}
				if with {
					some[0].Provides = []manifest.Provided{{Capability: manifest.SyncV1, Name: "rows"}}
				}
				raw, err := connect.Descriptor(c, some)
				if err != nil || strings.Contains(string(raw), scope) != (chosen && with) {
					t.Errorf("%s, chosen %t, with a synchronizer %t: %v\n%s", scope, chosen, with, err, raw)
				}
			}
		}
	}
}

// The app asks for leave to write, and has the property of synchronized issues indexed, where a plugin synchronizes; not before.
func TestSynchronizersNeedAnIndexedPropertyAndLeaveToWrite(t *testing.T) {
	type descriptor struct {
		Scopes  []string
		Modules struct {
			JiraEntityProperties []struct {
				EntityType        string
				KeyConfigurations []struct {
					PropertyKey string
					Extractions []struct{ ObjectName, Type string }
				}
			}
		}
	}
	of := func(plugins []*manifest.Manifest) (d descriptor) {
		raw, err := connect.Descriptor(config(), plugins)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	if d := of(plugins()); slices.Contains(d.Scopes, "WRITE") || len(d.Modules.JiraEntityProperties) > 0 {
		t.Errorf("without a synchronizer: %+v", d)
	}
	some := plugins()
	for _, p := range some { // two plugins, one index
		p.Provides = []manifest.Provided{{Capability: manifest.SyncV1, Name: "rows"}}
	}
	d := of(some)
	if !slices.Contains(d.Scopes, "WRITE") || len(d.Modules.JiraEntityProperties) != 1 {
		t.Fatalf("%+v", d)
	}
	module := d.Modules.JiraEntityProperties[0]
	if module.EntityType != "issue" || len(module.KeyConfigurations) != 1 || module.KeyConfigurations[0].PropertyKey != identity.Property {
		t.Errorf("%+v", module)
	}
	var paths []string
	for _, e := range module.KeyConfigurations[0].Extractions {
		paths = append(paths, e.ObjectName)
	}
	if diff := cmp.Diff(identity.Indexed(), paths); diff != "" {
		t.Error(diff)
	}
}

// What a plugin has Jira index stands in the descriptor under the plugin's own key, and asks for no right that a synchronizer needs.
func TestPropertiesOfPluginsAreIndexed(t *testing.T) {
	m := plugins()[1]
	m.Properties = []manifest.Property{{Key: "count", Title: "Notes", Extractions: []manifest.Extraction{{Path: "notes.all", Type: "number", Alias: "notes"}}}}
	c := config()
	c.ActAsUser, c.AddOptions = true, true
	raw, err := connect.Descriptor(c, []*manifest.Manifest{m})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"propertyKey": "acme.notes.count"`, `"objectName": "notes.all"`, `"alias": "notes"`, `"type": "number"`, `"acme-notes--property--count"`} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("the descriptor has no %s", want)
		}
	}
	if strings.Contains(string(raw), "ACT_AS_USER") || strings.Contains(string(raw), `"ADMIN"`) {
		t.Error("it asks for what only a synchronizer needs")
	}
	m.Properties[0].Extractions = make([]manifest.Extraction, 31)
	if _, err := connect.Descriptor(config(), []*manifest.Manifest{m}); err == nil || !strings.Contains(err.Error(), "30") {
		t.Errorf("more than Jira indexes: %v", err)
	}
}
