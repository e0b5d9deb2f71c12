package tenant_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
)

func TestModuleStartsWithDefaults(t *testing.T) {
	r := tenant.NewModules(openStore(t), clock())
	got, err := r.Get(t.Context(), "t", "acme.labels")
	if diff := cmp.Diff(tenant.Module{Plugin: "acme.labels"}, got); err != nil || diff != "" {
		t.Errorf("Get: %v (-want +got):\n%s", err, diff)
	}
}

func TestModuleIsPutOverWhatWasRead(t *testing.T) {
	r := tenant.NewModules(openStore(t), clock())
	choice := tenant.Module{
		Plugin: "acme.labels", Enabled: true, Settings: json.RawMessage(`{"size":3}`), Granted: []string{"jira:read"}, By: "557058:a",
	}
	first, err := r.Put(t.Context(), "t", choice)
	want := choice
	want.Rev, want.Changed = 1, start
	if diff := cmp.Diff(want, first); err != nil || diff != "" {
		t.Errorf("first Put: %v (-want +got):\n%s", err, diff)
	}
	got, err := r.Get(t.Context(), "t", "acme.labels")
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Get: %v (-want +got):\n%s", err, diff)
	}
	got.Enabled = false
	second, err := r.Put(t.Context(), "t", got)
	if err != nil || second.Rev != 2 {
		t.Fatalf("second Put = %+v, %v; want revision 2", second, err)
	}
	for _, rev := range []int64{0, 1, 3} {
		stale := choice
		stale.Rev = rev
		if _, err := r.Put(t.Context(), "t", stale); !errors.Is(err, store.ErrConflict) {
			t.Errorf("Put over revision %d: %v, want ErrConflict", rev, err)
		}
	}
	for name, bad := range map[string]tenant.Module{
		"any revision": {Plugin: "acme.labels", Rev: store.Any}, "no plugin": {}, "no JSON": {Plugin: "b", Settings: json.RawMessage("{")},
	} {
		if _, err := r.Put(t.Context(), "t", bad); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	if got, err := r.Get(t.Context(), "t", "acme.labels"); err != nil || cmp.Diff(second, got) != "" {
		t.Errorf("after refused writes: %v\n%s", err, cmp.Diff(second, got))
	}
}

func TestOneOfConcurrentChoicesWins(t *testing.T) {
	r := tenant.NewModules(openStore(t), clock())
	var won atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			switch _, err := r.Put(t.Context(), "t", tenant.Module{Plugin: "acme.labels"}); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, store.ErrConflict):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d of 8 first choices won, want 1", won.Load())
	}
}

func TestModulesAreListedByPlugin(t *testing.T) {
	r := tenant.NewModules(openStore(t), clock())
	for _, p := range []capability.PluginID{"b.x", "a.x", "c.x"} {
		if _, err := r.Put(t.Context(), "t", tenant.Module{Plugin: p}); err != nil {
			t.Fatal(err)
		}
	}
	all, err := r.List(t.Context(), "t")
	if err != nil {
		t.Fatal(err)
	}
	var ids []capability.PluginID
	for _, m := range all {
		ids = append(ids, m.Plugin)
		if m.Rev != 1 {
			t.Errorf("module %s has revision %d, want 1", m.Plugin, m.Rev)
		}
	}
	if diff := cmp.Diff([]capability.PluginID{"a.x", "b.x", "c.x"}, ids); diff != "" {
		t.Errorf("plugins (-want +got):\n%s", diff)
	}
}

// TestNoMethodReachesAnotherTenant calls every method of the repositories with what belongs to, or names, another tenant.
// A new method fails the test until it is walked here.
func TestNoMethodReachesAnotherTenant(t *testing.T) {
	d := openStore(t)
	tenants, modules := tenant.NewTenants(d, sealtest.Keeper(t, d), clock()), tenant.NewModules(d, clock())
	ours := install(t, tenants, site("ours"))
	chosen, err := modules.Put(t.Context(), ours.ID, tenant.Module{Plugin: "acme.labels", Enabled: true})
	if err != nil {
		t.Fatal(err)
	}
	theirs := install(t, tenants, site("theirs"))
	const nobody = capability.TenantID("nobody")

	notFound := func(got tenant.Tenant, err error) error {
		if !errors.Is(err, store.ErrNotFound) || got.ID != "" {
			return fmt.Errorf("%v, %w; want ErrNotFound", got, err)
		}
		return nil
	}
	isTheirs := func(got tenant.Tenant, err error) error {
		if err != nil || got.ID != theirs.ID {
			return fmt.Errorf("%v, %w; want the tenant that was named", got, err)
		}
		return nil
	}
	walk := map[string]func() error{
		"Tenants.ByID": func() error {
			return errors.Join(notFound(tenants.ByID(t.Context(), nobody)), isTheirs(tenants.ByID(t.Context(), theirs.ID)))
		},
		"Tenants.ByClientKey": func() error {
			return errors.Join(notFound(tenants.ByClientKey(t.Context(), ours.Alias)), isTheirs(tenants.ByClientKey(t.Context(), "theirs")))
		},
		"Tenants.ByAlias": func() error {
			return errors.Join(notFound(tenants.ByAlias(t.Context(), ours.ClientKey)), isTheirs(tenants.ByAlias(t.Context(), theirs.Alias)))
		},
		"Tenants.Install":   func() error { return isTheirs(tenants.Install(t.Context(), site("theirs"))) },
		"Tenants.SetState":  func() error { return isTheirs(tenants.SetState(t.Context(), theirs.ID, tenant.Disabled)) },
		"Tenants.Uninstall": func() error { return isTheirs(tenants.Uninstall(t.Context(), theirs.ID)) },
		"Tenants.List": func() error { // the operator's view of all tenants, and of nothing else
			all, err := tenants.List(t.Context(), "", 0)
			if err != nil || len(all) != 2 {
				return fmt.Errorf("%d tenants, %w; want two", len(all), err)
			}
			return nil
		},
		"Modules.Get": func() error {
			got, err := modules.Get(t.Context(), theirs.ID, "acme.labels")
			if err != nil || got.Rev != 0 || got.Enabled {
				return fmt.Errorf("%+v, %w; want the defaults", got, err)
			}
			return nil
		},
		"Modules.List": func() error {
			if got, err := modules.List(t.Context(), theirs.ID); err != nil || len(got) != 0 {
				return fmt.Errorf("%+v, %w; want nothing", got, err)
			}
			return nil
		},
		"Modules.Put": func() error {
			if _, err := modules.Put(t.Context(), theirs.ID, chosen); !errors.Is(err, store.ErrConflict) {
				return fmt.Errorf("over our revision: %w, want ErrConflict", err)
			}
			return nil
		},
	}
	kept := tenant.NewQuarantines(d)
	if err := kept.Put(t.Context(), quarantine(ours.ID, "acme.labels", "1.0.0")); err != nil {
		t.Fatal(err)
	}
	if _, err := modules.Baseline(t.Context(), ours.ID, "acme.labels", []string{"store"}); err != nil {
		t.Fatal(err)
	}
	walk["Modules.Baseline"] = func() error {
		if got, err := modules.Baseline(t.Context(), theirs.ID, "acme.labels", nil); err != nil || len(got) != 0 {
			return fmt.Errorf("%v, %w; want nothing", got, err)
		}
		return nil
	}
	walk["Quarantines.Put"] = func() error { return kept.Put(t.Context(), quarantine(theirs.ID, "acme.labels", "1.0.0")) }
	walk["Quarantines.Delete"] = func() error { return kept.Delete(t.Context(), theirs.ID, "acme.labels", "1.0.0") }
	walk["Quarantines.List"] = func() error { // the host's view of all tenants, by which the others here are judged
		all, err := kept.List(t.Context())
		if err != nil || len(all) != 1 || all[0].Tenant != ours.ID {
			return fmt.Errorf("%+v, %w; want ours alone", all, err)
		}
		return nil
	}
	walk["Tenants.StartPurge"] = func() error {
		if _, err := tenants.StartPurge(t.Context(), theirs.ID, start.Add(time.Hour)); !errors.Is(err, store.ErrInvalid) {
			return fmt.Errorf("of a site that has the app: %w, want ErrInvalid", err)
		}
		return nil
	}
	walk["Tenants.Each"] = func() error { // as List
		n := 0
		for _, err := range tenants.Each(t.Context()) {
			if err != nil {
				return err
			}
			n++
		}
		if n != 2 {
			return fmt.Errorf("%d tenants, want two", n)
		}
		return nil
	}
	walk["Tenants.SealSecrets"] = func() error { return tenants.SealSecrets(t.Context()) }               // all are sealed: it changes nobody
	walk["Tenants.IndexInstallations"] = func() error { return tenants.IndexInstallations(t.Context()) } // all are indexed: it changes nobody
	walk["Tenants.Watch"] = func() error {                                                               // it is told ids, and nothing of a tenant
		tenants.Watch(func(capability.TenantID) {})
		return nil
	}
	walk["Tenants.ByInstallation"] = func() error {
		if _, err := tenants.ByInstallation(t.Context(), "nobodys"); !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("%w, want ErrNotFound", err)
		}
		return nil
	}
	walk["Tenants.InstallForge"] = func() error {
		got, err := tenants.InstallForge(t.Context(), onForge("theirs", "cloud-theirs", theirs.ClientKey))
		if err == nil && got.ID != theirs.ID {
			err = fmt.Errorf("%s was renewed, want %s", got.ID, theirs.ID)
		}
		return err
	}
	walk["Tenants.SameSite"] = func() error {
		got, err := tenants.SameSite(t.Context(), onForge("theirs", "cloud-theirs", theirs.ClientKey))
		if err == nil && got.ID != theirs.ID {
			err = fmt.Errorf("%s is found, want %s", got.ID, theirs.ID)
		}
		return err
	}
	walk["Tenants.Forget"] = func() error {
		if err := tenants.Forget(t.Context(), theirs.ID); !errors.Is(err, store.ErrInvalid) {
			return fmt.Errorf("without StartPurge: %w, want ErrInvalid", err)
		}
		return nil
	}
	tokens := tenant.NewTokens(d, sealtest.Keeper(t, d))
	walk["seal.Drawn.Key"] = func() error {
		mine, err := tokens.Key(t.Context(), "somebody")
		if err != nil {
			return err
		}
		if other, err := tokens.Key(t.Context(), "somebody-else"); err != nil || bytes.Equal(mine, other) || len(other) != len(mine) {
			return fmt.Errorf("%w: two tenants have the same key, or none", err)
		}
		if again, err := tokens.Key(t.Context(), "somebody"); err != nil || !bytes.Equal(mine, again) {
			return fmt.Errorf("%w: the key changed", err)
		}
		return nil
	}
	configs := tenant.NewConfigs(d, clock())
	written, err := configs.Put(t.Context(), ours.ID, shelves, shelf("a"))
	if err != nil {
		t.Fatal(err)
	}
	walk["Configs.Get"] = func() error {
		if _, err := configs.Get(t.Context(), theirs.ID, shelves, "a"); !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("%w, want ErrNotFound", err)
		}
		return nil
	}
	walk["Configs.List"] = func() error {
		if all, err := configs.List(t.Context(), theirs.ID, shelves); err != nil || len(all) > 0 {
			return fmt.Errorf("%+v, %w; want nothing", all, err)
		}
		return nil
	}
	walk["Configs.Put"] = func() error {
		if _, err := configs.Put(t.Context(), theirs.ID, shelves, written); !errors.Is(err, store.ErrConflict) {
			return fmt.Errorf("over our revision: %w, want ErrConflict", err)
		}
		return nil
	}
	walk["Configs.Op"] = func() error {
		op, _, err := configs.Op(theirs.ID, shelves, written)
		if err != nil || op.Doc.Key.Tenant != theirs.ID {
			return fmt.Errorf("%v, %w; want a write of theirs", op.Doc.Key, err)
		}
		return nil
	}
	walk["Modules.Op"] = func() error {
		op, _, err := modules.Op(theirs.ID, chosen)
		if err != nil || op.Doc.Key.Tenant != theirs.ID {
			return fmt.Errorf("%v, %w; want a write of theirs", op.Doc.Key, err)
		}
		return nil
	}
	walk["Configs.Purge"] = func() error { // of theirs, which is not there
		err := configs.Purge(t.Context(), theirs.ID, written)
		if _, ours := configs.Get(t.Context(), ours.ID, shelves, "a"); ours != nil {
			return fmt.Errorf("it reached ours: %w", ours)
		}
		if err != nil && !errors.Is(err, store.ErrConflict) {
			return err
		}
		return nil
	}
	var methods []string
	for _, repository := range []any{tenants, modules, kept, tokens, configs} {
		typ := reflect.TypeOf(repository)
		for i := range typ.NumMethod() {
			methods = append(methods, strings.TrimPrefix(typ.String(), "*tenant.")+"."+typ.Method(i).Name)
		}
	}
	slices.Sort(methods)
	for _, name := range methods {
		visit, ok := walk[name]
		if !ok {
			t.Errorf("no case for the method %s", name)
			continue
		}
		if err := visit(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got, err := tenants.ByID(t.Context(), ours.ID); err != nil || cmp.Diff(ours, got) != "" {
		t.Errorf("our tenant changed: %v\n%s", err, cmp.Diff(ours, got))
	}
	if got, err := modules.Get(t.Context(), ours.ID, "acme.labels"); err != nil || cmp.Diff(chosen, got) != "" {
		t.Errorf("our choice changed: %v\n%s", err, cmp.Diff(chosen, got))
	}
}
