package drivertest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest/fixture"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
)

func testTenants(t *testing.T, b *bench) {
	// Fewer instances than tenants, so that they have to be taken over.
	m := b.load(t, driver.Limits{Instances: 2})
	tenants := []string{"acme", "globex", "initech"}
	for round := range 4 {
		for _, tenant := range tenants {
			got, err := title(context.Background(), t, m, driver.Call{Tenant: tenant},
				request(fixture.Remember, "text", fmt.Sprintf("secret of %s", tenant)))
			if err != nil {
				t.Fatal(err)
			}
			if got != "" && got != "secret of "+tenant {
				t.Errorf("round %d: %s sees %q", round, tenant, got)
			}
		}
	}
}

func testPristine(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{Instances: 2})
	for _, tenant := range []string{"acme", "acme", "", "globex", "acme", ""} {
		got, err := title(context.Background(), t, m, driver.Call{Tenant: tenant}, request(fixture.Remember, "text", "secret"))
		if err != nil {
			t.Fatal(err)
		}
		if got != "" {
			t.Errorf("a call of %q sees %q", tenant, got)
		}
	}
}

func testRandomness(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	seen := map[string]bool{}
	for range 20 {
		got, err := title(context.Background(), t, m, driver.Call{Tenant: "tenant"}, request(fixture.Draw))
		if err != nil {
			t.Fatal(err)
		}
		for i, number := range strings.Fields(got) {
			if seen[number] {
				t.Errorf("source %d draws %s a second time", i, number)
			}
			seen[number] = true
		}
	}
	if len(seen) != 80 {
		t.Errorf("%d different numbers, want 80", len(seen))
	}
}

// testCanary plants a text wherever a call of one tenant can carry it, and looks for it wherever the call of another can
// see or tell something.
func testCanary(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{Instances: 1, Budget: driver.Budget{Concurrency: 1}})
	if m.Facts().Memory == driver.SharedMemory {
		t.Skip("the driver says that its memory is shared")
	}
	const canary = "canary-of-acme-7f3a91"
	echoing := hostcall.HostFunc(func(ctx context.Context, raw []byte) []byte { return mirror(ctx, raw) })
	acme := driver.Call{Tenant: "acme", Host: echoing}
	for _, r := range []*sdk.Request{
		request(fixture.Echo, "text", canary),
		request(fixture.Remember, "text", canary),
		request(fixture.Ask, "op", "x", "text", canary),
		request(fixture.Fail, "code", "invalid", "text", canary),
		request(fixture.Print, "text", canary+"\n"),
		request(fixture.Print, "text", canary), // a line without an end
		request(fixture.AskPanic, "op", "x", "text", canary),
	} {
		_, _ = title(context.Background(), t, m, acme, r) // some of them fail, as they should
		tell := func(what string, err error) {
			if err != nil && strings.Contains(err.Error(), canary) {
				t.Errorf("after %s: the error of another tenant's %s holds it: %v", r.Name, what, err)
			}
		}
		globex := driver.Call{Tenant: "globex"}
		got, err := title(context.Background(), t, m, globex, request(fixture.Scan, "needle", fixture.Hide(canary)))
		tell("scan", err)
		if sdk.CodeOf(err) != sdk.Unimplemented && (err != nil || got != "0") {
			t.Errorf("after %s: another tenant finds it %s times in its memory, %v", r.Name, got, err)
		}
		got, err = title(context.Background(), t, m, globex, request(fixture.Remember, "text", "x"))
		tell("variable", err)
		if strings.Contains(got, canary) {
			t.Errorf("after %s: another tenant reads it in a variable", r.Name)
		}
		_, err = title(context.Background(), t, m, globex, request(fixture.Panic))
		tell("panic", err)
	}
	if b.logged != nil && strings.Contains(b.logged(), canary) {
		t.Error("the driver's log holds it")
	}
}
