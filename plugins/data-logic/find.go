package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/service"
)

const usuallyFound = 20

// find searches what can be linked where a user is.
func find(ctx context.Context, q *service.Request, in *relations.FindQuestion) (*relations.Findings, error) {
	r, err := ruleFor(ctx, in.End)
	if err != nil || r == nil {
		return &relations.Findings{}, err
	}
	limit := cmp.Or(in.Limit, usuallyFound)
	if limit < 1 || limit > relations.MostLinked {
		return nil, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Field: "limit", Message: fmt.Sprintf("Ask for 1 to %d issues at a time.", relations.MostLinked)}
	}
	typed, err := plain("clause", in.Clause)
	if err != nil {
		return nil, err
	}
	also, err := plain("also", in.Also)
	if err != nil {
		return nil, err
	}
	order, err := ordered(in.Order)
	if err != nil {
		return nil, err
	}
	out := &relations.Findings{Governed: true}
	s, err := r.scope(ctx, &in.Where, q.Context.Account)
	if err == nil && s.nothing(r) {
		out.Nothing = cmp.Or(r.hint, "Nothing can be linked here yet: the rule depends on values that this issue does not have.")
		return out, nil
	}
	var found *jira.Found
	if err == nil {
		found, err = in.Contexts.Find(ctx, r.user, func(where jql.Clause) (*jira.Found, error) {
			return jira.Find(ctx, jira.Search{JQL: bounded(jql.And(where, s.clause, typed, also)) + order, Fields: in.Fields, Limit: limit, As: r.user})
		})
	}
	if err != nil {
		out.Nothing, err = r.trouble(ctx, err)
		return out, err
	}
	out.Issues, out.More = found.Issues, found.Next != ""
	return out, nil
}

// bounded writes a query that Jira takes also where it restricts nothing.
func bounded(c jql.Clause) string {
	return cmp.Or(c.String(), jql.Field("created").NotEmpty().String())
}

// ordered is how a query ends, of what stands behind ORDER BY.
func ordered(by string) (string, error) {
	if by == "" {
		return "", nil
	}
	t, err := jql.Parse("ORDER BY " + by)
	if err == nil && strings.ContainsAny(by, "()=<>!~{}") {
		err = errors.New("an order is names of fields, each with ASC or DESC")
	}
	if err != nil {
		return "", &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Field: "order", Message: err.Error()}
	}
	text, err := t.Expand(func(string) []string { return nil }, jql.NoResults)
	return " " + text, err
}

// presets tells what a user can create to link it.
func presets(ctx context.Context, _ *service.Request, in *relations.PresetsQuestion) (*relations.PresetList, error) {
	r, err := ruleFor(ctx, in.End)
	if err != nil || r == nil {
		return &relations.PresetList{}, err
	}
	return &relations.PresetList{Presets: r.presets}, nil
}
