package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// condition is a condition of a read with its column.
type condition struct {
	*column
	is    sync.Comparison
	value sync.Value
}

func conditions(where []sync.Condition) ([]condition, error) {
	out := make([]condition, len(where))
	for i, w := range where {
		c, err := find(w.Column)
		if err != nil {
			return nil, err
		}
		if w.Value.Type() != c.Type {
			return nil, invalid(w.Column, fmt.Sprintf("the column holds a %s and is compared with a %s; compare it with a value of its own type", c.Type, w.Value.Type()))
		}
		out[i] = condition{c, w.Is, w.Value}
	}
	return out, nil
}

// holds says whether a project meets the condition; where the column is null, none does.
func (c condition) holds(p *jira.Project) bool {
	v := c.of(p)
	if v.IsNull() || v.Type() != c.Type {
		return false
	}
	order := compare(v, c.value)
	switch c.is {
	case sync.Equal:
		return order == 0
	case sync.Less:
		return order < 0
	case sync.LessOrEqual:
		return order <= 0
	case sync.Greater:
		return order > 0
	}
	return order >= 0
}

// compare compares two values of one type: texts byte by byte, and false before true.
func compare(a, b sync.Value) int {
	switch a.Type() {
	case sync.IntegerType:
		return cmp.Compare(a.Int(), b.Int())
	case sync.TimeType:
		return a.Time().Compare(b.Time())
	}
	return strings.Compare(a.Text(), b.Text())
}

func invalid(field, message string) error {
	return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Field: field, Message: message}
}
