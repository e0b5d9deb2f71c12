package configset_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/configset"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/sdk"
)

func TestAFileNamesWhatOccurs(t *testing.T) {
	w := newWorld(t)
	w.fill()
	f := w.export(w.a)
	want := map[string][]configset.Thing{
		"project":   {{ID: "10000", Key: "OPS", Name: "Operations"}, {ID: "10001", Key: "HR", Name: "People"}},
		"issueType": {{ID: "11", Name: "Laptop"}, {ID: "13", Name: "Task", Project: "10001"}},
		"field":     {{ID: "customfield_177", Name: "Serial"}, {ID: "summary", Name: "Summary"}},
		"filter":    {{ID: "1500", Name: "Old laptops"}}, "linkType": {{ID: "1600", Name: "Blocks"}},
	}
	got := map[string][]configset.Thing{}
	for source, things := range f.Names {
		got[string(source)] = things
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if f.From != "a.atlassian.net" || len(f.Plugins) != 2 || len(f.Plugins[0].Documents) != 2 || f.Plugins[0].Settings == nil {
		t.Errorf("the file is from %q with the plugins %+v", f.From, f.Plugins)
	}
	raw, err := f.Bytes()
	check(t, err)
	if !strings.Contains(string(raw), `cf[177] < 3`) || strings.Contains(string(raw), "Mia") {
		t.Error("a query is not as it was written, or somebody is named")
	}
	if one := w.export(w.a, "acme.rules"); len(one.Plugins) != 1 || cmp.Diff([]configset.Thing{{ID: owns, Name: "Owns"}, {ID: uses, Name: "Uses"}}, one.Names["acme.links/relation"]) != "" {
		t.Errorf("of one plugin alone the relations are not named: %+v", one.Names)
	}
	if _, err := w.sets.Export(t.Context(), w.a, []capability.PluginID{"acme.none"}); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("of a plugin that is not here: %v", err)
	}
}

func TestAnImportHasTheIdsOfTheOtherSite(t *testing.T) {
	w := newWorld(t)
	w.fill()
	in := configset.Import{File: w.export(w.a)}
	p := w.plan(w.b, in)
	if want := "Settings: changed\nRelation Uses: created\nRelation Owns: created\nRule First: created\nRule Second: created"; said(p) != want {
		t.Errorf("got\n%s\nwant\n%s", said(p), want)
	}
	w.apply(w.b, in)
	u, o, first := w.idOf(w.b, "Uses"), w.idOf(w.b, "Owns"), w.idOf(w.b, "First")
	want := map[string]string{
		"settings of Links": `{"projects":["20000"],"size":12}`,
		"Uses":              `{"color":"red","first":{"contexts":[{"projects":["20000","20001"],"types":["21","23"]}]},"linkType":"2600","name":"Uses"}`,
		"Owns":              `{"name":"Owns"}`,
		"First":             `{"columns":["summary","customfield_277"],"jql":"project = OPS AND cf[277] \u003c 3 AND customfield_277 is not EMPTY AND id in {{link.` + u + `.first}}","name":"First","relation":"` + u + `","user":"` + mia + `"}`,
		"Second":            `{"also":["` + first + `"],"filter":"2500","name":"Second","relation":"` + o + `"}`,
	}
	if diff := cmp.Diff(want, w.all(w.b)); diff != "" {
		t.Error(diff)
	}
	if w.jira.told == 0 {
		t.Error("Jira was not told of the settings")
	}

	// The same file again changes nothing, and neither does one that is exported from there and goes back.
	w.written = false
	if done := w.apply(w.b, in); done.Import != "" || w.written || done.Plan.Count(configset.Equal) != 5 {
		t.Errorf("a second time: %q\n%s", done.Import, said(done.Plan))
	}
	back := configset.Import{File: w.export(w.b)}
	if done := w.apply(w.a, back); done.Import != "" || w.written || done.Plan.Count(configset.Equal) != 5 {
		t.Errorf("back: %q\n%s", done.Import, said(done.Plan))
	}
}

func TestAnImportKnowsADocumentThatWasRenamed(t *testing.T) {
	w := newWorld(t)
	w.fill()
	in := configset.Import{File: w.export(w.a)}
	w.apply(w.b, in)
	id := w.idOf(w.b, "Owns")
	w.put(w.b, "acme.links", "relation", id, `{"name":"Possesses","color":"red"}`)
	p := w.plan(w.b, in)
	if p.Count(configset.Created) != 0 || p.Count(configset.Changed) != 1 {
		t.Errorf("got\n%s", said(p))
	}
	for _, i := range p.Items {
		if i.What == configset.Changed {
			want := []configset.Difference{{Setting: "Color", Before: "red", After: "blue"}, {Setting: "Name", Before: "Possesses", After: "Owns"}}
			if diff := cmp.Diff(want, i.Diff); diff != "" {
				t.Error(diff)
			}
		}
	}
}

func TestADocumentOfTheSameNameIsTheSameOne(t *testing.T) {
	w := newWorld(t)
	w.fill()
	w.put(w.b, "acme.links", "relation", "handmade1111111111", `{"name":"OWNS","color":"red"}`)
	in := configset.Import{File: w.export(w.a)}
	w.apply(w.b, in)
	if got := w.idOf(w.b, "Owns"); got != "handmade1111111111" {
		t.Errorf("it became %s", got)
	}
	if !strings.Contains(w.all(w.b)["Second"], `"relation":"handmade1111111111"`) {
		t.Errorf("the rule refers to another one: %s", w.all(w.b)["Second"])
	}
}

func TestWhatIsNotFoundIsAskedFor(t *testing.T) {
	w := newWorld(t)
	w.jira.renam = map[string]string{"OPS": "ITOPS", "Laptop": "Notebook", "Old laptops": "Alte Laptops", "Summary": "Zusammenfassung"}
	w.put(w.a, "acme.links", "relation", uses, `{"name":"Uses","first":{"contexts":[{"projects":["10000"],"types":["11"]}]}}`)
	w.put(w.a, "acme.rules", "rule", ruleA, `{"name":"First","relation":"`+uses+`","jql":"project = OPS AND cf[188] = 1","filter":"1500","columns":["summary","customfield_188"],"user":"`+ada+`"}`)
	in := configset.Import{File: w.export(w.a)}
	p := w.plan(w.b, in)
	for _, want := range []string{
		`Relation Uses: refused [First: Contexts 1: Types: Choose which issue type “Laptop” is here, or leave it out.]`,
		`[Jql: Choose which field “Colour” is here, or leave it out.]`, `[Filter: Choose which filter “Old laptops” is here, or leave it out.]`,
		`Somebody who is not active on this site is left out of “User”.`, `“Jql” names “OPS”, which is “ITOPS” here.`,
	} {
		if !strings.Contains(said(p), want) {
			t.Errorf("nobody reads %s in\n%s", want, said(p))
		}
	}
	if _, err := w.sets.Import(t.Context(), w.b, admin, in, ""); sdk.CodeOf(err) != sdk.Invalid || len(w.all(w.b)) != 0 {
		t.Errorf("it was imported all the same: %v, %v", err, w.all(w.b))
	}

	// By hand: by id, by name, and left out.
	in.Map = configset.Mapping{"issueType": {"11": "Notebook"}, "field": {"customfield_188": "customfield_277"}, "filter": {"1500": "2500"}}
	w.apply(w.b, in)
	want := `{"columns":["summary","customfield_277"],"filter":"2500","jql":"project = OPS AND cf[277] = 1","name":"First","relation":"` + w.idOf(w.b, "Uses") + `"}`
	if got := w.all(w.b)["First"]; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	in.Map["issueType"]["11"] = "404"
	if _, err := w.sets.Plan(t.Context(), w.b, admin, in); sdk.CodeOf(err) != sdk.Invalid || !strings.Contains(err.Error(), "not here") {
		t.Errorf("a mapping to what is not there: %v", err)
	}
}

func TestLeavingOutNeverMeansEverything(t *testing.T) {
	w := newWorld(t)
	w.put(w.a, "acme.links", "relation", uses, `{"name":"Uses","first":{"contexts":[{"projects":["10000"],"types":["11"]}]}}`)
	w.put(w.a, "acme.links", "relation", owns, `{"name":"Owns","first":{"contexts":[{"projects":["10000"],"types":["11"]},{"projects":["10001"]}]}}`)
	w.put(w.a, "acme.rules", "rule", ruleA, `{"name":"First","relation":"`+uses+`","filter":"1500"}`)
	w.put(w.a, "acme.rules", "rule", ruleB, `{"name":"Second","relation":"`+owns+`","columns":["customfield_188"]}`)
	in := configset.Import{File: w.export(w.a), Map: configset.Mapping{"project": {"10000": ""}, "filter": {"1500": ""}, "field": {"customfield_188": ""}}}
	p := w.plan(w.b, in)
	for _, want := range []string{"Relation Uses: refused [First: Contexts: “OPS · Operations” is left out, and nothing", "Relation Owns: created", "Rule First: refused [Filter: “Old laptops” is left out", "Rule Second: created"} {
		if !strings.Contains(said(p), want) {
			t.Errorf("nobody reads %q in\n%s", want, said(p))
		}
	}

	// Leniently, what is refused stays out with what refers to it.
	in.Lenient = true
	w.apply(w.b, in)
	all := w.all(w.b)
	if len(all) != 2 || all["Second"] == "" || all["Owns"] != `{"first":{"contexts":[{"projects":["20001"]}]},"name":"Owns"}` {
		t.Errorf("there is %v", all)
	}
}

func TestOneThatIsRefusedStopsAll(t *testing.T) {
	w := newWorld(t)
	w.fill()
	w.put(w.a, "acme.rules", "rule", ruleB, `{"name":"Bad","relation":"`+owns+`"}`)
	in := configset.Import{File: w.export(w.a)}
	done, err := w.sets.Import(t.Context(), w.b, admin, in, "")
	if sdk.CodeOf(err) != sdk.Invalid || !strings.Contains(said(done.Plan), "Rule Bad: refused [Name: No such name, please.]") {
		t.Errorf("%v\n%s", err, said(done.Plan))
	}
	if got := w.all(w.b); len(got) != 0 {
		t.Errorf("something was written: %v", got)
	}
	in.Skip = []string{"acme.rules/rule/" + ruleB}
	if w.apply(w.b, in); len(w.all(w.b)) != 4 {
		t.Errorf("without it: %v", w.all(w.b))
	}
}

func TestConflictsAreSaid(t *testing.T) {
	w := newWorld(t)
	file := func(documents string) configset.Import {
		t.Helper()
		f, err := configset.Read([]byte(`{"format":"pergola-configuration","version":1,"from":"x","plugins":[{"id":"acme.links","documents":[` + documents + `]},{"id":"acme.gone","settings":{}}]}`))
		check(t, err)
		return configset.Import{File: f}
	}
	deleted := w.put(w.b, "acme.links", "relation", "handmade1111111111", `{"name":"Old"}`)
	check(t, w.features.DeleteConfig(t.Context(), w.b, admin, "acme.links", "relation", deleted.ID, deleted.Rev))
	for _, tt := range []struct{ name, documents, want string }{
		{"two of one name", `{"type":"relation","id":"a","values":{"name":"A"}},{"type":"relation","id":"b","values":{"name":"a"}}`, "Relation A: refused [Name: Another one has this already"},
		{"one that was deleted", `{"type":"relation","id":"a","values":{"name":"Old"}}`, "Relation Old: refused [Name: Another one has this already, or had it when it was deleted"},
		{"no type", `{"type":"shelf","id":"a","values":{"name":"A"}}`, "shelf a: refused [: Links has no “shelf” to configure"},
		{"no setting", `{"type":"relation","id":"a","values":{"name":"A","shape":"round"}}`, "There is no such setting in the version that is here"},
		{"wrong values", `{"type":"relation","id":"a","values":{"name":"A","color":"pink"}}`, "Relation A: refused [Color: Choose one of the values offered.]"},
		{"too many", strings.Join([]string{
			`{"type":"relation","id":"a","values":{"name":"A"}}`, `{"type":"relation","id":"b","values":{"name":"B"}}`, `{"type":"relation","id":"c","values":{"name":"C"}}`,
			`{"type":"relation","id":"d","values":{"name":"D"}}`, `{"type":"relation","id":"e","values":{"name":"E"}}`,
		}, ","), "There would be 6 relations, and there can be no more than 5"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := w.plan(w.b, file(tt.documents))
			if !strings.Contains(said(p), tt.want) {
				t.Errorf("nobody reads %q in\n%s", tt.want, said(p))
			}
			if diff := cmp.Diff([]capability.PluginID{"acme.gone"}, p.Left); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatChangedSinceThePlanIsNotOverwritten(t *testing.T) {
	w := newWorld(t)
	w.fill()
	in := configset.Import{File: w.export(w.a)}
	p := w.plan(w.b, in)
	w.put(w.b, "acme.links", "relation", "handmade1111111111", `{"name":"Owns","color":"red"}`)
	if _, err := w.sets.Import(t.Context(), w.b, admin, in, p.Seal); sdk.CodeOf(err) != sdk.Exists || len(w.all(w.b)) != 1 {
		t.Errorf("%v, and there is %v", err, w.all(w.b))
	}
}

func TestAStoreThatFailsLeavesNothing(t *testing.T) {
	w := newWorld(t)
	w.fill()
	w.broken = store.ErrUnavailable
	in := configset.Import{File: w.export(w.a)}
	told := w.jira.told
	if _, err := w.sets.Import(t.Context(), w.b, admin, in, ""); !errors.Is(err, store.ErrUnavailable) || len(w.all(w.b)) != 0 {
		t.Errorf("%v, and there is %v", err, w.all(w.b))
	}
	if w.jira.told != told+2 {
		t.Errorf("Jira was told %d times, want of the settings and of those there were", w.jira.told-told)
	}
	w.broken = nil
	w.apply(w.b, in)
	if all, err := w.sets.Imports(t.Context(), w.b.ID); err != nil || len(all) != 1 || all[0].Created != 4 || all[0].Changed != 1 || all[0].By != admin || all[0].Origin != "file" {
		t.Errorf("the list of imports is %+v, %v", all, err)
	}
}

func TestASiteThatIsDownIsNoReasonToLeaveThingsOut(t *testing.T) {
	w := newWorld(t)
	w.fill()
	in := configset.Import{File: w.export(w.a)}
	w.jira.down = &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream, Message: "down"}
	if _, err := w.sets.Plan(t.Context(), w.b, admin, in); sdk.CodeOf(err) != sdk.Unavailable {
		t.Errorf("a plan of a site that is down: %v", err)
	}
	if _, err := w.sets.Export(t.Context(), w.a, nil); sdk.CodeOf(err) != sdk.Unavailable {
		t.Errorf("an export of a site that is down: %v", err)
	}
}

func TestOnePluginOfAFile(t *testing.T) {
	w := newWorld(t)
	w.fill()
	in := configset.Import{File: w.export(w.a), Plugins: []capability.PluginID{"acme.rules"}}
	if p := w.plan(w.b, in); p.Count(configset.Refused) != 2 {
		t.Errorf("rules without their relations:\n%s", said(p))
	}
	w.put(w.b, "acme.links", "relation", "handmade1111111111", `{"name":"Uses"}`)
	w.put(w.b, "acme.links", "relation", "handmade2222222222", `{"name":"Owns"}`)
	in.File = w.export(w.a, "acme.rules")
	w.apply(w.b, in)
	if got := w.all(w.b); len(got) != 4 || !strings.Contains(got["First"], "{{link.handmade1111111111.first}}") {
		t.Errorf("there is %v", got)
	}
}

func TestUndoPutsEverythingBack(t *testing.T) {
	w := newWorld(t)
	w.fill()
	w.put(w.b, "acme.links", "relation", "handmade1111111111", `{"name":"Owns","color":"red"}`)
	before := w.all(w.b)
	done := w.apply(w.b, configset.Import{File: w.export(w.a)})
	got, err := w.sets.Undo(t.Context(), w.b, admin, done.Import)
	check(t, err)
	for _, u := range got {
		if u.What == configset.Kept {
			t.Errorf("%+v", u)
		}
	}
	if diff := cmp.Diff(before, w.all(w.b)); diff != "" || len(got) != 5 {
		t.Errorf("of %d: %s", len(got), diff)
	}
	// Again there is nothing to undo, and the file takes back what it made.
	if again, err := w.sets.Undo(t.Context(), w.b, admin, done.Import); err != nil || len(again) != 0 {
		t.Errorf("a second time: %v, %v", again, err)
	}
	in := configset.Import{File: w.export(w.a)}
	if p := w.plan(w.b, in); p.Count(configset.Restored) != 3 {
		t.Errorf("got\n%s", said(p))
	}
	w.apply(w.b, in)
}

func TestUndoKeepsWhatSomebodyEdited(t *testing.T) {
	w := newWorld(t)
	w.fill()
	done := w.apply(w.b, configset.Import{File: w.export(w.a)})
	first := w.idOf(w.b, "First")
	edited := w.put(w.b, "acme.rules", "rule", first, strings.Replace(w.all(w.b)["First"], `"name":"First"`, `"name":"Mine"`, 1))
	plan, err := w.sets.PlanUndo(t.Context(), w.b, admin, done.Import)
	check(t, err)
	got, err := w.sets.Undo(t.Context(), w.b, admin, done.Import)
	check(t, err)
	if diff := cmp.Diff(plan, got); diff != "" {
		t.Error("what was said and what was done:", diff)
	}
	want := []configset.Undone{
		{Plugin: "Rules", Type: "Rule", Label: "Second", What: configset.Deleted},
		{Plugin: "Rules", Type: "Rule", Label: "Mine", What: configset.Kept, Why: "Somebody edited it since."},
		{Plugin: "Links", Type: "Relation", Label: "Owns", What: configset.Deleted},
		{Plugin: "Links", Type: "Relation", Label: "Uses", What: configset.Kept, Why: "“Uses” cannot be deleted. Used by: Rule “Mine”. Choose something else there, or delete that first."},
		{Plugin: "Links", Label: "Settings", What: configset.PutBack},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if all := w.all(w.b); len(all) != 2 || all["Mine"] == "" || all["Uses"] == "" {
		t.Errorf("there is %v", all)
	}
	// When the rule is gone, what is left can be undone.
	check(t, w.features.DeleteConfig(t.Context(), w.b, admin, "acme.rules", "rule", first, edited.Rev))
	if _, err := w.sets.Undo(t.Context(), w.b, admin, done.Import); err != nil || len(w.all(w.b)) != 0 {
		t.Errorf("%v, and there is %v", err, w.all(w.b))
	}
}

func TestAnImportCanBeUndoneForThirtyDays(t *testing.T) {
	w := newWorld(t)
	w.fill()
	done := w.apply(w.b, configset.Import{File: w.export(w.a)})
	if _, err := w.sets.PlanUndo(t.Context(), w.a, admin, done.Import); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("from another site: %v", err)
	}
	if n, err := configset.Expire(t.Context(), w.store, w.b.ID, w.now.Add(-configset.Regret)); err != nil || n != 0 {
		t.Errorf("%d went too early: %v", n, err)
	}
	w.now = w.now.Add(configset.Regret)
	if _, err := w.sets.Undo(t.Context(), w.b, admin, done.Import); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("too late: %v", err)
	}
	if all, err := w.sets.Imports(t.Context(), w.b.ID); err != nil || len(all) != 0 {
		t.Errorf("it is still offered: %+v, %v", all, err)
	}
	if n, err := configset.Expire(t.Context(), w.store, w.b.ID, w.now.Add(-configset.Regret+time.Minute)); err != nil || n != 1 {
		t.Errorf("%d went: %v", n, err)
	}
	left := 0
	for _, err := range store.Each(t.Context(), w.store, store.Query{Tenant: w.b.ID, Collection: "configset.change"}) {
		check(t, err)
		left++
	}
	if left != 0 {
		t.Errorf("%d changes are left of it", left)
	}
}

func TestThePlanShowsNamesInThePlaceOfIds(t *testing.T) {
	w := newWorld(t)
	w.fill()
	p := w.plan(w.b, configset.Import{File: w.export(w.a)})
	raw, err := json.Marshal(p.Items)
	check(t, err)
	for _, want := range []string{"OPS · Operations", "Old laptops", "Serial", "Mia", "Uses"} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("nobody reads %s in %s", want, raw)
		}
	}
}
