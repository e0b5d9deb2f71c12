package syncer_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/syncer/mapping"
)

// What Jira would refuse in a run, a plan and a preview say before it.
func TestATextThatIsNoAccountIsToldBeforeTheRun(t *testing.T) {
	r := newRig(t)
	r.sync.Config.Fields = append(r.sync.Config.Fields, mapping.Field{Field: "assignee", Column: "owner"})
	const jonas = "712020:8b21d7c4-jonas-user"
	r.table.put(1, "owner", "Jonas Weber")
	r.table.put(2, "owner", "Jonas Weber")
	r.table.put(3, "owner", jonas)
	r.table.put(4, "owner", "jonas@pergola.example")
	want := []string{"assignee:no_account", "assignee:no_account"}
	if diff := cmp.Diff(want, r.expect("created=2 failed=2", dry).faults()); diff != "" {
		t.Error(diff)
	}
	asked := 0
	for _, c := range r.wire.calls {
		if strings.HasPrefix(c, "GET /rest/api/3/user ") {
			asked++
		}
	}
	if asked != 2 {
		t.Errorf("Jira was asked %d times for two texts", asked)
	}
	preview, err := r.engine.Preview(t.Context(), r.sync, 4)
	if err != nil || len(preview.Records) != 4 {
		t.Fatal(preview, err)
	}
	for n, record := range preview.Records {
		if got := len(record.Faults) > 0; got != (n < 2) {
			t.Errorf("row %d: faults %v", n+1, record.Faults)
		}
	}
	if diff := cmp.Diff(map[string]string{"accountId": jonas}, preview.Records[2].Values["assignee"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, r.expect("created=2 failed=2").faults()); diff != "" {
		t.Error(diff)
	}
}

// Ids of the form that Atlassian gives are left to Jira: a call for each would double what a run without changes costs.
func TestAnAccountIDCostsNoCall(t *testing.T) {
	r := newRig(t)
	r.sync.Config.Fields = append(r.sync.Config.Fields, mapping.Field{Field: "assignee", Column: "owner"})
	r.table.put(1, "owner", "5b10ac8d82e05b22cc7d4ef5")
	r.table.put(2, "owner", "557058:0867a421-a9ee-4659-801a-bc0ee4a4487e")
	r.expect("created=2", dry)
	for _, c := range r.wire.calls {
		if strings.HasPrefix(c, "GET /rest/api/3/user ") {
			t.Error(c)
		}
	}
}
