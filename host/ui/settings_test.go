package ui_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/ui"
)

func TestSettingsKeepWhatTheSiteDoesNotListAnyMore(t *testing.T) {
	draw := func(f ui.SettingsForm) string {
		var b bytes.Buffer
		if err := newRenderer(t).Settings(&b, ui.Shell{}, f); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	f := settingsForm(t)
	got := draw(f)
	for _, want := range []string{`value="10042" checked><span>Unknown (10042)`, `value="10002" checked><span>Data centre <span class="muted">DAT`, `value="10001"><span>Office`, "Filter projects"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Index(got, "Unknown (10042)") > strings.Index(got, "Operations") {
		t.Error("what is chosen does not stand first")
	}
	f.Choices = nil // Jira did not answer
	got = draw(f)
	for _, want := range []string{`value="10042" checked><span>10042`, "What was chosen before is kept"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing", want)
		}
	}
}

// TestADrawnFormSendsBackWhatItShows reads the drawn form like a browser would submit it.
func TestADrawnFormSendsBackWhatItShows(t *testing.T) {
	f := settingsForm(t)
	f.Values = f.Form.Defaults(json.RawMessage(`{"title":"\nProperty of \"ACME\" <b>","note":"\none\ntwo","columns":5,"level":"Q","projects":["10002","10042"],"parts":["key","assignee"],"hosts":["a","b"],"serialField":"customfield_99","sheet":{"width":20.5,"guides":false},"summary":true,"target":"link","serviceEmail":"a@b.example"}`))
	var b bytes.Buffer
	if err := newRenderer(t).Settings(&b, ui.Shell{}, f); err != nil {
		t.Fatal(err)
	}
	sent := map[string][]string{}
	for _, n := range parseHTML(t, b.String()) {
		name, checked := n.attrs["name"], false
		_, checked = n.attrs["checked"]
		switch typ := n.attrs["type"]; {
		case n.name == "textarea":
			sent[name] = append(sent[name], strings.TrimPrefix(n.text, "\n")) // HTML drops the first line feed
		case n.name == "option":
			if _, ok := n.attrs["selected"]; ok {
				name := n.around[len(n.around)-1].attrs["name"]
				sent[name] = append(sent[name], n.attrs["value"])
			}
		case n.name == "input" && name != "" && (typ != "checkbox" && typ != "radio" || checked):
			sent[name] = append(sent[name], n.attrs["value"])
		}
	}
	got, errs := f.Form.Decode(sent)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	want, _ := f.Form.Decode(f.Form.Values(f.Values))
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Error(d)
	}
}
