package services_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	hostjira "github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/sandbox/sandboxtest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/services"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/settings"
)

// office is the sandbox's small site, asked over the wire with tokens signed by the secret that it gave the app.
type office struct {
	*testing.T
	site   *sandboxtest.Site
	deps   services.Deps
	rows   []capability.Row
	mu     sync.Mutex
	called []string
}

func newOffice(t *testing.T, scopes ...string) *office {
	t.Helper()
	o := &office{T: t, site: sandboxtest.Start(t)}
	app := o.site.InstallApp("pergola", scopes...)
	client, err := hostjira.New(hostjira.Config{AppKey: "pergola", HTTP: &http.Client{Transport: o}})
	if err != nil {
		t.Fatal(err)
	}
	o.deps = all(t, hostjira.NewSites(client, oneTenant{tenant.Tenant{
		ID: "t", ClientKey: app.ClientKey, SharedSecret: seal.NewSecret(app.Secret), BaseURL: o.site.URL, State: tenant.Active,
	}}))
	o.rows = services.New(o.deps)
	return o
}

// RoundTrip implements http.RoundTripper.
func (o *office) RoundTrip(r *http.Request) (*http.Response, error) {
	o.mu.Lock()
	o.called = append(o.called, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/rest/api/3"))
	o.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

// calls returns the calls since the last time.
func (o *office) calls() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := o.called
	o.called = nil
	return out
}

func (o *office) as(account world.AccountID) context.Context {
	b := binding("t")
	b.Context = sdk.Context{Account: string(account), Locale: "en-GB"}
	return as(o.T, o.rows, b)
}

func (o *office) job() context.Context {
	b := binding("t")
	b.Context, b.Background = sdk.Context{}, true
	return as(o.T, o.rows, b)
}

// id returns the ids of an issue and of its project.
func (o *office) id(key string) (issue, project string) {
	o.Helper()
	_, body := o.site.Do("mia@pergola.example", http.MethodGet, "/rest/api/3/issue/"+key+"?fields=project", nil)
	var got struct {
		ID     string
		Fields struct{ Project struct{ ID string } }
	}
	if err := json.Unmarshal(body, &got); err != nil || got.ID == "" {
		o.Fatalf("%s: %v, %s", key, err, body)
	}
	return got.ID, got.Fields.Project.ID
}

type oneTenant struct{ tenant.Tenant }

func (o oneTenant) ByID(context.Context, capability.TenantID) (tenant.Tenant, error) {
	return o.Tenant, nil
}

func TestAPanelOfASiteTakesTwoRequests(t *testing.T) {
	for name, c := range map[string]struct {
		scopes []string
		read   string
	}{
		"may write":     {[]string{"READ", "WRITE"}, "POST /issue/bulkfetch"},
		"may only read": {[]string{"READ"}, "POST /search/jql"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, c.scopes...)
			one, _ := o.id("OPS-1")
			two, _ := o.id("OPS-2")
			secret, _ := o.id("HR-1")
			ctx := o.as(world.Ada)
			if _, err := jira.Issues(ctx, []string{one}, "summary"); err != nil { // who finds out what the site allows
				t.Fatal(err)
			}
			o.calls()
			list, err := jira.Issues(ctx, []string{two, secret, one, "99999999"}, "summary", "status")
			if err != nil {
				t.Fatal(err)
			}
			if list.Hidden != 2 || len(list.Issues) != 2 || list.Issues[0].Key != "OPS-2" || list.Issues[1].Key != "OPS-1" || list.Issues[0].Fields["status"].ID == "" {
				t.Errorf("%+v", list)
			}
			if diff := cmp.Diff([]string{"POST /permissions/check", c.read}, o.calls()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestListsOfASite(t *testing.T) {
	o := newOffice(t, "READ")
	ctx := o.as(world.Jonas)
	_, ops := o.id("OPS-1")
	fields, err := jira.Fields(ctx)
	if err != nil {
		t.Fatal(err)
	}
	byID := map[string]jira.Field{}
	for _, f := range fields {
		byID[f.ID] = f
	}
	if f := byID["summary"]; f.Type != "string" || f.Custom || !f.Searchable || f.Name == "" {
		t.Errorf("%+v", f)
	}
	if f := byID[string(world.Price)]; f.Type != "number" || !f.Custom || f.Kind == "" || len(f.Clauses) == 0 {
		t.Errorf("%+v", f)
	}
	types, err := jira.LinkTypes(ctx)
	if err != nil || len(types) != 4 || types[0] != (jira.LinkType{ID: "10000", Name: "Blocks", Outward: "blocks", Inward: "is blocked by"}) {
		t.Errorf("%+v, %v", types, err)
	}
	for _, project := range []string{"", ops} {
		if kinds, err := jira.IssueTypes(ctx, project); err != nil || len(kinds) == 0 || kinds[0].Name == "" {
			t.Errorf("%q: %+v, %v", project, kinds, err)
		}
	}
	_, hr := o.id("HR-1")
	_, err = jira.IssueTypes(o.as(world.Ada), hr)
	wantError(t, "types of a hidden project", err, sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream})
}

func TestRightsOfPeopleOfASite(t *testing.T) {
	o := newOffice(t, "READ")
	ops, project := o.id("OPS-1")
	hr, _ := o.id("HR-1")
	for who, want := range map[world.AccountID]string{
		world.Mia:   "browse true edit true link true create true hr true admin true",
		world.Jonas: "browse true edit true link true create true hr true admin false",
		world.Ada:   "browse true edit false link false create false hr false admin false",
	} {
		o.calls()
		r, err := jira.May(o.as(who), jira.RightsQuery{
			Permissions: []string{jira.BrowseProjects, jira.EditIssues, jira.LinkIssues, jira.CreateIssues, jira.Administer},
			IssueIDs:    []string{ops, hr}, ProjectIDs: []string{project},
		})
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprintf("browse %t edit %t link %t create %t hr %t admin %t", r.OnIssue(jira.BrowseProjects, ops), r.OnIssue(jira.EditIssues, ops),
			r.OnIssue(jira.LinkIssues, ops), r.InProject(jira.CreateIssues, project), r.OnIssue(jira.BrowseProjects, hr), r.Globally(jira.Administer))
		if got != want || len(o.calls()) != 1 {
			t.Errorf("%s: %s, want %s", who, got, want)
		}
	}
}

func TestLinksOfASite(t *testing.T) {
	o := newOffice(t, "READ", "WRITE", "DELETE")
	one, _ := o.id("OPS-1")
	two, _ := o.id("OPS-2")
	hr, _ := o.id("HR-1")
	staff, guest := o.as(world.Jonas), o.as(world.Ada)
	before, err := jira.Links(staff, two)
	if err != nil {
		t.Fatal(err)
	}
	made, err := jira.Link(staff, jira.NewLink{TypeID: "10000", FromID: one, ToID: two})
	if err != nil {
		t.Fatal(err)
	}
	again, err := jira.Link(staff, jira.NewLink{TypeID: "10000", FromID: one, ToID: two})
	if err != nil || *again != *made {
		t.Errorf("made again: %+v, %v; want %+v", again, err, made)
	}
	// Jira's own page says it the same way round.
	_, body := o.site.Do("mia@pergola.example", http.MethodGet, "/rest/api/3/issue/OPS-1?fields=issuelinks", nil)
	if !strings.Contains(string(body), `"outwardIssue"`) || !strings.Contains(string(body), `"OPS-2"`) {
		t.Errorf("%s", body)
	}
	if after, err := jira.Links(guest, two); err != nil || len(after.Links) != len(before.Links)+1 {
		t.Errorf("%+v, %v", after, err)
	}
	if _, err := jira.Link(staff, jira.NewLink{TypeID: "10003", FromID: one, ToID: hr}); err != nil {
		t.Fatal(err)
	}
	if seen, err := jira.Links(guest, one); err != nil || seen.Hidden != 1 {
		t.Errorf("a guest sees %+v, %v", seen, err)
	}
	// Several issues at once, of which one is hidden from the guest, as one after the other.
	if all, err := jira.LinksOf(guest, one, two, hr); err != nil || all.Hidden != 1 || !slices.Contains(all.Links, *made) {
		t.Errorf("a guest sees of several %+v, %v", all, err)
	}
	if all, err := jira.LinksOf(staff, one, two, hr); err != nil || all.Hidden != 0 || len(slices.DeleteFunc(all.Links, func(l jira.IssueLink) bool { return l != *made })) != 1 {
		t.Errorf("staff see of several %+v, %v; want each link once", all, err)
	}
	wantError(t, "unlink by a guest", jira.Unlink(guest, made.ID), sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost})
	_, err = jira.Link(guest, jira.NewLink{TypeID: "10000", FromID: two, ToID: one})
	wantError(t, "link by a guest", err, sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost})
	_, err = jira.Link(guest, jira.NewLink{TypeID: "10000", FromID: two, ToID: hr})
	wantError(t, "link to a hidden issue", err, sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream})
	_, err = jira.Link(staff, jira.NewLink{TypeID: "777", FromID: two, ToID: one})
	wantError(t, "link of no type", err, sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream})
	if err := jira.Unlink(staff, made.ID); err != nil {
		t.Error(err)
	}
	wantError(t, "unlink again", jira.Unlink(staff, made.ID), sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream})
}

func TestIssuesAreMadeInASite(t *testing.T) {
	o := newOffice(t, "READ", "WRITE")
	one, project := o.id("OPS-1")
	like, err := jira.Get(o.as(world.Jonas), one)
	if err != nil {
		t.Fatal(err)
	}
	n := jira.New{ProjectID: project, IssueTypeID: like.IssueTypeID, Summary: "Dock for a laptop", Fields: map[string][]byte{string(world.Price): []byte("99.5")}}
	made, err := jira.Create(o.as(world.Jonas), n)
	if err != nil {
		t.Fatal(err)
	}
	got, err := jira.Get(o.as(world.Jonas), made.ID, "summary", string(world.Price))
	if err != nil || got.Key != made.Key || got.Fields["summary"].Text != n.Summary || got.Fields[string(world.Price)].Text != "99.5" {
		t.Errorf("%+v, %v", got, err)
	}
	n.Fields[string(world.Price)] = []byte(`"cheap"`)
	_, err = jira.Create(o.as(world.Jonas), n)
	wantError(t, "a wrong value", err, sdk.Error{Code: sdk.Invalid, Source: sdk.FromDownstream, Field: string(world.Price)})
	_, err = jira.Create(o.as(world.Ada), n)
	wantError(t, "by a guest", err, sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost})
	_, n.ProjectID = o.id("HR-1")
	_, err = jira.Create(o.as(world.Ada), n)
	wantError(t, "in a hidden project", err, sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream})
}

func TestPropertiesOfIssuesOfASite(t *testing.T) {
	o := newOffice(t, "READ", "WRITE", "DELETE")
	one, _ := o.id("OPS-1")
	hr, _ := o.id("HR-1")
	var list []jira.Property
	for i := range 20 {
		id, _ := o.id(fmt.Sprint("OPS-", i+1))
		list = append(list, jira.Property{IssueID: id, Key: "links", Value: []byte(fmt.Sprintf(`{"n":%d}`, i))})
	}
	o.calls()
	if got, err := jira.SetProperties(o.job(), list); err != nil || len(got.Refused) > 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	if got := o.calls(); len(got) != 2 || got[0] != "POST /issue/properties/multi" || !strings.HasPrefix(got[1], "GET /task/") {
		t.Errorf("twenty properties took %q", got)
	}
	_, body := o.site.Do("mia@pergola.example", http.MethodGet, "/rest/api/3/issue/OPS-8/properties/acme.labels.links", nil)
	if !strings.Contains(string(body), `{"n":7}`) {
		t.Errorf("%s", body)
	}
	gone := jira.Property{IssueID: "99999999", Key: "links", Value: []byte("1")}
	if got, err := jira.SetProperties(o.job(), append(list[:2:2], gone)); err != nil || !cmp.Equal(got.Refused, []string{gone.IssueID}) {
		t.Errorf("%+v, %v", got, err)
	}
	if value, err := jira.GetProperty(o.as(world.Ada), one, "links"); err != nil || string(value) != `{"n":0}` {
		t.Errorf("%s, %v", value, err)
	}
	wantError(t, "set by a guest", jira.SetProperty(o.as(world.Ada), one, "links", []byte("1")), sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost})
	wantError(t, "set on a hidden issue", jira.SetProperty(o.as(world.Ada), hr, "links", []byte("1")), sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream})
	_, err := jira.GetProperty(o.as(world.Ada), hr, "links")
	wantError(t, "read of a hidden issue", err, sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream})
	if err := jira.SetProperty(o.as(world.Jonas), one, "links", []byte(`"new"`)); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := jira.DeleteProperty(o.as(world.Jonas), one, "links"); err != nil {
			t.Error(err)
		}
	}
	_, err = jira.GetProperty(o.as(world.Jonas), one, "links")
	wantError(t, "read after it was removed", err, sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream})
}

func TestASiteThatLetsTheAppReadRefusesWrites(t *testing.T) {
	o := newOffice(t, "READ")
	one, _ := o.id("OPS-1")
	two, _ := o.id("OPS-2")
	_, err := jira.Link(o.as(world.Jonas), jira.NewLink{TypeID: "10000", FromID: one, ToID: two})
	wantError(t, "link", err, sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromDownstream})
	err = jira.SetProperty(o.job(), one, "links", []byte("1"))
	wantError(t, "property", err, sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromDownstream})
}

// A guest of a site finds by the rights of staff what staff sees, as long as that account is open.
func TestAChosenAccountOfASite(t *testing.T) {
	o := newOffice(t, "READ")
	o.deps.Configs = &documents{{Type: "shelf", ID: east, Values: settings.Values{Strings: map[string]string{"by": string(world.Jonas)}}}}
	o.rows = services.New(o.deps)
	secret, _ := o.id("HR-1")
	b := bindingAs(func(b *capability.Binding) { b.Context = sdk.Context{Account: string(world.Ada)} })
	ask := func(account world.AccountID) (*jira.Found, error) {
		return jira.Find(as(o.T, o.rows, b), jira.Search{JQL: "key = HR-1", As: string(account)})
	}
	for account, want := range map[world.AccountID]int{"": 0, world.Jonas: 1} {
		if found, err := ask(account); err != nil || len(found.Issues) != want || want > 0 && found.Issues[0].ID != secret {
			t.Errorf("by %q: %+v, %v", account, found, err)
		}
	}
	if status, body := o.site.Do("mia@pergola.example", http.MethodPost, "/sandbox/users/jonas/close", nil); status/100 != 2 {
		t.Fatalf("%d: %s", status, body)
	}
	o.rows = services.New(o.deps) // and what was remembered is forgotten
	_, err := ask(world.Jonas)
	wantError(t, "of an account that is closed", err, sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream, Field: "as"})
}
