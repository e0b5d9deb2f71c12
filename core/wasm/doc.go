// Package wasm runs plugins as WebAssembly modules on wazero. It is the driver for code that nobody has to trust: a guest
// has no files, no network, no environment, a cap on its memory, a budget of instructions and a deadline, and reaches the host
// through one import. Start with [New]; the contract of the guest is in sdk/wire.
//
// # What happens when a module is loaded
//
// Once for each module, and never on a request:
//
//	read        imports outside of the ABI, and what could not be restored after a call, are refused with words for the author
//	rewrite     core/fuel puts a counter into the code, and exports the globals that can change
//	compile     to native code, which a cache on disk keeps, as it keeps the rewritten module
//	start       _initialize, a buffer for messages, some calls of `describe`
//	snapshot    core/snapshot saves the memory that they left; the globals are saved beside it
//
// # What a call finds
//
// The saved memory and globals, whoever called before: an instance belongs to nobody. It is a copy-on-write mapping of the
// snapshot, and after a call the pages that the guest wrote are copied back. An instance that trapped, that was stopped or that grew
// is thrown away. What a guest keeps in a variable is gone after the call, and randomness that it drew from a state in memory would repeat, which
// is what the export pergola_seed is for.
//
// # What stops a guest
//
// The counter. At least once in a million instructions it calls the host, which looks at the deadline, the context and the budget, and
// where the garbage collector can stop the goroutine. Code that core/fuel does not know runs only with [Config.AllowUnmetered]: with
// wazero's own check at each loop, and a new instance for each call. The Facts of a driver.Module say which of the two it is.
// The native stack of a guest is bounded by wazero at 50 MB, apart from its memory limit.
//
// The figures behind these choices, and what was refused, are in RATIONALE.md beside this file.
package wasm
