package operator_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/operator"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/sdk"
)

// bench is credentials in a store behind the gate.
type bench struct {
	*testing.T
	*operator.Service
	store store.Store
	now   time.Time
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, now: time.Date(2026, 11, 27, 15, 4, 5, 6, time.UTC)}
	db, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Config{})
	b.check(err)
	t.Cleanup(func() { b.check(db.Close()) })
	types, err := privacy.NewTypes(nil, slices.Concat(seal.Types(), operator.Types())...)
	b.check(err)
	b.store = privacy.NewGate(db, types)
	b.Service = operator.New(operator.Config{Store: b.store, Keys: sealtest.Keeper(t, b.store), Now: func() time.Time { return b.now }})
	return b
}

func (b *bench) check(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) make(name string) (operator.Credential, string) {
	b.Helper()
	one, text, err := b.Make(b.Context(), operator.Wish{Name: name, ReadOnly: name == "reader", Life: 90 * 24 * time.Hour})
	b.check(err)
	return one, text
}

// stored is all that the package keeps.
func (b *bench) stored() map[string]string {
	b.Helper()
	out := map[string]string{}
	for _, collection := range []string{"operator", "operator_key"} {
		for d, err := range store.Each(b.Context(), b.store, store.Query{Tenant: store.Platform, Collection: collection}) {
			b.check(err)
			out[d.Key.String()] = string(d.Body)
		}
	}
	return out
}

// refuses verifies a text that has to be refused, and finds the store as it was.
func (b *bench) refuses(what, text string, want error) {
	b.Helper()
	before := b.stored()
	if one, err := b.Verify(b.Context(), text); !errors.Is(err, want) || one.Name != "" {
		b.Errorf("%s: %+v, %v, want %v", what, one, err, want)
	}
	if diff := cmp.Diff(before, b.stored()); diff != "" {
		b.Errorf("%s: a refusal has changed the store:\n%s", what, diff)
	}
}

func TestTokenIsOfItsCredential(t *testing.T) {
	b := newBench(t)
	b.make("writer")
	made, text := b.make("reader")
	got, err := b.Verify(t.Context(), text)
	b.check(err)
	if got != made || got.Name != "reader" || !got.ReadOnly || !got.Expires.Equal(time.Date(2027, 2, 25, 15, 4, 5, 0, time.UTC)) {
		t.Errorf("it is %+v, made was %+v", got, made)
	}
	all, err := b.List(t.Context())
	b.check(err)
	if len(all) != 2 || all[0] != made || all[1].Name != "writer" || all[1].ReadOnly {
		t.Errorf("list: %+v", all)
	}
	if !operator.Formed(text) {
		t.Error("a token is not of the form of one")
	}
}

func TestTextIsKeptNowhere(t *testing.T) {
	b := newBench(t)
	_, text := b.make("writer")
	secret := text[len(operator.Prefix)+16 : len(text)-7]
	if len(secret) != 32 {
		t.Fatalf("the random part of %s", text)
	}
	for at, body := range b.stored() {
		if strings.Contains(body, secret) {
			t.Errorf("%s holds the token", at)
		}
	}
}

func TestTokensAreRefused(t *testing.T) {
	b := newBench(t)
	b.refuses("before there is any", operator.Prefix+strings.Repeat("a", 55), operator.ErrUnknown)
	_, good := b.make("writer")
	_, other := b.make("other")
	_, revoked := b.make("revoked")
	b.check(b.Revoke(t.Context(), "revoked"))
	_, again := b.make("revoked") // of the same name, which is no reason for the old one to come back
	half := len(operator.Prefix) + 16
	for what, text := range map[string]string{
		"nothing": "", "the prefix": operator.Prefix, "cut": good[:len(good)-1], "longer": good + "a", "in capitals": strings.ToUpper(good),
		"with another sum": good[:len(good)-7] + "aaaaaaa", "with another's id": other[:half] + good[half:], "with a space": " " + good,
		"an API token's": "pergola_" + strings.Repeat("a", 63), "revoked": revoked,
	} {
		b.refuses(what, text, operator.ErrUnknown)
	}
	for _, text := range []string{good, other, again} {
		if _, err := b.Verify(t.Context(), text); err != nil {
			t.Errorf("a good one: %v", err)
		}
	}
	b.now = b.now.Add(90*24*time.Hour - time.Second)
	if _, err := b.Verify(t.Context(), good); err != nil {
		t.Errorf("a second before its end: %v", err)
	}
	b.now = b.now.Add(time.Second)
	b.refuses("expired", good, operator.ErrExpired)
}

// Who can write into the store but has no key can end a credential, and nothing more.
func TestNoWriterOfTheStoreMakesACredentialDoMore(t *testing.T) {
	b := newBench(t)
	_, reader := b.make("reader")
	_, writer := b.make("writer")
	at := func(name string) store.Doc {
		d, err := b.store.Get(t.Context(), store.Key{Tenant: store.Platform, Collection: "operator", ID: name})
		b.check(err)
		return d
	}
	original := at("reader")
	for what, change := range map[string]func(m map[string]any){
		"may write":         func(m map[string]any) { m["readOnly"] = false },
		"lasts":             func(m map[string]any) { m["expires"] = "2099-01-01T00:00:00Z" },
		"without a digest":  func(m map[string]any) { m["digest"] = "" },
		"another's digest":  func(m map[string]any) { m["digest"] = digestOf(t, at("writer")) },
		"digest left aside": func(m map[string]any) { delete(m, "digest") },
	} {
		var m map[string]any
		b.check(json.Unmarshal(original.Body, &m))
		change(m)
		d := original
		var err error
		d.Body, err = json.Marshal(m)
		b.check(err)
		_, err = b.store.Write(t.Context(), store.Op{Doc: d, IfRev: store.Any})
		b.check(err)
		b.refuses(what, reader, operator.ErrUnknown)
	}
	_, err := b.store.Write(t.Context(), store.Op{Doc: original, IfRev: store.Any})
	b.check(err)
	for _, text := range []string{reader, writer} {
		if _, err := b.Verify(t.Context(), text); err != nil {
			t.Errorf("as it was: %v", err)
		}
	}
}

func digestOf(t *testing.T, d store.Doc) string {
	t.Helper()
	var m struct{ Digest string }
	if err := json.Unmarshal(d.Body, &m); err != nil || m.Digest == "" {
		t.Fatalf("%s: %v", d.Body, err)
	}
	return m.Digest
}

func TestLastUseIsKeptByDay(t *testing.T) {
	b := newBench(t)
	_, text := b.make("writer")
	use := func() operator.Credential {
		one, err := b.Verify(t.Context(), text)
		b.check(err)
		b.Note(t.Context(), one)
		all, err := b.List(t.Context())
		b.check(err)
		return all[0]
	}
	day := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	if got := use().Used; !got.Equal(day) {
		t.Errorf("used %s", got)
	}
	before := b.stored()
	use()
	if diff := cmp.Diff(before, b.stored()); diff != "" {
		t.Errorf("a second use on the day is kept:\n%s", diff)
	}
	b.now = b.now.Add(24 * time.Hour)
	one, err := b.Verify(t.Context(), text)
	b.check(err)
	if got := use().Used; !got.Equal(day.Add(24 * time.Hour)) {
		t.Errorf("used %s", got)
	}
	// One that is revoked while it is used does not come back.
	b.check(b.Revoke(t.Context(), "writer"))
	b.Note(t.Context(), one)
	if all, err := b.List(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("a revoked one is back: %+v, %v", all, err)
	}
}

func TestWishesSayWhatIsWrong(t *testing.T) {
	b := newBench(t)
	b.make("taken")
	for _, tt := range []struct {
		wish  operator.Wish
		code  sdk.Code
		field string
	}{
		{operator.Wish{Life: time.Hour}, sdk.Invalid, "name"},
		{operator.Wish{Name: "Nightly import", Life: time.Hour}, sdk.Invalid, "name"},
		{operator.Wish{Name: strings.Repeat("a", 41), Life: time.Hour}, sdk.Invalid, "name"},
		{operator.Wish{Name: "a", Life: time.Hour - 1}, sdk.Invalid, "expires"},
		{operator.Wish{Name: "a", Life: -time.Hour}, sdk.Invalid, "expires"},
		{operator.Wish{Name: "a", Life: operator.MaxLife + 1}, sdk.Invalid, "expires"},
		{operator.Wish{Name: "taken", Life: time.Hour}, sdk.Exists, "name"},
	} {
		_, text, err := b.Make(t.Context(), tt.wish)
		var wrong *sdk.Error
		if !errors.As(err, &wrong) || wrong.Code != tt.code || wrong.Field != tt.field || text != "" {
			t.Errorf("%+v: %q, %v", tt.wish, text, err)
		}
	}
	for _, name := range []string{"nobody", "../key", ""} {
		if err := b.Revoke(t.Context(), name); sdk.CodeOf(err) != sdk.NotFound {
			t.Errorf("revoke %q: %v", name, err)
		}
	}
	for i := range operator.MaxCredentials - 1 {
		b.make("n" + strings.Repeat("-", i%30) + string(rune('a'+i/30)))
	}
	if _, _, err := b.Make(t.Context(), operator.Wish{Name: "more", Life: time.Hour}); sdk.CodeOf(err) != sdk.Invalid || !strings.Contains(err.Error(), "Revoke some") {
		t.Errorf("one too many: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("")
	f.Add(operator.Prefix + strings.Repeat("a", 55))
	f.Add("pergola_" + strings.Repeat("a", 63))
	f.Fuzz(func(t *testing.T, text string) {
		if operator.Formed(text) && (!strings.HasPrefix(text, operator.Prefix) || len(text) != len(operator.Prefix)+55) {
			t.Errorf("%q is taken for a token", text)
		}
	})
}
