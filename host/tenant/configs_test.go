package tenant_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
)

var shelves = tenant.ConfigType{Plugin: "acme.labels", Type: "shelf"}

func shelf(id string) tenant.Config {
	return tenant.Config{ID: id, Values: json.RawMessage(`{"name":"` + id + `"}`), By: "557058:a"}
}

func TestConfigsAreListedAsTheyWereWritten(t *testing.T) {
	r := tenant.NewConfigs(openStore(t), clock())
	for _, id := range []string{"c", "a", "b"} {
		if _, err := r.Put(t.Context(), "t", shelves, shelf(id)); err != nil {
			t.Fatal(err)
		}
	}
	changed, err := r.Get(t.Context(), "t", shelves, "a")
	if err != nil {
		t.Fatal(err)
	}
	changed.Values, changed.Deleted = json.RawMessage(`{"name":"again"}`), start
	if changed, err = r.Put(t.Context(), "t", shelves, changed); err != nil || changed.Rev != 2 {
		t.Fatalf("%+v, %v", changed, err)
	}
	all, err := r.List(t.Context(), "t", shelves)
	var ids []string
	for _, c := range all {
		ids = append(ids, c.ID)
	}
	if diff := cmp.Diff([]string{"c", "a", "b"}, ids); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, c := range all {
		if c.ID == "a" {
			if diff := cmp.Diff(changed, c); diff != "" {
				t.Errorf("the changed one (-want +got):\n%s", diff)
			}
		}
	}
}

func TestConfigIsPutOverWhatWasRead(t *testing.T) {
	r := tenant.NewConfigs(openStore(t), clock())
	first, err := r.Put(t.Context(), "t", shelves, shelf("a"))
	if err != nil || first.Rev != 1 || first.Created.IsZero() {
		t.Fatalf("%+v, %v", first, err)
	}
	if _, err := r.Put(t.Context(), "t", shelves, shelf("a")); !errors.Is(err, store.ErrConflict) {
		t.Errorf("the same id again: %v", err)
	}
	if _, err := r.Put(t.Context(), "t", shelves, first); err != nil {
		t.Error(err)
	}
	if _, err := r.Put(t.Context(), "t", shelves, first); !errors.Is(err, store.ErrConflict) {
		t.Errorf("over an old revision: %v", err)
	}
	if err := r.Purge(t.Context(), "t", first); !errors.Is(err, store.ErrConflict) {
		t.Errorf("purge of an old revision: %v", err)
	}
	first.Rev = 2
	if err := r.Purge(t.Context(), "t", first); err != nil {
		t.Error(err)
	}
	if _, err := r.Get(t.Context(), "t", shelves, "a"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("after the purge: %v", err)
	}
}

func TestConfigOfOneTypeIsNoneOfAnother(t *testing.T) {
	r := tenant.NewConfigs(openStore(t), clock())
	if _, err := r.Put(t.Context(), "t", shelves, shelf("a")); err != nil {
		t.Fatal(err)
	}
	for _, of := range []tenant.ConfigType{{Plugin: "acme.labels", Type: "box"}, {Plugin: "acme.others", Type: "shelf"}} {
		if _, err := r.Get(t.Context(), "t", of, "a"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%v: %v", of, err)
		}
		if all, err := r.List(t.Context(), "t", of); err != nil || len(all) > 0 {
			t.Errorf("%v: %v, %v", of, all, err)
		}
	}
}
