package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/store"
)

// What is refused stands in storetest, because every driver has to refuse it; here is that the limits themselves pass.
func TestLimitsAreInclusive(t *testing.T) {
	index := map[string]string{}
	for i := range store.MaxIndexes {
		index[strings.Repeat("i", i+1)] = strings.Repeat("v", store.MaxIndexValue)
	}
	op := store.Op{Doc: store.Doc{
		Key:   store.Key{Tenant: store.Platform, Collection: strings.Repeat("c", store.MaxCollection), ID: strings.Repeat("x", store.MaxID)},
		Body:  []byte(`"` + strings.Repeat("x", store.MaxBody-2) + `"`),
		Index: index,
	}}
	if err := store.ValidateOp(op); err != nil {
		t.Error(err)
	}
	if err := store.ValidateOps(nil); err != nil {
		t.Error(err)
	}
	index[strings.Repeat("i", store.MaxIndexName)] = "one too many"
	if err := store.ValidateOp(op); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("%d indexes: %v, want ErrInvalid", len(index), err)
	}
}

func TestQueryValidateFillsInDefaults(t *testing.T) {
	q := store.Query{Tenant: "t", Collection: "things"}
	got, err := q.Validate()
	q.Limit = store.DefaultLimit
	if diff := cmp.Diff(q, got); err != nil || diff != "" {
		t.Errorf("Validate: %v (-want +got):\n%s", err, diff)
	}
	q.Limit = 0
	if got, err := q.ValidateCount(); err != nil || got.Limit != store.MaxCount {
		t.Errorf("ValidateCount: limit %d, %v", got.Limit, err)
	}
}

func TestInvalidKeyIsQuotedShortAndWhole(t *testing.T) {
	err := store.Key{Tenant: "t", Collection: "things", ID: strings.Repeat("ü", 300)}.Validate()
	if !errors.Is(err, store.ErrInvalid) || len(err.Error()) > 300 || strings.Contains(err.Error(), `\x`) {
		t.Errorf("error %q, want an ErrInvalid with a clipped id", err)
	}
}

func TestConflictErrorIsErrConflict(t *testing.T) {
	err := error(&store.ConflictError{Key: store.Key{Tenant: "t", Collection: "things", ID: "a"}})
	if !errors.Is(err, store.ErrConflict) || !strings.Contains(err.Error(), "things/a of t") {
		t.Errorf("error %q, want ErrConflict with the document's name", err)
	}
}

func TestRangeHoldsWhatBeginsWithThePrefix(t *testing.T) {
	for _, c := range []struct{ prefix, after, wantAfter, wantBelow string }{
		{"", "", "", ""},
		{"", "b", "b", ""},
		{"a.", "", "a.", "a/"},
		{"a.", "a.7", "a.7", "a/"},
		{"a.", "Z", "a.", "a/"},
		{"\ud7ff", "", "\ud7ff", "\ue000"}, // between the two there are no characters
		{"a\u007f", "", "a\u007f", "a\u0080"},
		{"a\U0010ffff", "", "a\U0010ffff", "b"},
		{"\U0010ffff", "", "\U0010ffff", ""},
	} {
		after, below := store.Query{Prefix: c.prefix, After: c.after}.Range()
		if after != c.wantAfter || below != c.wantBelow {
			t.Errorf("prefix %+q after %+q: %+q to %+q, want %+q to %+q", c.prefix, c.after, after, below, c.wantAfter, c.wantBelow)
		}
	}
}
