package core

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
)

// Policy is the operator's bounds. A plugin asks for limits in its manifest and gets no more than the policy has. What is zero in
// a class stands for that of [DefaultPolicy].
type Policy struct {
	Request, Event, Step ClassPolicy

	// TenantFuel is what all plugins of one tenant may compute in a minute, in units; 0 bounds nothing.
	TenantFuel int64

	Instances int           // calls of one plugin that run at the same time; 0 means what the driver takes
	Queue     int           // calls of one tenant that wait for one plugin; 0 means what the driver takes
	Wait      time.Duration // for a free instance; 0 means what the driver takes
}

// ClassPolicy bounds one class of calls. Each figure is the most that a plugin may ask for.
type ClassPolicy struct {
	MemoryBytes uint64
	Fuel        int64
	Timeout     time.Duration
	HostCalls   int64
	EgressBytes int64
	LogBytes    int64
	Concurrency int // calls of one tenant and plugin
}

// DefaultPolicy is the bounds that hold where an operator has set none.
func DefaultPolicy() Policy {
	return Policy{
		Request: ClassPolicy{MemoryBytes: 256 << 20, Fuel: 5e12, Timeout: 30 * time.Second, HostCalls: 1000, EgressBytes: 64 << 20, LogBytes: 256 << 10, Concurrency: 16},
		Event:   ClassPolicy{MemoryBytes: 256 << 20, Fuel: 5e12, Timeout: 30 * time.Second, HostCalls: 1000, EgressBytes: 64 << 20, LogBytes: 256 << 10, Concurrency: 8},
		Step:    ClassPolicy{MemoryBytes: 512 << 20, Fuel: 50e12, Timeout: 60 * time.Second, HostCalls: 5000, EgressBytes: 256 << 20, LogBytes: 1 << 20, Concurrency: 8},
	}
}

// unasked are the limits of a plugin that asks for none.
var unasked = map[driver.Class]ClassPolicy{
	driver.Request: {MemoryBytes: 64 << 20, Fuel: 500e9, Timeout: 10 * time.Second, HostCalls: 1000, EgressBytes: 16 << 20, LogBytes: 64 << 10, Concurrency: 4},
	driver.Event:   {MemoryBytes: 64 << 20, Fuel: 500e9, Timeout: 10 * time.Second, HostCalls: 1000, EgressBytes: 16 << 20, LogBytes: 64 << 10, Concurrency: 2},
	driver.Step:    {MemoryBytes: 128 << 20, Fuel: 5000e9, Timeout: 30 * time.Second, HostCalls: 5000, EgressBytes: 64 << 20, LogBytes: 256 << 10, Concurrency: 2},
}

// limits are what each class of calls of one plugin may use, and where that was decided.
type limits [3]classLimits

type classLimits struct {
	budget  driver.Budget
	allowed capability.Allowance
	origin  map[driver.Limit]origin
}

// origin says who set a limit.
type origin byte

const (
	byDefault  origin = iota // nobody: the manifest asks for nothing
	byManifest               // the manifest asks for it
	byPolicy                 // the policy has less than the manifest asks for, or than the default
)

// limits clamps what a manifest asks for.
func (p Policy) limits(m *manifest.Manifest) *limits {
	var out limits
	defaults := DefaultPolicy()
	for class, of := range map[driver.Class]struct {
		asked         manifest.ClassLimits
		most, highest ClassPolicy
	}{
		driver.Request: {m.Limits.Request, p.Request, defaults.Request},
		driver.Event:   {m.Limits.Event, p.Event, defaults.Event},
		driver.Step:    {m.Limits.Step, p.Step, defaults.Step},
	} {
		l := &out[class]
		l.origin = map[driver.Limit]origin{}
		free := unasked[class]
		clamp := func(limit driver.Limit, asked, free, most, mostByDefault int64) int64 {
			v := free
			l.origin[limit] = byDefault
			if asked > 0 {
				v, l.origin[limit] = asked, byManifest
			}
			if most <= 0 {
				most = mostByDefault
			}
			if most < v {
				v, l.origin[limit] = most, byPolicy
			}
			return v
		}
		a, most, def := of.asked, of.most, of.highest
		l.budget = driver.Budget{
			MemoryBytes: uint64(clamp(driver.LimitMemory, int64(a.MemoryMiB)<<20, int64(free.MemoryBytes), toInt64(most.MemoryBytes), int64(def.MemoryBytes))),
			Fuel:        clamp(driver.LimitFuel, a.Fuel, free.Fuel, most.Fuel, def.Fuel),
			Timeout:     time.Duration(clamp(driver.LimitTimeout, int64(a.TimeoutMs)*int64(time.Millisecond), int64(free.Timeout), int64(most.Timeout), int64(def.Timeout))),
			Concurrency: int(clamp(driver.LimitConcurrency, int64(a.Concurrency), int64(free.Concurrency), int64(most.Concurrency), int64(def.Concurrency))),
		}
		l.allowed = capability.Allowance{
			Class:       class,
			HostCalls:   clamp(driver.LimitHostCalls, int64(a.HostCalls), free.HostCalls, most.HostCalls, def.HostCalls),
			EgressBytes: clamp(driver.LimitEgress, int64(a.EgressKiB)<<10, free.EgressBytes, most.EgressBytes, def.EgressBytes),
			LogBytes:    clamp(driver.LimitLog, int64(a.LogKiB)<<10, free.LogBytes, most.LogBytes, def.LogBytes),
		}
	}
	return &out
}

// Bound is one limit of one class of calls: what a plugin asks for, and what it gets.
type Bound struct {
	Class driver.Class
	Limit driver.Limit
	Asked int64 // in the unit of the manifest, such as MiB; 0 where it asks for nothing
	Gets  int64 // in the same unit
}

// Bounds returns the limits of a manifest under a policy, class by class.
func (p Policy) Bounds(m *manifest.Manifest) []Bound {
	l := p.limits(m)
	asked := map[driver.Class]manifest.ClassLimits{driver.Request: m.Limits.Request, driver.Event: m.Limits.Event, driver.Step: m.Limits.Step}
	var out []Bound
	for _, c := range driver.Classes() {
		a, b, h := asked[c], l[c].budget, l[c].allowed
		out = append(out,
			Bound{c, driver.LimitMemory, int64(a.MemoryMiB), toInt64(b.MemoryBytes >> 20)},
			Bound{c, driver.LimitFuel, a.Fuel, b.Fuel},
			Bound{c, driver.LimitTimeout, int64(a.TimeoutMs), b.Timeout.Milliseconds()},
			Bound{c, driver.LimitHostCalls, int64(a.HostCalls), h.HostCalls},
			Bound{c, driver.LimitEgress, int64(a.EgressKiB), h.EgressBytes >> 10},
			Bound{c, driver.LimitLog, int64(a.LogKiB), h.LogBytes >> 10},
			Bound{c, driver.LimitConcurrency, int64(a.Concurrency), int64(b.Concurrency)},
		)
	}
	return out
}

func toInt64(n uint64) int64 { return int64(min(n, math.MaxInt64)) }

// module returns what a driver has to know before any call.
func (l *limits) module(p Policy) driver.Limits {
	out := driver.Limits{Budget: l[driver.Request].budget, Instances: p.Instances, Queue: p.Queue, Wait: p.Wait}
	for _, class := range l {
		out.MaxMemoryBytes = max(out.MaxMemoryBytes, class.budget.MemoryBytes)
	}
	return out
}

// place adds to an error about a limit where that limit is set.
func (l *loaded) place(e *sdk.Error) *sdk.Error {
	if class, isMemory := strings.CutSuffix(e.Limit, "."+string(driver.LimitMemory)); isMemory && l.module.Facts().Memory == driver.SharedMemory {
		e = l.limits.sharing(e, class)
	}
	return l.limits.place(e)
}

// sharing names the class that has the most memory, where all calls share what that has: to raise another one's would help nobody.
func (l *limits) sharing(e *sdk.Error, class string) *sdk.Error {
	largest := driver.Request
	for _, c := range driver.Classes() {
		if c.String() == class && l[c].budget.MemoryBytes >= l[largest].budget.MemoryBytes || l[c].budget.MemoryBytes > l[largest].budget.MemoryBytes {
			largest = c
		}
	}
	out := *e
	out.Limit = largest.String() + "." + string(driver.LimitMemory)
	return &out
}

func (l *limits) place(e *sdk.Error) *sdk.Error {
	class, limit, found := strings.Cut(e.Limit, ".")
	if !found {
		return e
	}
	for _, c := range driver.Classes() {
		by, known := l[c].origin[driver.Limit(limit)]
		if c.String() != class || !known {
			continue
		}
		out := *e
		switch by {
		case byManifest:
			out.Message = fmt.Sprintf("%s. The plugin itself asks for this limit, as limits.%s in plugin.json", e.Message, e.Limit)
		case byPolicy:
			out.Message = fmt.Sprintf("%s. The operator's policy sets this limit, as engine.%s.%s", e.Message, class, policyKeys[driver.Limit(limit)])
		default:
			out.Message = fmt.Sprintf("%s. It is the limit of plugins that ask for none; plugin.json can ask for another as limits.%s", e.Message, e.Limit)
		}
		return &out
	}
	return e
}

// policyKeys are the names of the limits in a host's configuration.
var policyKeys = map[driver.Limit]string{
	driver.LimitMemory: "memory_mib", driver.LimitFuel: "fuel", driver.LimitTimeout: "timeout", driver.LimitHostCalls: "host_calls",
	driver.LimitEgress: "egress_kib", driver.LimitLog: "log_kib", driver.LimitConcurrency: "concurrency",
}
