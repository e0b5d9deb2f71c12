package privacy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/store"
)

var people = privacy.Type{
	Collection: "people", ID: privacy.Code, Changed: "at.last",
	Fields: []privacy.Field{
		{Path: "by", Kind: privacy.Account, Index: "by"},
		{Path: "team[]", Kind: privacy.Account},
		{Path: "seats[].holder", Kind: privacy.Account},
		{Path: "at.last", Kind: privacy.Time},
		{Path: "n", Kind: privacy.Count},
	},
}

func TestAccountsGoOutOfWhatAdminsWrote(t *testing.T) {
	typ := privacy.Type{Collection: "config", Fields: []privacy.Field{
		{Path: "people[]", Kind: privacy.Account, Of: "values"}, {Path: "by", Kind: privacy.Account}, {Path: "values", Kind: privacy.Configuration},
	}}
	d := store.Doc{Body: []byte(`{"people":["ann","bob"],"values":{"as":"ann","name":"ann and bob","n":1,"team":["bob","ann"],"first":{"as":"ann","show":true},"rows":[{"who":"ann"},{"who":"bob"}]}}`)}
	op, named, err := typ.Without(d, "ann")
	if err != nil || !named {
		t.Fatalf("Without = %v, %v", named, err)
	}
	want := `{"people":["bob"],"values":{"first":{"show":true},"n":1,"name":"ann and bob","rows":[{},{"who":"bob"}],"team":["bob"]}}`
	if diff := cmp.Diff(want, string(op.Doc.Body)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, named, err := typ.Without(d, "cy"); named || err != nil {
		t.Errorf("somebody else: %v, %v", named, err)
	}
	// Words that are no choice of a person are left alone, also where they are those of an account that goes.
	d.Body = []byte(`{"by":"ann","values":{"name":"ann"}}`)
	if op, named, err := typ.Without(d, "ann"); !named || err != nil || string(op.Doc.Body) != `{"values":{"name":"ann"}}` {
		t.Errorf("%s, %v, %v", op.Doc.Body, named, err)
	}
}

func TestAccountsGoOutOfDocuments(t *testing.T) {
	key := store.Key{Tenant: tenantID, Collection: "people", ID: "a"}
	d := store.Doc{
		Key: key, Rev: 7, Index: map[string]string{"by": "ann"},
		Body: []byte(`{"by":"ann","team":["bob","ann","cy"],"seats":[{"holder":"ann","n":1},{"holder":"bob"}],"at":{"last":"2026-01-31T12:00:00Z"},"n":12345678901234567890}`),
	}
	accounts, err := people.Accounts(d)
	if diff := cmp.Diff([]string{"ann", "bob", "cy"}, accounts); err != nil || diff != "" {
		t.Errorf("accounts (-want +got):\n%s%v", diff, err)
	}
	if got := people.ChangedAt(d).Unix(); got != 1769860800 {
		t.Errorf("changed at %d", got)
	}
	op, named, err := people.Without(d, "ann")
	if err != nil || !named {
		t.Fatalf("Without = %v, %v", named, err)
	}
	want := store.Op{IfRev: 7, Doc: store.Doc{
		Key: key, Index: map[string]string{},
		Body: []byte(`{"at":{"last":"2026-01-31T12:00:00Z"},"n":12345678901234567890,"seats":[{"n":1},{"holder":"bob"}],"team":["bob","cy"]}`),
	}}
	if diff := cmp.Diff(want, op); diff != "" {
		t.Errorf("the write (-want +got):\n%s", diff)
	}
	if _, named, err := people.Without(op.Doc, "ann"); named || err != nil {
		t.Errorf("it is named still: %v, %v", named, err)
	}
	whole := people
	whole.Erasure = privacy.EraseRecord
	if op, named, err := whole.Without(d, "cy"); err != nil || !named || !op.Delete || op.IfRev != 7 {
		t.Errorf("Without = %+v, %v, %v; want a delete at revision 7", op, named, err)
	}
}
