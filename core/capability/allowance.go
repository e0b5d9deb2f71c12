package capability

import (
	"fmt"
	"sync/atomic"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk"
)

// Allowance is what one call of a plugin may ask of the host. Zero means the defaults below.
type Allowance struct {
	Class       driver.Class // of the call, for the names of its limits
	HostCalls   int64
	EgressBytes int64 // to and from services outside of the host, such as Jira
	LogBytes    int64
}

// The defaults of an [Allowance].
const (
	MaxHostCalls   = 1000
	MaxEgressBytes = 16 << 20
	MaxLogBytes    = 64 << 10
)

func (a Allowance) withDefaults() Allowance {
	if a.HostCalls <= 0 {
		a.HostCalls = MaxHostCalls
	}
	if a.EgressBytes <= 0 {
		a.EgressBytes = MaxEgressBytes
	}
	if a.LogBytes <= 0 {
		a.LogBytes = MaxLogBytes
	}
	return a
}

// Traffic says where the bytes of a host call go, and so of which limit they count.
type Traffic byte

// The kinds of traffic.
const (
	Inside Traffic = iota // they stay with the host and its store
	Egress                // they leave the host, or come from outside
	Log                   // they become a line of a log
)

// Usage is what a call of a plugin asked of its host.
type Usage struct{ HostCalls, EgressBytes, LogBytes int64 }

// ledger counts what one call of a plugin asks for.
type ledger struct {
	allowed              Allowance
	calls, egress, lines atomic.Int64
}

func (l *ledger) usage() Usage {
	return Usage{HostCalls: l.calls.Load(), EgressBytes: l.egress.Load(), LogBytes: l.lines.Load()}
}

// call counts a host call.
func (l *ledger) call() error {
	if l.calls.Add(1) > l.allowed.HostCalls {
		l.calls.Add(-1)
		return l.exceeded(driver.LimitHostCalls, "the plugin made more than the %d host calls that it may make in one call; ask for many things at a time", l.allowed.HostCalls)
	}
	return nil
}

// bytes counts what a host call carries.
func (l *ledger) bytes(t Traffic, n int) error {
	switch t {
	case Egress:
		if l.egress.Add(int64(n)) > l.allowed.EgressBytes {
			return l.exceeded(driver.LimitEgress, "the plugin exchanged more than %d bytes with services outside of the host in one call; ask for less at a time", l.allowed.EgressBytes)
		}
	case Log:
		if l.lines.Add(int64(n)) > l.allowed.LogBytes {
			l.lines.Add(int64(-n))
			return l.exceeded(driver.LimitLog, "the plugin logged more than %d bytes in one call; log counts instead of a line for each thing", l.allowed.LogBytes)
		}
	}
	return nil
}

func (l *ledger) exceeded(limit driver.Limit, format string, args ...any) error {
	return driver.Exceeded(sdk.Exhausted, sdk.FromPlugin, l.allowed.Class, limit, fmt.Sprintf(format, args...))
}
