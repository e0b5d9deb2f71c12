package process

import (
	"errors"
	"math"
	"runtime"

	"golang.org/x/sys/unix"
)

// keeper starts children, all on one thread that lives as long as the keeper. The kernel ends a child (Pdeathsig) when the
// thread that started it ends, be it with the whole host by any signal; on a thread of Go's choice that might be at any time.
type keeper struct {
	jobs chan func()
	done chan struct{}
}

func newKeeper() *keeper {
	k := &keeper{jobs: make(chan func()), done: make(chan struct{})}
	go k.run()
	return k
}

func (k *keeper) run() {
	defer close(k.done)
	runtime.LockOSThread() // and never unlocked: the thread ends with this goroutine, and its children with it
	// Children inherit it from the thread: no program that they start gains rights by its owner or its file capabilities.
	_ = unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	for job := range k.jobs {
		// Go marks what it opens. What the host's own parent handed down to it is not for plugins either.
		_ = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
		job()
	}
}

// start starts a child with the first of the fences that the system allows.
func (k *keeper) start(s spec, allowed []fence) (c *child, err error) {
	started := make(chan struct{})
	k.jobs <- func() {
		defer close(started)
		for _, f := range allowed {
			if f.cgroup && s.group == nil {
				continue
			}
			if c, err = start(s, f); err == nil || final(err) {
				return
			}
		}
	}
	<-started
	return c, err
}

// close ends the thread. No start may run or follow.
func (k *keeper) close() {
	close(k.jobs)
	<-k.done
}

// final says whether err is about the program, and not about what the system allows around it.
func final(err error) bool {
	for _, e := range []error{unix.ENOEXEC, unix.ENOENT, unix.ENOMEM, unix.EMFILE, unix.ENFILE, unix.EAGAIN} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
