package process

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// output turns what a plugin writes into log lines for the developer, at debug level, and drops it where there is no
// logger: it may hold anything that the plugin had in memory, issue content too. One process serves many calls at the same time,
// so nobody can say which of them wrote a line, and the bound is one for each second.
type output struct {
	log *slog.Logger // nil drops everything
	now func() time.Time

	mu      sync.Mutex
	line    []byte
	second  time.Time // begin of the current one
	taken   int       // bytes in it
	dropped int       // bytes since the last line that said so
	fatal   string    // the Go runtime's last word, one of the known ones
}

const (
	maxLine   = 4 << 10  // bytes of one line
	maxOutput = 64 << 10 // bytes of one second
)

// Write takes what a plugin wrote. It never fails.
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := len(b)
	for len(b) > 0 {
		part, rest, ended := bytes.Cut(b, []byte{'\n'})
		part = part[:min(len(part), maxLine-len(o.line))]
		o.line = append(o.line, part...)
		if ended || len(o.line) == maxLine {
			o.emit()
		}
		if ended {
			b = rest
		} else {
			b = b[len(part):]
		}
		if !ended && len(part) == 0 {
			break
		}
	}
	return n, nil
}

// emit ends the line. The caller holds o.mu.
func (o *output) emit() {
	line := o.line
	o.line = o.line[:0]
	if word, is := bytes.CutPrefix(line, []byte("fatal error: ")); is && o.fatal == "" {
		o.fatal = string(word)
	}
	if o.log == nil || len(line) == 0 {
		return
	}
	if now := o.now(); now.Sub(o.second) >= time.Second {
		if o.dropped > 0 {
			o.log.LogAttrs(context.Background(), slog.LevelDebug, "plugin output dropped", slog.Int("bytes", o.dropped))
		}
		o.second, o.taken, o.dropped = now, 0, 0
	}
	if o.taken+len(line) > maxOutput {
		o.dropped += len(line)
		return
	}
	o.taken += len(line)
	o.log.LogAttrs(context.Background(), slog.LevelDebug, "plugin output", slog.String("line", strings.ToValidUTF8(string(line), "\uFFFD")))
}

// outOfMemory says whether the last that the plugin's Go runtime said was that the system gave it no memory.
func (o *output) outOfMemory() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Contains(o.fatal, "out of memory") || strings.Contains(o.fatal, "cannot allocate memory")
}
