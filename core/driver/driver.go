// Package driver is the small interface between the engine and whatever runs a plugin's code: Wasm, a process, or plain
// Go. Start with [Driver] and [Module]; core/drivertest is the suite that every driver passes. What every driver needs
// as well stands here: [Gate], the way in and out of a module, and [Ask], the way of a host call.
//
// It is not for those who want to call a plugin: that is package core.
package driver

import (
	"context"

	"github.com/pergola-platform/pergola/sdk/hostcall"
)

// Driver runs code of one kind. It is safe for concurrent use.
type Driver interface {
	// Load prepares code for calls. It may take seconds; it never happens on a user's request. The error says what is
	// wrong with the code and what its author has to do; it holds nothing secret.
	Load(ctx context.Context, code []byte, limits Limits) (Module, error)

	// Close ends every module of the driver, as [Module.Close] does.
	Close(ctx context.Context) error
}

// Preparer is a driver that can do ahead, and for several modules at a time, what their Load takes so long for.
type Preparer interface {
	// Prepare readies code and keeps it ready until release is called, for a Load with the same arguments. What is wrong with the code
	// is left for Load to say.
	Prepare(ctx context.Context, code []byte, limits Limits) (release func())
}

// Module is loaded code. It is safe for concurrent use: a driver hands each call an instance of its own.
type Module interface {
	// Call hands a message to the plugin and returns its answer. Host calls that the plugin makes meanwhile go to
	// c.Host, with a context derived from ctx. The usage in the result is set beside an error as well.
	//
	// The error is a *sdk.Error. Source plugin: the code trapped (internal), ran past its deadline (deadline), used up
	// its fuel or asked for too much memory (exhausted), or answered with more than wire.MaxMessage bytes or bytes
	// outside of its memory (internal). Source host: invalid where c.Message is too long, exhausted where no instance
	// came free in time or the host's own memory is used up, canceled where ctx ended first, unavailable after Close.
	// An error about a limit names it in its field Limit, such as "fuel"; see [Limit].
	Call(ctx context.Context, c Call) (Result, error)

	// Facts says how the code runs. They do not change.
	Facts() Facts

	// Close refuses new calls, waits for the running ones and frees the module. Where ctx ends first it stops them and
	// returns the context's error. Closing twice is no error.
	Close(ctx context.Context) error
}

// Call is one call of a plugin.
type Call struct {
	// Message is the bytes of a wire.Call, at most wire.MaxMessage of them. The driver does not keep them.
	Message []byte
	// Host answers the host calls; with nil each of them is answered with unavailable.
	Host hostcall.Host
	// Tenant is who pays for the call: the key of what is fair, and of the bound on calls at the same time. It is no
	// key of memory: a driver that cannot give each call memory that nobody has used says so in [Facts.Memory].
	Tenant string
	// Class says what kind of call this is.
	Class Class
	// Budget bounds the call; what is zero in it is taken from the module's limits.
	Budget Budget
	// Quota is told of the fuel that the call uses, while it runs and when it ends; nil bounds nothing. A driver that meters no fuel
	// tells it of none.
	Quota Quota
}

// Quota bounds fuel over several calls. It is safe for concurrent use.
type Quota interface {
	// Spend takes so many units. The error, a *sdk.Error, says that nothing is left: the call has to stop.
	Spend(units int64) error
}

// Result is what came of a call.
type Result struct {
	// Message is the bytes of a wire.Result that the caller has yet to decode; nil beside an error. It is the caller's.
	Message []byte
	Usage   Usage
}

// Occupied is a module that says how much of it is there at a moment, for an operator's metrics. A driver's modules may be that.
type Occupied interface{ Occupancy() Occupancy }

// Occupancy is how much of a module is there at a moment.
type Occupancy struct {
	Busy, Idle  int   // instances in which a call runs, and those that wait for one
	Waiting     int   // calls that wait for their turn
	MemoryBytes int64 // that the instances have of what the host gives to plugins
}

// Usage is what a call used. A figure that a driver does not measure is zero.
type Usage struct {
	Fuel        int64  // units, see core/fuel
	MemoryBytes uint64 // linear memory of the instance when the call ended
}

// Facts are what an operator wants to know of loaded code.
type Facts struct {
	Memory   Memory
	Metering Metering
	// Note says in words for an admin why the code runs with less than the best the driver has; empty where it does not.
	Note string
	// Digest identifies the code that runs, where a driver runs other bytes than it was given: the SHA-256 of the
	// rewritten module, in hex.
	Digest string
}

// Memory says what one call can find of another in a plugin's memory.
type Memory string

// The ways to keep memory apart.
const (
	// PristineMemory is what nobody has used before, for each call: what a module's start left, restored.
	PristineMemory Memory = "pristine"
	// FreshMemory is the same for the price of a new instance for each call.
	FreshMemory Memory = "fresh"
	// SharedMemory is one memory for all calls of all tenants. Only code that the operator trusts runs so.
	SharedMemory Memory = "shared"
)

// Metering says how code is bounded that computes without end.
type Metering string

// The ways to bound what code computes.
const (
	// FuelMetering counts instructions; see core/fuel.
	FuelMetering Metering = "fuel"
	// DeadlineMetering stops code at its deadline, and counts nothing.
	DeadlineMetering Metering = "deadline"
	// NoMetering leaves it to code to look at its deadline.
	NoMetering Metering = "none"
)
