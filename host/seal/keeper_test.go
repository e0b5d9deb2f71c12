package seal_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
)

func TestSealedValueOpensWhereItWasSealedFor(t *testing.T) {
	s := openStore(t)
	k := newKeeper(t, s, (&clock{now: start}).Now, "a")
	for _, plain := range []string{value, "", "\x00\xff\n", strings.Repeat("x", 1<<20)} {
		text := sealed(t, k, acme, place, plain)
		if !regexp.MustCompile(`^v1\.[a-z2-7]{10}\.[A-Za-z0-9_-]{38,}$`).MatchString(text) {
			t.Errorf("a sealed value reads %.80s", text)
		}
		opens(t, k, acme, place, text, plain)
		opens(t, newKeeper(t, s, (&clock{now: start}).Now, "b", "a"), acme, place, text, plain) // another process
		if again := sealed(t, k, acme, place, plain); again == text {
			t.Error("the same value sealed twice gives the same text")
		}
	}
	if got, err := k.Keys(t.Context(), acme); err != nil || len(got) != 1 || !got[0].Current || got[0].By != "a" || !got[0].Created.Equal(start) {
		t.Errorf("Keys: %+v, %v; want one, current", got, err)
	}
}

func TestSealedValueOpensNowhereElse(t *testing.T) {
	k := newKeeper(t, openStore(t), (&clock{now: start}).Now, "a")
	text := sealed(t, k, acme, place, value)
	for name, at := range map[string]seal.Place{
		"collection":          {Collection: "tenants", ID: place.ID, Field: place.Field},
		"id":                  {Collection: place.Collection, ID: "acmf", Field: place.Field},
		"field":               {Collection: place.Collection, ID: place.ID, Field: "password"},
		"parts cut elsewhere": {Collection: place.Collection, ID: place.ID + "s", Field: strings.TrimPrefix(place.Field, "s")},
	} {
		if got, err := k.Open(t.Context(), acme, at, text); !errors.Is(err, seal.ErrChanged) || got.Reveal() != "" {
			t.Errorf("with another %s: %v, want ErrChanged", name, err)
		}
	}
	sealed(t, k, other, place, value) // so that other has a key
	if _, err := k.Open(t.Context(), other, place, text); !errors.Is(err, seal.ErrShredded) {
		t.Errorf("of another tenant: %v, want ErrShredded, as it has no such key", err)
	}
}

// Whoever can write into the store may bring a tenant's key along with its values.
func TestDataKeyServesNoOtherTenant(t *testing.T) {
	s := openStore(t)
	k := newKeeper(t, s, (&clock{now: start}).Now, "a")
	text := sealed(t, k, acme, place, value)
	_, id, _ := keyOf(t, text)
	doc, err := s.Get(t.Context(), store.Key{Tenant: acme, Collection: seal.Collection, ID: id})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []store.Key{
		{Tenant: other, Collection: seal.Collection, ID: id},
		{Tenant: acme, Collection: seal.Collection, ID: strings.Repeat("z", 10)},
	} {
		if _, err := s.Write(t.Context(), store.Op{Doc: store.Doc{Key: key, Body: doc.Body}}); err != nil {
			t.Fatal(err)
		}
		moved := strings.Replace(text, id, key.ID, 1)
		if _, err := k.Open(t.Context(), key.Tenant, place, moved); !errors.Is(err, seal.ErrChanged) {
			t.Errorf("a key copied to %s: %v, want ErrChanged", key, err)
		}
	}
}

func keyOf(t testing.TB, sealed string) (version, id, box string) {
	t.Helper()
	parts := strings.Split(sealed, ".")
	if len(parts) != 3 {
		t.Fatalf("a sealed value reads %s", sealed)
	}
	return parts[0], parts[1], parts[2]
}

func TestEveryChangedByteIsNoticed(t *testing.T) {
	k := newKeeper(t, openStore(t), (&clock{now: start}).Now, "a")
	text := sealed(t, k, acme, place, value)
	fails := func(how, changed string) {
		got, err := k.Open(t.Context(), acme, place, changed)
		if !errors.Is(err, seal.ErrChanged) && !errors.Is(err, seal.ErrNotSealed) && !errors.Is(err, seal.ErrShredded) || got.Reveal() != "" {
			t.Errorf("%s: %v", how, err)
		}
		if err != nil && shows(err.Error()) {
			t.Errorf("%s: the error shows the value: %v", how, err)
		}
	}
	for i := range len(text) {
		for b := range 256 {
			if byte(b) != text[i] {
				fails(fmt.Sprintf("byte %d is %#x", i, b), text[:i]+string([]byte{byte(b)})+text[i+1:])
			}
		}
		fails(fmt.Sprintf("cut at %d", i), text[:i])
		fails(fmt.Sprintf("line feed at %d", i), text[:i]+"\n"+text[i:])
	}
	version, id, box := keyOf(t, text)
	raw, err := base64.RawURLEncoding.DecodeString(box)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		for bit := range 8 {
			raw[i] ^= 1 << bit
			changed := version + "." + id + "." + base64.RawURLEncoding.EncodeToString(raw)
			if _, err := k.Open(t.Context(), acme, place, changed); !errors.Is(err, seal.ErrChanged) {
				t.Errorf("bit %d of byte %d: %v, want ErrChanged", bit, i, err)
			}
			raw[i] ^= 1 << bit
		}
	}
	for _, tail := range []string{"=", "==", "A", "\n", "."} {
		fails("longer", text+tail)
	}
	opens(t, k, acme, place, text, value)

	// Of each length modulo 3, since bits of the last character may be without a use.
	for n := range 3 {
		text = sealed(t, k, acme, place, strings.Repeat("x", n))
		for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
			if changed := text[:len(text)-1] + string(c); changed != text {
				fails("last character", changed)
			}
		}
	}
}

func TestPlainValueIsToldFromChangedOne(t *testing.T) {
	k := newKeeper(t, openStore(t), (&clock{now: start}).Now, "a")
	for _, in := range []string{"", value, "v1", "v1.", "v1..", "v2.abcdefghij.AAAA", "v1.ABCDEFGHIJ.AAAA", "v1.abcdefghij.A A A"} {
		if _, err := k.Open(t.Context(), acme, place, in); !errors.Is(err, seal.ErrNotSealed) {
			t.Errorf("%q: %v, want ErrNotSealed", in, err)
		} else if in == value && shows(err.Error()) {
			t.Errorf("the error shows the value: %v", err)
		}
	}
}

func TestPlaceAndTenantAreNeeded(t *testing.T) {
	s := openStore(t)
	k := newKeeper(t, s, (&clock{now: start}).Now, "a")
	for name, c := range map[string]struct {
		tenant capability.TenantID
		at     seal.Place
	}{
		"no tenant":     {"", place},
		"no collection": {acme, seal.Place{ID: "a", Field: "b"}},
		"no id":         {acme, seal.Place{Collection: "a", Field: "b"}},
		"no field":      {acme, seal.Place{Collection: "a", ID: "b"}},
	} {
		if _, err := k.Seal(t.Context(), c.tenant, c.at, seal.NewSecret(value)); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("seal with %s: %v, want ErrInvalid", name, err)
		}
		if _, err := k.Open(t.Context(), c.tenant, c.at, "v1.abcdefghij.AAAA"); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("open with %s: %v, want ErrInvalid", name, err)
		}
	}
	if tenants, err := s.Tenants(t.Context(), "", 10); err != nil || len(tenants) > 0 {
		t.Errorf("keys were made for %v, %v", tenants, err)
	}
}

func TestMissingWrappingKeyIsNamed(t *testing.T) {
	s := openStore(t)
	text := sealed(t, newKeeper(t, s, (&clock{now: start}).Now, "old-2025"), acme, place, value)
	k := newKeeper(t, s, (&clock{now: start}).Now, "new")
	_, err := k.Open(t.Context(), acme, place, text)
	if !errors.Is(err, seal.ErrUnknownKey) || !strings.Contains(err.Error(), `"old-2025"`) || !strings.Contains(err.Error(), "put key") {
		t.Errorf("%v, want ErrUnknownKey that names the key and says what to do", err)
	}
	if _, err := k.Seal(t.Context(), acme, place, seal.NewSecret(value)); !errors.Is(err, seal.ErrUnknownKey) {
		t.Errorf("seal: %v, want ErrUnknownKey", err)
	}
	k.Use(ringOf(t, keys(t, "new", "old-2025")...))
	opens(t, k, acme, place, text, value)
}

func TestOtherKeyOfSameIDIsNoticed(t *testing.T) {
	s := openStore(t)
	text := sealed(t, newKeeper(t, s, (&clock{now: start}).Now, "a"), acme, place, value)
	impostor, err := seal.ParseKeys(seal.NewSecret("a" + strings.TrimPrefix(entry("b"), "b")))
	if err != nil {
		t.Fatal(err)
	}
	k := keeperOf(t, s, ringOf(t, impostor...), (&clock{now: start}).Now, seal.Config{})
	if _, err := k.Open(t.Context(), acme, place, text); !errors.Is(err, seal.ErrChanged) || !strings.Contains(err.Error(), `"a"`) {
		t.Errorf("%v, want ErrChanged that names the key", err)
	}
}

func TestTwoKeepersMakeOneKey(t *testing.T) {
	s := openStore(t)
	var wg sync.WaitGroup
	texts := make([]string, 16)
	for i := range texts {
		k := newKeeper(t, s, (&clock{now: start}).Now, "a")
		wg.Go(func() {
			var err error
			if texts[i], err = k.Seal(context.Background(), acme, place, seal.NewSecret(value)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	_, first, _ := keyOf(t, texts[0])
	for _, text := range texts {
		if _, id, _ := keyOf(t, text); id != first {
			t.Errorf("values are sealed under the keys %s and %s", first, id)
		}
	}
	if got, err := newKeeper(t, s, time.Now, "a").Keys(t.Context(), acme); err != nil || len(got) != 1 {
		t.Errorf("there are %d keys, %v; want one", len(got), err)
	}
}

func TestKeyIsUnwrappedOnce(t *testing.T) {
	s, now := openStore(t), &clock{now: start}
	text := sealed(t, newKeeper(t, s, now.Now, "a"), acme, place, value)
	w := &counted{Wrapper: keys(t, "a")[0]}
	k := keeperOf(t, s, ringOf(t, w), now.Now, seal.Config{})
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() { opens(t, k, acme, place, text, value) })
	}
	wg.Wait()
	now.move(10 * time.Minute) // the store is asked again, the wrapping key is not
	opens(t, k, acme, place, text, value)
	if w.unwraps != 1 {
		t.Errorf("the key was unwrapped %d times, want once", w.unwraps)
	}
	k.Forget(acme)
	opens(t, k, acme, place, text, value)
	if w.unwraps != 2 {
		t.Errorf("after Forget the key was unwrapped %d times, want twice", w.unwraps)
	}
}

func TestCacheIsBounded(t *testing.T) {
	s, now := openStore(t), &clock{now: start}
	w := &counted{Wrapper: keys(t, "a")[0]}
	k := keeperOf(t, s, ringOf(t, w), now.Now, seal.Config{Keys: 4})
	texts := map[capability.TenantID]string{}
	for i := range 10 {
		tenant := capability.TenantID(fmt.Sprint("tenant", i))
		texts[tenant] = sealed(t, k, tenant, place, string(tenant))
	}
	for tenant, text := range texts {
		opens(t, k, tenant, place, text, string(tenant))
	}
	if w.unwraps < 8 {
		t.Errorf("%d keys were unwrapped, want at least 8 of 10 where 4 places are for 2 tenants", w.unwraps)
	}
}

func TestUnusedKeyLeavesMemory(t *testing.T) {
	s, now := openStore(t), &clock{now: start}
	w := &counted{Wrapper: keys(t, "a")[0]}
	k := keeperOf(t, s, ringOf(t, w), now.Now, seal.Config{})
	text := sealed(t, k, acme, place, value)
	now.move(2 * time.Hour)
	sealed(t, k, other, place, value)
	opens(t, k, acme, place, text, value)
	if w.unwraps != 1 {
		t.Errorf("the key was unwrapped %d times, want once, after it was dropped", w.unwraps)
	}
}

func TestFailureIsNotRemembered(t *testing.T) {
	w := &counted{Wrapper: keys(t, "a")[0], fail: errors.New("service away")}
	k := keeperOf(t, openStore(t), ringOf(t, w), (&clock{now: start}).Now, seal.Config{})
	if _, err := k.Seal(t.Context(), acme, place, seal.NewSecret(value)); !errors.Is(err, w.fail) {
		t.Errorf("%v, want the wrapping key's own error", err)
	}
	w.fail = nil
	opens(t, k, acme, place, sealed(t, k, acme, place, value), value)
}

// One who gives up while it loads a key for all must not make the others fail.
func TestCallerWhoGaveUpDoesNotHarmOthers(t *testing.T) {
	s := openStore(t)
	text := sealed(t, newKeeper(t, s, (&clock{now: start}).Now, "a"), acme, place, value)
	synctest.Test(t, func(t *testing.T) {
		gate := &gated{Wrapper: keys(t, "a")[0]}
		k := keeperOf(t, s, ringOf(t, gate), (&clock{now: start}).Now, seal.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			if _, err := k.Open(ctx, acme, place, text); !errors.Is(err, context.Canceled) {
				t.Errorf("%v, want the context's error", err)
			}
		}()
		synctest.Wait()
		for range 3 {
			go opens(t, k, acme, place, text, value)
		}
		go func() {
			short, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if _, err := k.Open(short, acme, place, text); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("one who waits for another: %v, want its own context's error", err)
			}
		}()
		time.Sleep(time.Minute) // of the bubble's time
		cancel()
		synctest.Wait()
	})
}

// gated holds the first Unwrap until its context ends.
type gated struct {
	seal.Wrapper
	once sync.Once
}

func (g *gated) Unwrap(ctx context.Context, wrapped, aad []byte) ([]byte, error) {
	first := false
	g.once.Do(func() { first = true })
	if first {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return g.Wrapper.Unwrap(ctx, wrapped, aad)
}

func TestStoreHoldsNoKeyAndNoValue(t *testing.T) {
	s := openStore(t)
	k := newKeeper(t, s, (&clock{now: start}).Now, "a")
	sealed(t, k, acme, place, value)
	docs, err := s.List(t.Context(), store.Query{Tenant: acme, Collection: seal.Collection})
	if err != nil || len(docs) != 2 {
		t.Fatalf("%d documents, %v; want a key and which one is current", len(docs), err)
	}
	for _, d := range docs {
		if shows(string(d.Body)) || strings.Contains(string(d.Body), base64.StdEncoding.EncodeToString(rawKey("a"))) {
			t.Errorf("%s: %s", d.Key, d.Body)
		}
	}
}

func TestNewerFormatIsRefused(t *testing.T) {
	s := openStore(t)
	k := newKeeper(t, s, (&clock{now: start}).Now, "a")
	text := sealed(t, k, acme, place, value)
	_, id, _ := keyOf(t, text)
	key := store.Key{Tenant: acme, Collection: seal.Collection, ID: id}
	body, err := json.Marshal(map[string]any{"format": 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write(t.Context(), store.Op{Doc: store.Doc{Key: key, Body: body}, IfRev: store.Any}); err != nil {
		t.Fatal(err)
	}
	k.Forget(acme)
	if _, err := k.Open(t.Context(), acme, place, text); err == nil || !strings.Contains(err.Error(), "format is 2") {
		t.Errorf("%v, want a refusal of the format", err)
	}
}

func TestConfigIsChecked(t *testing.T) {
	for _, cfg := range []seal.Config{{TTL: -1}, {Keys: -1}, {Keys: 1}} {
		if _, err := seal.NewKeeper(nil, ringOf(t, keys(t, "a")...), time.Now, cfg); err == nil {
			t.Errorf("%+v was taken", cfg)
		}
	}
}
