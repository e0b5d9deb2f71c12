package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// part measures some figures in one run, since only what ran side by side can be compared.
type part struct {
	name string
	run  func(context.Context, *lab) error
}

// parts are in the order in which they run.
var parts = []part{
	{"call", measureCalls},
	{"handler", measureHandler},
	{"tenant", measureTenant},
	{"restart", measureRestart},
	{"memory", measureMemory},
	{"spin", measureSpin},
	{"process", measureProcess},
}

// choose returns the parts that are named, themselves or by one of their figures; all of them for "".
func choose(only string) ([]part, error) {
	if only == "" {
		return parts, nil
	}
	chosen := map[string]bool{}
	for name := range strings.SplitSeq(only, ",") {
		known := false
		for _, p := range parts {
			if p.name == name || slices.ContainsFunc(goals, func(g goal) bool { return g.part == p.name && g.figure == name }) {
				chosen[p.name], known = true, true
			}
		}
		if !known {
			return nil, fmt.Errorf("-only %s: there is no such part or figure; the parts are %s", name, names())
		}
	}
	return slices.DeleteFunc(slices.Clone(parts), func(p part) bool { return !chosen[p.name] }), nil
}

func names() string {
	var all []string
	for _, p := range parts {
		all = append(all, p.name)
	}
	return strings.Join(all, ", ")
}

// goal is what a figure has to be.
type goal struct {
	part, figure string
	bound        bound
	value        float64
}

type bound string

const (
	atMost  bound = "≤"
	atLeast bound = "≥"
)

func (g goal) met(v float64) bool {
	if g.bound == atMost {
		return v <= g.value
	}
	return v >= g.value
}

var goals = []goal{
	{"call", "isolated_call_vs_bare_go", atMost, 1.8},
	{"call", "fresh_state_vs_initialize", atLeast, 500},
	{"call", "fuel_vs_close_on_done_1kb", atLeast, 4},
	{"call", "extism_vs_isolated", atLeast, 20},
	{"call", "goplugin_grpc_vs_isolated", atLeast, 20},
	{"call", "knqyf263_vs_isolated", atLeast, 1.5},

	{"handler", "isolated_call_vs_bare_10us", atMost, 1.2},
	{"handler", "fuel_vs_plain_handler", atMost, 1.2},
	{"handler", "fuel_vs_close_on_done", atLeast, 4},

	{"tenant", "new_tenant_first_response_ms", atMost, 1},
	{"tenant", "new_tenant_new_instance_ms", atMost, 1},

	{"restart", "restart_first_response_ms", atMost, 60},

	{"memory", "idle_instance_private_kib", atMost, 150},
	{"memory", "memory_1000_vs_10_tenants", atMost, 1.2},

	{"spin", "spin_stop_overrun_ms", atMost, 10},
	{"spin", "spin_stop_overrun_max_ms", atMost, 10},
	{"spin", "p99_beside_spinner_ratio", atMost, 2},
	{"spin", "gc_stop_p50_ms_beside_spinner", atMost, 0.5},

	{"process", "process_call_vs_raw_goplugin", atMost, 1.15},
	{"process", "orphans_after_kill", atMost, 0},
}

// report prints the figures with their goals, and then once more as lines for a program.
func (l *lab) report() {
	fmt.Fprintf(l.out, "\n%-34s %10s   %s\n", "figure", "value", "goal")
	for _, g := range goals {
		v, seen := l.seen[g.figure]
		if !seen {
			continue
		}
		missed := ""
		if !g.met(v) {
			missed = "   missed"
		}
		fmt.Fprintf(l.out, "  %-32s %10.4g   %s %g%s\n", g.figure, v, g.bound, g.value, missed)
	}
	fmt.Fprintln(l.out)
	for _, g := range goals {
		if v, seen := l.seen[g.figure]; seen {
			fmt.Fprintf(l.out, "figure %s %.4g\n", g.figure, v)
		}
	}
}
