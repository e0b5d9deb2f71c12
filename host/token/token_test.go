package token_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/personal"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/token"
	"github.com/pergola-platform/pergola/sdk"
)

const owner = "557058:owner"

// bench is tokens of two sites in a store behind the gate.
type bench struct {
	*testing.T
	*token.Service
	store    store.Store
	types    *privacy.Types
	tenants  *tenant.Tenants
	one, two tenant.Tenant
	now      time.Time
	dead     map[string]bool
	jira     error
	asked    int
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{T: t, now: time.Date(2026, 11, 27, 15, 4, 5, 0, time.UTC), dead: map[string]bool{}}
	db, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Config{})
	b.check(err)
	t.Cleanup(func() { b.check(db.Close()) })
	b.types, err = privacy.NewTypes(nil, append(append(tenant.Types(), seal.Types()...), token.Types()...)...)
	b.check(err)
	b.store = privacy.NewGate(db, b.types)
	keeper := sealtest.Keeper(t, b.store)
	b.tenants = tenant.NewTenants(b.store, keeper, func() time.Time { return b.now })
	b.one, b.two = b.install("one"), b.install("two")
	b.Service = token.New(token.Config{
		Store: b.store, Tenants: b.tenants, Key: tenant.NewTokens(b.store, keeper).Key, Now: func() time.Time { return b.now },
		Active: func(_ context.Context, _ capability.TenantID, account string) (bool, error) {
			b.asked++
			return !b.dead[account], b.jira
		},
	})
	return b
}

func (b *bench) check(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *bench) install(site string) tenant.Tenant {
	t, err := b.tenants.Install(b.Context(), tenant.Installation{ClientKey: site, SharedSecret: seal.NewSecret("secret of " + site), BaseURL: "https://" + site + ".example"})
	b.check(err)
	return t
}

func wish() token.Wish {
	return token.Wish{Name: "Nightly import", Scopes: []string{manifest.LinksWrite, manifest.LinksRead}, Life: 24 * time.Hour}
}

func (b *bench) make(t tenant.Tenant) (token.Token, string) {
	b.Helper()
	made, text, err := b.Make(b.Context(), t, owner, wish())
	b.check(err)
	return made, text
}

// refuses verifies a text that has to be refused, and finds the store as it was.
func (b *bench) refuses(want error, text string) {
	b.Helper()
	before := b.stored()
	_, _, err := b.Verify(b.Context(), text)
	if !errors.Is(err, want) {
		b.Errorf("error %v, want %v", err, want)
	}
	if diff := cmp.Diff(before, b.stored()); diff != "" {
		b.Errorf("a refusal has changed the store:\n%s", diff)
	}
}

func (b *bench) stored() map[string]string {
	b.Helper()
	out := map[string]string{}
	for _, t := range []tenant.Tenant{b.one, b.two} {
		for d, err := range store.Each(b.Context(), b.store, store.Query{Tenant: t.ID, Collection: "api_token"}) {
			b.check(err)
			out[d.Key.String()] = string(d.Body)
		}
	}
	return out
}

func TestATokenIsShownOnceAndKnownAgain(t *testing.T) {
	b := newBench(t)
	made, text := b.make(b.one)
	if !regexp.MustCompile(`^pergola_[a-z2-7]{63}$`).MatchString(text) {
		t.Errorf("the text is of another form: %d characters", len(text))
	}
	got, site, err := b.Verify(t.Context(), text)
	b.check(err)
	if diff := cmp.Diff(made, got); diff != "" || site.ID != b.one.ID {
		t.Errorf("token (-made +known) of %s:\n%s", site.ID, diff)
	}
	if diff := cmp.Diff([]string{"links:read", "links:write"}, got.Scopes); diff != "" || got.Account != owner || !got.Expires.Equal(b.now.Add(24*time.Hour)) {
		t.Errorf("token: %+v", got)
	}
	for _, body := range b.stored() {
		for _, part := range []string{text, text[len(text)-39:], text[32 : len(text)-7]} {
			if strings.Contains(body, part) {
				t.Error("the store holds the text, or what nobody could guess of it")
			}
		}
	}
	if all, err := b.List(t.Context(), b.two.ID); err != nil || len(all) != 0 {
		t.Errorf("another site lists %v, %v", all, err)
	}
}

func TestTokensAreRefused(t *testing.T) {
	b := newBench(t)
	made, text := b.make(b.one)
	other, foreign := b.make(b.two)
	for _, broken := range []string{"", "pergola_", text + "a", text[:len(text)-1], strings.ToUpper(text), "x" + text[1:], text[:20] + "a" + text[21:], text[:20] + "b" + text[21:], strings.Repeat("a", 10_000)} {
		if broken != text {
			b.refuses(token.ErrMalformed, broken)
		}
	}
	if b.asked != 0 {
		t.Error("Jira was asked about texts that are none")
	}
	// Who can write into the store, and has no key, makes no token by it: neither of a digest that was taken elsewhere.
	from, err := b.store.Get(t.Context(), store.Key{Tenant: b.two.ID, Collection: "api_token", ID: other.ID})
	b.check(err)
	to, err := b.store.Get(t.Context(), store.Key{Tenant: b.one.ID, Collection: "api_token", ID: made.ID})
	b.check(err)
	to.Body = from.Body
	_, err = b.store.Write(t.Context(), store.Op{Doc: to, IfRev: store.Any})
	b.check(err)
	b.refuses(token.ErrUnknown, text)
	b.check(b.Revoke(t.Context(), b.two.ID, other.ID))
	b.refuses(token.ErrUnknown, foreign)
	b.check(b.Revoke(t.Context(), b.two.ID, other.ID))

	_, text = b.make(b.one)
	b.dead[owner] = true
	b.refuses(token.ErrDead, text)
	delete(b.dead, owner)
	b.refuses(token.ErrDead, text) // remembered for a while
	b.now = b.now.Add(time.Minute)
	b.jira = errors.New("jira does not answer")
	b.refuses(b.jira, text)
	b.jira = nil
	if _, _, err := b.Verify(t.Context(), text); err != nil {
		t.Errorf("it is good again: %v", err)
	}
	b.now = b.now.Add(24 * time.Hour)
	b.refuses(token.ErrExpired, text)
}

func TestUninstallationEndsTokens(t *testing.T) {
	b := newBench(t)
	_, text := b.make(b.one)
	_, stays := b.make(b.two)
	_, err := b.tenants.Uninstall(t.Context(), b.one.ID)
	b.check(err)
	if _, site, err := b.Verify(t.Context(), text); err != nil || site.State != tenant.Uninstalled || b.asked != 0 {
		t.Errorf("the caller judges the site's state, got %v of %s; Jira asked %d times", err, site.State, b.asked)
	}
	b.check(b.RevokeAll(t.Context(), b.one.ID))
	b.install("one")
	b.refuses(token.ErrUnknown, text)
	if _, _, err := b.Verify(t.Context(), stays); err != nil {
		t.Errorf("another site's token: %v", err)
	}
}

func TestErasureOfAnAccountEndsItsTokens(t *testing.T) {
	b := newBench(t)
	_, text := b.make(b.one)
	_, others, err := b.Make(t.Context(), b.one, "557058:other", wish())
	b.check(err)
	directory := personal.NewDirectory(b.store, b.types)
	accounts, err := directory.Accounts(t.Context(), b.one.ID)
	b.check(err)
	if len(accounts) != 2 {
		t.Errorf("accounts that are reported: %v", accounts)
	}
	if n, err := directory.Erase(t.Context(), b.one.ID, owner); n != 1 || err != nil {
		t.Errorf("erased %d, %v", n, err)
	}
	b.refuses(token.ErrUnknown, text)
	if _, _, err := b.Verify(t.Context(), others); err != nil {
		t.Errorf("somebody else's token: %v", err)
	}
}

func TestUseIsNotedByDay(t *testing.T) {
	b := newBench(t)
	made, text := b.make(b.one)
	use := func() store.Doc {
		_, _, err := b.Verify(t.Context(), text)
		b.check(err)
		d, err := b.store.Get(t.Context(), store.Key{Tenant: b.one.ID, Collection: "api_token", ID: made.ID})
		b.check(err)
		return d
	}
	first := use()
	if got, err := b.Get(t.Context(), b.one.ID, made.ID); err != nil || !got.Used.Equal(time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("used %v, %v", got.Used, err)
	}
	b.now = b.now.Add(time.Hour)
	if again := use(); again.Rev != first.Rev {
		t.Error("a second use on the same day writes again")
	}
	b.now = b.now.Add(10 * time.Hour)
	if next := use(); next.Rev == first.Rev {
		t.Error("the next day is not noted")
	}
}

func TestWishesAreJudged(t *testing.T) {
	b := newBench(t)
	for _, tt := range []struct {
		name, field string
		change      func(*token.Wish)
	}{
		{"no name", "name", func(w *token.Wish) { w.Name = "  " }},
		{"a long name", "name", func(w *token.Wish) { w.Name = strings.Repeat("ä", 61) }},
		{"two lines", "name", func(w *token.Wish) { w.Name = "a\nb" }},
		{"bytes", "name", func(w *token.Wish) { w.Name = "\xff" }},
		{"no scope", "scopes", func(w *token.Wish) { w.Scopes = nil }},
		{"a scope that nobody has", "scopes", func(w *token.Wish) { w.Scopes = []string{"links:read", "everything"} }},
		{"no end", "expires", func(w *token.Wish) { w.Life = 0 }},
		{"too late an end", "expires", func(w *token.Wish) { w.Life = token.MaxLife + 1 }},
	} {
		w := wish()
		tt.change(&w)
		_, _, err := b.Make(t.Context(), b.one, owner, w)
		var e *sdk.Error
		if !errors.As(err, &e) || e.Code != sdk.Invalid || e.Field != tt.field {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if _, _, err := b.Make(t.Context(), b.one, "", wish()); sdk.CodeOf(err) != sdk.PermissionDenied {
		t.Errorf("for nobody: %v", err)
	}
	if n := len(b.stored()); n != 0 {
		t.Errorf("%d tokens were made", n)
	}
}

func TestExpiredTokensAreForgotten(t *testing.T) {
	b := newBench(t)
	b.make(b.one)
	b.now = b.now.Add(24*time.Hour + token.Remembered)
	if n, err := b.Expire(t.Context(), b.one.ID); n != 0 || err != nil {
		t.Errorf("too early: %d, %v", n, err)
	}
	b.now = b.now.Add(time.Second)
	if n, err := b.Expire(t.Context(), b.one.ID); n != 1 || err != nil || len(b.stored()) != 0 {
		t.Errorf("forgot %d, %v", n, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", token.Prefix, token.Prefix + strings.Repeat("a", 63), "pergola_aaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccccccccccccccccccddddddd"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if again, ok := token.Parse(s); ok && again != s {
			t.Errorf("%q is read as %q", s, again)
		}
	})
}
