package wasm

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
)

// output turns what a guest writes to stdout and stderr into log lines for the developer. It may hold anything that the
// guest had in memory, issue content too, so it goes to Config.Output alone, a logger that only a development host sets,
// and at debug level. A nil output drops everything.
type output struct {
	log   *slog.Logger
	line  []byte
	taken int // bytes taken in this call
}

const (
	maxLine   = 4 << 10  // bytes of one line
	maxOutput = 64 << 10 // bytes of one call
)

func newOutput(log *slog.Logger) *output {
	if log == nil {
		return nil
	}
	return &output{log: log}
}

func (o *output) write(b []byte) {
	if o == nil {
		return
	}
	b = b[:min(len(b), maxOutput-o.taken)]
	o.taken += len(b)
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n')
		part := b
		if i >= 0 {
			part = b[:i]
		}
		part = part[:min(len(part), maxLine-len(o.line))]
		o.line = append(o.line, part...)
		b = b[len(part):]
		if i == len(part) { // the line is complete
			b = b[1:]
			o.emit()
		} else if len(o.line) == maxLine {
			o.emit()
		}
	}
}

// flush ends a call: a line without an end must not be continued by another caller's.
func (o *output) flush() {
	if o == nil {
		return
	}
	o.taken = 0
	if len(o.line) > 0 {
		o.emit()
	}
}

func (o *output) emit() {
	o.log.LogAttrs(context.Background(), slog.LevelDebug, "guest output", slog.String("line", strings.ToValidUTF8(string(o.line), "\uFFFD")))
	o.line = o.line[:0]
}
