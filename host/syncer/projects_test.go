package syncer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	gosync "sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/core/wasm"
	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/services"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/sync"
)

const projectPlugin = "../../plugins/project-sync"

// projectGuest builds the project synchronizer once, as its users get it.
var projectGuest = gosync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "pergola-projects-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	name := filepath.Join(dir, "plugin.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", name, projectPlugin)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the project synchronizer: %w\n%s", err, out)
	}
	return os.ReadFile(name)
})

type oneTenant struct{ tenant.Tenant }

func (o oneTenant) ByID(context.Context, capability.TenantID) (tenant.Tenant, error) {
	return o.Tenant, nil
}

// projects puts the project synchronizer in the place of the rig's table: its Wasm module in an engine, with the host's own services, on
// the rig's site.
func (r *rig) projects(s settings.Values) {
	r.Helper()
	code, err := projectGuest()
	if err != nil {
		r.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(projectPlugin, "plugin.json"))
	if err != nil {
		r.Fatal(err)
	}
	m, err := manifest.Parse("plugin.json", raw)
	if err != nil {
		r.Fatal(err)
	}
	broker, err := capability.NewBroker(services.New(services.Deps{Jira: jira.NewSites(r.client, oneTenant{r.sync.Tenant})}), nil)
	if err != nil {
		r.Fatal(err)
	}
	d, err := wasm.New(wasm.Config{})
	if err != nil {
		r.Fatal(err)
	}
	e, err := core.New(core.Config{Drivers: map[string]driver.Driver{"wasm": d}, Broker: broker})
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() {
		for _, err := range []error{e.Close(context.Background()), d.Close(context.Background())} {
			if err != nil {
				r.Error(err)
			}
		}
	})
	if err := e.Add(r.Context(), m, code); err != nil {
		r.Fatal(err)
	}
	b := capability.Binding{Tenant: r.sync.Tenant.ID, Plugin: m.ID, Grants: capability.Grants{manifest.JiraProjects: true}}
	r.sync.Source, r.sync.Connection = e.Source(b, "projects"), sync.Config{Settings: s}
}

// add makes a project and returns its id.
func (r *rig) add(key, name, category string) string {
	r.Helper()
	n, err := strconv.Atoi(category)
	if err != nil {
		r.Fatal(err)
	}
	var made struct{ ID int64 }
	if err := json.Unmarshal(r.do(http.MethodPost, "/rest/api/3/project", map[string]any{
		"key": key, "name": name, "leadAccountId": "712020:5f3c1e0a-mia-admin", "projectTypeKey": "software", "categoryId": n, "description": "About " + name,
	}), &made); err != nil {
		r.Fatal(err)
	}
	return strconv.FormatInt(made.ID, 10)
}

func (r *rig) category(name string) string {
	r.Helper()
	var made struct{ ID string }
	if err := json.Unmarshal(r.do(http.MethodPost, "/rest/api/3/projectCategory", map[string]string{"name": name}), &made); err != nil {
		r.Fatal(err)
	}
	return made.ID
}

func (r *rig) rename(id string, to map[string]any) {
	r.Helper()
	r.do(http.MethodPut, "/rest/api/3/project/"+id, to)
}

func TestProjectsAreReadPageByPageWhateverBecomesOfTheirKeys(t *testing.T) {
	r := newRig(t)
	vehicles, tools := r.category("Vehicles"), r.category("Tools")
	const of = 120 // more than Jira tells at a time
	var want []string
	for i := range of {
		id := r.add(fmt.Sprintf("V%03d", i), fmt.Sprintf("Vehicle %d", i), vehicles)
		want = append(want, id)
		if i == 7 {
			r.do(http.MethodPost, "/rest/api/3/project/"+id+"/archive", nil)
		}
	}
	r.add("TOOL", "Hammers", tools)
	r.projects(settings.Values{Switches: map[string]bool{"archived": true}, Lists: map[string][]string{"categories": {vehicles}}})

	q := &sync.Read{
		Config: r.sync.Connection, Stream: "projects", Limit: 45,
		Columns: []string{"id", "key", "name", "description", "lead", "category", "type", "archived", "issues"},
	}
	q.Config.Target = want[3]
	want = slices.Delete(want, 3, 4)
	var got []string
	for moves := 0; ; moves++ {
		page, err := r.sync.Source.Read.Read(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range page.Rows {
			got = append(got, row[0].Text())
			if row[0].Text() == want[6] { // it was the eighth
				var texts []string
				for _, v := range row[1:] {
					texts = append(texts, v.Text())
				}
				if diff := cmp.Diff([]string{"V007", "Vehicle 7", "About Vehicle 7", "712020:5f3c1e0a-mia-admin", "Vehicles", "software", "true", "0"}, texts); diff != "" {
					t.Errorf("the archived project (-want +got):\n%s", diff)
				}
			}
		}
		if q.Cursor = page.Next; len(q.Cursor) == 0 {
			if moves < 2 {
				t.Errorf("there were %d pages", moves+1)
			}
			break
		}
		// By its key the last one comes first from now on, and the first one last.
		r.rename(want[len(want)-1-moves], map[string]any{"key": fmt.Sprintf("A%d", moves)})
		r.rename(want[moves], map[string]any{"key": fmt.Sprintf("Z%d", moves)})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("projects (-want +got):\n%s", diff)
	}
}

func TestProjectsBecomeIssues(t *testing.T) {
	r := newRig(t)
	var site []struct{ ID, Name string }
	if err := json.Unmarshal(r.do(http.MethodGet, "/rest/api/3/project", nil), &site); err != nil {
		t.Fatal(err)
	}
	category := r.category("Vehicles")
	fleet := r.add("FLEET", "Fleet", category)
	r.add("BIKES", "Bikes", category)
	r.sync.Config = mapping.Config{
		Stream: "projects", Project: "10000", Type: mapping.TypeRule{Default: "10001"}, Missing: mapping.Missing{Policy: mapping.Label, Label: "gone"},
		Fields: []mapping.Field{{Field: "summary", Column: "name"}, {Field: "customfield_10001", Column: "key"}},
	}
	r.projects(settings.Values{Switches: map[string]bool{"archived": true}})
	health, err := r.sync.Source.Check.Check(t.Context(), &sync.Check{Config: r.sync.Connection})
	if want := fmt.Sprintf("Jira, %d projects", len(site)+2); err != nil || len(health.Problems) > 0 || health.About != want {
		t.Errorf("%+v, %v; want %s", health, err, want)
	}

	// All but the project in which the issues are.
	r.expect(fmt.Sprintf("created=%d", len(site)+1))
	for _, i := range r.issues() {
		if i.Serial == "OPS" {
			t.Error("the target project became an issue of its own")
		}
	}
	before := r.one("Fleet")
	r.rename(fleet, map[string]any{"key": "CARS", "name": "Cars"})
	r.expect(fmt.Sprintf("changed=1 skipped=%d", len(site)))
	if now := r.one("Cars"); now.ID != before.ID || now.Serial != "CARS" {
		t.Errorf("after a rename the issue is %+v, before it was %+v", now, before)
	}
	r.do(http.MethodPost, "/rest/api/3/project/"+fleet+"/archive", nil)
	r.expect(fmt.Sprintf("skipped=%d", len(site)+1))
	r.do(http.MethodDelete, "/rest/api/3/project/"+fleet, nil)
	r.expect(fmt.Sprintf("missing=1 skipped=%d", len(site)))
	if got := r.one("Cars"); !slices.Contains(got.Labels, "gone") {
		t.Errorf("the issue of the deleted project: %+v", got)
	}
}

func TestCheckOfProjectsSaysWhatIsWrong(t *testing.T) {
	r := newRig(t)
	r.projects(settings.Values{Lists: map[string][]string{"categories": {"77777"}}})
	health, err := r.sync.Source.Check.Check(t.Context(), &sync.Check{Config: r.sync.Connection})
	if err != nil || len(health.Problems) != 1 || health.Problems[0].Setting != "categories" || health.Problems[0].Do == "" {
		t.Errorf("%+v, %v", health, err)
	}
}
