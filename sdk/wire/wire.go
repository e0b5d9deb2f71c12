// Package wire is the envelope of every message between host and plugin, in MessagePack maps. It is append-only: a field
// keeps its name and meaning for ever, unknown fields are skipped, and testdata holds golden vectors of each version.
// ABI.md beside this file is the whole contract for those who write plugins in other languages; tests compare it with the code.
//
// A call and a host call have the same two shapes, whatever carries them (Wasm memory, a pipe, a function call):
//
//	Call   {"op": string, "body": any}               a question
//	Result {"error": Error or absent, "body": any}   its answer
//
// where Error is {"code": string, "source": string, "message": string, "field": string or absent}, and what the body
// holds depends on the operation. A field that is absent has its type's zero value. A message is at most [MaxMessage]
// bytes long and within the other bounds of [Check].
//
// # Wasm ABI v1
//
// The guest is a WASI preview 1 reactor. It exports
//
//	memory
//	_initialize()                  called once by the host, before anything else
//	pergola_buffer(n i32) i32      address of a buffer of at least n bytes, valid until the next call of it
//	pergola_call(n i32) i64        handles the Call of n bytes in that buffer; returns address<<32 | length of the Result
//	pergola_seed() i32             may be missing: address of SeedBytes bytes that the host fills with fresh randomness before each call
//
// Each call begins with the memory and the globals that _initialize left, as if there had been no call before: what a guest keeps
// in a variable is gone afterwards. That is true of a random generator's state too, so a guest that has one seeds it in each call with what stands at the
// address that pergola_seed returned, or takes its random numbers from random_get alone. Calls of pergola_buffer, pergola_seed and pergola_call that
// the host makes to warm the guest up may count as part of the start.
//
// and imports at most, from module "pergola",
//
//	host_call(ptr i32, n i32) i32  asks the host; returns the length of the Result that is now waiting
//	host_read(ptr i32, n i32)      copies the waiting Result, n bytes, to ptr
//	tick(n i64) i64                for the fuel counter that the host puts into the code, see core/fuel; not for the guest
//
// and, from wasi_snapshot_preview1, clocks, randomness, writing to stdout and stderr (which become log lines for the
// developer), and exit (which is a trap). There are no files, environment, arguments or sockets.
package wire

// Version and size. The other bounds of a message are [MaxValues] and [MaxDepth].
const (
	// ABI is the version of the contract in this package.
	ABI = 1
	// MaxMessage is the largest message in bytes, in either direction.
	MaxMessage = 4 << 20
	// SeedBytes is how much randomness a guest gets for each call, where it exports pergola_seed.
	SeedBytes = 32
)

// The operations that a host asks of a plugin, and the types of their bodies.
const (
	OpDescribe = "describe" // nothing → sdk.Description
	OpView     = "view"     // sdk.Request → view.Page
	OpAction   = "action"   // sdk.Request → view.Page
	OpFile     = "file"     // sdk.Request → sdk.Attachment
	OpSuggest  = "suggest"  // sdk.Request → view.Choices

	OpService = "service" // service.Request → service.Answer; see sdk/service
	OpGuard   = "guard"   // config.Change → config.Verdict; see sdk/config
	OpEvent   = "event"   // event.Event → nothing; see sdk/event
	OpJob     = "job"     // job.Step → job.Result; see sdk/job
	OpJQL     = "jql"     // jqlfunc.Question → jqlfunc.Answer; see sdk/jqlfunc
	OpRoute   = "route"   // rest.Request → rest.Answer; see sdk/rest

	// SyncOps is how the operations of a synchronizer begin; see sdk/sync.
	SyncOps = "sync."
)

// Names of the Wasm ABI.
const (
	Module       = "pergola" // the import module
	ImportCall   = "host_call"
	ImportRead   = "host_read"
	ImportTick   = "tick"
	ExportBuffer = "pergola_buffer"
	ExportCall   = "pergola_call"
	ExportSeed   = "pergola_seed" // may be missing; since v0.2
)
