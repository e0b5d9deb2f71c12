package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"time"

	"github.com/pergola-platform/pergola/host/app"
	"github.com/pergola-platform/pergola/host/sandbox/seed"
	"github.com/pergola-platform/pergola/host/sandbox/seed/company"
	"github.com/pergola-platform/pergola/host/sandbox/seeding"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// seedFlags say what a new site begins with.
type seedFlags struct {
	Seed  string `help:"Begin with what a file says: .json or .ndjson in the format of host/sandbox/seed/README.md, or a .csv as Jira exports issues. For a new site only." placeholder:"FILE" xor:"seed"`
	Scale int    `help:"Begin with a made company of N times 2,000 issues, up to 500. For a new site only." placeholder:"N" xor:"seed"`
}

// start starts the site on the address that the flag listen gave, in the directory that the flag data gave.
func (f seedFlags) start(ctx context.Context, s streams, cfg app.SandboxConfig, listen, data string) (*app.Sandbox, error) {
	if _, _, err := net.SplitHostPort(cfg.Listen); err != nil {
		return nil, usageError{fmt.Errorf("%s: %q is not host:port; write 127.0.0.1:8090", listen, cfg.Listen)}
	}
	content, done, err := f.open()
	if err != nil {
		return nil, err
	}
	defer done()
	if content != nil {
		cfg.Fill = seeding.Fill(ctx, content, seedProgress(s.err))
	}
	site, err := app.StartSandbox(cfg)
	var problems seed.Problems
	var busy *net.OpError
	switch {
	case errors.Is(err, world.ErrExists):
		return nil, fmt.Errorf("%w, and it is not seeded again: leave --seed and --scale out to go on with it, name another directory with %s, or delete %s to start over",
			err, data, filepath.Join(cfg.Dir, world.FileName))
	case errors.As(err, &problems):
		return nil, problems
	case errors.As(err, &busy):
		return nil, fmt.Errorf("%w; %s takes another address", err, listen)
	}
	return site, err
}

// open returns what a new site begins with, nil for the small office.
func (f seedFlags) open() (content *seed.Stream, done func(), err error) {
	switch {
	case f.Scale < 0 || f.Scale > company.MaxScale:
		return nil, nil, usageError{fmt.Errorf("--scale: %d is not between 1 and %d", f.Scale, company.MaxScale)}
	case f.Scale > 0:
		return company.New(company.Config{Scale: f.Scale, Now: time.Now()}), func() {}, nil
	case f.Seed == "":
		return nil, func() {}, nil
	}
	file, err := seeding.Open(f.Seed)
	if err != nil {
		return nil, nil, err
	}
	return file.Stream, func() { _ = file.Close() }, nil // it was only read
}

// seedProgress returns a report of what is in a site so far, a line every few seconds.
func seedProgress(w io.Writer) func(issues int) {
	begin := time.Now()
	last := begin
	return func(issues int) {
		if now := time.Now(); now.Sub(last) >= 3*time.Second {
			last = now
			fmt.Fprintf(w, "Seeding: %d issues after %s.\n", issues, now.Sub(begin).Round(time.Second))
		}
	}
}
