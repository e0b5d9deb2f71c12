package configset_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/inproc"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/configset"
	"github.com/pergola-platform/pergola/host/feature"
	site "github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/services"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/jira"
)

const (
	admin = "557058:admin"
	mia   = "557058:mia"
	ada   = "557058:ada" // has left
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// links has relations and settings, rules has rules of them, whose guard looks the relation up.
const (
	linksManifest = `{"manifestVersion":1,"id":"acme.links","name":"Links","description":"Joins issues by relations.","version":"1.0.0","publisher":{"name":"Acme"},"license":"MIT","compat":{"abi":1},"runtime":{"kind":"wasm","entry":"p.wasm"},
	"settings":{"type":"object","properties":{"projects":{"type":"array","items":{"type":"string"},"x-jira":"project"},"size":{"type":"integer","default":10}}},
	"configs":[{"type":"relation","title":"Relation","plural":"Relations","purpose":"Join two issues","label":"name","max":5,"schema":{"type":"object","required":["name"],"properties":{
		"name":{"type":"string"},"color":{"type":"string","enum":["red","blue"],"default":"blue"},"linkType":{"type":"string","x-jira":"linkType"},
		"first":{"type":"object","properties":{"contexts":{"type":"array","items":{"type":"object","properties":{"projects":{"type":"array","items":{"type":"string"},"x-jira":"project"},"types":{"type":"array","items":{"type":"string"},"x-jira":"issueType"}}}}}}
	}}}]}`
	rulesManifest = `{"manifestVersion":1,"id":"acme.rules","name":"Rules","description":"Says what can be linked.","version":"1.0.0","publisher":{"name":"Acme"},"license":"MIT","compat":{"abi":1},"runtime":{"kind":"wasm","entry":"p.wasm"},
	"configs":[{"type":"rule","title":"Rule","plural":"Rules","purpose":"Say what can be linked","label":"name","guard":"rule","schema":{"type":"object","required":["name","relation"],"properties":{
		"name":{"type":"string"},"relation":{"type":"string","x-config":"acme.links/relation"},"jql":{"type":"string","maxLength":500},"filter":{"type":"string","x-jira":"filter"},
		"columns":{"type":"array","items":{"type":"string"},"x-jira":"field"},"user":{"type":"string","x-jira":"user"},"also":{"type":"array","items":{"type":"string"},"x-config":"acme.rules/rule"}
	}}}]}`
)

// world is a host with two sites, whose things have different ids.
type world struct {
	t        *testing.T
	now      time.Time
	store    store.Store
	configs  *tenant.Configs
	features *feature.Service
	sets     *configset.Service
	jira     *sites
	a, b     tenant.Tenant
	written  bool // a write was seen since it was set to false
	broken   error
}

func newWorld(t *testing.T, more ...string) *world {
	t.Helper()
	w := &world{t: t, now: start, jira: &sites{}}
	db, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Config{})
	check(t, err)
	t.Cleanup(func() { check(t, db.Close()) })
	types, err := privacy.NewTypes(nil, slices.Concat(privacy.OwnTypes(), tenant.Types(), configset.Types(), seal.Types())...)
	check(t, err)
	w.store = privacy.NewGate(db, types)
	clock := func() time.Time { w.now = w.now.Add(time.Second); return w.now }
	w.configs = tenant.NewConfigs(w.store, clock)
	tenants := tenant.NewTenants(w.store, sealtest.Keeper(t, w.store), clock)
	w.a, err = tenants.Install(t.Context(), tenant.Installation{ClientKey: "a", SharedSecret: seal.NewSecret("0123456789abcdef"), BaseURL: "https://a.atlassian.net"})
	check(t, err)
	w.b, err = tenants.Install(t.Context(), tenant.Installation{ClientKey: "b", SharedSecret: seal.NewSecret("0123456789abcdef"), BaseURL: "https://b.atlassian.net"})
	check(t, err)
	w.jira.a = w.a.ID

	catalog, err := feature.NewCatalog(tenant.NewModules(w.store, clock), []string{"*"})
	check(t, err)
	broker, err := capability.NewBroker(services.New(services.Deps{Configs: feature.Configs{Catalog: catalog, Documents: w.configs}}), nil)
	check(t, err)
	var manifests []*manifest.Manifest
	var plugins []*sdk.Plugin
	for _, raw := range append([]string{linksManifest, rulesManifest}, more...) {
		m, err := manifest.Parse("plugin.json", []byte(raw))
		check(t, err)
		manifests = append(manifests, m)
		p := &sdk.Plugin{ID: string(m.ID), Version: m.Version, Guards: map[string]sdk.Guard{}}
		for _, c := range m.Configs {
			if c.Guard != "" {
				p.Guards[c.Guard] = config.Guard(guard)
			}
		}
		plugins = append(plugins, p)
	}
	engine, err := core.New(core.Config{Broker: broker, Drivers: map[string]driver.Driver{"wasm": inproc.New(slog.New(slog.DiscardHandler), plugins...)}})
	check(t, err)
	t.Cleanup(func() { check(t, engine.Close(context.Background())) })
	for _, m := range manifests {
		check(t, catalog.Admit(m))
		check(t, engine.Add(t.Context(), m, []byte(m.ID)))
	}
	w.features = feature.New(feature.Config{
		Catalog: catalog, Engine: engine, Tenants: tenants, Jira: w.jira, Log: slog.New(slog.DiscardHandler), Now: clock, Documents: w.configs, NewID: services.NewConfigID,
		Write: func(ctx context.Context, ops ...store.Op) ([]int64, error) {
			if w.broken != nil {
				return nil, w.broken
			}
			w.written = true
			return w.store.Write(ctx, ops...)
		},
	})
	w.sets, err = configset.New(configset.Config{Features: w.features, Site: w.jira, Store: w.store, NewID: services.NewConfigID, Now: clock})
	check(t, err)
	return w
}

// guard refuses a rule named “Bad”, two rules of one name but for the case, and one that names another rule which is not there.
func guard(ctx context.Context, c *config.Change) (*config.Verdict, error) {
	if c.Op == config.Delete {
		return nil, nil
	}
	if strings.HasPrefix(c.After.String("name"), "Bad") {
		return config.No("name", "No such name, please."), nil
	}
	for _, other := range c.After.List("also") {
		if _, err := config.Get(ctx, "rule", other); err != nil {
			return config.No("also", "The guard does not find the other rule."), nil //nolint:nilerr // that is what it says
		}
	}
	return nil, nil
}

// sites are two sites of one name for everything and different ids for it. Site a has the field Colour, b has not.
type sites struct {
	a     capability.TenantID
	down  error
	told  int
	renam map[string]string // what is called otherwise on site b
}

func (s *sites) id(t tenant.Tenant, n string) string {
	if t.ID == s.a {
		return "1" + n
	}
	return "2" + n
}

func (s *sites) name(t tenant.Tenant, name string) string {
	if other, ok := s.renam[name]; ok && t.ID != s.a {
		return other
	}
	return name
}

func (s *sites) Projects(_ context.Context, t tenant.Tenant) ([]site.Project, error) {
	return []site.Project{{ID: s.id(t, "0000"), Key: s.name(t, "OPS"), Name: "Operations"}, {ID: s.id(t, "0001"), Key: s.name(t, "HR"), Name: s.name(t, "People")}}, s.down
}

func (s *sites) IssueTypes(_ context.Context, t tenant.Tenant) ([]site.IssueType, error) {
	return []site.IssueType{
		{ID: s.id(t, "1"), Name: s.name(t, "Laptop")}, {ID: s.id(t, "2"), Name: "Task", Project: s.id(t, "0000")}, {ID: s.id(t, "3"), Name: "Task", Project: s.id(t, "0001")},
	}, s.down
}

func (s *sites) Fields(_ context.Context, t tenant.Tenant) ([]site.Field, error) {
	all := []site.Field{{ID: "summary", Name: s.name(t, "Summary")}, {ID: "customfield_" + s.id(t, "77"), Name: "Serial", Custom: true}}
	if t.ID == s.a {
		all = append(all, site.Field{ID: "customfield_188", Name: "Colour", Custom: true})
	}
	return all, s.down
}

func (s *sites) Categories(context.Context, tenant.Tenant) (*jira.CategoryList, error) {
	return &jira.CategoryList{}, s.down
}

func (s *sites) Filters(_ context.Context, t tenant.Tenant) ([]site.Named, error) {
	return []site.Named{{ID: s.id(t, "500"), Name: s.name(t, "Old laptops")}}, s.down
}

func (s *sites) LinkTypes(_ context.Context, t tenant.Tenant) ([]site.Named, error) {
	return []site.Named{{ID: s.id(t, "600"), Name: "Blocks"}}, s.down
}

func (s *sites) Account(_ context.Context, _ tenant.Tenant, id string) (site.Account, error) {
	switch id {
	case mia:
		return site.Account{ID: id, Name: "Mia", Kind: "atlassian", Active: true}, s.down
	case ada:
		return site.Account{ID: id, Name: "Ada", Kind: "atlassian"}, s.down
	}
	return site.Account{}, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream, Message: "none"}
}

func (s *sites) FindAccounts(context.Context, tenant.Tenant, string) ([]site.Account, error) {
	return nil, nil
}
func (s *sites) Rights(context.Context, tenant.Tenant, string, jira.RightsQuery) (*jira.Rights, error) {
	return &jira.Rights{}, s.down
}
func (s *sites) ProjectWithTypes(context.Context, tenant.Tenant, string) (site.Project, []site.IssueType, error) {
	return site.Project{}, nil, s.down
}
func (s *sites) Names(context.Context, tenant.Tenant, string, []string) (map[string]string, error) {
	return nil, nil
}
func (s *sites) Issue(context.Context, tenant.Tenant, string, []string) (*jira.Issue, error) {
	return nil, s.down
}
func (s *sites) Issues(context.Context, tenant.Tenant, []string, []string) ([]jira.Issue, error) {
	return nil, s.down
}

func (s *sites) Browse(context.Context, tenant.Tenant, string, []string) (map[string]bool, error) {
	return nil, s.down
}
func (s *sites) Request(context.Context, tenant.Tenant, string) (string, error) { return "", s.down }
func (s *sites) IsAdmin(context.Context, tenant.Tenant, string) (bool, error)   { return true, s.down }
func (s *sites) SetAppProperty(context.Context, tenant.Tenant, string, any) error {
	s.told++
	return s.down
}

// put writes a document of a site as an admin has done before.
func (w *world) put(t tenant.Tenant, plugin, typ, id, values string) tenant.Config {
	w.t.Helper()
	of := tenant.ConfigType{Plugin: capability.PluginID(plugin), Type: typ}
	was, err := w.configs.Get(w.t.Context(), t.ID, of, id)
	if err != nil {
		was = tenant.Config{ID: id}
	}
	was.Values, was.Deleted = json.RawMessage(values), time.Time{}
	c, err := w.configs.Put(w.t.Context(), t.ID, of, was)
	check(w.t, err)
	return c
}

// all are the documents of a site that are not deleted, as type and name, with their values by name.
func (w *world) all(t tenant.Tenant) map[string]string {
	w.t.Helper()
	parts, err := w.features.Parts(w.t.Context(), t.ID)
	check(w.t, err)
	out := map[string]string{}
	for _, p := range parts {
		if p.Choice.Settings != nil {
			out["settings of "+p.Manifest.Name] = string(p.Choice.Settings)
		}
		for _, typ := range p.Types {
			for _, d := range typ.Documents {
				if d.Deleted.IsZero() {
					out[typ.LabelOf(d)] = string(d.Values)
				}
			}
		}
	}
	return out
}

func (w *world) idOf(t tenant.Tenant, label string) string {
	w.t.Helper()
	parts, err := w.features.Parts(w.t.Context(), t.ID)
	check(w.t, err)
	for _, p := range parts {
		for _, typ := range p.Types {
			for _, d := range typ.Documents {
				if typ.LabelOf(d) == label {
					return d.ID
				}
			}
		}
	}
	w.t.Fatalf("there is no document %q", label)
	return ""
}

func (w *world) export(t tenant.Tenant, plugins ...capability.PluginID) *configset.File {
	w.t.Helper()
	f, err := w.sets.Export(w.t.Context(), t, plugins)
	check(w.t, err)
	raw, err := f.Bytes()
	check(w.t, err)
	again, err := configset.Read(raw) // as it is downloaded and uploaded
	check(w.t, err)
	return again
}

func (w *world) plan(t tenant.Tenant, in configset.Import) configset.Plan {
	w.t.Helper()
	p, err := w.sets.Plan(w.t.Context(), t, admin, in)
	check(w.t, err)
	return p
}

func (w *world) apply(t tenant.Tenant, in configset.Import) configset.Done {
	w.t.Helper()
	p := w.plan(t, in)
	d, err := w.sets.Import(w.t.Context(), t, admin, in, p.Seal)
	if err != nil {
		w.t.Fatalf("%v\n%s", err, said(d.Plan))
	}
	return d
}

// said is a plan in lines, for comparing.
func said(p configset.Plan) string {
	var out []string
	for _, i := range p.Items {
		line := fmt.Sprintf("%s %s: %s", i.Type, i.Label, i.What)
		for _, e := range i.Problems {
			line += fmt.Sprintf(" [%s: %s]", e.Setting, strings.TrimSuffix(e.Message+" "+e.Do, " "))
		}
		for _, n := range i.Notes {
			line += " (" + n + ")"
		}
		out = append(out, strings.TrimSpace(line))
	}
	return strings.Join(out, "\n")
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// The ids of documents of site a.
const (
	uses  = "uses11111111111111"
	owns  = "owns11111111111111"
	ruleA = "ruLe11111111111111"
	ruleB = "ruLe22222222222222"
)

// fill writes two relations, two rules and settings on site a.
func (w *world) fill() {
	w.put(w.a, "acme.links", "relation", uses, `{"name":"Uses","color":"red","linkType":"1600","first":{"contexts":[{"projects":["10000","10001"],"types":["11","13"]}]}}`)
	w.put(w.a, "acme.links", "relation", owns, `{"name":"Owns"}`)
	// The rule that names the other one comes first.
	w.put(w.a, "acme.rules", "rule", ruleB, `{"name":"Second","relation":"`+owns+`","filter":"1500","also":["`+ruleA+`"]}`)
	w.put(w.a, "acme.rules", "rule", ruleA, `{"name":"First","relation":"`+uses+`","jql":"project = OPS AND cf[177] < 3 AND customfield_177 is not EMPTY AND id in {{link.`+uses+`.first}}","columns":["summary","customfield_177"],"user":"`+mia+`"}`)
	_, problems, err := w.features.SaveSettings(w.t.Context(), w.a, admin, "acme.links", map[string][]string{"projects": {"10000"}, "size": {"12"}})
	if err != nil || len(problems) > 0 {
		w.t.Fatal(err, problems)
	}
}
