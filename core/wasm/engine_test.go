package wasm_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest"
	"github.com/pergola-platform/pergola/core/drivertest/fixture"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// TestWholeWay goes from the engine through a Wasm guest to the broker and back.
func TestWholeWay(t *testing.T) {
	broker, err := capability.NewBroker([]capability.Row{{
		Op: "thing.get", Permission: "thing:read",
		Handle: func(_ context.Context, b *capability.Binding, body []byte) ([]byte, error) {
			return (&sdk.Request{Name: "for " + string(b.Tenant)}).MarshalMsg(nil)
		},
	}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	e, err := core.New(core.Config{
		Drivers: map[string]driver.Driver{"wasm": open(t)},
		Broker:  broker,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	m := &manifest.Manifest{
		ID: fixture.ID, Version: fixture.Version, Compat: manifest.Compat{ABI: wire.ABI}, Runtime: manifest.Runtime{Kind: "wasm"},
		Permissions: []manifest.Permission{{Name: "thing:read", Reason: "to show things"}},
		Modules:     []manifest.Module{{Type: "issuePanel", Key: "panel", Name: "Panel", View: fixture.Ask}},
		Limits:      manifest.Limits{Request: manifest.ClassLimits{TimeoutMs: 30_000}},
	}
	if err := e.Add(context.Background(), m, drivertest.Guest(t)); err != nil {
		t.Fatal(err)
	}
	wantBothDigests(t, e.Plugins()[0], drivertest.Guest(t))
	r := &sdk.Request{Name: fixture.Ask, Params: map[string]string{"op": "thing.get"}}
	for _, tt := range []struct {
		tenant capability.TenantID
		grants capability.Grants
		op     string
		want   string
		code   sdk.Code
		says   string
	}{
		{tenant: "acme", grants: capability.Grants{"thing:read": true}, op: "thing.get", want: "for acme"},
		{tenant: "globex", grants: capability.Grants{"thing:read": true}, op: "thing.get", want: "for globex"},
		{tenant: "initech", op: "thing.get", code: sdk.PermissionDenied, says: `"thing:read"`},
		{tenant: "acme", op: "thing.put", code: sdk.Unimplemented, says: "thing.put"},
	} {
		r.Params["op"] = tt.op
		page, err := e.View(context.Background(), capability.Binding{Tenant: tt.tenant, Plugin: fixture.ID, Grants: tt.grants}, r)
		if tt.code != "" {
			if sdk.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("%s: got %v", tt.tenant, err)
			}
			continue
		}
		if err != nil || page.Title != tt.want {
			t.Errorf("%s: got %+v, %v", tt.tenant, page, err)
		}
	}
	if _, err := e.View(context.Background(), capability.Binding{Tenant: "acme", Plugin: fixture.ID, Grants: capability.Grants{"thing:read": true}},
		&sdk.Request{Name: fixture.AskMany, Params: map[string]string{"op": "thing.get", "times": "1001"}}); sdk.CodeOf(err) != sdk.Exhausted {
		t.Errorf("1001 host calls: got %v", err)
	}
}

// wantBothDigests checks that it is known which bytes were given and which run: the file in the cache begins with the SHA-256 of the latter.
func wantBothDigests(t *testing.T, s core.Status, given []byte) {
	t.Helper()
	sum := sha256.Sum256(given)
	files, err := filepath.Glob(filepath.Join(cacheDir, "metered-*", hex.EncodeToString(sum[:])))
	if err != nil || len(files) != 1 {
		t.Fatalf("the rewritten module is not in the cache: %v, %v", files, err)
	}
	raw, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if runs := hex.EncodeToString(raw[:sha256.Size]); s.Digest != sum || s.Facts.Digest != runs || runs == hex.EncodeToString(sum[:]) {
		t.Errorf("given %x and running %s, it says %x and %s", sum, runs, s.Digest, s.Facts.Digest)
	}
}
