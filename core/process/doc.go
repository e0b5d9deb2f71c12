// Package process runs plugins as supervised child processes, on hashicorp/go-plugin. It is the driver for code that the
// operator trusts and that Wasm cannot hold: native database drivers, heavy computing. Start with [New]; what a plugin's author
// writes is in sdk/process, and the messages between the two are in sdk/process/frame.
//
//	d, err := process.New(process.Config{Allow: []string{"9f86d081884c7d65…"}})
//	m, err := d.Load(ctx, executable, driver.Limits{})
//	result, err := m.Call(ctx, driver.Call{Message: call, Host: host, Tenant: "acme"})
//
// # What a process can do, and what it cannot
//
// A process runs as the host's user. It can open the network, read what that user may read, and see in its own memory the
// messages of every tenant that it serves: driver.SharedMemory. So nothing runs but what an operator approved, by the SHA-256 of the
// executable, and a plugin from a stranger belongs into core/wasm.
//
// What it is kept from is acting for a call that it was not asked: a call is a stream of its own, its host calls travel on
// that stream, and the driver answers them with the rights of that call. There is no number to guess. But a plugin that handles
// two calls at the same time can ask on either, and could carry what it learns in one to the other. That is what approval means.
//
// # What bounds it
//
// Before the first instruction of the plugin runs: limits on address space, open files and core dumps; no new privileges; no
// environment, no descriptors of the host's, no terminal; an empty working directory that takes no files; where the system
// allows it a PID namespace, so that the kernel ends everything that the plugin started together with the plugin, and a cgroup.
// [driver.Facts] says in Note what the system did not allow. Limits.MaxMemoryBytes bounds what the process uses beyond its start,
// for all of its calls together: the host looks at it, and ends a process that is over it.
//
// A call that runs past its deadline is told so; one that then goes on for longer than [Config.Grace] costs the process its
// life, as soon as the other calls in it have ended. A process that ended is started again when it is needed: a few times at
// once, then with growing pauses, in which calls fail with unavailable.
//
// The driver needs Linux. Elsewhere [New] says so: without the kernel's promise to end a child with its parent, plugins would
// outlive a host that is killed.
package process
