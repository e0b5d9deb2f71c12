package runlog_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/syncer"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/host/syncer/runlog"
)

const (
	site = "abcdefghijklmnopqrstuvwxyz"
	run  = "run1"
)

// newLog is a log behind the gate that every document of a host passes.
func newLog(t *testing.T) (*runlog.Log, store.Driver) {
	t.Helper()
	raw, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = raw.Close() })
	types, err := privacy.NewTypes(nil, runlog.Types()...)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	gate := privacy.NewGate(raw, types)
	return runlog.New(gate, func() time.Time { now = now.Add(time.Second); return now }), gate
}

var step = syncer.StepOutput{
	Counts: map[string]int64{"created": 1, "skipped": 1, "failed": 1},
	Rows: []syncer.Result{
		{Row: "aaaa", Issue: "10100", Outcome: syncer.Created, Fields: []string{"customfield_10001", "status", "summary"}},
		{Row: "bbbb", Issue: "10101", Outcome: syncer.Skipped},
		{Row: "cccc", Outcome: syncer.Failed, Faults: []mapping.Fault{{Field: "customfield_1", Code: mapping.NoOption}, {Field: "Somebody's words", Code: mapping.JiraRefused}}},
	},
}

func TestStepsAreKeptOnceAndWithoutWords(t *testing.T) {
	log, _ := newLog(t)
	if err := log.Begin(t.Context(), site, runlog.Header{Run: run, Sync: "devices", By: "5b10a2844c20165700ede21g"}); err != nil {
		t.Fatal(err)
	}
	last := step
	last.Done, last.Stopped = true, "brake"
	for _, s := range []struct {
		number int
		out    syncer.StepOutput
	}{{0, step}, {0, step}, {1, last}} {
		if err := log.Step(t.Context(), site, run, s.number, s.out); err != nil {
			t.Fatal(err)
		}
	}
	h, err := log.Header(t.Context(), site, run)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int64{"created": 2, "skipped": 2, "failed": 2}, h.Counts); diff != "" || h.Ended.IsZero() || h.Stopped != "brake" || h.Rate() <= 0 {
		t.Errorf("%+v %s", h, diff)
	}
	rows, next, err := log.Rows(t.Context(), site, run, "")
	if err != nil || next != "" || len(rows) != 4 {
		t.Fatal(rows, next, err)
	}
	want := []mapping.Fault{{Field: "customfield_1", Code: mapping.NoOption}, {Code: mapping.JiraRefused}}
	if diff := cmp.Diff(want, rows[1].Faults); diff != "" {
		t.Error(diff)
	}
	runs, err := log.Runs(t.Context(), site, "devices", "", 10)
	if err != nil || len(runs) != 1 || runs[0].Run != run {
		t.Error(runs, err)
	}
}

// Every code of ours has to pass the gate, and a value none.
func TestCodesPassTheGateAndValuesDoNot(t *testing.T) {
	log, gate := newLog(t)
	if err := log.Begin(t.Context(), site, runlog.Header{Run: run, Sync: "devices"}); err != nil {
		t.Fatal(err)
	}
	for i, code := range mapping.Codes() {
		out := syncer.StepOutput{Rows: []syncer.Result{{Row: "aaaa", Outcome: syncer.Failed, Faults: []mapping.Fault{{Field: "labels", Code: code}}}}}
		if err := log.Step(t.Context(), site, run, i, out); err != nil {
			t.Errorf("%s: %v", code, err)
		}
	}
	for _, outcome := range syncer.Outcomes() {
		if strings.Contains(outcome, " ") {
			t.Errorf("the outcome %q is no word", outcome)
		}
	}
	_, err := gate.Write(t.Context(), store.Op{Doc: store.Doc{
		Key: store.Key{Tenant: site, Collection: "sync.rows", ID: "x"}, Body: []byte(`{"run":"run1","rows":[{"row":"a","outcome":"created","value":"Laptop"}]}`),
	}})
	if !errors.Is(err, store.ErrInvalid) {
		t.Errorf("a value is kept: %v", err)
	}
}

func TestRunsAreDeletedWithTheirRowsWhenTheirTimeIsOver(t *testing.T) {
	log, gate := newLog(t)
	for _, name := range []string{"run1", "run2"} {
		if err := log.Begin(t.Context(), site, runlog.Header{Run: name, Sync: "devices"}); err != nil {
			t.Fatal(err)
		}
		if err := log.Step(t.Context(), site, name, 0, step); err != nil {
			t.Fatal(err)
		}
	}
	h, err := log.Header(t.Context(), site, "run2")
	if err != nil {
		t.Fatal(err)
	}
	n, err := runlog.Expire(t.Context(), gate, site, h.Changed)
	if err != nil || n != 1 {
		t.Fatal(n, err)
	}
	for name, want := range map[string]int{"run1": 0, "run2": 2} {
		rows, _, err := log.Rows(t.Context(), site, name, "")
		if err != nil || len(rows) != want {
			t.Errorf("%s: %d rows, %v", name, len(rows), err)
		}
	}
	if _, err := log.Header(t.Context(), site, "run1"); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
}
