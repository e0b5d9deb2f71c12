package services_test

import (
	"testing"

	"github.com/pergola-platform/pergola/host/services"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// TestACustomerReadsOfTheRequestWhatThePortalShows has a customer read issues that they may not browse: on the portal alone, the request at
// hand alone, and of it the summary alone.
func TestACustomerReadsOfTheRequestWhatThePortalShows(t *testing.T) {
	for _, tt := range []struct {
		name   string
		portal bool
		id     string
		fields []string
		want   sdk.Code
	}{
		{"the request", true, "10001", []string{"summary"}, ""},
		{"where the request is", true, "10001", nil, ""},
		{"another field of the request", true, "10001", []string{"summary", "duedate"}, sdk.PermissionDenied},
		{"another issue", true, "10002", []string{"summary"}, sdk.NotFound},
		{"the same issue elsewhere", false, "10001", []string{"summary"}, sdk.NotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := newFakeJira()
			for _, id := range []string{"10001", "10002"} {
				j.hide("t", "557058:ann", id)
			}
			b := binding("t")
			b.Portal = tt.portal
			ctx := as(t, services.New(all(t, j)), b)
			got, err := jira.Get(ctx, tt.id, tt.fields...)
			if sdk.CodeOf(err) != tt.want {
				t.Fatalf("%v, want %q", err, tt.want)
			}
			if err == nil && (got.ProjectID != "10000" || len(got.Fields) != len(tt.fields)) {
				t.Errorf("%+v", got)
			}
			if list, err := jira.Issues(ctx, []string{"10001"}, "summary"); err != nil || len(list.Issues) != 0 {
				t.Errorf("read with others: %v %+v", err, list)
			}
			if found, err := jira.Find(ctx, jira.Search{JQL: "project = OPS", Limit: 2}); err != nil || len(found.Issues) != 0 {
				t.Errorf("found: %v %+v", err, found)
			}
		})
	}
}
