package privacy_test

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

const labelCollection = "rec.acme.labels.label"

// gated opens a store behind a gate for the plugins, with what the store remembers.
func gated(t *testing.T, raw store.Store, plugins privacy.Manifests) (*privacy.Gate, *privacy.Types) {
	t.Helper()
	types, err := privacy.NewTypes(plugins, append(privacy.OwnTypes(), site)...)
	if err != nil {
		t.Fatal(err)
	}
	gate := privacy.NewGate(raw, types)
	if err := types.Load(t.Context(), gate); err != nil {
		t.Fatal(err)
	}
	return gate, types
}

func openStore(t *testing.T) store.Store {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func paths(typ privacy.Type) []string {
	var out []string
	for _, f := range typ.Fields {
		out = append(out, f.Path)
	}
	slices.Sort(out)
	return out
}

func TestWhatRecordsHoldIsKnownAfterTheirPluginWasTakenOut(t *testing.T) {
	raw := openStore(t)
	first := labels(map[string]manifest.Field{"owner": {Kind: manifest.KindAccount, Indexed: true}})
	second := labels(map[string]manifest.Field{"project": {Kind: manifest.KindProject}})
	second.Records[0].Erasure = ""
	second.Records[0].Retention.Days = 7
	record := store.Op{Doc: store.Doc{
		Key: store.Key{Tenant: tenantID, Collection: labelCollection, ID: "10001"}, Body: []byte(`{"fields":{"owner":"ann"}}`), Index: map[string]string{"owner": "ann"},
	}, IfRev: store.Any}

	gate, types := gated(t, raw, installed{first})
	if err := types.Remember(t.Context(), gate, first); err != nil {
		t.Fatal(err)
	}
	if _, err := gate.Write(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	// The next version knows no owner, and the host was started anew.
	gate, types = gated(t, raw, installed{second})
	for range 2 {
		if err := types.Remember(t.Context(), gate, second); err != nil {
			t.Fatal(err)
		}
	}
	// Then the plugin goes.
	gate, types = gated(t, raw, nil)
	if _, err := gate.Write(t.Context(), record); err != nil {
		t.Errorf("what is left could not be written, without an account that is erased for one: %v", err)
	}
	typ, ok := types.Of(labelCollection)
	if diff := cmp.Diff([]string{"fields.owner", "fields.project", "written"}, paths(typ)); !ok || diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if accounts, err := typ.Accounts(record.Doc); err != nil || !slices.Equal(accounts, []string{"ann"}) {
		t.Errorf("accounts %q, %v", accounts, err)
	}
	if declared := types.Declared(); len(declared) != 1 || declared[0].Records[0].Retention.Days != 7 {
		t.Errorf("declared %+v, want the last version's retention", declared)
	}
	entries, err := types.Report(t.Context(), raw, tenantID, nil)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(entries, func(e privacy.Entry) bool { return e.Collection == labelCollection })
	if i < 0 || !entries[i].Former || entries[i].Documents != 1 {
		t.Errorf("report %+v, want the one record of the plugin that went", entries)
	}
	if _, err := raw.Write(t.Context(), store.Op{Doc: store.Doc{Key: record.Doc.Key}, Delete: true, IfRev: store.Any}); err != nil {
		t.Fatal(err)
	}
	if entries, err = types.Report(t.Context(), raw, tenantID, nil); err != nil || slices.ContainsFunc(entries, func(e privacy.Entry) bool { return e.Former }) {
		t.Errorf("report %+v, %v; want nothing of a plugin of which nothing is left", entries, err)
	}
}

func TestHostsRememberTogether(t *testing.T) {
	raw := openStore(t)
	_, types := gated(t, raw, nil)
	var wg sync.WaitGroup
	for _, name := range []string{"a", "b", "c", "d"} {
		wg.Go(func() {
			if err := types.Remember(t.Context(), raw, labels(map[string]manifest.Field{name: {Kind: manifest.KindProject}})); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	_, types = gated(t, raw, nil)
	typ, _ := types.Of(labelCollection)
	if diff := cmp.Diff([]string{"fields.a", "fields.b", "fields.c", "fields.d", "written"}, paths(typ)); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

// Whoever moves or erases records after their plugin was taken out meets a gate that knows their ids still.
func TestIDsMadeOfFieldsAreKnownAfterTheirPluginWasTakenOut(t *testing.T) {
	raw := openStore(t)
	gate, types := gated(t, raw, installed{links()})
	if err := types.Remember(t.Context(), gate, links()); err != nil {
		t.Fatal(err)
	}
	gate, types = gated(t, raw, nil)
	const token = "4Nk7tQxYzAbCdEfGh2"
	record := func(id string) store.Op {
		return store.Op{Doc: store.Doc{
			Key:   store.Key{Tenant: tenantID, Collection: "rec.acme.links.link", ID: id},
			Body:  []byte(`{"fields":{"relation":"` + token + `","outward":"1","inward":"2","by":"ann"}}`),
			Index: map[string]string{"outward": "1", "inward": "2", "by": "ann"},
		}, IfRev: store.Any}
	}
	if _, err := gate.Write(t.Context(), record(token+".2.1")); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("an id of other fields: %v", err)
	}
	if _, err := gate.Write(t.Context(), record(token+".1.2")); err != nil {
		t.Fatal(err)
	}
	typ, _ := types.Of("rec.acme.links.link")
	d, err := gate.Get(t.Context(), record(token+".1.2").Doc.Key)
	if err != nil {
		t.Fatal(err)
	}
	op, named, err := typ.Without(d, "ann")
	if err != nil || !named {
		t.Fatalf("Without = %v, %v", named, err)
	}
	if _, err := gate.Write(t.Context(), op); err != nil {
		t.Errorf("an account could not be erased from a link: %v", err)
	}
}
