package jobs

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"math"
	"regexp"
	"strconv"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/sdk"
)

// RunID names a run: 26 digits and letters. Newer runs come first in the order of their ids.
type RunID string

// State is where a run stands.
type State string

// The states.
//
//	Start ─▶ Queued ─▶ Running ─▶ Done
//	           ▲ ▲        │ ├───▶ Failed, a dead letter ──┐
//	           │ └────────┘ └───▶ Waiting, until a time   │ Retry
//	           │ ◀───────────────────┘                    │
//	           └── Resume ◀─ Paused, Canceled ─▶ Retry ───┘
const (
	Queued   State = "queued"  // it waits for a worker
	Running  State = "running" // a host works on it, or did so when it ended
	Waiting  State = "waiting" // for the time of its next step, or of the next try
	Paused   State = "paused"
	Done     State = "done"
	Failed   State = "failed" // a dead letter
	Canceled State = "canceled"
)

// States are all of them.
func States() []State { return []State{Queued, Running, Waiting, Paused, Done, Failed, Canceled} }

// Live says whether the run goes on by itself.
func (s State) Live() bool { return s == Queued || s == Running || s == Waiting }

// Over says whether the run has ended; Retry may still wake it up.
func (s State) Over() bool { return s == Done || s == Failed || s == Canceled }

// Run is the record of a run. It holds no content: times, counts, a state, codes, and who began it.
type Run struct {
	ID       RunID               `json:"id"`
	Tenant   capability.TenantID `json:"-"`
	Kind     string              `json:"kind"`
	Plugin   capability.PluginID `json:"plugin,omitempty"`
	Job      string              `json:"job,omitempty"` // what the plugin calls it
	State    State               `json:"state"`
	Priority int                 `json:"priority,omitempty"`
	// Schedule is which schedule began it, Planned for when.
	Schedule ScheduleID `json:"schedule,omitempty"`
	Planned  time.Time  `json:"planned,omitzero"`
	// By is the account that began it, "" for a schedule or an event.
	By string `json:"by,omitempty"`
	// Asked is Paused or Canceled where that was asked for and the step that is under way is not over.
	Asked State `json:"asked,omitempty"`
	// Step is the number of the step that is next or under way.
	Step int `json:"step"`
	// Attempt counts the failures of that step.
	Attempt int `json:"attempt,omitempty"`
	// Code and Source are those of its last error.
	Code   sdk.Code         `json:"code,omitempty"`
	Source sdk.Source       `json:"source,omitempty"`
	Done   int64            `json:"done"`
	Total  int64            `json:"total,omitempty"` // 0: not known
	Counts map[string]int64 `json:"counts,omitempty"`
	// Worked is for how long its steps ran, without pauses.
	Worked  time.Duration `json:"worked"`
	Created time.Time     `json:"created"`
	Started time.Time     `json:"started,omitzero"`
	Ended   time.Time     `json:"ended,omitzero"`
	Changed time.Time     `json:"changed"`
	Due     time.Time     `json:"due,omitzero"` // of a run that waits
	Rev     int64         `json:"rev"`
}

// Rate is how much the run gets done in a second of work; 0 where nothing is known.
func (r Run) Rate() float64 {
	if r.Worked <= 0 {
		return 0
	}
	return float64(r.Done) / r.Worked.Seconds()
}

// Left is how much longer the run will work at its rate; false where nobody can know.
func (r Run) Left() (time.Duration, bool) {
	rate := r.Rate()
	if rate <= 0 || r.Total < r.Done {
		return 0, false
	}
	seconds := float64(r.Total-r.Done) / rate
	if seconds > math.MaxInt64/float64(time.Second) {
		return 0, false
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Second), true
}

func (r Run) clone() Run {
	r.Counts = maps.Clone(r.Counts)
	return r
}

// order keeps the order of what it encodes.
var order = base32.HexEncoding.WithPadding(base32.NoPadding)

var runForm = regexp.MustCompile(`^[0-9a-v]{26}$`)

// newRunID draws the id of a run that is created at a time.
func newRunID(at time.Time) RunID {
	var tail [10]byte
	rand.Read(tail[:])
	return runID(at, tail[:])
}

// derivedRunID is the id of the run that a schedule begins for an occasion, so that nobody can begin it twice.
func derivedRunID(s ScheduleID, at time.Time, occasion string) RunID {
	sum := sha256.Sum256([]byte(string(s) + "\x00" + strconv.FormatInt(at.UnixMilli(), 10) + "\x00" + occasion))
	return runID(at, sum[:10])
}

func runID(at time.Time, tail []byte) RunID {
	// 16 bytes are 26 letters: six of the time, counted down so that newer ones come first, then the tail.
	var raw [16]byte
	var inverse [8]byte
	binary.BigEndian.PutUint64(inverse[:], ^uint64(at.UnixMilli())) // only the order counts
	copy(raw[:6], inverse[2:])
	copy(raw[6:], tail)
	text := []byte(order.EncodeToString(raw[:]))
	for i, c := range text {
		if c >= 'A' && c <= 'V' {
			text[i] = c - 'A' + 'a'
		}
	}
	return RunID(text)
}

// digest is what is kept of a concurrency key.
func digest(key string) string {
	if key == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:10])
}

// stepID names a step.
func stepID(run RunID, number int) StepID { return StepID(string(run) + "-" + strconv.Itoa(number)) }
