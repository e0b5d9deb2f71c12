//go:build !wasip1

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// batch is how many changes go into one transaction.
const batch = 200

// write sets columns of rows by key. Changes go into transactions by batches; where one of a batch fails, that batch is made
// again change by change, so that each has an outcome of its own.
func (s *source) write(ctx context.Context, r *sync.Write) (*sync.Written, error) {
	d, err := s.connect(r.Config)
	if err != nil {
		return nil, err
	}
	defer d.release()
	var u *update
	err = d.reading(ctx, func(ctx context.Context, q querier) error {
		rel, err := d.relation(ctx, q, r.Stream)
		if err != nil {
			return err
		}
		u, err = planUpdate(d.target, rel, r)
		return err
	})
	if err != nil {
		d.forget(r.Stream)
		return nil, d.failure(err)
	}
	out := &sync.Written{Outcomes: make([]sync.Outcome, 0, len(r.Changes))}
	for rest := r.Changes; len(rest) > 0; {
		some := rest[:min(batch, len(rest))]
		rest = rest[len(some):]
		outcomes, err := u.batch(ctx, d, some)
		if err != nil {
			return nil, d.failure(err)
		}
		out.Outcomes = append(out.Outcomes, outcomes...)
	}
	return out, nil
}

// update is a statement that sets columns of one row.
type update struct {
	target    *target
	statement string
	columns   []*column
	key       []*column
}

func planUpdate(t *target, rel *relation, r *sync.Write) (*update, error) {
	u := &update{target: t}
	var sets, is []string
	for _, name := range r.Columns {
		c, err := rel.column(name)
		if err != nil {
			return nil, err
		}
		if !rel.writable(t, c) {
			return nil, refused(name, "the column is not open for writing; name it in the connection's list of writable columns, if it is one of a table and not of its key")
		}
		u.columns = append(u.columns, c)
		sets = append(sets, t.engine.quote(name)+" = "+t.engine.param(len(u.columns), c))
	}
	keys := orKey(r.Key, rel.key)
	if len(keys) == 0 {
		return nil, sdk.Errorf(sdk.Invalid, "the table has no key; choose the columns that tell its rows apart")
	}
	for _, name := range keys {
		c, err := rel.column(name)
		if err != nil {
			return nil, err
		}
		if !c.ordered {
			return nil, refused(name, "a column of this type cannot be part of the key; choose another one")
		}
		u.key = append(u.key, c)
		is = append(is, t.engine.quote(name)+" = "+t.engine.param(len(u.columns)+len(u.key), c))
	}
	for i, c := range r.Changes {
		if len(c.Key) != len(u.key) {
			return nil, refused("changes", fmt.Sprintf("change %d has %d values for a key of %d columns", i, len(c.Key), len(u.key)))
		}
	}
	u.statement = fmt.Sprintf("UPDATE %s SET %s WHERE %s", rel.name, strings.Join(sets, ", "), strings.Join(is, " AND "))
	return u, nil
}

// errUnmade ends a batch in which a change was not made.
var errUnmade = errors.New("a change was not made")

func (u *update) batch(ctx context.Context, d *database, changes []sync.Change) ([]sync.Outcome, error) {
	outcomes := make([]sync.Outcome, len(changes))
	err := d.with(ctx, false, func(ctx context.Context, q querier) error {
		for i, c := range changes {
			outcome, err := u.change(ctx, q, c)
			if outcomes[i] = outcome; err != nil {
				return err
			}
			if outcome.Code != "" && outcome.Code != sdk.NotFound {
				return errUnmade
			}
		}
		return nil
	})
	if err == nil {
		return outcomes, nil
	}
	if len(changes) > 1 && !u.hopeless(ctx, err) {
		for i := range changes {
			one, err := u.batch(ctx, d, changes[i:i+1])
			if err != nil {
				return nil, err
			}
			outcomes[i] = one[0]
		}
		return outcomes, nil
	}
	if errors.Is(err, errUnmade) {
		return outcomes, nil
	}
	if u.hopeless(ctx, err) {
		return nil, err
	}
	failure := &sdk.Error{}
	if !errors.As(u.target.failure(err), &failure) {
		return nil, err
	}
	outcomes[0] = sync.Outcome{Code: failure.Code, Message: failure.Message}
	return outcomes, nil
}

// hopeless says that an error is not about one change: the next ones would end with it too.
func (u *update) hopeless(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return true
	}
	if errors.Is(err, errUnmade) {
		return false
	}
	switch u.target.sort(err).kind {
	case badValue, otherTrouble, tooSlow:
		return false
	}
	return true
}

// change changes one row. A key that several rows have changes none.
func (u *update) change(ctx context.Context, q querier, c sync.Change) (sync.Outcome, error) {
	args := make([]any, 0, len(u.columns)+len(u.key))
	for i, column := range u.columns {
		if v := c.Values[i]; !v.IsNull() && v.Type() != column.typ {
			return sync.Outcome{Code: sdk.Invalid, Message: fmt.Sprintf("the column %s holds %s, and not %s", column.Name, column.typ, v.Type())}, nil
		}
		args = append(args, argument(c.Values[i], column, u.target))
	}
	for i, column := range u.key {
		if v := c.Key[i]; v.Type() != column.typ {
			return sync.Outcome{Code: sdk.NotFound, Message: "there is no row with that key"}, nil
		}
		args = append(args, argument(c.Key[i], column, u.target))
	}
	result, err := q.ExecContext(ctx, u.statement, args...)
	if err != nil {
		return sync.Outcome{}, err
	}
	n, err := result.RowsAffected()
	switch {
	case err != nil:
		return sync.Outcome{}, err
	case n == 0:
		return sync.Outcome{Code: sdk.NotFound, Message: "there is no row with that key"}, nil
	case n > 1:
		return sync.Outcome{Code: sdk.Exists, Message: "several rows have that key; choose columns that tell all rows apart"}, nil
	}
	return sync.Outcome{}, nil
}
