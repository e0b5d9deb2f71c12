package wasm

import (
	"context"
	"encoding/binary"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/tetratelabs/wazero/api"
)

// The part of WASI preview 1 that a guest gets: clocks, randomness, standard output as log lines for the developer, and
// exit as a trap. The rest is there so that modules link (a Go program imports most of it, used or not) and answers as a
// system without files, arguments, environment and sockets does. It is written here instead of taken from a library so that
// this list is all there is to review.
//
// See https://github.com/WebAssembly/WASI/blob/snapshot-01/phases/snapshot/docs.md.
const wasiModule = "wasi_snapshot_preview1"

// errno is a WASI error number.
type errno uint32

const (
	ok      errno = 0
	eBadf   errno = 8
	eFault  errno = 21
	eInval  errno = 28
	eNosys  errno = 52
	eNotsup errno = 58
	eSpipe  errno = 70
)

const (
	maxRandom = 1 << 20 // bytes of one random_get
	maxPoll   = 256     // subscriptions of one poll_oneoff
)

var wasiFunctions = map[string]hostFunc{
	"clock_time_get": {"(i32, i64, i32) i32", wasi(clockTimeGet)},
	"clock_res_get":  {"(i32, i32) i32", wasi(clockResGet)},
	"random_get":     {"(i32, i32) i32", wasi(randomGet)},
	"fd_write":       {"(i32, i32, i32, i32) i32", wasi(fdWrite)},
	"fd_read":        {"(i32, i32, i32, i32) i32", wasi(fdRead)},
	"fd_fdstat_get":  {"(i32, i32) i32", wasi(fdStat)},
	"poll_oneoff":    {"(i32, i32, i32, i32) i32", wasi(pollOneoff)},
	"proc_exit":      {"(i32)", procExit},
	"proc_raise":     {"(i32) i32", procExit},
	"sched_yield":    {"() i32", answer(ok)},

	"args_sizes_get":    {"(i32, i32) i32", wasi(twoZeros)},
	"args_get":          {"(i32, i32) i32", answer(ok)},
	"environ_sizes_get": {"(i32, i32) i32", wasi(twoZeros)},
	"environ_get":       {"(i32, i32) i32", answer(ok)},

	// EBADF at the first number is how a guest learns that no directory is open.
	"fd_prestat_get":      {"(i32, i32) i32", answer(eBadf)},
	"fd_prestat_dir_name": {"(i32, i32, i32) i32", answer(eBadf)},

	"fd_close":              {"(i32) i32", wasi(standardOnly(ok))},
	"fd_fdstat_set_flags":   {"(i32, i32) i32", wasi(standardOnly(ok))},
	"fd_seek":               {"(i32, i64, i32, i32) i32", wasi(standardOnly(eSpipe))},
	"fd_tell":               {"(i32, i32) i32", wasi(standardOnly(eSpipe))},
	"fd_sync":               {"(i32) i32", wasi(standardOnly(ok))},
	"fd_datasync":           {"(i32) i32", wasi(standardOnly(ok))},
	"fd_advise":             {"(i32, i64, i64, i32) i32", answer(eBadf)},
	"fd_allocate":           {"(i32, i64, i64) i32", answer(eBadf)},
	"fd_fdstat_set_rights":  {"(i32, i64, i64) i32", answer(eBadf)},
	"fd_filestat_get":       {"(i32, i32) i32", answer(eBadf)},
	"fd_filestat_set_size":  {"(i32, i64) i32", answer(eBadf)},
	"fd_filestat_set_times": {"(i32, i64, i64, i32) i32", answer(eBadf)},
	"fd_pread":              {"(i32, i32, i32, i64, i32) i32", answer(eBadf)},
	"fd_pwrite":             {"(i32, i32, i32, i64, i32) i32", answer(eBadf)},
	"fd_readdir":            {"(i32, i32, i32, i64, i32) i32", answer(eBadf)},
	"fd_renumber":           {"(i32, i32) i32", answer(eBadf)},

	"path_create_directory":   {"(i32, i32, i32) i32", answer(eBadf)},
	"path_filestat_get":       {"(i32, i32, i32, i32, i32) i32", answer(eBadf)},
	"path_filestat_set_times": {"(i32, i32, i32, i32, i64, i64, i32) i32", answer(eBadf)},
	"path_link":               {"(i32, i32, i32, i32, i32, i32, i32) i32", answer(eBadf)},
	"path_open":               {"(i32, i32, i32, i32, i32, i64, i64, i32, i32) i32", answer(eBadf)},
	"path_readlink":           {"(i32, i32, i32, i32, i32, i32) i32", answer(eBadf)},
	"path_remove_directory":   {"(i32, i32, i32) i32", answer(eBadf)},
	"path_rename":             {"(i32, i32, i32, i32, i32, i32) i32", answer(eBadf)},
	"path_symlink":            {"(i32, i32, i32, i32, i32) i32", answer(eBadf)},
	"path_unlink_file":        {"(i32, i32, i32) i32", answer(eBadf)},

	"sock_accept":   {"(i32, i32, i32) i32", answer(eNosys)},
	"sock_recv":     {"(i32, i32, i32, i32, i32, i32) i32", answer(eNosys)},
	"sock_send":     {"(i32, i32, i32, i32, i32) i32", answer(eNosys)},
	"sock_shutdown": {"(i32, i32) i32", answer(eNosys)},
}

// wasi makes a host function of one that returns an error number.
func wasi(f func(ctx context.Context, in *instance, mem api.Memory, p []uint64) errno) func(context.Context, *instance, api.Memory, []uint64) {
	return func(ctx context.Context, in *instance, mem api.Memory, stack []uint64) {
		stack[0] = uint64(f(ctx, in, mem, stack))
	}
}

func answer(e errno) func(context.Context, *instance, api.Memory, []uint64) {
	return func(_ context.Context, _ *instance, _ api.Memory, stack []uint64) { stack[0] = uint64(e) }
}

// standardOnly answers e for standard input, output and error, which are all the descriptors there are.
func standardOnly(e errno) func(context.Context, *instance, api.Memory, []uint64) errno {
	return func(_ context.Context, _ *instance, _ api.Memory, p []uint64) errno {
		if uint32(p[0]) > 2 {
			return eBadf
		}
		return e
	}
}

func clockTimeGet(_ context.Context, in *instance, mem api.Memory, p []uint64) errno {
	t, e := in.clock(uint32(p[0]))
	if e == ok && !mem.WriteUint64Le(uint32(p[2]), t) {
		return eFault
	}
	return e
}

// clock returns a clock's nanoseconds: 0 is the time of day, 1 runs since the driver was made.
func (in *instance) clock(id uint32) (uint64, errno) {
	now := in.driver.now()
	switch id {
	case 0:
		return uint64(now.UnixNano()), ok
	case 1:
		// Never 0, which the Go runtime takes for a clock that is not there.
		return uint64(now.Sub(in.driver.started)) + 1, ok
	default:
		return 0, eInval
	}
}

func clockResGet(_ context.Context, _ *instance, mem api.Memory, p []uint64) errno {
	if uint32(p[0]) > 1 {
		return eInval
	}
	if !mem.WriteUint64Le(uint32(p[1]), 1) {
		return eFault
	}
	return ok
}

func randomGet(_ context.Context, in *instance, mem api.Memory, p []uint64) errno {
	n := uint32(p[1])
	if n > maxRandom {
		return eInval
	}
	b, inside := mem.Read(uint32(p[0]), n)
	if !inside {
		return eFault
	}
	if _, err := io.ReadFull(in.driver.random, b); err != nil {
		panic(fault("the host has no randomness"))
	}
	return ok
}

func fdWrite(_ context.Context, in *instance, mem api.Memory, p []uint64) errno {
	fd, iovs, count, written := uint32(p[0]), uint32(p[1]), uint32(p[2]), uint32(p[3])
	if fd != 1 && fd != 2 {
		return eBadf
	}
	var total uint64
	for i := range uint64(count) {
		at := uint64(iovs) + 8*i
		if at > math.MaxUint32 {
			return eFault
		}
		ptr, inside := mem.ReadUint32Le(uint32(at))
		n, inside2 := mem.ReadUint32Le(uint32(at) + 4)
		if !inside || !inside2 {
			return eFault
		}
		b, inside := mem.Read(ptr, n)
		if !inside {
			return eFault
		}
		if total += uint64(n); total > math.MaxUint32 {
			return eInval
		}
		in.output.write(b)
	}
	if !mem.WriteUint32Le(written, uint32(total)) {
		return eFault
	}
	return ok
}

// fdRead finds standard input empty.
func fdRead(_ context.Context, _ *instance, mem api.Memory, p []uint64) errno {
	if uint32(p[0]) != 0 {
		return eBadf
	}
	if !mem.WriteUint32Le(uint32(p[3]), 0) {
		return eFault
	}
	return ok
}

// fdStat describes the three standard descriptors as terminals without any right.
func fdStat(_ context.Context, _ *instance, mem api.Memory, p []uint64) errno {
	if uint32(p[0]) > 2 {
		return eBadf
	}
	b, inside := mem.Read(uint32(p[1]), 24)
	if !inside {
		return eFault
	}
	clear(b)
	b[0] = 2 // character device
	return ok
}

func twoZeros(_ context.Context, _ *instance, mem api.Memory, p []uint64) errno {
	if !mem.WriteUint32Le(uint32(p[0]), 0) || !mem.WriteUint32Le(uint32(p[1]), 0) {
		return eFault
	}
	return ok
}

// pollOneoff waits for the earliest of the clocks, and no longer than the call may take. Descriptors are always ready or
// bad, so with one of them among the subscriptions there is nothing to wait for.
func pollOneoff(_ context.Context, in *instance, mem api.Memory, p []uint64) errno {
	n := uint32(p[2])
	if n == 0 || n > maxPoll {
		return eInval
	}
	subs, inside := mem.Read(uint32(p[0]), n*48)
	events, inside2 := mem.Read(uint32(p[1]), n*32)
	if !inside || !inside2 {
		return eFault
	}
	earliest, descriptors := time.Duration(math.MaxInt64), false
	for ; len(subs) > 0; subs = subs[48:] {
		if subs[8] != 0 {
			descriptors = true
			continue
		}
		d, e := in.until(subs)
		if e != ok {
			return e
		}
		earliest = min(earliest, d)
	}
	if !descriptors {
		in.leaveLane()
		sleep(in.bounds.Context(), earliest)
	}
	subs, _ = mem.Read(uint32(p[0]), n*48)
	var count uint32
	for ; len(subs) > 0; subs = subs[48:] {
		e := ok
		switch fd := binary.LittleEndian.Uint32(subs[16:]); {
		case subs[8] == 0:
			if d, _ := in.until(subs); descriptors && d > 0 {
				continue // not yet due
			}
		case fd > 2:
			e = eBadf
		}
		event := events[32*count:][:32]
		clear(event)
		copy(event, subs[:8])
		binary.LittleEndian.PutUint16(event[8:], uint16(e))
		event[10] = subs[8]
		count++
	}
	if !mem.WriteUint32Le(uint32(p[3]), count) {
		return eFault
	}
	return ok
}

// until returns the time until a clock subscription is due.
func (in *instance) until(sub []byte) (time.Duration, errno) {
	timeout := binary.LittleEndian.Uint64(sub[24:])
	if sub[40]&1 != 0 { // an absolute time
		now, e := in.clock(binary.LittleEndian.Uint32(sub[16:]))
		if e != ok {
			return 0, e
		}
		timeout -= min(timeout, now)
	}
	return time.Duration(min(timeout, math.MaxInt64)), ok
}

func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func procExit(_ context.Context, _ *instance, _ api.Memory, stack []uint64) {
	panic(fault("it ended itself with exit code " + strconv.Itoa(int(int32(stack[0])))))
}
