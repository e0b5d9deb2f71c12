package personal_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
)

// fill writes documents that name ann, bob and cy, and some that name nobody.
func (h *host) fill(t capability.TenantID) {
	h.Helper()
	modules := tenant.NewModules(h.store, h.clock.Now)
	for p, by := range map[capability.PluginID]string{plugin: "ann", "acme.other": "bob", "acme.third": ""} {
		_, err := modules.Put(h.Context(), t, tenant.Module{Plugin: p, Enabled: true, Settings: json.RawMessage(`{"by":"ann"}`), By: by})
		h.must(err)
	}
	h.write(
		record(t, loans, "1", start.Add(-time.Hour), "holder", "ann"),
		record(t, loans, "2", start.Add(-time.Hour), "holder", "bob"),
		record(t, seats, "1", start.Add(time.Hour), "owner", "ann", "deputy", "bob", "moves", "3"),
		record(t, seats, "2", start.Add(-time.Hour), "owner", "ann", "deputy", "ann"),
		record(t, seats, "3", start.Add(-day), "deputy", "cy"),
		record(t, seats, "4", start, "moves", "7"),
	)
}

func TestAccountsAreFoundInDocumentsOfHostAndPlugins(t *testing.T) {
	h := newHost(t)
	ours, other := h.install("ours"), h.install("other")
	h.fill(ours.ID)
	h.write(record(other.ID, loans, "9", start, "holder", "dan"))
	got, err := h.directory.Accounts(t.Context(), ours.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]time.Time{"ann": start.Add(time.Hour), "bob": start.Add(time.Hour), "cy": start.Add(-day)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("accounts with their latest times (-want +got):\n%s", diff)
	}
	if got := h.accounts(h.install("empty").ID); len(got) > 0 {
		t.Errorf("accounts %v of a site without documents", got)
	}
}

func TestHeldShowsEachDocumentThatNamesTheAccountOnce(t *testing.T) {
	h := newHost(t)
	ours, other := h.install("ours"), h.install("other")
	h.fill(ours.ID)
	h.fill(other.ID)
	held, err := h.directory.Held(t.Context(), ours.ID, "ann")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	bodies := h.kept(ours.ID)
	for _, d := range held {
		name := d.Collection + "/" + d.ID
		got = append(got, name)
		if whole := bodies[name]; len(d.Body) == 0 || whole[:len(d.Body)] != string(d.Body) {
			t.Errorf("%s: body %s, want that of %s", name, d.Body, whole)
		}
		if d.Purpose == "" {
			t.Errorf("%s does not say what it is for", name)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"module/acme.desk", loans + "/1", seats + "/1", seats + "/2"}, got); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	if held, err := h.directory.Held(t.Context(), ours.ID, "nobody"); len(held) > 0 || err != nil {
		t.Errorf("of nobody there is %v, %v", held, err)
	}
}

func TestEraseTakesAnAccountOutOfOneSite(t *testing.T) {
	h := newHost(t)
	ours, other := h.install("ours"), h.install("other")
	h.fill(ours.ID)
	h.fill(other.ID)
	want, elsewhere := h.kept(ours.ID), h.kept(other.ID)
	delete(want, loans+"/1")
	want["module/acme.desk"] = `{"changed":"2026-03-01T12:00:00Z","enabled":true,"plugin":"acme.desk","settings":{"by":"ann"}}map[]`
	want[seats+"/1"] = `{"fields":{"deputy":"bob","moves":"3"},"written":"2026-03-01T13:00:00Z"}map[deputy:bob moves:3]`
	want[seats+"/2"] = `{"fields":{},"written":"2026-03-01T11:00:00Z"}map[]`

	if n, err := h.directory.Erase(t.Context(), ours.ID, "ann"); n != 4 || err != nil {
		t.Errorf("Erase = %d, %v; want 4 documents", n, err)
	}
	if diff := cmp.Diff(want, h.kept(ours.ID)); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(elsewhere, h.kept(other.ID)); diff != "" {
		t.Errorf("another site's documents (-before +after):\n%s", diff)
	}
	for _, q := range []store.Query{{Collection: loans, Index: "holder"}, {Collection: seats, Index: "owner"}, {Collection: seats, Index: "deputy"}} {
		q.Tenant, q.Value = ours.ID, "ann"
		if docs, err := h.raw.List(t.Context(), q); len(docs) > 0 || err != nil {
			t.Errorf("the index %s of %s finds %v, %v", q.Index, q.Collection, docs, err)
		}
	}
	if got := h.accounts(ours.ID); !slices.Equal(got, []string{"bob", "cy"}) {
		t.Errorf("accounts %v are left", got)
	}
	if n, err := h.directory.Erase(t.Context(), ours.ID, "ann"); n != 0 || err != nil {
		t.Errorf("a second time: %d, %v; want nothing to do", n, err)
	}
	if diff := cmp.Diff(want, h.kept(ours.ID)); diff != "" {
		t.Errorf("a second time changes documents (-before +after):\n%s", diff)
	}
}

func TestAccountsAndErasePageThroughEverything(t *testing.T) {
	h := newHost(t)
	ours := h.install("ours")
	const n = store.MaxLimit + 1
	var ops []store.Op
	people := map[string]bool{"ann": true}
	for i := range n {
		bob := fmt.Sprint("bob-", i)
		people[bob] = true
		ops = append(ops, record(ours.ID, seats, fmt.Sprint(i), start, "owner", "ann", "deputy", bob))
	}
	h.write(ops...)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(people)), h.accounts(ours.ID)); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
	if held, err := h.directory.Held(t.Context(), ours.ID, "ann"); len(held) != n || err != nil {
		t.Errorf("%d documents are held, %v; want %d", len(held), err, n)
	}
	if got, err := h.directory.Erase(t.Context(), ours.ID, "ann"); got != n || err != nil {
		t.Errorf("Erase = %d, %v; want %d", got, err, n)
	}
	delete(people, "ann")
	if diff := cmp.Diff(slices.Sorted(maps.Keys(people)), h.accounts(ours.ID)); diff != "" {
		t.Errorf("accounts after it (-want +got):\n%s", diff)
	}
}

// racing is a store in which somebody else is faster than the next writes.
type racing struct {
	store.Store
	faster []func()
}

func (r *racing) Write(ctx context.Context, ops ...store.Op) ([]int64, error) {
	if len(r.faster) > 0 {
		first := r.faster[0]
		r.faster = r.faster[1:]
		first()
	}
	return r.Store.Write(ctx, ops...)
}

func TestEraseTriesAgainWhereSomebodyWasFaster(t *testing.T) {
	write := func(fields ...string) func(h *host, t tenant.Tenant) {
		return func(h *host, t tenant.Tenant) { h.write(record(t.ID, seats, "1", start, fields...)) }
	}
	remove := func(h *host, t tenant.Tenant) {
		h.write(store.Op{Doc: store.Doc{Key: store.Key{Tenant: t.ID, Collection: seats, ID: "1"}}, Delete: true, IfRev: store.Any})
	}
	named := write("owner", "bob", "deputy", "ann", "moves", "8")
	for _, tt := range []struct {
		name    string
		faster  []func(*host, tenant.Tenant)
		changed int
		err     error
		want    string
	}{
		{"who moves the account", []func(*host, tenant.Tenant){named}, 1, nil, `{"fields":{"moves":"8","owner":"bob"},"written":"2026-03-01T12:00:00Z"}map[moves:8 owner:bob]`},
		{"nineteen times", slices.Repeat([]func(*host, tenant.Tenant){named}, 19), 1, nil, `{"fields":{"moves":"8","owner":"bob"},"written":"2026-03-01T12:00:00Z"}map[moves:8 owner:bob]`},
		{"who takes it out", []func(*host, tenant.Tenant){write("moves", "9")}, 0, nil, `{"fields":{"moves":"9"},"written":"2026-03-01T12:00:00Z"}map[moves:9]`},
		{"who deletes the document", []func(*host, tenant.Tenant){remove}, 0, nil, ""},
		{"for ever", slices.Repeat([]func(*host, tenant.Tenant){named}, 100), 0, store.ErrConflict, `{"fields":{"deputy":"ann","moves":"8","owner":"bob"},"written":"2026-03-01T12:00:00Z"}map[deputy:ann moves:8 owner:bob]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHost(t)
			ours := h.install("ours")
			write("owner", "ann", "moves", "1")(h, ours)
			s := &racing{Store: h.raw}
			for _, f := range tt.faster {
				s.faster = append(s.faster, func() { f(h, ours) })
			}
			if n, err := h.over(s).Erase(t.Context(), ours.ID, "ann"); n != tt.changed || !errors.Is(err, tt.err) {
				t.Errorf("Erase = %d, %v; want %d, %v", n, err, tt.changed, tt.err)
			}
			if got := h.kept(ours.ID)[seats+"/1"]; got != tt.want {
				t.Errorf("document %s, want %s", got, tt.want)
			}
		})
	}
}

// Plugins go on writing while an account is erased: nothing that they write is lost, and the account does not come back.
func TestEraseGoesOnBesideWriters(t *testing.T) {
	h := newHost(t)
	ours := h.install("ours")
	const documents, rounds = 20, 10
	for i := range documents {
		h.write(record(ours.ID, seats, fmt.Sprint(i), start, "owner", "ann", "deputy", "bob", "moves", "0"))
	}
	var work sync.WaitGroup
	work.Go(func() {
		for range rounds {
			for i := range documents {
				h.move(ours.ID, fmt.Sprint(i))
			}
		}
	})
	var changed [2]int
	for i, account := range []string{"ann", "bob"} { // which also race with each other
		work.Go(func() {
			var err error
			if changed[i], err = h.directory.Erase(t.Context(), ours.ID, account); err != nil {
				t.Error(err)
			}
		})
	}
	work.Wait()
	want := map[string]string{}
	for i := range documents {
		want[fmt.Sprintf("%s/%d", seats, i)] = fmt.Sprintf(`{"fields":{"moves":"%d"},"written":"2026-03-01T12:00:00Z"}map[moves:%[1]d]`, rounds)
	}
	if diff := cmp.Diff(want, h.kept(ours.ID)); diff != "" {
		t.Errorf("documents (-want +got):\n%s", diff)
	}
	if changed != [2]int{documents, documents} {
		t.Errorf("Erase changed %v documents, want %d each", changed, documents)
	}
}

// move counts one more move in a record, as a plugin does: it reads, changes, and tries again where it lost.
func (h *host) move(t capability.TenantID, id string) {
	for {
		d, err := h.store.Get(h.Context(), store.Key{Tenant: t, Collection: seats, ID: id})
		if err != nil {
			h.Error(err)
			return
		}
		var moves int
		if _, err := fmt.Sscan(d.Index["moves"], &moves); err != nil {
			h.Error(err)
			return
		}
		fields := []string{"moves", fmt.Sprint(moves + 1)}
		for _, name := range []string{"owner", "deputy"} {
			if d.Index[name] != "" {
				fields = append(fields, name, d.Index[name])
			}
		}
		op := record(t, seats, id, start, fields...)
		op.IfRev = d.Rev
		_, err = h.store.Write(h.Context(), op)
		if err == nil {
			return
		}
		if !errors.Is(err, store.ErrConflict) {
			h.Error(err)
			return
		}
	}
}
