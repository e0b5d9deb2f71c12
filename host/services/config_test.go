package services_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/services"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/store"
)

// documents are configuration documents that the test writes.
type documents []config.Document

func (w *documents) Get(_ context.Context, _ *capability.Binding, typ, id string) (*config.Document, error) {
	for _, d := range *w {
		if d.Type == typ && d.ID == id {
			return &d, nil
		}
	}
	return nil, sdk.Errorf(sdk.NotFound, "there is none")
}

func (w *documents) List(_ context.Context, _ *capability.Binding, typ string) (out []config.Document, _ error) {
	for _, d := range *w {
		if d.Type == typ {
			out = append(out, d)
		}
	}
	return out, nil
}

const east, west = "4Nk7tQxYzAbCdEfGh2", "4Nk7tQxYzAbCdEfGh3"

// placed is a plugin that says on which shelf an issue is.
var placed = &manifest.Manifest{
	ID: "acme.labels", Version: "1.0.0",
	Configs: []manifest.Config{{Type: "shelf"}},
	Records: []manifest.Record{{Type: "place", ID: ofIssue, Fields: map[string]manifest.Field{
		"shelf": {Kind: manifest.KindConfig, Config: "shelf", Indexed: true}, "board": {Kind: manifest.KindCount},
	}}},
}

func shelved(t *testing.T) (services.Deps, *documents) {
	w := &documents{{Type: "shelf", ID: east, Rev: 1}, {Type: "box", ID: west, Rev: 1}}
	d := all(t, nil)
	d.Configs = w
	d.Manifests = services.ManifestsFunc(func(capability.PluginID, string) *manifest.Manifest { return placed })
	return d, w
}

func place(issue, shelf string) store.Record {
	return store.Record{Type: "place", ID: issue, Fields: map[string]string{"shelf": shelf}}
}

func TestRecordNamesADocumentThatIsThere(t *testing.T) {
	d, _ := shelved(t)
	ctx := as(t, services.New(d), binding("t"))
	if _, err := store.Put(ctx, place("10001", east), place("10002", east)); err != nil {
		t.Fatal(err)
	}
	for name, id := range map[string]string{"of another type": west, "that nobody wrote": "4Nk7tQxYzAbCdEfGh4", "that is a word": "shelf"} {
		if _, err := store.Put(ctx, place("10003", id)); sdk.CodeOf(err) != sdk.Invalid {
			t.Errorf("a document %s: %v", name, err)
		}
	}
	n, more, err := services.Referring(t.Context(), d.Store, placed, "t", "shelf", east)
	if n != 2 || more || err != nil {
		t.Errorf("%d, %t, %v; want 2", n, more, err)
	}
	if n, _, err := services.Referring(t.Context(), d.Store, placed, "somebody", "shelf", east); n != 0 || err != nil {
		t.Errorf("of another site: %d, %v", n, err)
	}
}

// A list goes over in as many pages as it needs.
func TestLargeDocumentsAreListedInPages(t *testing.T) {
	d, w := shelved(t)
	*w = nil
	var want []string
	for i := range 60 {
		id := "4Nk7tQxYzAbCdEfG" + strconv.Itoa(11+i)
		want = append(want, id)
		*w = append(*w, config.Document{Type: "shelf", ID: id, Rev: 1, Values: settings.Values{Strings: map[string]string{"text": string(make([]byte, 200<<10))}}})
	}
	got, err := config.List(as(t, services.New(d), binding("t")), "shelf")
	var ids []string
	for _, one := range got {
		ids = append(ids, one.ID)
	}
	if diff := cmp.Diff(want, ids); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestRecordsGoWithTheirDocument(t *testing.T) {
	d, w := shelved(t)
	*w = append(*w, config.Document{Type: "shelf", ID: west, Rev: 1})
	ctx := as(t, services.New(d), binding("t"))
	var records []store.Record
	for i := range 450 {
		records = append(records, place(strconv.Itoa(10001+i), east))
	}
	if _, err := store.Put(ctx, append(records, place("20001", west))...); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	configs := tenant.NewConfigs(d.Store, func() time.Time { return now })
	of := tenant.ConfigType{Plugin: "acme.labels", Type: "shelf"}
	for id, deleted := range map[string]time.Time{east: now.Add(-31 * 24 * time.Hour), west: now.Add(-29 * 24 * time.Hour)} {
		if _, err := configs.Put(t.Context(), "t", of, tenant.Config{ID: id, Values: []byte(`{}`), Deleted: deleted}); err != nil {
			t.Fatal(err)
		}
	}
	purge := func() int {
		n, err := services.PurgeConfigs(t.Context(), d.Store, configs, []*manifest.Manifest{placed}, "t", now.Add(-30*24*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := purge(); n != 451 {
		t.Errorf("%d went, want 450 records and their document", n)
	}
	if n := purge(); n != 0 {
		t.Errorf("%d went the second time", n)
	}
	left, err := store.List(ctx, store.Query{Type: "place"})
	if err != nil || len(left.Records) != 1 || left.Records[0].ID != "20001" {
		t.Errorf("%+v, %v; want the one on the shelf that can be taken back", left, err)
	}
	if all, err := configs.List(t.Context(), "t", of); err != nil || len(all) != 1 || all[0].ID != west {
		t.Errorf("%+v, %v", all, err)
	}
}
