package tenant_test

import (
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/tenant"
)

func TestEveryWriteOfATenantIsTold(t *testing.T) {
	tenants, told := newTenants(t), map[capability.TenantID]int{}
	kept := install(t, tenants, site("one"))
	tenants.Watch(func(id capability.TenantID) { told[id]++ })
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"disable", func() error { _, err := tenants.SetState(t.Context(), kept.ID, tenant.Disabled); return err }},
		{"enable", func() error { _, err := tenants.SetState(t.Context(), kept.ID, tenant.Active); return err }},
		{"install again", func() error { _, err := tenants.Install(t.Context(), site("one")); return err }},
		{"take over by Forge", func() error {
			_, err := tenants.InstallForge(t.Context(), onForge("i", "cloud", kept.ClientKey))
			return err
		}},
		{"uninstall", func() error { _, err := tenants.Uninstall(t.Context(), kept.ID); return err }},
		{"start a purge", func() error { _, err := tenants.StartPurge(t.Context(), kept.ID, start.Add(24*time.Hour)); return err }},
		{"forget", func() error { return tenants.Forget(t.Context(), kept.ID) }},
	} {
		before := told[kept.ID]
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if told[kept.ID] == before {
			t.Errorf("%s: nobody was told", step.name)
		}
	}
	if len(told) != 1 {
		t.Errorf("told of %v, want %s alone", told, kept.ID)
	}
}
