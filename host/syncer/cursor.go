package syncer

import (
	"encoding/json"
	"fmt"

	"github.com/pergola-platform/pergola/sdk"
)

// MaxCursor is how long the cursor of a run may be, in bytes: what host/jobs keeps.
const MaxCursor = 1 << 10

// phase is a part of a run.
type phase string

const (
	starting  phase = ""
	planning  phase = "plan"
	writing   phase = "rows"
	linking   phase = "links"
	returning phase = "back"
	sweeping  phase = "sweep"
)

// cursor is where a run stands: positions, numbers and times.
type cursor struct {
	Phase  phase  `json:"p,omitempty"`
	Source []byte `json:"c,omitempty"` // the source's own cursor of the next page
	Page   string `json:"t,omitempty"` // Jira's token of the next page of a sweep
	// Numbers of issue keys in the target project. What is above Floor, the search may not show yet. From there to Before, issues were made
	// before the run made its first one, of whatever rows; from there to Own, the run has made those of rows that are done.
	Floor  int `json:"f,omitempty"`
	Before int `json:"b,omitempty"`
	Own    int `json:"w,omitempty"`
	tally
	// Linked is how many issues the synchronization had when the run was planned for the brake.
	Linked int `json:"k,omitempty"`
	// Since is from where the mode timestamp reads, High the greatest value that was seen, Low the least of a row that failed.
	Since string `json:"s,omitempty"`
	High  string `json:"h,omitempty"`
	Low   string `json:"l,omitempty"`
}

func parseCursor(raw []byte) (cursor, error) {
	var c cursor
	if len(raw) == 0 {
		return c, nil
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, fail(sdk.Invalid, "the cursor of the run is damaged; start a new one")
	}
	return c, nil
}

func (c cursor) encode() ([]byte, error) {
	raw, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode a cursor: %w", err)
	}
	if len(raw) > MaxCursor {
		return nil, fail(sdk.Invalid, "the source's position is %d bytes long, and a run keeps %d in all; use a shorter key", len(c.Source), MaxCursor)
	}
	return raw, nil
}
