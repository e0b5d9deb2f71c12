// Command bench measures the engine against its limits and against its peers, and prints a table of what it saw and one line
// "figure NAME VALUE" for each thing that the design promises. README.md beside this file says what the figures mean.
//
// It is a module of its own, so that nothing that is shipped depends on the peers.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/pergola-platform/pergola/core/bench/rounds"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench-engine:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("bench-engine", flag.ContinueOnError)
	count := flags.Int("rounds", 15, "how often each case is measured; a ratio is the median of as many")
	only := flags.String("only", "", "measure only these parts or figures: names, with commas between them")
	guests := flags.String("guests", "bin/bench", "the `folder` with the guests, as the make target builds them")
	child := flags.String("child", "", "for the program itself: be the child process of a part")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 && *child == "" {
		return fmt.Errorf("%q is no flag; see -help", flags.Arg(0))
	}
	if *count < 3 {
		return fmt.Errorf("-rounds %d: a median takes 3 at least", *count)
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the program itself: %w", err)
	}
	folder, err := filepath.Abs(*guests)
	if err != nil {
		return fmt.Errorf("-guests: %w", err)
	}
	l := &lab{guests: folder, rounds: *count, self: self, out: out, seen: map[string]float64{}}
	if *child != "" {
		return l.be(ctx, *child, flags.Args())
	}
	for _, p := range chosen {
		if err := p.run(ctx, l); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	l.report()
	return nil
}

// lab is what the parts work with.
type lab struct {
	guests string // folder
	rounds int
	self   string // this program, to be started as a child
	out    io.Writer
	seen   map[string]float64 // figures
}

// figure notes a figure; one that has no goal is a mistake of the part.
func (l *lab) figure(name string, value float64) { l.seen[name] = value }

// guest reads a guest's code.
func (l *lab) guest(name string) ([]byte, error) {
	code, err := os.ReadFile(filepath.Join(l.guests, name+".wasm"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w; `make bench-engine` builds the guests", err)
	}
	return code, err
}

func (l *lab) measure(cases []rounds.Case) (*rounds.Result, error) {
	return rounds.Measure(cases, rounds.Config{Rounds: l.rounds})
}

// table prints what was measured, each case beside the one to compare with.
func (l *lab) table(title, reference string, r *rounds.Result) {
	fmt.Fprintf(l.out, "\n%-54s %12s %9s   %s\n", title, "median", "ratio", "quartiles")
	for _, name := range r.Names() {
		ratio := r.Ratio(name, reference)
		fmt.Fprintf(l.out, "  %-52s %9d ns %9.3g   %s\n", name, r.Time(name).Nanoseconds(), ratio.Median, ratio)
	}
}

// note prints what a part saw beside the cases of a table.
func (l *lab) note(format string, args ...any) { fmt.Fprintf(l.out, "  "+format+"\n", args...) }
