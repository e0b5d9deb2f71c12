// Package wasm runs plugins as WebAssembly modules on wazero. It is the driver for code that nobody has to trust: a guest
// has no files, no network, no environment, a cap on its memory and a deadline, and reaches the host through one import.
// Start with [New]; the contract of the guest is in sdk/wire.
//
// # Who shares memory with whom
//
// Nobody does across isolation keys (driver.Call.Isolation; the engine passes the tenant): an instance belongs to the first key that
// uses it and is closed when it makes way for another. Within one key an instance is used again, so a plugin's variables may
// still hold what the same tenant's earlier calls left there. Plugins must not count on it.
//
// The figures behind that choice, and what was refused, are in RATIONALE.md beside this file.
//
// # What stops a guest
//
// A deadline, or the end of the context, stops it at the next loop header, and its instance is thrown away; so is every
// instance that trapped. The native stack of a guest is bounded by wazero at 50 MB, apart from its memory limit.
package wasm
