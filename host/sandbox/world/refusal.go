package world

import (
	"errors"
	"fmt"
)

// ErrRefused is wrapped by every [Refusal].
var ErrRefused = errors.New("refused")

// Reason is the sort of rule that a refused change would break.
type Reason string

// The reasons, each with the status that Jira answers for it.
const (
	Missing Reason = "missing" // there is no such thing: 404
	Taken   Reason = "taken"   // another one has what must be one's own, such as a key: 400, or 409 for categories
	Invalid Reason = "invalid" // a value that cannot be: 400
	InUse   Reason = "in use"  // something needs it: 400, or 409 for statuses
	Frozen  Reason = "frozen"  // it is in an archived project or one in the trash: 400
)

// Refusal is the error of a transaction that would break a rule of the data, such as two projects with one key. Nothing has
// changed then. Get at it with errors.As.
type Refusal struct {
	Reason Reason
	Kind   string // of the thing, as in [Event]
	ID     string // of the thing; "" for a new one
	Field  string // member of the thing that is wrong, as its JSON names it; "" where it is the whole
	Why    string // for a developer, in lower case; whoever serves people has words of its own
}

// Error says what was refused and why.
func (r *Refusal) Error() string {
	thing := r.Kind
	if r.ID != "" {
		thing += " " + r.ID
	}
	return fmt.Sprintf("%s: %s: %v", thing, r.Why, ErrRefused)
}

// Unwrap returns [ErrRefused].
func (r *Refusal) Unwrap() error { return ErrRefused }

// about begins a refusal.
func about[T ~string](kind string, id T) *Refusal { return &Refusal{Kind: kind, ID: string(id)} }

func (r *Refusal) because(reason Reason, field, why string, args ...any) error {
	r.Reason, r.Field, r.Why = reason, field, fmt.Sprintf(why, args...)
	return r
}

func (r *Refusal) missing() error { return r.because(Missing, "", "there is none") }

func (r *Refusal) taken(field, why string, args ...any) error {
	return r.because(Taken, field, why, args...)
}

func (r *Refusal) invalid(field, why string, args ...any) error {
	return r.because(Invalid, field, why, args...)
}

func (r *Refusal) inUse(why string, args ...any) error { return r.because(InUse, "", why, args...) }

func (r *Refusal) frozen() error {
	return r.because(Frozen, "", "it is archived, or in the trash")
}
