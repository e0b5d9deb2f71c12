//go:build !wasip1

package main

import (
	"context"
	"time"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

func plugin() *sdk.Plugin {
	return &sdk.Plugin{
		ID: "pergola.database", Version: "0.1.0",
		Synchronizers: map[string]sdk.Synchronizer{"database": newSource(time.Now)},
	}
}

// source answers for all connections of all tenants. What it keeps between two calls is in pools, by the whole of a connection's
// settings and secrets: whoever does not know a password does not meet the connections that were opened with it.
type source struct {
	pools *pools
}

func newSource(now func() time.Time) *sync.Source {
	s := &source{pools: newPools(now)}
	return &sync.Source{
		Check: sync.CheckFunc(s.check), Discover: sync.DiscoverFunc(s.discover), Read: sync.ReadFunc(s.read), Write: sync.WriteFunc(s.write),
		Filters: true,
	}
}

// check connects, and looks at the query where there is one.
func (s *source) check(ctx context.Context, r *sync.Check) (*sync.Health, error) {
	t, problems := parse(r.Config)
	if len(problems) > 0 {
		return &sync.Health{Problems: problems}, nil
	}
	about, err := s.try(ctx, t)
	if err == nil {
		return &sync.Health{About: about}, nil
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return &sync.Health{About: about, Problems: []sync.Problem{t.problem(err)}}, nil
}

func (s *source) try(ctx context.Context, t *target) (about string, err error) {
	d, err := s.pools.open(t)
	if err != nil {
		return "", err
	}
	defer d.release()
	err = d.reading(ctx, func(ctx context.Context, q querier) error {
		if err := q.QueryRowContext(ctx, t.engine.version).Scan(&about); err != nil {
			return err
		}
		about = t.engine.title + " " + about
		if t.query != "" {
			_, err := d.relation(ctx, q, queryStream)
			return err
		}
		return nil
	})
	return about, err
}

// connect returns what a call needs of a connection, or the error of settings that are wrong.
func (s *source) connect(c sync.Config) (*database, error) {
	t, problems := parse(c)
	if len(problems) > 0 {
		p := problems[0]
		return nil, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Field: p.Setting, Message: p.What + " " + p.Do}
	}
	d, err := s.pools.open(t)
	if err != nil {
		return nil, t.failure(err)
	}
	return d, nil
}
