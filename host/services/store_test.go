package services_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/services"
	hoststore "github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/store"
)

var (
	ofIssue = manifest.RecordID{Kind: manifest.KindIssue}
	records = []manifest.Record{
		{Type: "code", ID: ofIssue, Fields: map[string]manifest.Field{
			"issue": {Kind: manifest.KindIssue, Indexed: true}, "by": {Kind: manifest.KindAccount}, "at": {Kind: manifest.KindTime},
			"count": {Kind: manifest.KindCount}, "state": {Kind: manifest.KindStatus, Indexed: true, Values: []string{"none", "printed"}},
			"on": {Kind: manifest.KindSwitch}, "token": {Kind: manifest.KindToken},
		}},
		{Type: "sheet", ID: ofIssue, Fields: map[string]manifest.Field{"issue": {Kind: manifest.KindIssue, Indexed: true}}},
		{Type: "visit", ID: manifest.RecordID{Kind: manifest.KindToken}, Retention: manifest.Retention{Days: 30}, Fields: map[string]manifest.Field{
			"issue": {Kind: manifest.KindIssue, Indexed: true},
		}},
		{Type: "mark", ID: ofIssue, Retention: manifest.Retention{Days: 30}, Fields: map[string]manifest.Field{
			"issue": {Kind: manifest.KindIssue, Indexed: true},
		}},
	}
	logs = map[string]string{
		"sheet.rendered": "{labels} labels in {took} microseconds, of {issue}, {none}, {tenant}, {type}, {what.field}, {by}.",
	}
)

// manifests knows acme.labels in two versions and two plugins whose ids begin alike.
func manifests(id capability.PluginID, version string) *manifest.Manifest {
	m := &manifest.Manifest{ID: id, Version: version, Records: records, Logs: logs}
	switch {
	case id == "acme.labels" && version == "2.0.0":
		m.Records = []manifest.Record{{Type: "code", ID: ofIssue, Fields: map[string]manifest.Field{"issue": {Kind: manifest.KindIssue, Indexed: true}}}}
	case id == "acme" || id == "acme.labels.extra":
		// What no manifest may declare, should one do it all the same.
		m.Records = append(slices.Clone(records), manifest.Record{Type: "labels.code", ID: ofIssue, Fields: records[0].Fields})
	case id != "acme.labels" || version != "1.0.0":
		return nil
	}
	return m
}

// all is a host with everything in it.
func all(t testing.TB, j services.Jira) services.Deps {
	t.Helper()
	return services.Deps{
		Settings:  services.SettingsFunc(noSettings),
		Jira:      j,
		Store:     openStore(t),
		Manifests: services.ManifestsFunc(manifests),
		TokenKey:  tokenKey,
		Now:       newClock().Now,
	}
}

// tokenKey is another one for each tenant.
func tokenKey(_ context.Context, t capability.TenantID) ([]byte, error) {
	key := sha256.Sum256([]byte(t))
	return key[:], nil
}

func openStore(t testing.TB) hoststore.Driver {
	t.Helper()
	d, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func code(id, issue string, rev int64) store.Record {
	return store.Record{Type: "code", ID: id, Rev: rev, Fields: map[string]string{"issue": issue}}
}

func TestRecordComesBackAsItWasPut(t *testing.T) {
	ctx := as(t, services.New(all(t, nil)), binding("t"))
	tokens, err := store.Tokens(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := store.Record{Type: "code", ID: "10007", Fields: map[string]string{
		"issue": "10001", "by": "557058:ann", "at": "2026-01-31T12:00:00Z", "count": "-3", "state": "printed", "on": "true", "token": tokens[0],
	}}
	put, err := store.Put(ctx, want)
	want.Rev = 1
	if diff := cmp.Diff([]store.Record{want}, put); err != nil || diff != "" {
		t.Errorf("Put: %v (-want +got):\n%s", err, diff)
	}
	got, err := store.Get(ctx, "code", "10007")
	if diff := cmp.Diff(&want, got); err != nil || diff != "" {
		t.Errorf("Get: %v (-want +got):\n%s", err, diff)
	}
	// A record may have none of its fields.
	if _, err := store.Put(ctx, store.Record{Type: "code", ID: "10008"}); err != nil {
		t.Errorf("Put without fields: %v", err)
	}
	if got, err := store.Get(ctx, "code", "10008"); err != nil || len(got.Fields) != 0 {
		t.Errorf("Get = %+v, %v; want no fields", got, err)
	}
}

func TestRevisionsDecideWhoWrites(t *testing.T) {
	ctx := as(t, services.New(all(t, nil)), binding("t"))
	exists := sdk.Error{Code: sdk.Exists, Source: sdk.FromHost}
	if _, err := store.Put(ctx, code("8", "1", 0)); err != nil {
		t.Fatal(err)
	}
	_, err := store.Put(ctx, code("8", "2", 0))
	wantError(t, "create again", err, exists)
	if put, err := store.Put(ctx, code("8", "2", 1)); err != nil || put[0].Rev != 2 {
		t.Errorf("replace = %+v, %v; want revision 2", put, err)
	}
	for _, rev := range []int64{1, 3} {
		_, err = store.Put(ctx, code("8", "3", rev))
		wantError(t, fmt.Sprint("replace revision ", rev), err, exists)
	}
	_, err = store.Put(ctx, code("9", "3", 1))
	wantError(t, "replace what is not there", err, exists)
	_, err = store.Put(ctx, code("8", "3", -1))
	wantError(t, "write over anything", err, sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: "rev"})
	if got, err := store.Get(ctx, "code", "8"); err != nil || got.Fields["issue"] != "2" {
		t.Errorf("Get = %+v, %v; want the second write", got, err)
	}
}

func TestOneOfConcurrentPutsWins(t *testing.T) {
	rows := services.New(all(t, nil))
	var won atomic.Int64
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			switch _, err := store.Put(as(t, rows, binding("t")), code("8", strconv.Itoa(i), 0)); sdk.CodeOf(err) {
			case "":
				won.Add(1)
			case sdk.Exists:
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d of 8 creations won, want 1", won.Load())
	}
}

func TestBatchIsWrittenWholeOrNotAtAll(t *testing.T) {
	ctx := as(t, services.New(all(t, nil)), binding("t"))
	if _, err := store.Put(ctx, code("71", "1", 0)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		last store.Record
		want sdk.Error
	}{
		"conflict":   {code("71", "2", 0), sdk.Error{Code: sdk.Exists, Source: sdk.FromHost}},
		"undeclared": {store.Record{Type: "code", ID: "9", Fields: map[string]string{"summary": "words"}}, sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: "summary"}},
		"twice":      {code("72", "2", 0), sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost}},
	} {
		_, err := store.Put(ctx, code("72", "1", 0), store.Record{Type: "sheet", ID: "72"}, c.last)
		wantError(t, name, err, c.want)
		if name == "conflict" && !strings.Contains(err.Error(), `"71"`) {
			t.Errorf("the conflict %q does not name the record", err)
		}
		_, err = store.Get(ctx, "code", "72")
		wantError(t, name+", then Get", err, sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost})
	}
	if put, err := store.Put(ctx); err != nil || len(put) != 0 {
		t.Errorf("Put of nothing = %v, %v", put, err)
	}
	many := make([]store.Record, 501)
	for i := range many {
		many[i] = code(strconv.Itoa(1000+i), "1", 0)
	}
	_, err := store.Put(ctx, many...)
	wantError(t, "501 records", err, sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost})
	if put, err := store.Put(ctx, many[:500]...); err != nil || len(put) != 500 || put[499].Rev != 1 {
		t.Errorf("500 records: %d, %v", len(put), err)
	}
}

func TestOnlyDeclaredValuesAreStored(t *testing.T) {
	deps := all(t, nil)
	ctx := as(t, services.New(deps), binding("t"))
	for field, values := range map[string][]string{
		"issue": {"", "OPS-7", "Printer on fire", strings.Repeat("1", 20)},
		"by":    {"", "Ann Example"},
		"at":    {"yesterday", "2025-06-07"},
		"count": {"many", "1.5", "007"},
		"state": {"Printed", "two words", "broken", ""},
		"on":    {"yes", ""},
		"token": {"has a space", "printer", strings.Repeat("x", 18)},
		// Not declared.
		"summary": {"", "1"},
		"Issue":   {"1"},
		"":        {"1"},
	} {
		for _, v := range values {
			_, err := store.Put(ctx, store.Record{Type: "code", ID: "8", Fields: map[string]string{"issue": "1", field: v}})
			wantError(t, fmt.Sprintf("%s = %q", field, v), err, sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: field})
			if v != "" && v != "1" && err != nil && strings.Contains(err.Error(), v) {
				t.Errorf("the error %q repeats the value", err)
			}
		}
	}
	for _, typ := range []string{"", "other", "Code", "code.x"} {
		invalid := sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: "type"}
		_, err := store.Put(ctx, store.Record{Type: typ, ID: "8"})
		wantError(t, "Put type "+typ, err, invalid)
		_, err = store.Get(ctx, typ, "8")
		wantError(t, "Get type "+typ, err, invalid)
		wantError(t, "Delete type "+typ, store.Delete(ctx, typ, "8"), invalid)
		_, err = store.List(ctx, store.Query{Type: typ})
		wantError(t, "List type "+typ, err, invalid)
	}
	for _, id := range []string{"printer", "OPS-7", "-1", strings.Repeat("1", 20), strings.Repeat("x", 18)} {
		invalid := sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: "id"}
		for _, typ := range []string{"code", "visit"} {
			_, err := store.Put(ctx, store.Record{Type: typ, ID: id})
			wantError(t, "Put id "+id, err, invalid)
			if err != nil && strings.Contains(err.Error(), id) {
				t.Errorf("the error %q repeats the id", err)
			}
		}
		// Nothing can be there.
		_, err := store.Get(ctx, "code", id)
		wantError(t, "Get id "+id, err, sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost})
		if err := store.Delete(ctx, "code", id); err != nil {
			t.Errorf("Delete id %s: %v", id, err)
		}
	}
	for _, id := range []string{"", "a b", "ü", "a/b", strings.Repeat("x", 129)} {
		invalid := sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: "id"}
		_, err := store.Put(ctx, code(id, "1", 0))
		wantError(t, "Put id "+id, err, invalid)
		_, err = store.Get(ctx, "code", id)
		wantError(t, "Get id "+id, err, invalid)
		wantError(t, "Delete id "+id, store.Delete(ctx, "code", id), invalid)
	}
	docs, err := deps.Store.List(t.Context(), hoststore.Query{Tenant: "t", Collection: "rec.acme.labels.code"})
	if err != nil || len(docs) != 0 {
		t.Errorf("something that was refused is stored: %v, %v", docs, err)
	}
}

func TestDeletedRecordIsGone(t *testing.T) {
	ctx := as(t, services.New(all(t, nil)), binding("t"))
	if _, err := store.Put(ctx, code("8", "1", 0)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := store.Delete(ctx, "code", "8"); err != nil {
			t.Errorf("Delete: %v", err)
		}
	}
	_, err := store.Get(ctx, "code", "8")
	wantError(t, "Get", err, sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost})
	if l, err := store.List(ctx, store.Query{Type: "code", Field: "issue", Value: "1"}); err != nil || len(l.Records) != 0 {
		t.Errorf("List = %+v, %v; want nothing", l, err)
	}
}

func TestRecordsOfTenantsAndPluginsAreApart(t *testing.T) {
	rows := services.New(all(t, nil))
	if _, err := store.Put(as(t, rows, binding("t")), code("8", "1", 0)); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]*capability.Binding{
		"another tenant":         {Tenant: "u", Plugin: "acme.labels", Version: "1.0.0"},
		"a plugin of its parent": {Tenant: "t", Plugin: "acme", Version: "1.0.0"},
		"a plugin below it":      {Tenant: "t", Plugin: "acme.labels.extra", Version: "1.0.0"},
	} {
		b.Grants = capability.Grants{"store": true}
		ctx := as(t, rows, b)
		for _, typ := range []string{"code", "labels.code"} {
			if got, err := store.Get(ctx, typ, "8"); err == nil {
				t.Errorf("%s reads %+v as type %s", name, got, typ)
			}
			if l, err := store.List(ctx, store.Query{Type: typ}); err == nil && len(l.Records) > 0 {
				t.Errorf("%s lists %+v as type %s", name, l, typ)
			}
			if l, err := store.List(ctx, store.Query{Type: typ, Field: "issue", Value: "1"}); err == nil && len(l.Records) > 0 {
				t.Errorf("%s finds %+v as type %s", name, l, typ)
			}
			if _, err := store.Put(ctx, store.Record{Type: typ, ID: "8", Rev: 1}); err == nil {
				t.Errorf("%s replaces the record as type %s", name, typ)
			}
			_ = store.Delete(ctx, typ, "8") // deleting what is not there is no error
		}
	}
	if got, err := store.Get(as(t, rows, binding("t")), "code", "8"); err != nil || got.Rev != 1 {
		t.Errorf("the record is %+v, %v", got, err)
	}
}

func TestNewerVersionReadsWhatItDeclares(t *testing.T) {
	rows := services.New(all(t, nil))
	if _, err := store.Put(as(t, rows, binding("t")), store.Record{Type: "code", ID: "8", Fields: map[string]string{"issue": "1", "state": "none"}}); err != nil {
		t.Fatal(err)
	}
	newer := binding("t")
	newer.Version = "2.0.0"
	ctx := as(t, rows, newer)
	got, err := store.Get(ctx, "code", "8")
	if diff := cmp.Diff(&store.Record{Type: "code", ID: "8", Rev: 1, Fields: map[string]string{"issue": "1"}}, got); err != nil || diff != "" {
		t.Fatalf("Get: %v (-want +got):\n%s", err, diff)
	}
	if _, err := store.Put(ctx, *got); err != nil {
		t.Errorf("what was read cannot be put: %v", err)
	}
	unknown := binding("t")
	unknown.Version = "3.0.0"
	_, err = store.Get(as(t, rows, unknown), "code", "8")
	wantError(t, "a version that is not there", err, sdk.Error{Code: sdk.Internal, Source: sdk.FromHost})
}

func TestUnavailableStoreSaysSo(t *testing.T) {
	deps := all(t, nil)
	if err := deps.Store.Close(); err != nil {
		t.Fatal(err)
	}
	ctx := as(t, services.New(deps), binding("t"))
	unavailable := sdk.Error{Code: sdk.Unavailable, Source: sdk.FromHost}
	_, err := store.Get(ctx, "code", "8")
	wantError(t, "Get", err, unavailable)
	_, err = store.Put(ctx, code("8", "1", 0))
	wantError(t, "Put", err, unavailable)
	wantError(t, "Delete", store.Delete(ctx, "code", "8"), unavailable)
	_, err = store.List(ctx, store.Query{Type: "code"})
	wantError(t, "List", err, unavailable)
}
