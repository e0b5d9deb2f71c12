package drivertest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest/fixture"
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
