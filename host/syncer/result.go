package syncer

import (
	"slices"

	"github.com/pergola-platform/pergola/host/syncer/identity"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
)

// Outcome is what became of a row, or would.
type Outcome string

// The outcomes.
const (
	Created      Outcome = "created"
	Changed      Outcome = "changed"
	Transitioned Outcome = "transitioned" // and nothing else changed
	Restored     Outcome = "restored"     // what somebody had edited in Jira was set back, and nothing else changed
	Edited       Outcome = "edited"       // somebody edited the issue in Jira, which is left alone; told by dry runs only
	Skipped      Outcome = "skipped"      // the issue says what the row says
	Gone         Outcome = "missing"      // an issue whose row is gone
	Returned     Outcome = "returned"     // values of the issue were written to the row
	Failed       Outcome = "failed"       // nothing was written, or not all: Faults says why
)

// Outcomes are all of them, the names of a run's counts.
func Outcomes() []string {
	return []string{string(Created), string(Changed), string(Transitioned), string(Restored), string(Edited), string(Skipped), string(Gone), string(Returned), string(Failed)}
}

// Result is what became of a row: identifiers and codes.
type Result struct {
	Row     identity.Digest // "" where the row has no key
	Issue   string          // id, "" where there is none
	Outcome Outcome
	// Fields are the ids of the fields that were written, sorted; "status" stands for a transition. Those of Edited were not.
	Fields []string
	Faults []mapping.Fault
}

func (r *Result) fault(field string, code mapping.Code) {
	r.Outcome = Failed
	r.Faults = append(r.Faults, mapping.Fault{Field: field, Code: code})
}

// expect makes room for the results of a page. A step that has several may have as many rows as one is given: as they grew little by
// little, results took three times their memory.
func (o *StepOutput) expect(rows int) {
	if o.Rows == nil {
		o.Rows = make([]Result, 0, rows)
	} else if cap(o.Rows)-len(o.Rows) < rows {
		o.Rows = slices.Grow(o.Rows, stepRows)
	}
}

func (o *StepOutput) report(rows ...Result) {
	if o.Counts == nil {
		o.Counts = map[string]int64{}
	}
	for _, r := range rows {
		o.Counts[string(r.Outcome)]++
	}
	o.Rows = append(o.Rows, rows...)
}
