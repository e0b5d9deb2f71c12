package manifest_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
)

func TestLookups(t *testing.T) {
	m := parse(t, full(t))
	if mod, ok := m.Module("labels"); !ok || mod.View != "labels" {
		t.Errorf("Module(labels) = %+v, %v", mod, ok)
	}
	if mod, ok := m.Module("nowhere"); ok {
		t.Errorf("Module(nowhere) = %+v", mod)
	}
	if mod, ok := m.Linked(); !ok || mod.Key != "open" {
		t.Errorf("Linked() = %+v, %v", mod, ok)
	}
	if rec, ok := m.Record("code"); !ok || len(rec.Fields) != 4 {
		t.Errorf("Record(code) = %+v, %v", rec, ok)
	}
	if meaning, ok := m.Log("query_refused"); !ok || meaning != "Jira refused a query." {
		t.Errorf("Log(query_refused) = %q, %v", meaning, ok)
	}
	if meaning, ok := m.Log("query"); ok {
		t.Errorf("Log(query) = %q", meaning)
	}
	if !m.LogAttr("sheet.rendered", "labels") || m.LogAttr("sheet.rendered", "label") || m.LogAttr("query_refused", "labels") || m.LogAttr("query", "") ||
		m.LogAttr("sheet.rendered", "labels} labels was made in {took") {
		t.Error("LogAttr does not say what plugin.json says")
	}
	if !m.Asks(manifest.Store) || m.Asks("jira:projects") {
		t.Error("Asks does not say what plugin.json says")
	}
}

func TestKeysInJira(t *testing.T) {
	if got := manifest.ConnectModuleKey("pergola.qrcode", "panel"); got != "pergola-qrcode--panel" {
		t.Errorf("ConnectModuleKey = %s", got)
	}
	if got := manifest.PropertyKey("com.acme.labels"); got != "module.com-acme-labels" {
		t.Errorf("PropertyKey = %s", got)
	}
}

// Jira allows 100 characters for a module's key and 127 for a property's.
func TestKeysInJiraFit(t *testing.T) {
	id := capability.PluginID("a." + strings.Repeat("b", 62))
	longest := strings.NewReplacer(`"id": "acme.labels"`, `"id": "`+string(id)+`"`, `"key": "panel"`, `"key": "`+strings.Repeat("k", 32)+`"`).Replace(full(t))
	m := parse(t, longest)
	if n := len(manifest.ConnectModuleKey(m.ID, m.Modules[0].Key)); n > 100 {
		t.Errorf("module key of %d characters", n)
	}
	if n := len(manifest.PropertyKey(m.ID)); n > 127 {
		t.Errorf("property key of %d characters", n)
	}
}

func TestEveryPermissionIsExplained(t *testing.T) {
	sentence := regexp.MustCompile(`^[A-Z].*[a-z]$`)
	for _, p := range manifest.Permissions() {
		if !sentence.MatchString(p.Title) || p.Detail == "" || manifest.Known(p.Name) != p {
			t.Errorf("%+v", p)
		}
	}
	if got := manifest.Known("moon:walk"); got.Title != "moon:walk" {
		t.Errorf("words of an unknown permission = %+v", got)
	}
}
