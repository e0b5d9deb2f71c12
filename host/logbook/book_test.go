package logbook_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/pergola-platform/pergola/host/logbook"
)

// file notes what was written to it, and tells of each write.
type file struct {
	mu      sync.Mutex
	text    bytes.Buffer
	writes  int
	written chan struct{}
}

func (f *file) Write(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes++
	select {
	case f.written <- struct{}{}:
	default:
	}
	return f.text.Write(b)
}

func (f *file) lines() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Split(strings.TrimSuffix(f.text.String(), "\n"), "\n")
}

func newFile() *file { return &file{written: make(chan struct{}, 1)} }

func TestALineIsWrittenByItself(t *testing.T) {
	f := newFile()
	b := logbook.Open(f)
	defer b.Close()
	fmt.Fprintln(b, "one")
	<-f.written
	fmt.Fprintln(b, "two")
	<-f.written
	if got := f.lines(); len(got) != 2 || got[0] != "one" || got[1] != "two" {
		t.Errorf("%q", got)
	}
}

func TestLinesOfManyAreWholeAndNoneIsLost(t *testing.T) {
	f := newFile()
	b := logbook.Open(f)
	const each, many = 3000, 8
	var all sync.WaitGroup
	for g := range many {
		all.Go(func() {
			for i := range each {
				fmt.Fprintf(b, "%d %d %s\n", g, i, strings.Repeat("x", i%100))
			}
		})
	}
	all.Wait()
	b.Close()
	next := [many]int{}
	for _, line := range f.lines() {
		var g, i int
		if _, err := fmt.Sscan(line, &g, &i); err != nil || next[g] != i || !strings.HasSuffix(line, " "+strings.Repeat("x", i%100)) {
			t.Fatalf("line %q, want number %d", line, next[g])
		}
		next[g]++
	}
	if next != [many]int{each, each, each, each, each, each, each, each} {
		t.Errorf("written were %v", next)
	}
	if f.writes > each*many/10 {
		t.Errorf("%d lines took %d writes", each*many, f.writes)
	}
}

func TestNoWarningWaits(t *testing.T) {
	f := newFile()
	b := logbook.Open(f)
	defer b.Close()
	log := slog.New(b.Handler(slog.NewTextHandler(b, nil))).With("a", 1).WithGroup("g")
	for i, tell := range []func(string, ...any){log.Warn, log.Error} {
		log.Info("before")
		tell("something", "is", "wrong")
		if got := f.lines(); len(got) != 2*i+2 || !strings.Contains(got[2*i+1], "a=1 g.is=wrong") {
			t.Errorf("written is %q", got)
		}
	}
}

func TestAClosedBookWritesAtOnce(t *testing.T) {
	f := newFile()
	b := logbook.Open(f)
	fmt.Fprintln(b, "one")
	b.Close()
	if got := f.lines(); len(got) != 1 || got[0] != "one" {
		t.Errorf("after closing: %q", got)
	}
	fmt.Fprintln(b, "two")
	if got := f.lines(); len(got) != 2 {
		t.Errorf("later: %q", got)
	}
}
