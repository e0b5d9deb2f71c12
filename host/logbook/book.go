// Package logbook writes the host's log. A line for each request, written by itself, costs as much as a small request does: so lines are
// gathered for a few milliseconds and written together. Warnings and errors are written before whoever logs them goes on, with all that came
// before them; what a host that is killed can lose are the last lines of requests that went well.
//
// Start with [Open].
package logbook

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"time"
)

const (
	// gathering is how long a line waits for others at most.
	gathering = 5 * time.Millisecond
	// maxPending is how many bytes may wait. Who logs more waits for the writer itself.
	maxPending = 256 << 10
)

// Book is an io.Writer whose lines are written a little later, in their order. It is safe for concurrent use. Make it with Open.
type Book struct {
	out io.Writer

	writing sync.Mutex // held while out is written to
	spare   []byte     // a buffer to use again, under writing

	mu      sync.Mutex
	pending []byte
	closed  bool

	wake chan struct{} // holds a value while something is pending
	stop chan struct{}
	done chan struct{}
}

// Open returns a book that writes to out until Close.
func Open(out io.Writer) *Book {
	b := &Book{out: out, wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
	go b.work()
	return b
}

// Write takes lines. It never fails: what becomes of a log is nothing that whoever logs can mend.
func (b *Book) Write(lines []byte) (int, error) {
	b.mu.Lock()
	b.pending = append(b.pending, lines...)
	late := b.closed || len(b.pending) > maxPending
	b.mu.Unlock()
	if late {
		b.Flush()
		return len(lines), nil
	}
	select {
	case b.wake <- struct{}{}:
	default:
	}
	return len(lines), nil
}

// Flush writes what is pending.
func (b *Book) Flush() {
	b.writing.Lock()
	defer b.writing.Unlock()
	b.mu.Lock()
	lines := b.pending
	b.pending = b.spare[:0]
	b.mu.Unlock()
	if len(lines) > 0 {
		_, _ = b.out.Write(lines)
	}
	b.spare = lines
}

func (b *Book) work() {
	defer close(b.done)
	for {
		select {
		case <-b.wake:
		case <-b.stop:
			return
		}
		b.Flush()
		select {
		case <-time.After(gathering):
		case <-b.stop:
			return
		}
	}
}

// Close writes what is pending. Later lines are written at once. It is called once.
func (b *Book) Close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	close(b.stop)
	<-b.done
	b.Flush()
}

// Handler returns a handler that writes as h does, which has to write to the book, and lets no warning and no error wait.
func (b *Book) Handler(h slog.Handler) slog.Handler { return handler{h, b} }

type handler struct {
	slog.Handler
	book *Book
}

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	err := h.Handler.Handle(ctx, r)
	if r.Level >= slog.LevelWarn {
		h.book.Flush()
	}
	return err
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs), h.book}
}

func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.Handler.WithGroup(name), h.book}
}
