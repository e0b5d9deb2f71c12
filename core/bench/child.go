package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// children are what the program does as a child of itself, by name, for what can only be seen of a whole process. The values
// are those that the parent wants.
var children = map[string]func(ctx context.Context, l *lab, args []string) ([]float64, error){
	"handler": childHandler,
	"restart": childRestart,
	"idle":    childIdle,
	"tenants": childTenants,
	"load":    childLoad,
	"burn":    childBurn,
}

// be is what a child does: it prints the values on one line.
func (l *lab) be(ctx context.Context, name string, args []string) error {
	do := children[name]
	if do == nil {
		return fmt.Errorf("-child %q: there is no such child", name)
	}
	values, err := do(ctx, l, args)
	if err != nil {
		return err
	}
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = strconv.FormatFloat(v, 'g', -1, 64)
	}
	_, err = fmt.Fprintln(l.out, strings.Join(words, " "))
	return err
}

// child runs a child and returns its values.
func (l *lab) child(ctx context.Context, name string, args ...string) ([]float64, error) {
	c := exec.CommandContext(ctx, l.self, append([]string{"-guests", l.guests, "-child", name, "--"}, args...)...)
	c.Stderr = os.Stderr
	raw, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("child %s: %w", name, err)
	}
	var values []float64
	for word := range strings.FieldsSeq(string(raw)) {
		v, err := strconv.ParseFloat(word, 64)
		if err != nil {
			return nil, fmt.Errorf("child %s: %w", name, err)
		}
		values = append(values, v)
	}
	return values, nil
}

// burn starts a child that takes a CPU until stop is called.
func (l *lab) burn(ctx context.Context) (stop func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	c := exec.CommandContext(ctx, l.self, "-child", "burn")
	if err := c.Start(); err != nil {
		cancel()
		return nil, fmt.Errorf("child burn: %w", err)
	}
	return func() {
		cancel()
		_ = c.Wait() // it was killed
	}, nil
}

// childBurn computes until somebody kills it, or a minute has passed.
func childBurn(ctx context.Context, _ *lab, _ []string) ([]float64, error) {
	for end := time.Now().Add(time.Minute); ctx.Err() == nil && time.Now().Before(end); {
	}
	return nil, nil
}
