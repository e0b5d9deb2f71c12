package process

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// What a process has beside the memory that its calls may use.
const (
	startup = 4 << 30   // bytes of address space that a program may reserve before it serves: Go's runtime alone takes 1.2 GB
	arena   = 128 << 20 // bytes of address space that it may reserve later on top of its memory; Go's runtime takes 64 MiB at a time
	slack   = 8 << 20   // bytes of memory for what grows with the number of calls: stacks and buffers
	base    = 32 << 20  // bytes of memory of a program that starts, for the cgroup, which counts from the first one
)

// memory watches what a process really uses. RLIMIT_DATA does not: the kernel lets a program map anything over what it has
// reserved, which is how Go's heap grows. RLIMIT_AS, which is set too, counts reservations, in steps that are too long for a bound.
type memory struct {
	statm, status *os.File // of the process, in /proc
	bound         uint64   // bytes of the process's own
	peak          uint64   // the same with all of its program on top, the most that may ever have been there
}

// measure looks at a process that has just begun to serve, whose program has so many bytes. From now on it may use so many
// bytes more than it does now.
func measure(pid int, program, bytes uint64) (_ *memory, err error) {
	m := &memory{}
	if m.statm, err = os.Open(fmt.Sprintf("/proc/%d/statm", pid)); err != nil {
		return nil, fmt.Errorf("read how much memory the plugin uses: %w", err)
	}
	if m.status, err = os.Open(fmt.Sprintf("/proc/%d/status", pid)); err != nil {
		return nil, errors.Join(fmt.Errorf("read how much memory the plugin uses: %w", err), m.statm.Close())
	}
	space, used, err := m.read()
	if err == nil {
		err = prlimit(pid, unix.RLIMIT_AS, space+bytes+arena)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("limit the plugin's memory: %w", err), m.close())
	}
	m.bound = used + bytes + slack
	m.peak = m.bound + program
	return m, nil
}

func (m *memory) close() error { return errors.Join(m.statm.Close(), m.status.Close()) }

// wasOver says whether the process has ever used more than it may, which costs more to find out than [memory.over].
func (m *memory) wasOver() bool {
	var buffer [2048]byte
	n, err := m.status.ReadAt(buffer[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	_, text, _ := strings.Cut(string(buffer[:n]), "\nVmHWM:")
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return false
	}
	kib, err := strconv.ParseUint(fields[0], 10, 64)
	return err == nil && kib<<10 > m.peak
}

// over says whether the process uses more than it may. A process that has ended does not.
func (m *memory) over() bool {
	_, used, err := m.read()
	return err == nil && used > m.bound
}

// read returns the size of the address space and the memory that is the process's own, without files, in bytes.
func (m *memory) read() (space, used uint64, err error) {
	var buffer [128]byte
	n, err := m.statm.ReadAt(buffer[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, 0, err
	}
	fields := strings.Fields(string(buffer[:n])) // size resident shared text lib data dt, in pages; proc(5)
	if len(fields) < 3 {
		return 0, 0, errors.New("the process has ended")
	}
	var pages [3]uint64
	for i := range pages {
		if pages[i], err = strconv.ParseUint(fields[i], 10, 64); err != nil {
			return 0, 0, err
		}
	}
	size := uint64(os.Getpagesize())
	return pages[0] * size, (pages[1] - min(pages[1], pages[2])) * size, nil
}
