// Package doctor looks at an installation from outside and says what is wrong with it: each check is a line that is fine, a warning or
// a failure, with what to do. It knows what can be seen without the host's store: addresses, certificates, clocks, files, the machine. The
// command pergola doctor adds what the store holds. Start with [Report]:
//
//	var r doctor.Report
//	r.Address(ctx, client, "https://pergola.example.com", "pergola", time.Now())
//	if r.Worst() == doctor.Failure { … }
package doctor

import (
	"fmt"
	"slices"
)

// State is what a check came to.
type State string

// The states.
const (
	OK      State = "ok"
	Warning State = "warning" // it works, and may not for long or not for all
	Failure State = "failure" // something does not work
)

// Line is a check and what it came to. Fields are added, never changed.
type Line struct {
	Check string `json:"check"` // a word or two, such as "base URL"
	State State  `json:"state"`
	Found string `json:"found"`        // in words
	Do    string `json:"do,omitempty"` // what to do about it; "" where it is fine
}

// Report is what all checks came to, in their order. The zero value is empty.
type Report struct{ Lines []Line }

// OK says that a check found nothing wrong.
func (r *Report) OK(check, format string, args ...any) {
	r.Lines = append(r.Lines, Line{Check: check, State: OK, Found: fmt.Sprintf(format, args...)})
}

// Warn says that something may go wrong, and what to do.
func (r *Report) Warn(check, do, format string, args ...any) {
	r.Lines = append(r.Lines, Line{Check: check, State: Warning, Found: fmt.Sprintf(format, args...), Do: do})
}

// Fail says that something does not work, and what to do.
func (r *Report) Fail(check, do, format string, args ...any) {
	r.Lines = append(r.Lines, Line{Check: check, State: Failure, Found: fmt.Sprintf(format, args...), Do: do})
}

// Worst is the worst state of all lines.
func (r *Report) Worst() State {
	worst := OK
	for _, l := range r.Lines {
		if l.State == Failure || l.State == Warning && worst == OK {
			worst = l.State
		}
	}
	return worst
}

// Count is how many lines have a state.
func (r *Report) Count(s State) int {
	return len(slices.DeleteFunc(slices.Clone(r.Lines), func(l Line) bool { return l.State != s }))
}
