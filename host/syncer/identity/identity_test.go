package identity_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/syncer/identity"
)

func TestDigestsDependOnTenantSynchronizationAndKey(t *testing.T) {
	a, b := identity.Secret("tenant a").Hasher(), identity.Secret("tenant b").Hasher()
	seen := map[identity.Digest]string{}
	for name, d := range map[string]identity.Digest{
		"a":             a.Row("s1", `["1"]`),
		"other tenant":  b.Row("s1", `["1"]`),
		"other sync":    a.Row("s2", `["1"]`),
		"other key":     a.Row("s1", `["2"]`),
		"shifted parts": a.Row("s", `1["1"]`),
	} {
		if before, twice := seen[d]; twice {
			t.Errorf("%s and %s have the digest %s", before, name, d)
		}
		seen[d] = name
		if len(d) != 26 || strings.Trim(string(d), "abcdefghijklmnopqrstuvwxyz234567") != "" {
			t.Errorf("%s: the digest %q", name, d)
		}
	}
	if again := identity.Secret("tenant a").Hasher(); a.Row("s1", `["1"]`) != again.Row("s1", `["1"]`) {
		t.Error("a row has two digests")
	}
}

func TestValueHashesTellFieldsApart(t *testing.T) {
	s := identity.Secret("tenant").Hasher()
	one, err := s.Value("s", "f1", map[string]any{"id": "1", "child": map[string]string{"id": "2"}})
	if err != nil {
		t.Fatal(err)
	}
	same, _ := s.Value("s", "f1", map[string]any{"child": map[string]string{"id": "2"}, "id": "1"})
	other, _ := s.Value("s", "f2", map[string]any{"id": "1", "child": map[string]string{"id": "2"}})
	if one != same || one == other {
		t.Errorf("hashes %s, %s of the same value and %s of another field", one, same, other)
	}
}

// Digests stand in issues: others would tie no row to its issue any more.
func TestDigestsStayWhatTheyAre(t *testing.T) {
	h := identity.Secret("a secret of 16 by").Hasher()
	value, err := h.Value("devices", "customfield_1", map[string]any{"id": "1", "child": nil})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a state that is used again begins anew
		if diff := cmp.Diff([]string{"4dt56wnjijvoacgheqlblsddmi", "T5Zun6l9sJRHWABk"}, []string{string(h.Row("devices", `["1","ü"]`)), value}); diff != "" {
			t.Error(diff)
		}
	}
}

func BenchmarkDigests(b *testing.B) {
	h := identity.Secret("a secret of 16 by").Hasher()
	for b.Loop() {
		h.Row("devices", `["1","u"]`)
	}
}

func TestLinkReadsWhatItWrote(t *testing.T) {
	want := identity.New("s1", "row", `["1"]`, "run")
	want.Fields["summary"], want.Marker = "h", "m"
	raw, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, ok := identity.Parse(raw)
	if diff := cmp.Diff(want, got); diff != "" || !ok {
		t.Error(ok, diff)
	}
	for _, foreign := range []string{``, `null`, `3`, `{"v":2,"sync":"s","row":"r"}`, `{"v":1,"row":"r"}`} {
		if l, ok := identity.Parse(json.RawMessage(foreign)); ok {
			t.Errorf("%s is taken for %+v", foreign, l)
		}
	}
	if long := identity.New("s", "r", strings.Repeat("k", 5000), ""); long.Key != "" {
		t.Error("a very long key is in the property")
	}
}

func TestQueriesQuoteWhatTheyAreGiven(t *testing.T) {
	if got, want := identity.BySync(`a"b\`, identity.Live), `issue.property[pergola.sync].sync = "a\"b\\" AND issue.property[pergola.sync].state = "live"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := identity.ByRow([]identity.Digest{"a", "b"}), `issue.property[pergola.sync].row in ("a", "b")`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
