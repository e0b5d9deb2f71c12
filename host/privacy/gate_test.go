package privacy_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

// installed is a plugin catalog for tests: versions in the order in which they were admitted.
type installed []*manifest.Manifest

func (i installed) Versions(id capability.PluginID) []*manifest.Manifest {
	var out []*manifest.Manifest
	for _, m := range i {
		if m.ID == id {
			out = append(out, m)
		}
	}
	return out
}

func (i installed) Manifests() []*manifest.Manifest { return i[len(i)-1:] }

func labels(fields map[string]manifest.Field) *manifest.Manifest {
	return &manifest.Manifest{ID: "acme.labels", Records: []manifest.Record{{
		Type: "label", Purpose: "Find the label of an issue", ID: manifest.RecordID{Kind: manifest.KindIssue}, Fields: fields, Erasure: manifest.EraseField,
	}}}
}

// links are records whose ids are made of fields.
func links() *manifest.Manifest {
	return &manifest.Manifest{ID: "acme.links", Records: []manifest.Record{{
		Type: "link", Purpose: "Know which issues belong together", ID: manifest.RecordID{Fields: []string{"relation", "outward", "inward"}},
		Fields: map[string]manifest.Field{
			"relation": {Kind: manifest.KindToken}, "outward": {Kind: manifest.KindIssue, Indexed: true}, "inward": {Kind: manifest.KindIssue, Indexed: true},
			"by": {Kind: manifest.KindAccount, Indexed: true},
		}, Erasure: manifest.EraseField,
	}}}
}

var site = privacy.Type{
	Collection: "site", Name: "Site", Scope: privacy.AboutSite, ID: privacy.Tenant, Changed: "changed",
	Fields: []privacy.Field{
		{Path: "key", Kind: privacy.ClientKey, Index: "key"},
		{Path: "secret", Kind: privacy.Sealed},
		{Path: "url", Kind: privacy.Address},
		{Path: "state", Kind: privacy.Status, Values: []string{"active", "gone"}},
		{Path: "changed", Kind: privacy.Time},
		{Path: "times", Kind: privacy.Count},
		{Path: "on", Kind: privacy.Switch},
		{Path: "granted[]", Kind: privacy.Permission},
		{Path: "removed[].collection", Kind: privacy.Collection},
		{Path: "settings", Kind: privacy.Configuration},
	},
}

const tenantID = "abcdefghijklmnopqrstuvwxyz"

func types(t testing.TB) *privacy.Types {
	t.Helper()
	old := labels(map[string]manifest.Field{"project": {Kind: manifest.KindProject}})
	now := labels(map[string]manifest.Field{
		"owner": {Kind: manifest.KindAccount, Indexed: true}, "state": {Kind: manifest.KindStatus, Values: []string{"new", "printed"}},
	})
	all, err := privacy.NewTypes(installed{links(), old, now}, site)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestGateTakesWhatIsDeclaredAndNothingElse(t *testing.T) {
	s, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	gate := privacy.NewGate(s, types(t))
	const summary = "Mia's laptop is broken"
	siteDoc := func(body string) store.Doc {
		return store.Doc{Key: store.Key{Tenant: store.Platform, Collection: "site", ID: tenantID}, Body: []byte(body)}
	}
	record := func(body string, index ...string) store.Doc {
		d := store.Doc{Key: store.Key{Tenant: tenantID, Collection: "rec.acme.labels.label", ID: "10001"}, Body: []byte(body)}
		if len(index) > 0 {
			d.Index = map[string]string{index[0]: index[1]}
		}
		return d
	}
	with := func(d store.Doc, change func(*store.Doc)) store.Doc { change(&d); return d }
	const token = "4Nk7tQxYzAbCdEfGh2"
	link := func(id, fields string) store.Doc {
		return store.Doc{Key: store.Key{Tenant: tenantID, Collection: "rec.acme.links.link", ID: id}, Body: []byte(`{"fields":` + fields + `}`)}
	}
	for _, tt := range []struct {
		name string
		doc  store.Doc
		want string // "" where it is taken, else what the error says
	}{
		{"everything declared", siteDoc(`{"key":"k-1","secret":"v1.k.AAAA","url":"https://a.example/jira","state":"active","changed":"2026-01-31T12:00:00Z","times":3,"on":true,"granted":["jira:read","jira:search-as","service:acme.stock/v1"],"removed":[{"collection":"rec.a.b"}],"settings":{"any":["thing"]}}`), ""},
		{"nothing", siteDoc(`{}`), ""},
		{"empty values", siteDoc(`{"key":"","granted":[],"settings":null}`), ""},
		{"a record", record(`{"fields":{"owner":"5b:1","state":"new"},"written":"2026-01-31T12:00:00Z"}`, "owner", "5b:1"), ""},
		{"a field of an older version", record(`{"fields":{"project":"10000"}}`), ""},

		{"an undeclared field", siteDoc(`{"summary":"` + summary + `"}`), `the field "summary" is not declared`},
		{"a name that says something", siteDoc(`{"` + summary + `":"x"}`), "of an unusual name"},
		{"a field inside of one", siteDoc(`{"key":{"summary":"x"}}`), `the field "key.summary" is not declared`},
		{"an undeclared field without a value", siteDoc(`{"summary":null}`), `the field "summary" is not declared`},
		{"a name that looks like a path", record(`{"fields.owner":"5b:1"}`), `the field "fields.owner" is not declared`},
		{"a field twice", siteDoc(`{"key":"` + "k-2" + `","key":"k-1"}`), `the field "key" is there twice`},
		{"a list for a value", siteDoc(`{"key":["x"]}`), `the field "key[]" is not declared`},
		{"a secret as it is", siteDoc(`{"secret":"hunter2"}`), `the field "secret": want an encrypted secret`},
		{"an address with a query", siteDoc(`{"url":"https://a.example/?q=` + "x" + `"}`), `the field "url": want an address`},
		{"an address with a password", siteDoc(`{"url":"https://u:p@a.example"}`), `the field "url"`},
		{"a word that is not among them", siteDoc(`{"state":"ill"}`), `the field "state": want one of ["active" "gone"]`},
		{"a sentence for a time", siteDoc(`{"changed":"` + summary + `"}`), `the field "changed"`},
		{"a number for a text", siteDoc(`{"key":7}`), `the field "key": want no number`},
		{"a fraction for a count", siteDoc(`{"times":7.5}`), `the field "times"`},
		{"a truth for a text", siteDoc(`{"key":true}`), `the field "key"`},
		{"in a list, as a service", siteDoc(`{"granted":["service:acme.Stock of laptops/v1"]}`), `the field "granted[]"`},
		{"in a list", siteDoc(`{"granted":["jira:read","` + summary + `"]}`), `the field "granted[]"`},
		{"deep in a list", siteDoc(`{"removed":[{"collection":"` + summary + `"}]}`), `the field "removed[].collection"`},
		{"no object", siteDoc(`"` + summary + `"`), "no object"},
		{"an id that is none", with(siteDoc(`{}`), func(d *store.Doc) { d.Key.ID = summary }), "the id: want our id of a site"},
		{"under a site", with(siteDoc(`{}`), func(d *store.Doc) { d.Key.Tenant = tenantID }), "do not stand under that tenant"},
		{"an index of something else", with(siteDoc(`{"key":"k-1"}`), func(d *store.Doc) { d.Index = map[string]string{"key": summary} }), `the index "key"`},
		{"an index of nothing", with(siteDoc(`{}`), func(d *store.Doc) { d.Index = map[string]string{"other": "x"} }), `the index "other"`},
		{"an undeclared collection", with(siteDoc(`{}`), func(d *store.Doc) { d.Key.Collection = "notes" }), "collection notes: it is not declared"},
		{"a record of a plugin that is not there", with(record(`{}`), func(d *store.Doc) { d.Key.Collection = "rec.acme.other.label" }), "it is not declared"},
		{"a record type that is not there", with(record(`{}`), func(d *store.Doc) { d.Key.Collection = "rec.acme.labels.note" }), "it is not declared"},
		{"a record's field", record(`{"fields":{"summary":"` + summary + `"}}`), `the field "fields.summary" is not declared`},
		{"a record's word", record(`{"fields":{"state":"mia_is_ill"}}`), `the field "fields.state": want one of`},
		{"a record's id", with(record(`{}`), func(d *store.Doc) { d.Key.ID = "SN-4711" }), "the id: "},
		{"an id made of fields", link(token+".1.2", `{"relation":"`+token+`","outward":"1","inward":"2","by":"5b:1"}`), ""},
		{"an id made of others", link(token+".1.3", `{"relation":"`+token+`","outward":"1","inward":"2"}`), "the id: want the values of the fields fields.relation, fields.outward, fields.inward, joined by dots"},
		{"an id made of more", link(token+".1.2.5b", `{"relation":"`+token+`","outward":"1","inward":"2"}`), "the id: want"},
		{"an id made of less", link(token+".1.", `{"relation":"`+token+`","outward":"1","inward":""}`), "the id: want"},
		{"an id made of nothing", link("..", `{"relation":null,"outward":null}`), "the id: want"},
		{"an id that says something", link(summary, `{"relation":"`+token+`","outward":"1","inward":"2"}`), "the id: want"},
		{"an id made of a sentence", link(token+"."+summary+".2", `{"relation":"`+token+`","outward":"`+summary+`","inward":"2"}`), `the field "fields.outward"`},
		{"an id with an account", link(token+".1.5b:1", `{"relation":"`+token+`","outward":"1","inward":"5b:1"}`), `the field "fields.inward"`},
		{"a record under the platform", with(record(`{}`), func(d *store.Doc) { d.Key.Tenant = store.Platform }), "do not stand under that tenant"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ok := store.Doc{Key: store.Key{Tenant: tt.doc.Key.Tenant, Collection: tt.doc.Key.Collection, ID: "bystander"}, Body: []byte(`{}`)}
			_, err := gate.Write(t.Context(), store.Op{Doc: tt.doc, IfRev: store.Any})
			if tt.want == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if !errors.Is(err, store.ErrInvalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want store.ErrInvalid with %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "Mia") {
				t.Errorf("the error quotes content: %v", err)
			}
			if _, err := s.Get(t.Context(), ok.Key); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("a refused batch wrote: %v", err)
			}
		})
	}
}

func TestGateRefusesWholeBatches(t *testing.T) {
	s, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	good := store.Doc{Key: store.Key{Tenant: store.Platform, Collection: "site", ID: tenantID}, Body: []byte(`{}`)}
	bad := store.Doc{Key: store.Key{Tenant: store.Platform, Collection: "notes", ID: tenantID}, Body: []byte(`{}`)}
	gate := privacy.NewGate(s, types(t))
	if _, err := gate.Write(t.Context(), store.Op{Doc: good}, store.Op{Doc: bad}); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("error %v, want store.ErrInvalid", err)
	}
	if _, err := gate.Get(t.Context(), good.Key); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("half of the batch was written: %v", err)
	}
	if _, err := gate.Write(t.Context(), store.Op{Doc: bad, Delete: true, IfRev: store.Any}); err != nil {
		t.Errorf("what is not declared could not be deleted: %v", err)
	}
}

func TestTypesRefuseWhatCannotWork(t *testing.T) {
	for name, own := range map[string][]privacy.Type{
		"twice":               {site, site},
		"a plugin's records":  {{Collection: "rec.a.b"}},
		"account of platform": {{Collection: "x", Scope: privacy.OfPlatform, Fields: []privacy.Field{{Path: "by", Kind: privacy.Account}}}},
	} {
		if _, err := privacy.NewTypes(nil, own...); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
