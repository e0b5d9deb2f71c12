package syncer

import (
	"context"
	"strconv"
	"time"

	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// sinceKey is where, in Jira, the mode timestamp keeps how far it read.
func (st *step) sinceKey() string { return "sync-" + st.sync.ID }

type sinceProperty struct {
	Since string `json:"since"`
}

func (st *step) since(ctx context.Context) (string, error) {
	var p sinceProperty
	err := st.cfg.Jira.AppProperty(ctx, st.sync.Tenant, st.sinceKey(), &p)
	if sdk.CodeOf(err) == sdk.NotFound {
		return "", nil
	}
	return p.Since, err
}

// keepSince keeps the greatest value that was read, but not past a row that failed: that one comes again.
func (st *step) keepSince(ctx context.Context) error {
	to := st.at.High
	if st.at.Low != "" {
		to = st.at.Low
	}
	if to == "" {
		return nil
	}
	return st.cfg.Jira.SetAppProperty(ctx, st.sync.Tenant, st.sinceKey(), sinceProperty{to})
}

// mark notes how far the mode timestamp has read.
func (st *step) mark(i *item) {
	if st.sync.Config.Mode != mapping.Timestamp || i.record.Cursor.IsNull() {
		return
	}
	v := i.record.Cursor
	less := func(text string, than bool) bool {
		o, err := valueOf(v.Type(), text)
		return text == "" || err != nil || before(o, v) == than && !v.Equal(o)
	}
	if less(st.at.High, true) {
		st.at.High = v.Text()
	}
	if i.result.Outcome == Failed && less(st.at.Low, false) {
		st.at.Low = v.Text()
	}
}

func before(a, b sync.Value) bool {
	if a.Type() == sync.IntegerType {
		return a.Int() < b.Int()
	}
	return a.Time().Before(b.Time())
}

func valueOf(t sync.Type, text string) (sync.Value, error) {
	wrong := fail(sdk.Invalid, "how far the synchronization had read does not fit the column's type any more; run it in the mode full once")
	switch t {
	case sync.IntegerType:
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return sync.Int(n), nil
		}
	case sync.DateType:
		if d, err := time.Parse(time.DateOnly, text); err == nil {
			return sync.Date(d.Year(), d.Month(), d.Day()), nil
		}
	case sync.TimeType:
		if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
			return sync.Time(at), nil
		}
	}
	return sync.Value{}, wrong
}
