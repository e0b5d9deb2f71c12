package fault

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/limit"
)

// Place is where a fault happens.
type Place string

// The places.
const (
	Anywhere Place = ""        // for skew only: answers and tokens
	REST     Place = "rest"    // answers of the REST interface
	Webhook  Place = "webhook" // deliveries to apps
	Token    Place = "token"   // tokens that the site signs: for lifecycle calls, frames and webhooks
)

// Effect is what a fault does.
type Effect string

// The effects. Those before Drop happen to answers of the REST interface, but for Skew, which tokens know too; the others
// to webhooks.
const (
	Latency   Effect = "latency"   // the answer waits before anything is done
	Status    Effect = "status"    // nothing is done, and Status is answered
	Cut       Effect = "cut"       // the connection ends: before anything is done, or in the middle of the answer
	Lose      Effect = "lose"      // all is done, and the connection ends without an answer
	Truncate  Effect = "truncate"  // a complete answer with half a body
	Slow      Effect = "slow"      // the body comes in pieces over the time of Delay
	Skew      Effect = "skew"      // the clock is off: the header Date, the times of tokens
	Drop      Effect = "drop"      // a webhook is never sent
	Duplicate Effect = "duplicate" // a webhook comes Copies times more
	Delay     Effect = "delay"     // a webhook comes late
	Reorder   Effect = "reorder"   // a webhook comes after the next one for the same app and issue
)

// Effects lists all of them.
var Effects = []Effect{Latency, Status, Cut, Lose, Truncate, Slow, Skew, Drop, Duplicate, Delay, Reorder}

// decides says whether an effect settles how a request is answered.
func (e Effect) decides() bool {
	return slices.Contains([]Effect{Status, Cut, Lose, Truncate, Slow, Drop}, e)
}

func (e Effect) ofWebhooks() bool { return slices.Index(Effects, e) >= slices.Index(Effects, Drop) }

// Spread is how a Delay varies.
type Spread string

// The spreads.
const (
	Fixed       Spread = "fixed"
	Uniform     Spread = "uniform"     // between 0 and twice the delay
	Exponential Spread = "exponential" // mostly short and sometimes long, as in networks
)

// Statuses are what Status can answer.
var Statuses = []int{429, 500, 502, 503, 504}

// Rule says which requests or webhooks meet which fault. Fields that are empty match everything.
type Rule struct {
	ID     string `json:"id"`
	On     Place  `json:"on,omitempty"`
	App    string `json:"app,omitempty"`
	Method string `json:"method,omitempty"`
	Path   string `json:"path,omitempty"`  // "*" is anything within a segment, "**" anything
	Event  string `json:"event,omitempty"` // of webhooks, with "*" for anything

	Probability float64    `json:"probability,omitempty"` // of each match; 0 is always
	Every       int        `json:"every,omitempty"`       // only the nth, 2nth… match
	Seed        uint64     `json:"seed,omitempty"`        // of what is left to chance; 0 is the set's
	Times       int        `json:"times,omitempty"`       // ends after so many; 0 is never
	For         limit.Span `json:"for,omitempty"`         // when a rule is added: sets Until
	Until       time.Time  `json:"until,omitzero"`

	Effect     Effect       `json:"effect"`
	Delay      limit.Span   `json:"delay,omitempty"`
	Spread     Spread       `json:"spread,omitempty"`
	Status     int          `json:"status,omitempty"`
	Reason     limit.Reason `json:"reason,omitempty"`     // of status 429
	RetryAfter limit.Span   `json:"retryAfter,omitempty"` // of status 429 and 503; 0 is what the reason has
	At         string       `json:"at,omitempty"`         // of a cut: "before" or "middle"
	Skew       limit.Span   `json:"skew,omitempty"`       // ahead, or behind if negative
	Copies     int          `json:"copies,omitempty"`

	path, event *regexp.Regexp
}

// normalize fills in defaults and refuses rules that would do nothing or not what was meant.
func (r *Rule) normalize() error {
	if !slices.Contains(Effects, r.Effect) {
		return fmt.Errorf("effect %q; want one of %s", r.Effect, words(Effects))
	}
	if err := r.place(); err != nil {
		return err
	}
	if r.Probability < 0 || r.Probability > 1 {
		return fmt.Errorf("probability %v; want 0 to 1", r.Probability)
	}
	if r.Every < 0 || r.Times < 0 || r.For < 0 || r.Delay < 0 || r.RetryAfter < 0 || r.Copies < 0 {
		return errors.New("every, times, for, delay, retryAfter and copies cannot be less than 0")
	}
	switch r.Spread {
	case "", Fixed, Uniform, Exponential:
	default:
		return fmt.Errorf("spread %q; want fixed, uniform or exponential", r.Spread)
	}
	r.Method = strings.ToUpper(r.Method)
	if r.Path != "" {
		r.path = glob(r.Path, "[^/]*")
	}
	if r.Event != "" {
		r.event = glob(r.Event, ".*")
	}
	return r.parameters()
}

func (r *Rule) place() error {
	want := REST
	switch {
	case r.Effect.ofWebhooks():
		want = Webhook
	case r.Effect == Skew && (r.On == Anywhere || r.On == Token):
		want = r.On
	}
	if r.On == "" {
		r.On = want
	}
	if r.On != want {
		return fmt.Errorf("effect %s on %s; it happens on %s", r.Effect, r.On, want)
	}
	if r.Event != "" && r.On != Webhook {
		return fmt.Errorf("event %q: only webhooks have events", r.Event)
	}
	return nil
}

// parameters checks what single effects need.
func (r *Rule) parameters() error {
	switch r.Effect {
	case Latency, Slow, Delay:
		if r.Delay == 0 {
			return fmt.Errorf("effect %s needs a delay, such as 2s", r.Effect)
		}
	case Skew:
		if r.Skew == 0 {
			return errors.New("effect skew needs a skew, such as 10m or -10m")
		}
	case Status:
		if !slices.Contains(Statuses, r.Status) {
			return fmt.Errorf("status %d; want one of %v", r.Status, Statuses)
		}
		if r.Status == http.StatusTooManyRequests && r.Reason == "" {
			r.Reason = limit.Burst
		}
		if r.Reason != "" && (r.Status != http.StatusTooManyRequests || !slices.Contains(limit.Reasons, r.Reason)) {
			return fmt.Errorf("reason %q of status %d; status 429 has one of %s", r.Reason, r.Status, words(limit.Reasons))
		}
	case Cut:
		if r.At == "" {
			r.At = "before"
		}
		if r.At != "before" && r.At != "middle" {
			return fmt.Errorf("cut at %q; want before or middle", r.At)
		}
	case Duplicate:
		r.Copies = max(1, r.Copies)
	case Reorder:
		if r.Delay == 0 {
			r.Delay = limit.Span(5 * time.Second) // when no other webhook comes, it goes out alone
		}
	}
	return nil
}

// fits says whether a rule is about a target.
func (r *Rule) fits(t Target) bool {
	if r.On != t.On && (r.On != Anywhere || t.On == Webhook) {
		return false
	}
	return (r.App == "" || r.App == t.App) && (r.Method == "" || r.Method == t.Method || t.On == Token) &&
		(r.path == nil || r.path.MatchString(t.Path) || t.On == Token) && (r.event == nil || r.event.MatchString(t.Event))
}

// pause rolls the delay.
func (r *Rule) pause(dice *rand.Rand) time.Duration {
	d := float64(r.Delay)
	switch r.Spread {
	case Uniform:
		d *= 2 * dice.Float64()
	case Exponential:
		d *= dice.ExpFloat64()
	}
	return time.Duration(d)
}

// glob makes a pattern of text in which "*" stands for what star matches and "**" for anything.
func glob(text, star string) *regexp.Regexp {
	parts := strings.Split(text, "**")
	for i, part := range parts {
		pieces := strings.Split(part, "*")
		for j := range pieces {
			pieces[j] = regexp.QuoteMeta(pieces[j])
		}
		parts[i] = strings.Join(pieces, star)
	}
	return regexp.MustCompile("^" + strings.Join(parts, ".*") + "$")
}

func words[T ~string](list []T) string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return strings.Join(out, ", ")
}
