// Package driver is the small interface between the engine and whatever runs a plugin's code: Wasm, a process, or plain
// Go. Start with [Driver] and [Module]; core/drivertest is the suite that every driver passes. What every driver needs
// as well stands here: [Gate], the way in and out of a module, and [Ask], the way of a host call.
//
// It is not for those who want to call a plugin: that is package core.
package driver

import (
	"context"
	"runtime"
	"time"

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

// Module is loaded code. It is safe for concurrent use: a driver hands each call an instance of its own.
type Module interface {
	// Call hands a message to the plugin and returns its answer, the bytes of a wire.Result that the caller has yet to
	// decode. Host calls that the plugin makes meanwhile go to c.Host, with a context derived from ctx.
	//
	// The error is a *sdk.Error. Source plugin: the code trapped (internal), ran past its deadline (deadline), asked
	// for too much memory (exhausted), or answered with more than wire.MaxMessage bytes or bytes outside of its memory
	// (internal). Source host: invalid where c.Message is too long, exhausted where no instance came free in time,
	// canceled where ctx ended first, unavailable after Close.
	Call(ctx context.Context, c Call) (result []byte, err error)
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
	// Isolation is the key of those who may see each other's traces in the plugin's memory; the engine passes the
	// tenant. Calls with different keys never share memory. The zero value shares with nobody: such a call gets
	// memory that nobody has used, and nobody uses it afterwards.
	//
	// In-process code has one memory for everybody; see core/inproc.
	Isolation string
}

// Limits bound each call of a module. The zero value works.
type Limits struct {
	MemoryBytes uint64 // linear memory of one instance; 0 means 64 MiB
	Instances   int    // calls that run at the same time; 0 means 2 for each CPU
	// Timeout bounds one call from its start, on top of the context's own deadline; 0 means 10 s.
	Timeout time.Duration
	// Wait bounds the time a call waits for a free instance; 0 means 2 s.
	Wait time.Duration
}

// WithDefaults returns l with every zero replaced by its meaning.
func (l Limits) WithDefaults() Limits {
	if l.MemoryBytes == 0 {
		l.MemoryBytes = 64 << 20
	}
	if l.Instances <= 0 {
		l.Instances = 2 * runtime.GOMAXPROCS(0)
	}
	if l.Timeout <= 0 {
		l.Timeout = 10 * time.Second
	}
	if l.Wait <= 0 {
		l.Wait = 2 * time.Second
	}
	return l
}
