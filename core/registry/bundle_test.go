package registry_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/bundle"
	"github.com/pergola-platform/pergola/core/registry"
)

// publisher packs and signs plugins, and is pinned for acme.*.
type publisher struct{ key bundle.SecretKey }

func newPublisher(t *testing.T) publisher {
	t.Helper()
	key, err := bundle.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return publisher{key}
}

func (p publisher) trust() bundle.Trust {
	return bundle.Trust{Publishers: []bundle.Pin{{Publisher: "acme", IDs: "acme.*", Key: p.key.Public()}}}
}

func pack(t *testing.T, id, version, code string) []byte {
	t.Helper()
	archive, err := bundle.Encode([]bundle.File{{Path: "plugin.json", Data: []byte(pluginJSON(id, version, "plugin.wasm"))}, {Path: "plugin.wasm", Data: []byte(code)}})
	if err != nil {
		t.Fatal(err)
	}
	return archive
}

func (p publisher) sign(archive []byte) []byte {
	return p.key.Sign("x.pergola", archive, time.Unix(1_800_000_000, 0))
}

func (p publisher) release(t *testing.T, id, version, code string) bundle.Verified {
	t.Helper()
	archive := pack(t, id, version, code)
	v, err := p.trust().Verify("x.pergola", archive, p.sign(archive))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestOpenVerifiesPackedBundlesAndSaysHowEachIsTrusted(t *testing.T) {
	acme, stranger := newPublisher(t), newPublisher(t)
	good, evil := pack(t, "acme.good", "1.0.0", "good"), pack(t, "evil.pinned", "1.0.0", "evil")
	changed := strings.Replace(string(good), "good", "evil", 1)
	dir := write(t, map[string]string{
		"a.pergola": string(good), "a.pergola.minisig": string(acme.sign(good)),
		"b.pergola": string(evil), "b.pergola.minisig": string(acme.sign(evil)),
		"c.pergola": changed, "c.pergola.minisig": string(acme.sign(good)),
		"d.pergola": string(good), "d.pergola.minisig": string(stranger.sign(good)),
		"e.pergola":             string(good),
		"f.pergola/plugin.json": pluginJSON("acme.plain", "1.0.0", "plugin.wasm"), "f.pergola/plugin.wasm": "plain",
		"g.pergola":         string(good), // with a signature that cannot be read
		"g.pergola.minisig": strings.Repeat("x", bundle.MaxSignature+1),
		"h.pergola.minisig": "left behind", ".i.pergola": "half written",
	})
	r, err := registry.Open(dir, acme.trust())
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		dir, id, code, reason string
		trust                 bundle.Tier
	}
	want := []row{
		{"a.pergola", "acme.good", "good", "", bundle.Publisher},
		{"b.pergola", "", "", "pinned for acme.* only", ""},
		{"c.pergola", "", "", "not the one that was signed", ""},
		{"d.pergola", "", "", "by a key that this host knows", ""},
		{"e.pergola", "", "", "it is not signed", ""},
		{"f.pergola", "acme.plain", "plain", "", registry.Directory},
		{"g.pergola", "", "", "g.pergola.minisig cannot be read", ""},
	}
	var got []row
	for i, e := range r.Entries() {
		g := row{dir: e.Dir, code: string(e.Code), trust: e.Trust}
		if e.Manifest != nil {
			g.id = string(e.Manifest.ID)
		}
		if i < len(want) && e.Reason != "" {
			if g.reason = e.Reason; want[i].reason != "" && strings.Contains(e.Reason, want[i].reason) {
				g.reason = want[i].reason
			}
		}
		if strings.Contains(e.Reason, dir) {
			t.Errorf("%s: the reason shows the host's directories: %s", e.Dir, e.Reason)
		}
		got = append(got, g)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(row{})); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	first := r.Entries()[0]
	if first.Archive != bundle.DigestOf(good) || first.Digest != bundle.DigestOf([]byte("good")) ||
		first.Signer != (bundle.Signer{Tier: bundle.Publisher, Key: acme.key.Public().ID(), Publisher: "acme"}) {
		t.Errorf("got %+v", first)
	}

	lax, err := registry.Open(dir, bundle.Trust{AllowUnsigned: true})
	if err != nil {
		t.Fatal(err)
	}
	if e := lax.Entries()[4]; e.Trust != bundle.Unsigned || e.Manifest == nil {
		t.Errorf("where unsigned bundles are allowed: %+v", e)
	}
}

func TestPutUpgradesAndNothingElse(t *testing.T) {
	acme := newPublisher(t)
	dir := filepath.Join(t.TempDir(), "made", "plugins")
	put := func(v bundle.Verified) (registry.Placed, error) { return registry.Put(dir, acme.trust(), v) }
	must := func(v bundle.Verified) registry.Placed {
		t.Helper()
		p, err := put(v)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	v1 := acme.release(t, "acme.labels", "1.9.0", "one")
	must(acme.release(t, "acme.other", "1.0.0", "other"))
	if p := must(v1); p.Name != "acme.labels-1.9.0.pergola" || p.Same || p.Removed != nil {
		t.Errorf("first: %+v", p)
	}
	if p := must(v1); !p.Same {
		t.Errorf("again: %+v", p)
	}
	v2 := acme.release(t, "acme.labels", "1.10.0", "two")
	if p := must(v2); !cmp.Equal(p.Removed, []string{"acme.labels-1.9.0.pergola"}) {
		t.Errorf("upgrade: %+v", p)
	}
	want := []string{"acme.labels-1.10.0.pergola", "acme.labels-1.10.0.pergola.minisig", "acme.other-1.0.0.pergola", "acme.other-1.0.0.pergola.minisig"}
	if diff := cmp.Diff(want, list(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	for name, tt := range map[string]struct {
		v    bundle.Verified
		says []string
	}{
		"downgrade":             {v1, []string{"acme.labels 1.10.0 is installed in acme.labels-1.10.0.pergola", "1.9.0 is older"}},
		"pre-release":           {acme.release(t, "acme.labels", "1.10.0-rc.1", "rc"), []string{"is older"}},
		"same number":           {acme.release(t, "acme.labels", "1.10.0", "evil"), []string{"with another content", v2.Digest.String(), "a version never changes"}},
		"same number and build": {acme.release(t, "acme.labels", "1.10.0+b2", "two"), []string{"with another content"}},
	} {
		_, err := put(tt.v)
		if !errors.Is(err, registry.ErrVersion) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, s := range tt.says {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%s: the error does not say %q: %v", name, s, err)
			}
		}
	}
	if diff := cmp.Diff(want, list(t, dir)); diff != "" {
		t.Errorf("a refused bundle left something (-want +got):\n%s", diff)
	}
}

func TestPutMindsDirectoriesOfTheSamePlugin(t *testing.T) {
	acme := newPublisher(t)
	dir := write(t, map[string]string{"mine/plugin.json": pluginJSON("acme.labels", "1.0.0", "plugin.wasm"), "mine/plugin.wasm": "mine"})
	for _, version := range []string{"0.9.0", "1.0.0"} {
		if _, err := registry.Put(dir, acme.trust(), acme.release(t, "acme.labels", version, "x")); !errors.Is(err, registry.ErrVersion) || !strings.Contains(err.Error(), "mine") {
			t.Errorf("%s: %v", version, err)
		}
	}
	p, err := registry.Put(dir, acme.trust(), acme.release(t, "acme.labels", "1.1.0", "x"))
	if err != nil || !cmp.Equal(p.Beside, []string{"mine"}) {
		t.Fatalf("got %+v, %v", p, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "mine", "plugin.wasm")); err != nil {
		t.Error(err)
	}
}

func TestPutRepairsADamagedFile(t *testing.T) {
	acme := newPublisher(t)
	v := acme.release(t, "acme.labels", "1.0.0", "x")
	dir := write(t, map[string]string{"acme.labels-1.0.0.pergola": "damaged", "acme.labels-1.0.0.pergola.minisig": string(v.Signatures)})
	if _, err := registry.Put(dir, acme.trust(), v); err != nil {
		t.Fatal(err)
	}
	r, err := registry.Open(dir, acme.trust())
	if err != nil || len(r.Entries()) != 1 || r.Entries()[0].Reason != "" {
		t.Errorf("got %+v, %v", r.Entries(), err)
	}
}

func TestPutKeepsTheOperatorsSignature(t *testing.T) {
	acme, operator := newPublisher(t), newPublisher(t)
	trust := acme.trust()
	trust.Operators = []bundle.Key{operator.key.Public()}
	trust.AllowUnsigned = true
	v := acme.release(t, "acme.labels", "1.0.0", "x")
	countersigned, unsigned := v, v
	countersigned.Signatures, unsigned.Signatures = operator.sign(v.Archive), nil
	dir := t.TempDir()
	for _, one := range []bundle.Verified{countersigned, v, unsigned} {
		if _, err := registry.Put(dir, trust, one); err != nil {
			t.Fatal(err)
		}
	}
	r, err := registry.Open(dir, trust)
	if err != nil || len(r.Entries()) != 1 || r.Entries()[0].Trust != bundle.Operator {
		t.Errorf("got %+v, %v", r.Entries(), err)
	}
}

func list(t *testing.T, dir string) (names []string) {
	t.Helper()
	items, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range items {
		names = append(names, item.Name())
	}
	return names
}
