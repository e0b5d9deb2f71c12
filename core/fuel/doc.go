// Package fuel puts a fuel counter into the code of a WebAssembly module, so that a host can bound and account what a guest
// computes. It works on bytes alone and knows no runtime. Start with [Rewrite].
//
// # What the guest does afterwards
//
// The module has one more global, exported as [ExportFuel]: a mutable i64, the fuel left. Every function pays as it is entered,
// every loop as each of its rounds begins, and long stretches of code again after at most 1,024 instructions. An instruction
// costs one unit, and is paid for before it runs: what a guest paid is never less than the number of
// instructions it ran, and more where it branched past some of what it paid for.
// Three kinds of instructions can do more than their number tells, and pay for that as they run:
//
//   - memory.copy, memory.fill and memory.init: one unit for every 64 bytes
//   - table.copy, table.fill, table.init and table.grow: one unit for every 8 elements
//   - memory.grow: 1,024 units for every page of 64 KiB it asks for, even where the host refuses them
//
// A function with many locals pays one unit for every 16 of them, since they are set to zero. What a host function does is
// the host's to bound.
//
// # What the host does
//
// When the fuel left is below zero, the guest calls the import pergola.tick with it and goes on with what that returns:
//
//	tick(left i64) i64
//
// So a host sets the global to a slice of the budget before a call, and its tick looks at the deadline and the budget, and
// returns left plus the next slice, or does not return at all (with wazero: it panics, which ends the call with that error and leaves the
// module open). What the guest has paid is then the sum of all slices minus what the global holds. If tick
// returns less than zero, the guest runs up to its next payment and asks again. Each call of tick is also a point where Go's
// garbage collector can stop the goroutine; native code between two of them cannot be preempted.
//
// Guest code cannot touch the counter: it has no index for it, and a module that imports pergola.tick itself is led past
// the host to a function that returns what it is given.
//
// # What changes besides
//
// Every other mutable global is exported too, as [GlobalPrefix] and its index, so that a snapshot can save and restore it.
// Custom sections are dropped: names and debug information would no longer fit the code. Data segments that lie close to each other in
// memory become one, with the zeroes between them, since a Go module has tens of thousands and each costs every instance. The rest behaves as before, traps
// included, except that a guest's stack overflows at another depth.
//
// # What is refused
//
// WebAssembly 2.0 is supported, SIMD included, and constant expressions with arithmetic. A module of threads, exception
// handling, tail calls, garbage collection, typed function references, 64-bit or several memories, or relaxed SIMD is refused
// with an error that is [ErrUnsupported]; it can still run where the host checks a deadline by other means.
// Rewrite is no validator. It refuses what it cannot read and what would reach what it adds; a runtime must validate its result.
//
// The figures behind these choices are in RATIONALE.md beside this file.
package fuel
