//go:build !wasip1

package main

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/sdk/sync"
)

// How values are made of what drivers deliver: Go's own types, or texts and bytes in which the database wrote them. What does not
// fit is untold, and never bent.

func textOf(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	}
	return "", false
}

func readString(v any, _ *target) sync.Value {
	if s, ok := textOf(v); ok {
		return sync.String(s)
	}
	return otherwise(v)
}

func readBytes(v any, _ *target) sync.Value {
	if s, ok := textOf(v); ok {
		return sync.Bytes([]byte(s))
	}
	return otherwise(v)
}

func readInteger(v any, _ *target) sync.Value {
	if n, ok := v.(int64); ok {
		return sync.Int(n)
	}
	s, ok := textOf(v)
	if !ok {
		return otherwise(v)
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return sync.Untold("the database delivers no whole number where one is declared")
	}
	return sync.Int(n)
}

func readDecimal(v any, _ *target) sync.Value {
	switch v := v.(type) {
	case int64:
		return sync.Decimal(strconv.FormatInt(v, 10))
	case uint64:
		return sync.Decimal(strconv.FormatUint(v, 10))
	case float64:
		return number(v, 64)
	case float32:
		return number(float64(v), 32)
	}
	s, ok := textOf(v)
	if !ok {
		return otherwise(v)
	}
	if d := sync.Decimal(s); d.Check() == nil {
		return d
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !strings.ContainsAny(s, "eEnN") { // digits alone are exact, however many: a float would not be
		return sync.Untold("the number is too large, or none")
	}
	return number(f, 64)
}

// number writes a float with the fewest digits that stand for it.
func number(f float64, bits int) sync.Value {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return sync.Untold("the number is infinite or none")
	}
	return sync.Decimal(strconv.FormatFloat(f, 'f', -1, bits))
}

func readBoolean(v any, _ *target) sync.Value {
	switch v := v.(type) {
	case bool:
		return sync.Bool(v)
	case int64:
		if v == 0 || v == 1 {
			return sync.Bool(v == 1)
		}
	}
	switch s, _ := textOf(v); s {
	case "0", "f", "false", "\x00":
		return sync.Bool(false)
	case "1", "t", "true", "\x01":
		return sync.Bool(true)
	}
	return sync.Untold("the value is neither true nor false")
}

func readDate(v any, _ *target) sync.Value {
	if t, ok := v.(time.Time); ok {
		return dated(t)
	}
	s, _ := textOf(v)
	t, err := time.Parse(time.DateOnly, strings.TrimSuffix(s, " 00:00:00"))
	if err != nil {
		return sync.Untold("this is no day of the calendar")
	}
	return dated(t)
}

func dated(t time.Time) sync.Value { return sync.Date(t.Date()) }

// The forms in which databases write times, without and with an offset. Fractions of a second are read without being asked for.
var (
	localForms = []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", time.DateOnly}
	zonedForms = []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z0700", "2006-01-02 15:04:05Z07", "2006-01-02 15:04:05 -07:00", "2006-01-02T15:04Z07:00", "2006-01-02 15:04Z07:00"}
)

// readLocal reads a time without a zone: it is one of the connection's.
func readLocal(v any, c *target) sync.Value {
	if t, ok := v.(time.Time); ok {
		return sync.Time(time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), c.zone))
	}
	s, _ := textOf(v)
	for _, form := range localForms {
		if t, err := time.ParseInLocation(form, s, c.zone); err == nil {
			return sync.Time(t)
		}
	}
	return sync.Untold("this is no time of the calendar")
}

// readMoment reads a time that is one moment everywhere, and tells it in the connection's zone.
func readMoment(v any, c *target) sync.Value {
	if t, ok := v.(time.Time); ok {
		return sync.Time(t.In(c.zone))
	}
	s, _ := textOf(v)
	for _, form := range zonedForms {
		if t, err := time.Parse(form, s); err == nil {
			return sync.Time(t.In(c.zone))
		}
	}
	return sync.Untold("this is no time of the calendar")
}

// readZoned reads a time with an offset of its own, which stays.
func readZoned(v any, _ *target) sync.Value {
	if t, ok := v.(time.Time); ok {
		return sync.Time(t)
	}
	return otherwise(v)
}

// otherwise is for what a driver delivers that nobody expects of the column's type.
func otherwise(any) sync.Value {
	return sync.Untold("the database delivers something else than the column declares")
}

// readList reads a list that was written in JSON, whose members item reads of their texts.
func readList(item func(v any, t *target) sync.Value) func(v any, t *target) sync.Value {
	return func(v any, t *target) sync.Value {
		s, _ := textOf(v)
		d := json.NewDecoder(strings.NewReader(s))
		d.UseNumber()
		var members []any
		if err := d.Decode(&members); err != nil {
			return otherwise(v)
		}
		out := make([]sync.Value, len(members))
		for i, m := range members {
			switch m := m.(type) {
			case nil:
			case json.Number:
				out[i] = item(m.String(), t)
			case bool, string:
				out[i] = item(m, t)
			default:
				return sync.Untold("the list holds lists")
			}
		}
		return sync.List(out...)
	}
}

// argument is a value as a statement takes it, for a column.
func argument(v sync.Value, c *column, t *target) any {
	switch v.Type() {
	case sync.IntegerType:
		return v.Int()
	case sync.BooleanType:
		return v.Bool()
	case sync.BytesType:
		return v.Bytes()
	case sync.TimeType:
		if c.local {
			return v.Time().In(t.zone).Format("2006-01-02 15:04:05.999999999")
		}
		return v.Time().UTC().Format("2006-01-02 15:04:05.999999999")
	case "":
		return nil
	}
	return v.Text()
}
