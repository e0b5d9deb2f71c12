package blueprint_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/host/syncing/blueprint"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

const inventory = `version: 1
connections:
  - name: Inventory
    plugin: pergola.database
    synchronizer: sql
    settings:
      host: db.example.com
      port: 5432
      since: 2027-01-31
      query: |
        select *
        from laptops
    secrets:
      password: {env: DB_PASSWORD}
synchronizations:
  - name: Laptops
    connection: Inventory
    mapping:
      stream: laptops
      key: [serial]
      project: IT
      type:
        column: kind
        values: {laptop: Laptop, phone: "10101"}
      missing: {policy: transition, status: Retired}
      brake: {share: 0.2, ask: true}
      fields:
        - {field: summary, column: model}
        - {field: Serial number, column: serial}
        - {field: customfield_10003, column: cost}
        - {field: status, column: stage, values: {u: in use, r: "2"}}
        - {field: parent, column: desk, sync: Desks}
    schedule: {cron: "0 6 * * *", zone: Europe/Berlin}
  - name: Desks
    connection: Inventory
    mapping:
      stream: desks
      project: "10000"
      type: {default: Phone}
      fields:
        - {field: Summary, column: name}
        - {field: parent, column: laptop, sync: Laptops, onEmpty: clear}
`

var withPassword = blueprint.Import{
	File: []byte(inventory), Secrets: map[string]map[string]sync.Secret{"Inventory": {"password": "hush-1"}},
}

// problems are what an error says, line by line.
func problems(err error) string {
	out := fmt.Sprint(err)
	var e *blueprint.Error
	if errors.As(err, &e) {
		for _, p := range e.Problems {
			out += "\n" + p.At() + ": " + p.What + "; " + p.Do
		}
	}
	return out
}

func TestNamesBecomeIDs(t *testing.T) {
	f := start(t)
	got := f.load(withPassword)
	want := []string{"connection Inventory created", "synchronization Laptops created", "synchronization Desks created"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	laptops, desks := f.syncs.all[0], f.syncs.all[1]
	wanted := mapping.Config{
		Stream: "laptops", Key: []string{"serial"}, Project: "10000",
		Type:    mapping.TypeRule{Column: "kind", Values: map[string]string{"laptop": "10100", "phone": "10101"}},
		Missing: mapping.Missing{Policy: mapping.Transition, Status: "2"}, Brake: mapping.Brake{Share: 0.2, Ask: true},
		Fields: []mapping.Field{
			{Field: "summary", Column: "model"}, {Field: "customfield_10001", Column: "serial"}, {Field: "customfield_10003", Column: "cost"},
			{Field: "status", Column: "stage", Values: map[string]string{"u": "1", "r": "2"}}, {Field: "parent", Column: "desk", Sync: desks.ID},
		},
	}.WithDefaults()
	if diff := cmp.Diff(wanted, laptops.Mapping); diff != "" {
		t.Errorf("mapping (-want +got):\n%s", diff)
	}
	if got := desks.Mapping.Fields[1].Sync; got != laptops.ID {
		t.Errorf("desks name %q, want the laptops, which name them", got)
	}
	var settings map[string]any
	if err := json.Unmarshal(f.syncs.connections[0].Settings, &settings); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"host": "db.example.com", "port": 5432.0, "since": "2027-01-31", "query": "select *\nfrom laptops\n"}, settings); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
	}
	if got := f.syncs.secrets[f.syncs.connections[0].ID]["password"]; got != "hush-1" {
		t.Errorf("the password is %q", got.Reveal())
	}
	if laptops.By != "mia" || laptops.Schedule.Cron != "0 6 * * *" || desks.Schedule != nil {
		t.Errorf("by %q, schedules %v and %v", laptops.By, laptops.Schedule, desks.Schedule)
	}
}

func TestImportingTwiceChangesNothing(t *testing.T) {
	f := start(t)
	f.load(withPassword)
	exported, err := f.Export(t.Context(), acme, false)
	if err != nil {
		t.Fatal(err)
	}
	writes := f.syncs.writes
	for name, in := range map[string]blueprint.Import{"the same file": withPassword, "its export": {File: exported, Delete: true}} {
		got := f.load(in)
		want := []string{"connection Inventory unchanged", "synchronization Laptops unchanged", "synchronization Desks unchanged"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if f.syncs.writes != writes {
		t.Errorf("%d writes more", f.syncs.writes-writes)
	}
}

func TestExportHasNamesWhereTheyLeadBack(t *testing.T) {
	f := start(t)
	f.load(withPassword)
	raw, err := f.Export(t.Context(), acme, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"project: IT\n", "laptop: Laptop\n", "phone: Phone\n", "status: Retired\n", "field: Summary\n", "field: Serial number\n",
		"field: customfield_10003\n", "u: In use\n", "sync: Desks\n", "sync: Laptops\n", "query: |\n", "port: 5432\n", "zone: Europe/Berlin\n",
	} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("it has no %q:\n%s", want, raw)
		}
	}
	for _, secret := range []string{"hush-1", "password: h"} {
		if strings.Contains(string(raw), secret) {
			t.Errorf("it has the secret %q:\n%s", secret, raw)
		}
	}
	raw, err = f.Export(t.Context(), acme, true)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(raw), `project: "10000"`) || strings.Contains(string(raw), "Serial number") {
		t.Errorf("with ids it is\n%s", raw)
	}
}

// far is a site that does not answer.
type far struct{ site }

func (far) Projects(context.Context, tenant.Tenant) ([]jira.Project, error) {
	return nil, &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream, Message: "Jira does not answer."}
}

func TestSiteThatDoesNotAnswerIsNoProblemOfTheFile(t *testing.T) {
	f := start(t)
	f.load(withPassword)
	s, err := blueprint.New(f.syncs, far{})
	if err != nil {
		t.Fatal(err)
	}
	writes := f.syncs.writes
	if _, err := s.Import(t.Context(), acme, "mia", withPassword); sdk.CodeOf(err) != sdk.Unavailable || f.syncs.writes != writes {
		t.Errorf("got %v and %d writes", err, f.syncs.writes-writes)
	}
	if _, err := s.Export(t.Context(), acme, true); err != nil {
		t.Errorf("an export of ids asks nothing of the site, but %v", err)
	}
}

func TestPlanShowsWhatChangesAndDoesNothing(t *testing.T) {
	f := start(t)
	f.load(withPassword)
	changed := strings.NewReplacer("port: 5432", "port: 5433", "column: cost", "column: price", "cron: \"0 6", "cron: \"0 7", "status: Retired", "status: In use").Replace(inventory)
	writes := f.syncs.writes
	in := blueprint.Import{File: []byte(changed), Secrets: map[string]map[string]sync.Secret{"Inventory": {"password": "hush-2"}}}
	got, err := f.Plan(t.Context(), acme, in)
	if err != nil {
		t.Fatal(problems(err))
	}
	want := []blueprint.Change{
		{Kind: "connection", Name: "Inventory", What: "changed", Diff: []blueprint.Difference{
			{At: "settings.port", Before: "5432", After: "5433"}, {At: "secrets.password", After: "(another secret)"},
		}},
		{Kind: "synchronization", Name: "Laptops", What: "changed", Diff: []blueprint.Difference{
			{At: "mapping.missing.status", Before: "Retired", After: "In use"}, {At: "mapping.fields[2].column", Before: "cost", After: "price"},
			{At: "schedule.cron", Before: "0 6 * * *", After: "0 7 * * *"},
		}},
		{Kind: "synchronization", Name: "Desks", What: "unchanged"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	if f.syncs.writes != writes {
		t.Errorf("a plan made %d writes", f.syncs.writes-writes)
	}
	if got := f.load(in); !strings.HasSuffix(got[0], "changed") || !strings.HasSuffix(f.load(in)[0], "unchanged") {
		t.Errorf("the import says %v", got)
	}
}

func TestOnlyWithDeleteIsAnythingDeleted(t *testing.T) {
	f := start(t)
	f.load(withPassword)
	none := []byte("version: 1\nconnections: []\n")
	if got := f.load(blueprint.Import{File: none}); len(got) != 0 || len(f.syncs.all) != 2 {
		t.Errorf("without delete: %v", got)
	}
	got := f.load(blueprint.Import{File: none, Delete: true})
	want := []string{"synchronization Laptops deleted", "synchronization Desks deleted", "connection Inventory deleted"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("deleted (-want +got):\n%s", diff)
	}
	if len(f.syncs.all)+len(f.syncs.connections) != 0 {
		t.Error("something is left")
	}
}

func TestImportThatStopsIsCompletedByTheNext(t *testing.T) {
	f := start(t)
	f.syncs.refuse = "Desks"
	if _, err := f.Import(t.Context(), acme, "mia", withPassword); sdk.CodeOf(err) != sdk.Unavailable || !strings.Contains(err.Error(), `stopped at the synchronization "Desks"`) {
		t.Fatalf("got %v", err)
	}
	f.syncs.refuse = ""
	f.load(withPassword)
	got := f.load(withPassword)
	want := []string{"connection Inventory unchanged", "synchronization Laptops unchanged", "synchronization Desks unchanged"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after it (-want +got):\n%s", diff)
	}
}

func TestWhatCannotBeUnderstoodIsToldWithItsLine(t *testing.T) {
	for _, tt := range []struct {
		name, old, now string
		want           []string
	}{
		{"unknown key", "stream: laptops", "streem: laptops", []string{`line 19: there is no key "streem"`}},
		{"project", "project: IT", "project: ITT", []string{`line 21: there is no project "ITT"; there are HW, IT`}},
		{"project of many names", "project: IT", "project: Hardware", []string{"line 21: there are 2 of the kind project", "10000, 10001"}},
		{"issue type", "laptop: Laptop", "laptop: Lamp", []string{`line 24: there is no issue type "Lamp"; there are Laptop, Phone`}},
		{"issue type of another project", "laptop: Laptop", "laptop: \"10109\"", []string{`line 24: there is no issue type "10109"`}},
		{"field", "field: Serial number", "field: Serial", []string{`line 29: there is no field "Serial"`, "Serial number"}},
		{"field of many names", "field: customfield_10003", "field: Cost", []string{"line 30: there are 2 of the kind field", "customfield_10002, customfield_10003"}},
		{"status", "u: in use", "u: used", []string{`line 31: there is no status "used"; there are In use, Retired`}},
		{"status of another project", "status: Retired", "status: \"3\"", []string{`line 25: there is no status "3"`}},
		{"synchronization", "sync: Desks", "sync: Tables", []string{`there is no synchronization "Tables"; there are Desks, Laptops`}},
		{"connection", "    connection: Inventory\n    mapping:\n      stream: laptops", "    connection: Else\n    mapping:\n      stream: laptops", []string{`line 17: there is no connection "Else"; there are Inventory`}},
		{"plugin", "plugin: pergola.database", "plugin: nobody", []string{`line 3: connection "Inventory": There is no such plugin`}},
		{"schedule", `cron: "0 6 * * *", `, "", []string{`line 16: the schedule of "Laptops": schedule: say when`}},
		{"twice", "- name: Desks", "- name: Laptops", []string{`line 34: the synchronization "Laptops" stands on line 16 already`}},
		{"id that nobody has", "- name: Desks", "- id: s000000000000000\n    name: Desks", []string{`there is no synchronization with the id "s000000000000000"`}},
		{"list for a text", "stream: laptops", "stream: [laptops]", []string{"line 19: a value of the type seq does not belong here"}},
		{"map for a name", "project: IT", "project: {key: IT}", []string{"line 21: a single value belongs here"}},
		{"no YAML", "version: 1", "version: 1\n\t:", []string{"correct the YAML"}},
		{"version", "version: 1", "version: 2", []string{"the file is of version 2"}},
		{"documents", "version: 1", "---\nversion: 1\n---\nversion: 1", []string{"several documents"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := start(t)
			if !strings.Contains(inventory, tt.old) {
				t.Fatalf("the file has no %q", tt.old)
			}
			in := withPassword
			in.File = []byte(strings.Replace(inventory, tt.old, tt.now, 1))
			_, err := f.Import(t.Context(), acme, "mia", in)
			if sdk.CodeOf(err) != sdk.Invalid {
				t.Fatalf("got %v", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(problems(err), want) {
					t.Errorf("it does not say %q:\n%s", want, problems(err))
				}
			}
			if f.syncs.writes != 0 {
				t.Errorf("%d writes were made all the same", f.syncs.writes)
			}
		})
	}
}

func TestSecretsComeFromWhereTheFileIsImported(t *testing.T) {
	f := start(t)
	got, err := blueprint.Origins([]byte(inventory))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]blueprint.Origin{{Connection: "Inventory", Name: "password", Env: "DB_PASSWORD", Line: 14}}, got); diff != "" {
		t.Errorf("origins (-want +got):\n%s", diff)
	}
	if _, err := f.Plan(t.Context(), acme, blueprint.Import{File: []byte(inventory)}); !strings.Contains(problems(err), `line 14: the value of the secret "password"`) {
		t.Errorf("without its value: %s", problems(err))
	}
	for _, wrong := range []string{"{}", "{env: A, file: B}", "hush-1"} {
		file := strings.Replace(inventory, "{env: DB_PASSWORD}", wrong, 1)
		if _, err := blueprint.Origins([]byte(file)); sdk.CodeOf(err) != sdk.Invalid || strings.Contains(problems(err), "hush-1") {
			t.Errorf("%s: %s", wrong, problems(err))
		}
	}
}

func TestRenamingNeedsTheID(t *testing.T) {
	f := start(t)
	f.load(withPassword)
	id := f.syncs.all[1].ID
	renamed := strings.Replace(strings.Replace(inventory, "- name: Desks", "- id: "+id+"\n    name: Tables", 1), "sync: Desks", "sync: Tables", 1)
	in := withPassword
	in.File = []byte(renamed)
	got := f.load(in)
	want := []string{"connection Inventory unchanged", "synchronization Laptops unchanged", "synchronization Tables changed"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if f.syncs.all[1].Name != "Tables" || f.syncs.all[1].ID != id {
		t.Errorf("got %+v", f.syncs.all[1])
	}
}
