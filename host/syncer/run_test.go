package syncer_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/syncer"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

func TestRowsBecomeIssuesAndStayWhatTheyAre(t *testing.T) {
	r := newRig(t)
	for n := range 130 { // more than a step and a bulk of issues
		r.table.put(int64(n), "name", "Laptop "+strconv.Itoa(1000+n), "price", "12.50", "place", "Berlin HQ", "tags", []sync.Value{sync.String("new one")})
	}
	r.expect("created=130")
	got := r.issues()
	if len(got) != 130 || got[129].Summary != "Laptop 1129" || got[0].Price != 12.5 || got[0].Place != "Berlin HQ" || !slices.Equal(got[0].Labels, []string{"new_one"}) {
		t.Fatalf("%d issues, the first %+v", len(got), got[0])
	}
	r.writes()
	r.expect("skipped=130")
	if w := r.writes(); len(w) > 0 {
		t.Errorf("a run without changes writes %q", w)
	}
}

func TestOnlyChangedFieldsAreWritten(t *testing.T) {
	r := newRig(t)
	r.table.put(1, "price", "1", "place", "Berlin HQ")
	r.table.put(2, "price", "2")
	r.run()
	r.writes()
	r.table.put(1, "price", "1.5", "place", nil) // an empty place is kept
	r.table.put(2, "price", nil)                 // an empty price is cleared
	out := r.expect("changed=2")
	for _, row := range out.rows {
		if diff := cmp.Diff([]string{"customfield_10004"}, row.Fields); diff != "" {
			t.Error(diff)
		}
	}
	for _, w := range r.writes() {
		if !strings.HasPrefix(w, "PUT ") || strings.Contains(w, "summary\":") && strings.Contains(strings.SplitN(w, "properties", 2)[0], "summary") {
			t.Errorf("too much is written: %s", w)
		}
	}
	if a, b := r.one("Device 1"), r.one("Device 2"); a.Price != 1.5 || a.Place != "Berlin HQ" || b.Price != 0 {
		t.Errorf("%+v, %+v", a, b)
	}
	r.expect("skipped=2")
}

func TestCreateOnlyFieldsAreLeftAlone(t *testing.T) {
	r := newRig(t)
	r.sync.Config.Fields[0].CreateOnly = true
	r.table.put(1, "name", "First")
	r.run()
	r.table.put(1, "name", "Second")
	r.expect("skipped=1")
	r.one("First")
}

func TestKeysThatComeTwiceAreNotWritten(t *testing.T) {
	r := newRig(t)
	for n := range 150 {
		r.table.put(int64(n))
	}
	r.table.rows = append(r.table.rows, r.table.rows[0]) // pages away
	out := r.expect("created=149 failed=2")
	if diff := cmp.Diff([]string{":key_twice", ":key_twice"}, out.faults()); diff != "" {
		t.Error(diff)
	}
}

func TestAFaultOfOneFieldDoesNotKeepTheOthers(t *testing.T) {
	r := newRig(t)
	r.table.put(1, "price", "7", "place", "Atlantis")
	r.table.put(2)
	out := r.expect("created=1 failed=1")
	if diff := cmp.Diff([]string{"customfield_10002:no_option"}, out.faults()); diff != "" {
		t.Error(diff)
	}
	if i := r.one("Device 1"); i.Price != 7 {
		t.Errorf("%+v", i)
	}
	r.table.put(1, "place", "Munich office")
	r.expect("changed=1 skipped=1")
}

func TestJiraRefusesSomeOfABulk(t *testing.T) {
	r := newRig(t)
	r.sync.Config.Fields = append(r.sync.Config.Fields, mapping.Field{Field: "customfield_10005", Column: "owner"})
	r.table.put(1, "owner", "5b10ac8d82e05b22cc7d4ef5") // nobody's
	r.table.put(2, "owner", "jonas@pergola.example")    // shows his address
	r.table.put(3, "owner", "mia@pergola.example")      // hides hers
	out := r.expect("created=1 failed=2")
	if diff := cmp.Diff([]string{"customfield_10005:account_hidden", "customfield_10005:jira_refused"}, out.faults()); diff != "" {
		t.Error(diff)
	}
	if got := r.issues(); len(got) != 2 {
		t.Errorf("%+v", got)
	}
}

func TestMarkerSkipsRowsAndComesLast(t *testing.T) {
	r := newRig(t)
	r.sync.Config.Mode, r.sync.Config.Column = mapping.Marker, "changed"
	r.table.put(1, "changed", 10, "price", "1")
	r.table.put(2, "changed", 10, "place", "Atlantis")
	r.expect("created=1 failed=1")
	r.table.put(1, "price", "2") // without a new marker
	out := r.expect("failed=1 skipped=1")
	if diff := cmp.Diff([]string{"customfield_10002:no_option"}, out.faults()); diff != "" {
		t.Error("a row that failed is not tried again:", diff)
	}
	r.table.put(1, "changed", 11)
	r.table.put(2, "place", "Berlin HQ")
	r.expect("changed=2")
	if a, b := r.one("Device 1"), r.one("Device 2"); a.Price != 2 || a.Link.Marker != "11" || b.Link.Marker != "10" {
		t.Errorf("%+v, %+v", a, b)
	}
}

func TestTimestampReadsWhatIsNew(t *testing.T) {
	r := newRig(t)
	r.sync.Config.Mode, r.sync.Config.Column = mapping.Timestamp, "changed"
	r.table.put(1, "changed", 10)
	r.table.put(2, "changed", 20)
	r.expect("created=2")
	r.table.put(3, "changed", 30, "place", "Atlantis")
	r.table.put(4, "changed", 40)
	r.expect("created=1 failed=1 skipped=1") // 20 is read again
	r.table.put(3, "place", "Berlin HQ")
	r.expect("changed=1 skipped=1") // from 30 on, because that row had failed
	r.expect("skipped=1")
}

func TestFullSetsBackWhatPeopleChanged(t *testing.T) {
	r := newRig(t)
	r.table.put(1, "price", "5", "place", "Berlin HQ", "tags", []sync.Value{sync.String("b"), sync.String("a")})
	r.table.put(2, "price", "5.0")
	r.run()
	r.do(http.MethodPut, "/rest/api/3/issue/"+r.one("Device 1").ID, map[string]any{"fields": map[string]any{"customfield_10004": 6}})
	r.expect("skipped=2")
	r.sync.Config.Mode = mapping.Full
	out := r.expect("restored=1 skipped=1")
	if diff := cmp.Diff([]string{"customfield_10004"}, out.rows[0].Fields); diff != "" || r.one("Device 1").Price != 5 {
		t.Error(diff)
	}
	r.do(http.MethodPut, "/rest/api/3/issue/"+r.one("Device 1").ID, map[string]any{"fields": map[string]any{"customfield_10004": 6}})
	r.table.put(1, "price", "5", "place", "Munich office")
	r.expect("changed=1 skipped=1") // the row has news of its own
}

func TestAPlanTellsWhatPeopleEdited(t *testing.T) {
	r := newRig(t)
	r.table.put(1, "price", "5", "place", "Berlin HQ")
	r.table.put(2, "price", "5")
	r.run()
	for _, name := range []string{"Device 1", "Device 2"} {
		r.do(http.MethodPut, "/rest/api/3/issue/"+r.one(name).ID, map[string]any{"fields": map[string]any{"customfield_10004": 6}})
	}
	r.table.put(2, "price", "5", "place", "Munich office")
	plan := func(want string) map[string][]syncer.Change {
		t.Helper()
		shown := map[string][]syncer.Change{}
		r.expect(want, func(in *syncer.StepInput) {
			in.DryRun, in.Show = true, func(s syncer.Shown) { shown[s.Key] = s.Changes }
		})
		return shown
	}
	one := func(edited, kept bool) syncer.Change {
		return syncer.Change{Field: "customfield_10004", Before: json.RawMessage("6"), After: 5.0, Edited: edited, Kept: kept}
	}
	same := cmp.FilterValues(func(a, b any) bool { return fmt.Sprint(a) == fmt.Sprint(b) }, cmp.Ignore())
	got := plan("changed=1 edited=1")
	if diff := cmp.Diff([]syncer.Change{one(true, true)}, got[`["1"]`], same); diff != "" {
		t.Error(diff)
	}
	if c := got[`["2"]`]; len(c) != 2 || c[0].Edited || c[1].Field != "customfield_10004" || !c[1].Kept {
		t.Errorf("%+v", c)
	}
	r.sync.Config.Mode = mapping.Full
	if diff := cmp.Diff([]syncer.Change{one(true, false)}, plan("changed=1 restored=1")[`["1"]`], same); diff != "" {
		t.Error(diff)
	}
}

func TestFullLeavesAloneWhatFlowsBothWays(t *testing.T) {
	r := newRig(t)
	r.sync.Config.Mode = mapping.Full
	price := slices.IndexFunc(r.sync.Config.Fields, func(f mapping.Field) bool { return f.Field == "customfield_10004" })
	r.sync.Config.Fields[price].Direction = mapping.Both
	r.table.put(1, "price", "5")
	r.run()
	r.do(http.MethodPut, "/rest/api/3/issue/"+r.one("Device 1").ID, map[string]any{"fields": map[string]any{"customfield_10004": 6}})
	r.run()
	if got := r.one("Device 1").Price; got != 6 {
		t.Errorf("what was edited in Jira, 6, is now %v", got)
	}
}

func TestDeletedIssuesAreMadeAgainAndMovedOnesAreFound(t *testing.T) {
	r := newRig(t)
	r.table.put(1)
	r.table.put(2)
	r.run()
	r.do(http.MethodDelete, "/rest/api/3/issue/"+r.one("Device 1").ID, nil)
	moved := r.one("Device 2")
	r.do(http.MethodPost, "/sandbox/issues/"+moved.ID+"/move", map[string]any{"project": "FAC"})
	r.table.put(2, "price", "3")
	r.expect("changed=1 created=1")
	if got := r.one("Device 2"); got.ID != moved.ID || got.Price != 3 || len(r.issues()) != 2 {
		t.Errorf("%+v", got)
	}
}

func TestTwoIssuesOfARowAreAFault(t *testing.T) {
	r := newRig(t)
	r.table.put(1)
	r.run()
	i := r.one("Device 1")
	r.do(http.MethodPut, "/rest/api/3/issue/OPS-1/properties/pergola.sync", i.Link)
	r.table.put(1, "price", "9")
	out := r.expect("failed=1")
	if diff := cmp.Diff([]string{":issue_twice"}, out.faults()); diff != "" {
		t.Error(diff)
	}
}

func TestDryRunSaysWhatWouldHappenAndWritesNothing(t *testing.T) {
	r := newRig(t)
	r.sync.Config.Missing = mapping.Missing{Policy: mapping.Label, Label: "gone"}
	for n := range 4 {
		r.table.put(int64(n))
	}
	r.run()
	r.table.put(0, "price", "4")
	r.table.remove(1)
	r.table.put(9)
	r.writes()
	out := r.expect("changed=1 created=1 missing=1 skipped=2", dry)
	if w := r.writes(); len(w) > 0 {
		t.Errorf("a dry run writes %q", w)
	}
	if diff := cmp.Diff([]string{"customfield_10004"}, out.rows[0].Fields); diff != "" {
		t.Error(diff)
	}
}

func TestConfigurationsThatDoNotFitAreRefusedWithTheirProblems(t *testing.T) {
	r := newRig(t)
	r.sync.Config.Fields = append(r.sync.Config.Fields, mapping.Field{Field: "customfield_10003", Column: "nothing"})
	r.sync.Config.Type.Default = "10006" // of another project
	_, err := r.try()
	var problems mapping.Problems
	if !errors.As(err, &problems) || sdk.CodeOf(err) != sdk.Invalid || !strings.Contains(err.Error(), "fields[4].column") || !strings.Contains(err.Error(), "type.default") {
		t.Error(err)
	}
}

func TestSyncUserHasToBeAllowedToWrite(t *testing.T) {
	r := newRig(t)
	r.sync.Config.RunAs = "712020:c09e4a52-ada-guest"
	if _, err := r.try(); sdk.CodeOf(err) != sdk.PermissionDenied || !strings.Contains(err.Error(), "CREATE_ISSUES") {
		t.Error(err)
	}
	r.sync.Config.RunAs = "712020:8b21d7c4-jonas-user"
	if _, err := r.engine.Check(t.Context(), r.sync); err != nil {
		t.Error(err)
	}
}

func TestIssuesAreWrittenInTheSyncUsersName(t *testing.T) {
	r := newRig(t)
	app := r.install("WRITE", "ACT_AS_USER")
	r.sync.Tenant.ClientKey, r.sync.Tenant.SharedSecret, r.sync.Tenant.OAuthClientID = app.ClientKey, seal.NewSecret(app.Secret), app.OAuthClientID
	var err error
	if r.client, err = jira.New(jira.Config{AppKey: "pergola", TokenURL: r.site.URL + "/oauth2/token", Limits: r.limits(), Sleep: r.sleep}); err != nil {
		t.Fatal(err)
	}
	const jonas = "712020:8b21d7c4-jonas-user"
	r.actAs, r.sync.Config.RunAs = true, jonas
	r.restart()
	r.table.put(1, "name", "One")
	r.expect("created=1")
	r.table.put(1, "name", "Other")
	r.expect("changed=1")
	var got struct {
		Fields    struct{ Creator struct{ AccountID string } }
		Changelog struct {
			Histories []struct{ Author struct{ AccountID string } }
		}
	}
	if err := json.Unmarshal(r.do(http.MethodGet, "/rest/api/3/issue/"+r.one("Other").ID+"?expand=changelog", nil), &got); err != nil {
		t.Fatal(err)
	}
	if got.Fields.Creator.AccountID != jonas || len(got.Changelog.Histories) == 0 {
		t.Errorf("%+v", got)
	}
	for _, h := range got.Changelog.Histories {
		if h.Author.AccountID != jonas {
			t.Errorf("a change is by %s", h.Author.AccountID)
		}
	}
}

func TestLinksLeadToTheIssuesOfOtherRows(t *testing.T) {
	r := newRig(t)
	r.sync.Config.Fields = append(r.sync.Config.Fields, mapping.Field{Field: "customfield_10001", Column: "above", Sync: "self"})
	r.table.put(1, "above", 2)
	r.table.put(2)
	r.table.put(3, "above", 99)
	out := r.expect("changed=1 created=3 failed=1")
	if diff := cmp.Diff([]string{"customfield_10001:no_row"}, out.faults()); diff != "" {
		t.Error(diff)
	}
	if got, want := r.one("Device 1").Serial, r.one("Device 2").Key; got != want {
		t.Errorf("the link is %q, want %q", got, want)
	}
	r.table.put(3, "above", nil)
	r.expect("skipped=3")
}

func TestValuesFlowBackToTheSource(t *testing.T) {
	r := newRig(t)
	r.sync.Config.Fields[1].Direction = mapping.Both // price
	r.sync.Config.Fields = append(r.sync.Config.Fields,
		mapping.Field{Field: "status", Column: "state", Direction: mapping.Out, Values: map[string]string{"in stock": "10000", "in use": "10001"}})
	r.table.put(1, "price", "1.50")
	r.table.put(2, "price", "2")
	r.expect("created=2 returned=2") // the status
	r.expect("skipped=2")
	one := r.one("Device 1")
	r.do(http.MethodPut, "/rest/api/3/issue/"+one.ID, map[string]any{"fields": map[string]any{"customfield_10004": 7.25}})
	r.do(http.MethodPost, "/rest/api/3/issue/"+one.ID+"/transitions", map[string]any{"transition": map[string]string{"id": "21"}})
	r.table.put(2, "price", "3")
	out := r.expect("changed=1 returned=1 skipped=1")
	if diff := cmp.Diff([]string{"customfield_10004", "status"}, out.rows[len(out.rows)-1].Fields); diff != "" {
		t.Error(diff)
	}
	if row := r.table.rows[0]; row[2].Text() != "7.25" || row[5].Text() != "in use" {
		t.Errorf("the row holds %s, %s", row[2].Text(), row[5].Text())
	}
	if i := r.one("Device 2"); i.Price != 3 || r.table.rows[1][2].Text() != "3" {
		t.Errorf("%+v", i)
	}
	r.do(http.MethodPost, "/rest/api/3/issue/"+one.ID+"/transitions", map[string]any{"transition": map[string]string{"id": "41"}})
	if diff := cmp.Diff([]string{"status:not_mapped"}, r.run().faults()); diff != "" {
		t.Error(diff)
	}
}

func TestARowIsGivenUpSoThatTheOthersGetOn(t *testing.T) {
	r := newRig(t)
	r.table.put(1)
	r.table.put(2)
	r.run()
	r.table.put(1, "price", "1")
	r.table.put(2, "price", "2")
	r.fault(map[string]any{"effect": "cut", "method": "PUT", "path": "/rest/api/3/issue/" + r.one("Device 1").ID})
	out := r.expect("changed=1 failed=1")
	if diff := cmp.Diff([]string{":unavailable"}, out.faults()); diff != "" {
		t.Error(diff)
	}
	r.do(http.MethodDelete, "/sandbox/faults", nil)
	r.expect("changed=1 skipped=1")
}
