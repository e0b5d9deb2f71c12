package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/core/bench/rounds"
)

// measureProcess has the tests of core/process measure: they have the hosts and children that it takes, and run a call against
// one of hashicorp/go-plugin alone in turns, as the other parts do.
func measureProcess(ctx context.Context, l *lab) error {
	fmt.Fprintf(l.out, "\nprocess\n")
	if runtime.GOOS != "linux" {
		l.note("process plugins need Linux")
		return nil
	}
	ratios, err := reported(ctx, "process_call_vs_raw_goplugin", "-run", "^$", "-bench", "^BenchmarkAgainstRaw$", "-benchtime", "400x", "-count", "5")
	if err != nil {
		return err
	}
	s := rounds.Of(ratios)
	l.note("%-52s %9.4g                 %s", "a call of core/process ÷ of go-plugin, both with TLS", s.Median, s)
	orphans, err := reported(ctx, "orphans_after_kill", "-run", "^TestNothingOutlivesTheHost$", "-count", "1", "-v")
	if err != nil {
		return err
	}
	l.figure("process_call_vs_raw_goplugin", s.Median)
	l.figure("orphans_after_kill", orphans[0])
	return nil
}

// reported runs a test of core/process and returns the values that it prints beside a name: before it, as benchmarks do, or behind.
func reported(ctx context.Context, name string, args ...string) ([]float64, error) {
	c := exec.CommandContext(ctx, "go", append([]string{"test", "./core/process"}, args...)...)
	c.Stderr = os.Stderr
	raw, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", name, err, raw)
	}
	var values []float64
	for line := range strings.Lines(string(raw)) {
		words := strings.Fields(line)
		i := slices.Index(words, name)
		if i < 0 {
			continue
		}
		for _, at := range []int{i - 1, i + 1} {
			if at < 0 || at >= len(words) {
				continue
			}
			if v, err := strconv.ParseFloat(words[at], 64); err == nil {
				values = append(values, v)
				break
			}
		}
	}
	if len(values) == 0 {
		return nil, fmt.Errorf("%s: core/process does not report it", name)
	}
	return values, nil
}
