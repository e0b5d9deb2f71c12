package sdktest_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/store"
)

func TestStoreKeepsWhatItsDocumentationSays(t *testing.T) {
	_, ctx := host(t)
	rec := func(id string, rev int64, fields ...string) store.Record {
		r := store.Record{Type: "code", ID: id, Rev: rev, Fields: map[string]string{}}
		for pair := range slices.Chunk(fields, 2) {
			r.Fields[pair[0]] = pair[1]
		}
		return r
	}
	many := make([]store.Record, 501)
	for i := range many {
		many[i] = rec(strconv.Itoa(1000+i), 0)
	}
	for _, step := range []struct {
		name string
		put  []store.Record
		want sdk.Code
	}{
		{"create", []store.Record{rec("1", 0, "issue", "10001", "state", "active")}, ""},
		{"create what is there", []store.Record{rec("1", 0, "issue", "10001")}, sdk.Exists},
		{"replace", []store.Record{rec("1", 1, "issue", "10002")}, ""},
		{"replace an old revision", []store.Record{rec("1", 1, "issue", "10003")}, sdk.Exists},
		{"replace what is not there", []store.Record{rec("2", 1, "issue", "10003")}, sdk.Exists},
		{"all or nothing", []store.Record{rec("3", 0, "issue", "10003"), rec("1", 1, "issue", "10003")}, sdk.Exists},
		{"twice in one batch", []store.Record{rec("4", 0), rec("4", 0)}, sdk.Invalid},
		{"field that is not declared", []store.Record{rec("5", 0, "summary", "Laptop")}, sdk.Invalid},
		{"value of another kind", []store.Record{rec("5", 0, "issue", "OPS-7")}, sdk.Invalid},
		{"type that is not declared", []store.Record{{Type: "note", ID: "5"}}, sdk.Invalid},
		{"word that is not declared", []store.Record{rec("5", 0, "state", "broken")}, sdk.Invalid},
		{"id with a space", []store.Record{rec("e f", 0)}, sdk.Invalid},
		{"id of another kind", []store.Record{rec("OPS-7", 0)}, sdk.Invalid},
		{"too many", many, sdk.Invalid},
		{"as many as can be", many[:500], ""},
		{"none", nil, ""},
	} {
		if _, err := store.Put(ctx, step.put...); sdk.CodeOf(err) != step.want {
			t.Errorf("%s: %v, want %q", step.name, err, step.want)
		}
	}
	got, err := store.Get(ctx, "code", "1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&store.Record{Type: "code", ID: "1", Rev: 2, Fields: map[string]string{"issue": "10002"}}, got); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	if _, err := store.Get(ctx, "code", "3"); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("half of a refused batch was written: %v", err)
	}
	for _, q := range []store.Query{
		{Type: "note"}, {Type: "code", Field: "state", Value: "active"}, {Type: "code", Field: "nothing"}, {Type: "code", Field: "issue", Value: "OPS-7"},
		{Type: "code", Field: "on", Value: "no"}, {Type: "code", Limit: 501}, {Type: "code", Limit: -1},
	} {
		if _, err := store.List(ctx, q); sdk.CodeOf(err) != sdk.Invalid {
			t.Errorf("list %+v: %v", q, err)
		}
	}
	var ids []string
	q := store.Query{Type: "code"}
	for {
		page, err := store.List(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Records {
			ids = append(ids, r.ID)
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	if len(ids) != 501 || !slices.IsSorted(ids) {
		t.Errorf("listed %d records, sorted %v", len(ids), slices.IsSorted(ids))
	}
	if err := store.Delete(ctx, "code", "1"); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Get(ctx, "code", "1"); sdk.CodeOf(err) != sdk.NotFound {
		t.Errorf("a deleted record: %v", err)
	}
}

func TestTokensAreTakenBackAndNothingElseIs(t *testing.T) {
	h, ctx := host(t)
	tokens, err := store.Tokens(ctx, 500)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(tokens)
	if n := len(slices.Compact(tokens)); n != 500 || store.Validate(store.KindToken, tokens[7]) != nil {
		t.Errorf("%d different tokens such as %q", n, tokens[7])
	}
	if _, err := store.Put(ctx, store.Record{Type: "visit", ID: tokens[0]}, store.Record{Type: "code", ID: "1", Fields: map[string]string{"token": tokens[1]}}); err != nil {
		t.Error(err)
	}
	made := strings.Repeat("a", 18)
	for field, r := range map[string]store.Record{"id": {Type: "visit", ID: made}, "token": {Type: "code", ID: "2", Fields: map[string]string{"token": made}}} {
		_, err := store.Put(ctx, r)
		var e *sdk.Error
		if !errors.As(err, &e) || e.Code != sdk.Invalid || e.Field != field || !strings.Contains(e.Message, "store.Tokens") {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, n := range []int{-1, 0, 501} {
		if _, err := store.Tokens(ctx, n); sdk.CodeOf(err) != sdk.Invalid {
			t.Errorf("%d tokens: %v", n, err)
		}
	}
	again, _ := host(t)
	if same, err := store.Tokens(again.With(ctx), 1); err != nil || !slices.Contains(tokens, same[0]) {
		t.Errorf("another run makes other tokens: %v, %v", same, err)
	}
	h.Grants = map[string]bool{}
	if _, err := store.Tokens(ctx, 1); sdk.CodeOf(err) != sdk.PermissionDenied {
		t.Errorf("without a grant: %v", err)
	}
}
