// Package snapshot gives linear memory that goes back to a saved state in microseconds, so that every call of a guest can
// begin on memory that nobody has used before. It is not a cache and not a way to keep anything: what a guest wrote is gone
// after [Memory.Reset]. It knows no Wasm engine; [Memory] merely has the two methods that an engine's allocator wants.
//
// Start with [Take], which saves the memory of an initialised guest as an [Image]. [Image.Map] makes as many memories of it as
// are to run at the same time. They share the image's pages until they write to them, so that an idle one costs next to nothing.
//
//	image, err := snapshot.Take(initialised)     // once for a guest
//	memory, err := image.Map(64 << 20)           // once for an instance; it may grow to 64 MiB
//	run(memory.Bytes())                          // a call
//	if _, err := memory.Reset(); err != nil {    // it grew: no instance of it can be used again
//		memory.Free()
//	}
//
// # How
//
// On Linux an image is a sealed memfd, and a memory is a private, copy-on-write mapping of it. The kernel knows which pages it
// had to copy for a writer; Reset asks for them and copies just those back. How it asks is a [Strategy]: the ioctl PAGEMAP_SCAN
// (Linux 6.7), reading /proc/self/pagemap, or not at all, which compares everything. Elsewhere, and where there is no
// memfd, everything is on Go's heap and always compared.
//
// # What always holds
//
//   - After a Reset without error the memory equals the image, byte for byte. Where the kernel does not answer, Reset compares
//     everything rather than trust what it has; [Image.Fallbacks] counts that.
//   - Take tries a strategy before it is used: one that misses a page, or sees one too many, is refused.
//   - A memory cannot shrink, since a Wasm memory cannot. One that grew is for [Memory.Free] only, and Reset says so with
//     [ErrGrown].
//   - An image never changes, and lives until it is closed and its last memory is freed.
//   - A page that was written once stays private and is copied at each further Reset, which is cheaper than to fault it in
//     again. Each page that was touched at all costs Reset some 30 ns. [Memory.Trim] forgets them all and gives private ones
//     back; do it to memories that idle, or when Reset returns a number of pages that is out of the ordinary.
//   - Nothing is freed by the garbage collector, since slices of a mapping do not keep it alive. Who maps, frees.
//
// Only memory goes back. Globals, tables and dropped segments of a Wasm module are the engine's to restore.
package snapshot
