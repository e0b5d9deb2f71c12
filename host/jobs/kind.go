package jobs

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/sdk"
)

// The bounds of what a run carries.
const (
	MaxInput  = 4 << 10 // bytes
	MaxCursor = 1 << 10 // bytes
	maxCounts = 32
	maxAfter  = 31 * 24 * time.Hour

	defaultAttempts = 5
)

// Kind says how the runs of one name are done. Name and Step are required.
type Kind struct {
	// Name is a word of the host's own, such as "sync.apply": a letter, then up to 63 letters, digits, "_" and ".".
	Name string
	// Step does one step and returns what follows. It is called for many runs at once, and again for the same step where nobody
	// knows whether it was done. It has to come back when its context ends.
	Step func(context.Context, Step) (Next, error)
	// Timeout bounds a step; 0 means a minute. Short steps make for small losses and fair turns; a second is a good length.
	Timeout time.Duration
	// Retry says how often a step is tried.
	Retry Retry
	// KeyLimit is how many runs with the same concurrency key are worked on at a time; 0 means one.
	KeyLimit int
	// InOrder has runs with the same concurrency key worked on in the order of their ids, each one when those before it are over, however long
	// these wait for their next try. KeyLimit has to be one then.
	InOrder bool
	// Keep is how long a run that was done or canceled is kept after its end; 0 means as long as Config.Keep says, as dead letters are.
	Keep time.Duration
	// Counts are the names of what its runs count beside the progress, such as "created".
	Counts []string
	// AnyCounts lets them count under any word, which Step answers for; Counts is empty then.
	AnyCounts bool
}

// Retry says what happens when a step fails. An error with the code exhausted that says for how long to wait, and is not the plugin's own, is no
// failure: the step is done again when that time is over.
type Retry struct {
	// Attempts is how often a step is tried before its run is a dead letter; 0 means 5.
	Attempts int
	// First is the pause after the first failure, which doubles with each further one; 0 means 2 s.
	First time.Duration
	// Most bounds the pause; 0 means 5 minutes.
	Most time.Duration
	// Lost is how often a step may take its host down, or outlive its session, before the run is a dead letter; 0 means 10.
	Lost int
}

// StepID names a step of a run, for ever and whatever the attempt: a run's id, a hyphen and the step's number.
type StepID string

// Step is what a Kind is asked to do.
type Step struct {
	Tenant capability.TenantID
	Plugin capability.PluginID // "" for the host's own
	Run    RunID
	ID     StepID
	// Number counts the steps of a run, from 0.
	Number int
	// Attempt counts the tries of this step that failed before, from 0.
	Attempt int
	Input   []byte
	// Cursor is what the step before returned; nil for the first.
	Cursor []byte
	// By is the account that began the run, "" where it is nobody.
	By string
	// Planned is the time for which a schedule planned the run; zero otherwise.
	Planned time.Time
}

// Next is what follows from a step that was done.
type Next struct {
	// Cursor is for the next step: MaxCursor bytes at most, identifiers only.
	Cursor []byte
	// Done says that there is no next step.
	Done bool
	// After puts the next step off, such as until a limit of requests is over; 0 goes on at once.
	After time.Duration
	// Add is by how much the run got on, in whatever the run counts.
	Add int64
	// Total is how much there is in all, as far as is known now; 0 leaves it as it was.
	Total int64
	// Counts are added to the run's; each name is one of Kind.Counts.
	Counts map[string]int64
}

var word = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.]{0,63}$`)

func (k Kind) withDefaults() (Kind, error) {
	switch {
	case !word.MatchString(k.Name):
		return Kind{}, fmt.Errorf("register a kind of job: the name %q is no letter with up to 63 letters, digits, dots and _ after it", k.Name)
	case k.Step == nil:
		return Kind{}, fmt.Errorf("register kind %s: Step is required", k.Name)
	case k.Timeout < 0 || k.KeyLimit < 0 || k.Retry.Attempts < 0 || k.Retry.First < 0 || k.Retry.Most < 0 || k.Retry.Lost < 0 || k.Keep < 0:
		return Kind{}, fmt.Errorf("register kind %s: a limit is negative; 0 is the default", k.Name)
	case k.InOrder && k.KeyLimit > 1:
		return Kind{}, fmt.Errorf("register kind %s: runs that keep an order are worked on one at a time; leave KeyLimit out", k.Name)
	case len(k.Counts) > maxCounts || slices.ContainsFunc(k.Counts, func(name string) bool { return !word.MatchString(name) }):
		return Kind{}, fmt.Errorf("register kind %s: it has up to %d counts, each named by a letter and up to 63 letters, digits, dots and _", k.Name, maxCounts)
	}
	fill(&k.Timeout, time.Minute)
	fill(&k.KeyLimit, 1)
	fill(&k.Retry.Attempts, defaultAttempts)
	fill(&k.Retry.First, 2*time.Second)
	fill(&k.Retry.Most, 5*time.Minute)
	fill(&k.Retry.Lost, 10)
	return k, nil
}

// fill sets what is zero.
func fill[T comparable](to *T, value T) {
	var zero T
	if *to == zero {
		*to = value
	}
}

// check refuses what a step must not return. That is a defect of the Kind.
func (k Kind) check(n Next) error {
	switch {
	case len(n.Cursor) > MaxCursor:
		return defect("kind %s returned a cursor of %d bytes; at most %d are kept, so keep ids and positions in it", k.Name, len(n.Cursor), MaxCursor)
	case n.After < 0 || n.After > maxAfter:
		return defect("kind %s puts a step off by %s; it is from 0 to %s", k.Name, n.After, maxAfter)
	case n.Total < 0:
		return defect("kind %s returned a negative total", k.Name)
	}
	if len(n.Counts) > maxCounts {
		return defect("kind %s counts %d things at once; at most %d are kept", k.Name, len(n.Counts), maxCounts)
	}
	for name := range n.Counts {
		if !slices.Contains(k.Counts, name) && !(k.AnyCounts && word.MatchString(name)) {
			return defect("kind %s counts something that it does not declare in Counts", k.Name)
		}
	}
	return nil
}

// permanentError is one that no further try can mend.
type permanentError struct{ error }

func (e permanentError) Unwrap() error { return e.error }

// toldToWait says whether a step failed because somebody other than the plugin's own code, such as Jira, is asked too often and said for how
// long to wait. That is no failed try: the step is done when the time has come, however often that happens.
func toldToWait(err error) (time.Duration, bool) {
	e := (*sdk.Error)(nil)
	if !errors.As(err, &e) || e.Code != sdk.Exhausted || e.RetryAfter <= 0 || e.Source == sdk.FromPlugin || errors.As(err, new(permanentError)) {
		return 0, false
	}
	return min(time.Duration(e.RetryAfter)*time.Second, maxAfter), true
}

// Permanent says of a step's error that trying again is of no use: the run becomes a dead letter at once. Errors with the codes
// invalid, not_found, exists, permission_denied, unauthenticated and unimplemented are so by themselves.
func Permanent(err error) error { return permanentError{err} }

// defect is an error of the code of a Kind.
func defect(format string, args ...any) error { return Permanent(fail(sdk.Internal, format, args...)) }

// laterError says when the next try makes sense.
type laterError struct {
	error
	after time.Duration
}

func (e laterError) Unwrap() error { return e.error }

// Later says of a step's error after which pause the next try makes sense, such as what Retry-After said.
func Later(err error, after time.Duration) error { return laterError{err, after} }

// Final says whether a step that fails so, after attempt failed tries, is not tried again. For a Kind that notes why its runs end; r is
// as it was registered.
func (r Retry) Final(err error, attempt int) bool {
	fill(&r.Attempts, defaultAttempts)
	_, again := r.verdict("", err, attempt+1)
	return !again
}

// verdict says whether a step that failed is tried again, and after which pause; failed is how often it has failed now.
func (r Retry) verdict(id StepID, err error, failed int) (pause time.Duration, again bool) {
	if after, told := toldToWait(err); told {
		return after + spread(id, failed, min(after/8, mostSpread)), true
	}
	if errors.As(err, new(permanentError)) || failed >= r.Attempts {
		return 0, false
	}
	switch sdk.CodeOf(err) {
	case sdk.Invalid, sdk.NotFound, sdk.Exists, sdk.PermissionDenied, sdk.Unauthenticated, sdk.Unimplemented:
		return 0, false
	}
	if later := (laterError{}); errors.As(err, &later) && later.after > 0 {
		return min(later.after, maxAfter), true
	}
	pause = r.First
	for range failed - 1 {
		pause = min(2*pause, r.Most)
	}
	pause = min(pause, r.Most)
	// From three quarters to five quarters of it.
	return pause*3/4 + spread(id, failed, pause/2), true
}

// mostSpread bounds by how much longer a step waits than it was told.
const mostSpread = 30 * time.Second

// spread is a time up to most, so that what failed together does not come back together.
func spread(id StepID, failed int, most time.Duration) time.Duration {
	h := fnv.New64a()
	h.Write([]byte(string(id) + "/" + strconv.Itoa(failed)))
	return time.Duration(h.Sum64()>>1) % (most + 1)
}
