package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/bench/rounds"
)

// The load of measureNeighbours: some tenants, each of which asks for a page at a steady pace, far below what the machine can do.
const (
	loadTenants = 4
	loadPace    = 2 * time.Millisecond
	loadTime    = time.Second
)

// serveLoad calls the engine for whoever sends a byte over the socket, and answers with a byte: 0 when that went well. Each connection
// is a tenant.
func serveLoad(ctx context.Context, socket string, e *core.Engine) (end func(), err error) {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := 0; ; n++ {
			c, err := listener.Accept()
			if err != nil { // it was closed
				return
			}
			wg.Go(func() {
				defer func() { _ = c.Close() }() // whatever was wrong, reading or writing has said it
				answerLoad(ctx, c, e, fmt.Sprintf("neighbour-%d", n%loadTenants))
			})
		}
	})
	return func() {
		_ = listener.Close() // whereupon Accept fails
		wg.Wait()
	}, nil
}

func answerLoad(ctx context.Context, c net.Conn, e *core.Engine, tenant string) {
	one := make([]byte, 1)
	for {
		if _, err := io.ReadFull(c, one); err != nil { // the load is over
			return
		}
		one[0] = 0
		if err := view(ctx, e, tenant, pageRequest()); err != nil {
			one[0] = 1
		}
		if _, err := c.Write(one); err != nil {
			return
		}
	}
}

// childLoad makes the load on the socket args[0], and returns the median and the 99th percentile in milliseconds of how long an answer
// took.
func childLoad(ctx context.Context, _ *lab, args []string) ([]float64, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*loadTime)
	defer cancel()
	took := make([][]float64, loadTenants)
	errs := make([]error, loadTenants)
	var wg sync.WaitGroup
	for i := range loadTenants {
		wg.Go(func() { took[i], errs[i] = ask(ctx, args[0]) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	var all []float64
	for _, t := range took {
		all = append(all, t...)
	}
	return []float64{rounds.Quantile(all, 0.5), rounds.Quantile(all, 0.99)}, nil
}

// ask is one tenant of the load.
func ask(ctx context.Context, socket string) ([]float64, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }() // whatever was wrong, reading or writing has said it
	var took []float64
	one := make([]byte, 1)
	begin := time.Now()
	for due := begin; due.Sub(begin) < loadTime; due = due.Add(loadPace) {
		start := time.Now()
		if start.Before(due) {
			time.Sleep(due.Sub(start))
			start = time.Now() // that this process woke up late is not the engine's
		} else {
			start = due // the answer before this one came too late to ask in time, which is
		}
		if _, err := c.Write(one); err != nil {
			return nil, err
		}
		if _, err := io.ReadFull(c, one); err != nil {
			return nil, err
		}
		if one[0] != 0 {
			return nil, errors.New("the engine did not answer")
		}
		took = append(took, ms(time.Since(start)))
	}
	return took, nil
}
