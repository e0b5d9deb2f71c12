package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// guard refuses a second picker of the same end, and fields that Jira cannot search or sort by: users would meet that as an error
// while they pick.
func guard(ctx context.Context, c *config.Change) (*config.Verdict, error) {
	if c.Op == config.Delete {
		return nil, nil
	}
	all, err := config.List(ctx, pickerType)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].ID != c.ID && endOf(&all[i].Values) == endOf(c.After) {
			return config.No("end", "“"+all[i].String("name")+"” is the picker of this end already. Change that one, or choose the other end."), nil
		}
	}
	fields, err := jira.Fields(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range c.After.List("search") {
		if f := find(fields, id); f != nil && !isText(f) {
			return config.No("search", fmt.Sprintf("%s is no field of text. Choose fields of which users know words.", f.Name)), nil
		}
	}
	if f := find(fields, c.After.String("order")); f != nil && len(f.Clauses) == 0 {
		return config.No("order", f.Name+" cannot be sorted by in Jira. Choose another one."), nil
	}
	return nil, nil
}

// find is nil for a field that is not there any more: a picker is changed in spite of it.
func find(fields []jira.Field, id string) *jira.Field {
	if i := slices.IndexFunc(fields, func(f jira.Field) bool { return f.ID == id }); i >= 0 {
		return &fields[i]
	}
	return nil
}

// isText says whether JQL finds words in a field: of Jira's own these three, and custom ones of text.
func isText(f *jira.Field) bool {
	if !f.Custom {
		return f.ID == "summary" || f.ID == "description" || f.ID == "environment"
	}
	return strings.HasSuffix(f.Kind, ":textfield") || strings.HasSuffix(f.Kind, ":textarea")
}
