package syncer_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox"
	"github.com/pergola-platform/pergola/host/sandbox/world"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/syncer"
	"github.com/pergola-platform/pergola/host/syncer/identity"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// eachOnce fails where a row has not exactly one issue.
func (r *rig) eachOnce(rows int) {
	r.Helper()
	r.wire.mu.Lock()
	r.wire.above = 0
	r.wire.mu.Unlock()
	seen := map[string]int{}
	for _, i := range r.issues() {
		seen[i.Summary]++
	}
	for s, n := range seen {
		if n != 1 {
			r.Errorf("%d issues are called %s", n, s)
		}
	}
	if len(seen) != rows {
		r.Errorf("%d rows have an issue, want %d", len(seen), rows)
	}
}

func TestLostAnswersMakeNoIssueTwice(t *testing.T) {
	for _, c := range []struct {
		name string
		rule map[string]any
	}{
		{"create", map[string]any{"effect": "lose", "method": "POST", "path": "/rest/api/3/issue/bulk", "times": 1}},
		{"create, again and again", map[string]any{"effect": "lose", "method": "POST", "path": "/rest/api/3/issue/bulk", "times": 7}},
		{"edit", map[string]any{"effect": "lose", "method": "PUT", "every": 3}},
		{"any", map[string]any{"effect": "lose", "every": 4, "times": 20}},
		{"not carried out", map[string]any{"effect": "cut", "at": "before", "every": 3, "times": 20}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			for n := range 120 {
				r.table.put(int64(n))
			}
			r.hide() // searches show nothing of what the run makes
			r.fault(c.rule)
			if _, err := r.try(); err != nil {
				t.Log("the run ended early:", err) // the next one goes on
			}
			r.do(http.MethodDelete, "/sandbox/faults", nil)
			r.run()
			r.eachOnce(120)
		})
	}
}

// A host that ends in the middle of a step leaves issues behind of which nobody knows; whoever does the step again
// begins with the same cursor.
func TestAnotherHostGoesOnWhereOneWasKilled(t *testing.T) {
	r := newRig(t)
	for n := range 250 {
		r.table.put(int64(n))
	}
	r.hide()
	in := syncer.StepInput{Run: "run"}
	for {
		if _, err := r.engine.Step(t.Context(), r.sync, in); err != nil { // done, and nobody is told
			t.Fatal(err)
		}
		r.restart()
		out, err := r.engine.Step(t.Context(), r.sync, in)
		if err != nil {
			t.Fatal(err)
		}
		if out.Counts["created"] > 0 {
			t.Errorf("step %d makes %d issues again", in.Number, out.Counts["created"])
		}
		if out.Done {
			break
		}
		in.Cursor, in.Number = out.Cursor, in.Number+1
	}
	r.eachOnce(250)
}

func TestTheNextRunKnowsWhatSearchesDoNotShowYet(t *testing.T) {
	r := newRig(t)
	for n := range 120 {
		r.table.put(int64(n))
	}
	r.hide()
	r.expect("created=120")
	r.restart()
	r.table.put(500)
	r.expect("created=1 skipped=120")
	r.eachOnce(121)
}

// The run before has made issues of rows on later pages. A host that takes over in between has not seen them, and searches do not show them.
func TestAnotherHostKnowsWhatTheRunBeforeMade(t *testing.T) {
	r := newRig(t)
	for n := range 250 {
		r.table.put(int64(n))
	}
	r.hide()
	r.expect("created=250")
	r.table.rows = append([][]sync.Value{r.table.rows[0]}, r.table.rows...)
	r.table.rows[0] = slices.Clone(r.table.rows[0])
	r.table.rows[0][0], r.table.rows[0][1] = sync.Int(500), sync.String("Device 500") // on the first page, so that it makes one
	in := syncer.StepInput{Run: "next"}
	for {
		r.restart()
		out, err := r.engine.Step(t.Context(), r.sync, in)
		if err != nil {
			t.Fatal(err)
		}
		if out.Done {
			break
		}
		in.Cursor, in.Number = out.Cursor, in.Number+1
	}
	r.eachOnce(251)
}

func TestStepsEndInTimeHoweverSlowJiraIs(t *testing.T) {
	for _, c := range []struct {
		name    string
		restart bool // a host does a step
	}{{"one host", false}, {"another host each time", true}} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			began := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
			r.now = func() time.Time { // each call takes two seconds
				r.wire.mu.Lock()
				defer r.wire.mu.Unlock()
				return began.Add(2 * time.Second * time.Duration(r.wire.count))
			}
			r.restart()
			for n := range 120 {
				r.table.put(int64(n))
			}
			r.steps(c.restart, "created=120")
			for n := range 40 {
				r.table.put(int64(n), "price", "5")
			}
			r.writes()
			r.steps(c.restart, "changed=40 skipped=80")
			if w := r.writes(); len(w) != 40 {
				t.Errorf("%d writes change 40 issues", len(w))
			}
			r.eachOnce(120)
		})
	}
}

// steps does a run, and fails where one of its steps takes longer than a slow site accounts for.
func (r *rig) steps(restart bool, want string) {
	r.Helper()
	r.runs++
	in := syncer.StepInput{Run: "slow" + strconv.Itoa(r.runs)}
	counts := map[string]int64{}
	for {
		if restart {
			r.restart()
		}
		began := r.now()
		out, err := r.engine.Step(r.Context(), r.sync, in)
		if err != nil {
			r.Fatal(err)
		}
		if took := r.now().Sub(began); took > 30*time.Second {
			r.Errorf("step %d takes %s", in.Number, took)
		}
		for name, n := range out.Counts {
			counts[name] += n
		}
		if out.Done {
			break
		}
		in.Cursor, in.Number = out.Cursor, in.Number+1
	}
	if got := told(counts); got != want && !restart { // another host does not know who did what is done
		r.Errorf("the run came to %q, want %q", got, want)
	}
}

func TestUsedUpQuotaPutsTheNextStepOff(t *testing.T) {
	r := newRig(t)
	for n := range 60 {
		r.table.put(int64(n))
	}
	r.fault(map[string]any{"effect": "status", "status": 429, "reason": "jira-quota-tenant-based", "retryAfter": "20m", "method": "POST", "path": "/rest/api/3/issue/bulk", "every": 2})
	out := r.expect("created=60")
	if diff := cmp.Diff([]string{"jira-quota-tenant-based 20m0s"}, out.waits); diff != "" {
		t.Error(diff)
	}
	r.eachOnce(60)
}

func TestBurstsAreWaitedFor(t *testing.T) {
	r := newRig(t)
	for n := range 60 {
		r.table.put(int64(n))
	}
	r.fault(map[string]any{"effect": "status", "status": 429, "reason": "jira-burst-based", "retryAfter": "2s", "method": "POST", "path": "/rest/api/3/issue/bulk", "times": 1})
	if out := r.expect("created=60"); len(out.waits) > 0 || len(r.slept) == 0 {
		t.Errorf("waits %q, pauses %v", out.waits, r.slept)
	}
}

func TestMissingRows(t *testing.T) {
	for _, c := range []struct {
		name    string
		missing mapping.Missing
		want    string // counts
		check   func(issue) bool
	}{
		{"ignored", mapping.Missing{}, "skipped=2", func(i issue) bool { return i.Link.State == "live" }},
		{"labelled", mapping.Missing{Policy: mapping.Label, Label: "gone"}, "missing=1 skipped=2", func(i issue) bool {
			return i.Link.State == "missing" && slices.Equal(i.Labels, []string{"gone"})
		}},
		{"led to a status", mapping.Missing{Policy: mapping.Transition, Status: "10003"}, "missing=1 skipped=2", func(i issue) bool {
			return i.Link.State == "missing" && i.Status == "10003"
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.sync.Config.Missing = c.missing
			for n := range 3 {
				r.table.put(int64(n))
			}
			r.run()
			r.table.remove(1)
			r.expect(c.want)
			if i := r.one("Device 1"); !c.check(i) {
				t.Errorf("%+v", i)
			}
			r.expect("skipped=2") // once is enough
			r.table.put(1)
			r.run()
			if i := r.one("Device 1"); i.Link.State != "live" || len(r.issues()) != 3 {
				t.Errorf("the row is back, and the issue is %+v", i)
			}
		})
	}
}

func TestIssuesOfMissingRowsAreArchived(t *testing.T) {
	r := newRig(t)
	r.sync.Config.Missing = mapping.Missing{Policy: mapping.Archive}
	for n := range 3 {
		r.table.put(int64(n))
	}
	r.run()
	gone := r.one("Device 1")
	r.table.remove(1)
	out := r.expect("failed=1 skipped=2") // only who administers the site may
	if diff := cmp.Diff([]string{":forbidden"}, out.faults()); diff != "" || r.one("Device 1").Link.State != "live" {
		t.Errorf("%s, %+v", diff, r.one("Device 1"))
	}
	app := r.install("ADMIN")
	r.sync.Tenant.SharedSecret = seal.NewSecret(app.Secret)
	r.expect("missing=1 skipped=2", dry)
	r.one("Device 1")
	r.expect("missing=1 skipped=2")
	if got := r.issues(); len(got) != 2 {
		t.Errorf("a search still finds %+v", got)
	}
	var kept struct{ Value identity.Link }
	if err := json.Unmarshal(r.do(http.MethodGet, "/rest/api/3/issue/"+gone.ID+"/properties/"+identity.Property, nil), &kept); err != nil || kept.Value.State != identity.Missing {
		t.Errorf("%v: the archived issue says %+v", err, kept.Value)
	}
	r.expect("skipped=2")
	r.table.put(1)
	r.expect("created=1 skipped=2") // what is archived is not found
	if again := r.one("Device 1"); again.ID == gone.ID {
		t.Errorf("%+v", again)
	}
}

func TestArchivingIsFinishedAfterLostAnswersAndStops(t *testing.T) {
	for name, rule := range map[string]map[string]any{
		"the answer is lost":                         {"effect": "lose", "times": 1},
		"the connection is cut":                      {"effect": "cut", "times": 1},
		"it fails until it is tried in another step": {"effect": "status", "status": 503, "times": 5},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			app := r.install("ADMIN")
			r.sync.Tenant.SharedSecret = seal.NewSecret(app.Secret)
			r.sync.Config.Missing = mapping.Missing{Policy: mapping.Archive}
			r.table.put(1)
			r.table.put(2)
			r.run()
			r.table.remove(1)
			rule["method"], rule["path"] = "PUT", "/rest/api/3/issue/archive"
			r.fault(rule)
			r.expect("missing=1 skipped=1")
			if got := r.issues(); len(got) != 1 {
				t.Errorf("a search still finds %+v", got)
			}
		})
	}
}

func TestWhatPeopleBringBackStaysAndAnArchivingThatWasStoppedGoesOn(t *testing.T) {
	r := newRig(t)
	app := r.install("ADMIN")
	r.sync.Tenant.SharedSecret = seal.NewSecret(app.Secret)
	r.sync.Config.Missing = mapping.Missing{Policy: mapping.Archive}
	r.table.put(1)
	r.table.put(2)
	r.run()
	gone := r.one("Device 1")
	gone.Link.State, gone.Link.Run = identity.Missing, "run2" // all that the next run does before it is killed
	r.do(http.MethodPut, "/rest/api/3/issue/"+gone.ID+"/properties/"+identity.Property, gone.Link)
	r.table.remove(1)
	r.expect("missing=1 skipped=1")
	if got := r.issues(); len(got) != 1 {
		t.Errorf("a search still finds %+v", got)
	}
	r.do(http.MethodPut, "/rest/api/3/issue/unarchive", map[string]any{"issueIdsOrKeys": []string{gone.Key}})
	r.expect("skipped=1")
	r.one("Device 1")
}

// line lets issues of the seeded workflow go from one status to the next only.
func line(c *sandbox.Config) {
	c.Fill = func(s *world.Store) error {
		return s.Change(func(tx *world.Tx) error {
			if err := world.Seed(tx); err != nil {
				return err
			}
			w := world.Edit(tx.Workflows.Get("10000"))
			w.Transitions = []world.Transition{
				{ID: "21", Name: "Hand out", From: []world.StatusID{"10000"}, To: "10001"},
				{ID: "31", Name: "Send to repair", From: []world.StatusID{"10001"}, To: "10002"},
				{ID: "41", Name: "Retire", From: []world.StatusID{"10002"}, To: "10003"},
			}
			return tx.Put(w)
		})
	}
}

func TestStatusesAreReachedByPathsOfTransitions(t *testing.T) {
	r := newRig(t, line)
	r.sync.Config.Fields = append(r.sync.Config.Fields, mapping.Field{
		Field: "status", Column: "state", Values: map[string]string{"used": "10001", "broken": "10002", "stock": "10000"},
	})
	r.table.put(1, "state", "broken")
	r.table.put(2, "state", "used")
	r.table.put(3, "state", "stock")
	r.expect("created=3")
	if a, b, c := r.one("Device 1"), r.one("Device 2"), r.one("Device 3"); a.Status != "10002" || b.Status != "10001" || c.Status != "10000" {
		t.Errorf("statuses %s, %s, %s", a.Status, b.Status, c.Status)
	}
	r.table.put(2, "state", "broken")
	r.table.put(1, "state", "stock") // there is no way back
	out := r.expect("failed=1 skipped=1 transitioned=1")
	if diff := cmp.Diff([]string{"status:no_path"}, out.faults()); diff != "" {
		t.Error(diff)
	}
	if w := strings.Join(r.writes(), "\n"); strings.Count(w, "/transitions") != 4 { // two to be broken, one to be used, one from there on
		t.Errorf("transitions: %s", w)
	}
}
