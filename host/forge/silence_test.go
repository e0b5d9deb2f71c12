package forge_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/tenant"
)

const silence = 7 * 24 * time.Hour

// The app was removed and no call said so. What is kept of the site must not be kept for ever.
func TestSiteThatCallsNoMoreCountsAsGone(t *testing.T) {
	f := open(t, false)
	byConnect, err := f.tenants.Install(t.Context(), tenant.Installation{ClientKey: "key-1", SharedSecret: seal.NewSecret("s3cret-of-the-site-0123456789"), BaseURL: "https://other.atlassian.net"})
	if err != nil {
		t.Fatal(err)
	}
	silent := f.arrive(f.invocation("one"))
	look := func(want int) {
		t.Helper()
		if n, err := f.sites.EndSilent(t.Context(), silence); n != want || err != nil {
			t.Errorf("%d sites ended, %v; want %d", n, err, want)
		}
	}
	state := func(id capability.TenantID, want tenant.State) tenant.Tenant {
		t.Helper()
		got, err := f.tenants.ByID(t.Context(), id)
		if err != nil || got.State != want {
			t.Errorf("%s, %v; want %s", got.State, err, want)
		}
		return got
	}
	f.now = f.now.Add(silence + 4*time.Hour - time.Second)
	look(0)
	f.now = f.now.Add(time.Second)
	look(1)
	look(0)
	state(byConnect.ID, tenant.Active) // Connect has no hourly call
	if gone := state(silent.ID, tenant.Uninstalled); !gone.Uninstalled.Equal(f.now) {
		t.Errorf("its grace period counts from %v, not from %v", gone.Uninstalled, f.now)
	}
	if log := f.log.String(); strings.Count(log, "does not call any more") != 1 || !strings.Contains(log, string(silent.ID)) {
		t.Errorf("the log: %s", log)
	}
	if len(f.ended) > 0 {
		t.Error("what was good for the installation ended, though nobody said that it did")
	}
	f.now = f.now.Add(time.Hour)
	if again := f.arrive(f.invocation("one")); again.ID != silent.ID || again.State != tenant.Active {
		t.Errorf("it calls again and is %+v", again)
	}
	f.now = f.now.Add(silence)
	look(0)
}

// API tokens and the like are for one installation.
func TestWhatWasGoodForOneInstallationEndsWithIt(t *testing.T) {
	f := open(t, true)
	f.jira.clientKey = "key-1"
	before, err := f.tenants.Install(t.Context(), tenant.Installation{ClientKey: "key-1", SharedSecret: seal.NewSecret("s3cret-of-the-site-0123456789"), BaseURL: "https://acme.atlassian.net"})
	if err != nil {
		t.Fatal(err)
	}
	want := []capability.TenantID(nil)
	is := func(what string) {
		t.Helper()
		if diff := cmp.Diff(want, f.ended); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
		f.now = f.now.Add(time.Hour)
	}
	f.arrive(f.invocation("one"))
	is("the Forge app takes the Connect app over")
	f.arrive(f.invocation("one"))
	is("it calls again")
	f.arrive(f.invocation("two"))
	want = append(want, before.ID)
	is("another installation, though no farewell of the one before came")
	if err := f.sites.Left(t.Context(), f.invocation("two")); err != nil {
		t.Fatal(err)
	}
	want = append(want, before.ID)
	is("farewell")
	f.arrive(f.invocation("three"))
	want = append(want, before.ID)
	is("it comes back, in case that failed at the farewell")
}
