package process

import (
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Config configures a driver. The zero value works, and approves nothing.
type Config struct {
	// Allow are the SHA-256 digests, in hex, of the executables that may run; the setting plugins.process.allow. Nothing
	// else is ever executed.
	Allow []string

	// Cgroup is a directory of cgroup v2 that is handed over to this host and has no process in it, such as a systemd unit with
	// Delegate= and DelegateSubgroup= has. Empty means the host's own group, where the system does not let memory, CPU time and the
	// number of processes be bounded: it ends a plugin as a whole.
	Cgroup string

	// CPUs is how much CPU time a plugin's process may use: 1.5 means one and a half CPUs. It needs a cgroup. 0 means no bound.
	CPUs float64

	// Processes is how many processes and threads a plugin may have, its own included. It needs a cgroup. 0 means 128.
	Processes int

	// Files is how many files and sockets a plugin's process may have open; 0 means 256.
	Files int

	// StartTimeout bounds the time from a process's start to its first sign of life; 0 means 10 s.
	StartTimeout time.Duration

	// Grace is how long a call may go on after its deadline before its process is given up; 0 means 250 ms. The calls beside
	// it have Drain to end, 0 means 2 s.
	Grace, Drain time.Duration

	// Idle is how long a process may have said nothing before it is asked whether it is well, ahead of the next call; 0 means 5 s.
	Idle time.Duration

	// Restarts is how often a process that ended is started again at once; 0 means 5. From then on each start waits twice as long
	// as the one before it, from Backoff, 0 means 1 s, up to five minutes. A process that lives for Steady, 0 means 1
	// minute, makes up for all that.
	Restarts        int
	Backoff, Steady time.Duration

	// Logger receives what an operator should know: starts, ends and their reasons. nil means slog.Default().
	Logger *slog.Logger

	// Output receives, at debug level, what plugins write to stdout and stderr. It may show whatever a plugin has in memory,
	// so only a host for development sets it. nil drops it.
	Output *slog.Logger

	// Now is the clock of restarts; nil means time.Now.
	Now func() time.Time
}

// maxBackoff is the longest pause between two starts.
const maxBackoff = 5 * time.Minute

// MaxCode is the largest executable in bytes that Load takes.
const MaxCode = 256 << 20

func (c Config) withDefaults() Config {
	or := func(d *time.Duration, value time.Duration) {
		if *d <= 0 {
			*d = value
		}
	}
	or(&c.StartTimeout, 10*time.Second)
	or(&c.Grace, 250*time.Millisecond)
	or(&c.Drain, 2*time.Second)
	or(&c.Idle, 5*time.Second)
	or(&c.Backoff, time.Second)
	or(&c.Steady, time.Minute)
	if c.Restarts <= 0 {
		c.Restarts = 5
	}
	if c.Processes <= 0 {
		c.Processes = 128
	}
	if c.Files <= 0 {
		c.Files = 256
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// approved returns the set of the digests in c.Allow.
func (c Config) approved() (map[string]bool, error) {
	set := map[string]bool{}
	for _, digest := range c.Allow {
		d := strings.ToLower(strings.TrimPrefix(digest, "sha256:"))
		if len(d) != 64 || strings.Trim(d, "0123456789abcdef") != "" {
			return nil, fmt.Errorf("plugins.process.allow: %q is no SHA-256 digest; write the 64 hex digits that sha256sum prints for the executable", digest)
		}
		set[d] = true
	}
	return set, nil
}

// Stats are counts for an operator's metrics.
type Stats struct {
	Processes int64 // that exist now
	Starts    int64 // since New
	Ends      int64 // since New, of those that nobody had asked to end
}
