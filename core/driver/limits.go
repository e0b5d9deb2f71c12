package driver

import (
	"fmt"
	"math"
	"runtime"
	"time"

	"github.com/pergola-platform/pergola/sdk"
)

// Class is a kind of call. Each has limits of its own: somebody waits for a request, nobody waits for a step of a job.
type Class uint8

// The classes.
const (
	Request Class = iota // a view, an action or a file, which a user waits for
	Event                // something that happened in Jira
	Step                 // one step of a job

	classes
)

// Classes are all classes, in order.
func Classes() []Class { return []Class{Request, Event, Step} }

// String returns the word under which manifests and policies set the limits of a class.
func (c Class) String() string {
	switch c {
	case Request:
		return "request"
	case Event:
		return "event"
	case Step:
		return "step"
	}
	return fmt.Sprintf("class %d", uint8(c))
}

// Limit names something of which a call may use so much. The names are those of a manifest's limits, and stand in
// sdk.Error.Limit behind the call's class: "request.fuel".
type Limit string

// The limits.
const (
	LimitMemory      Limit = "memoryMiB"
	LimitFuel        Limit = "fuel"
	LimitTimeout     Limit = "timeoutMs"
	LimitHostCalls   Limit = "hostCalls"
	LimitEgress      Limit = "egressKiB"
	LimitLog         Limit = "logKiB"
	LimitConcurrency Limit = "concurrency"
)

// Exceeded returns the error of a call that reached a limit. what is a clause about the plugin that tells the limit's value,
// such as "it computed for 5000000 units of fuel"; whoever knows where the limit is set adds that.
func Exceeded(code sdk.Code, source sdk.Source, class Class, limit Limit, what string) *sdk.Error {
	return &sdk.Error{Code: code, Source: source, Message: what, Limit: class.String() + "." + string(limit)}
}

// Budget bounds one call. Zero means what the module's limits say.
type Budget struct {
	MemoryBytes uint64        // linear memory of the instance
	Fuel        int64         // units of core/fuel; about one for each instruction, several in code compiled from Go
	Timeout     time.Duration // from the start of the call, on top of the context's own deadline
	Concurrency int           // calls of this tenant and class that run at the same time
}

// Limits bound a module and each of its calls. The zero value works.
type Limits struct {
	// Budget is what a call gets whose own says nothing. Zero means 64 MiB, 50e9 units of fuel (in code compiled from Go a second or two), 10 s, and a quarter of
	// Instances but at least 2.
	Budget
	MaxMemoryBytes uint64        // the most that a call's budget may have; 0 means Budget.MemoryBytes
	Instances      int           // calls that run at the same time, of all tenants; 0 means 8 for each CPU
	Queue          int           // calls of one tenant that wait for their turn; 0 means 64
	Wait           time.Duration // how long they wait; 0 means 2 s
}

// WithDefaults returns l with every zero replaced by its meaning.
func (l Limits) WithDefaults() Limits {
	if l.MemoryBytes == 0 {
		l.MemoryBytes = 64 << 20
	}
	l.MaxMemoryBytes = max(l.MaxMemoryBytes, l.MemoryBytes)
	if l.Fuel <= 0 {
		l.Fuel = 50e9
	}
	if l.Instances <= 0 {
		l.Instances = 8 * runtime.GOMAXPROCS(0)
	}
	if l.Concurrency <= 0 {
		l.Concurrency = max(2, l.Instances/4)
	}
	if l.Timeout <= 0 {
		l.Timeout = 10 * time.Second
	}
	if l.Queue <= 0 {
		l.Queue = 64
	}
	if l.Wait <= 0 {
		l.Wait = 2 * time.Second
	}
	return l
}

// Bound returns a call's budget with every zero replaced by the module's figure, and none above what the module was loaded
// for.
func (l Limits) Bound(b Budget) Budget {
	if b.MemoryBytes == 0 {
		b.MemoryBytes = l.MemoryBytes
	}
	b.MemoryBytes = min(b.MemoryBytes, l.MaxMemoryBytes)
	if b.Fuel <= 0 {
		b.Fuel = l.Fuel
	}
	b.Fuel = min(b.Fuel, math.MaxInt64/2) // room to add a slice
	if b.Timeout <= 0 {
		b.Timeout = l.Timeout
	}
	if b.Concurrency <= 0 {
		b.Concurrency = l.Concurrency
	}
	return b
}
