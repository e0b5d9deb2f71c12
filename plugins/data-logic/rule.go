package main

import (
	"context"
	"slices"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/plugins/relations/variables"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/settings"
)

const ruleType = "rule"

// rule is what an admin wrote of one side of a relation: of the issues that can be linked to an issue at that end.
type rule struct {
	relations.End
	number  int // among the rules, from 1: what the log calls it
	types   []string
	query   string // JQL with variables
	filter  string // id of a saved filter, in the place of a query
	user    string // account by whose rights is searched and linked; empty for the user's own
	empty   jql.Empty
	hint    string // what users read where a variable has no value
	drop    bool   // links that the rule does not allow any more are dropped
	presets []relations.Preset
	// id, rev and name are the document's.
	id, name string
	rev      int64
}

func newRule(number int, v *settings.Values) rule {
	r := rule{
		End:    relations.End{Relation: v.String("relation"), End: v.String("end")},
		number: number, types: v.List("types"), query: v.String("jql"), filter: v.String("filter"), user: v.String("user"),
		hint: v.String("hint"), drop: v.String("outOfScope") == "drop",
	}
	if v.String("empty") == "drop" {
		r.empty = jql.Drop
	}
	for _, p := range v.Groups("presets") {
		r.presets = append(r.presets, relations.Preset{ProjectID: p.String("project"), IssueTypeID: p.String("type")})
	}
	return r
}

// rules are all rules, in the order in which they were written.
func rules(ctx context.Context) ([]rule, error) {
	all, err := config.List(ctx, ruleType)
	if err != nil {
		return nil, err
	}
	out := make([]rule, len(all))
	for i := range all {
		out[i] = newRule(i+1, &all[i].Values)
		out[i].id, out[i].rev, out[i].name = all[i].ID, all[i].Rev, all[i].String("name")
	}
	return out, nil
}

// ruleFor finds the rule of a side, nil where there is none.
func ruleFor(ctx context.Context, e relations.End) (*rule, error) {
	all, err := rules(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].End == e {
			return &all[i], nil
		}
	}
	return nil, nil
}

// scope is what a rule makes of the place where a user links.
type scope struct {
	clause jql.Clause
	// missing says that the query has a variable without a value: what it finds says nothing of what was linked before.
	missing bool
}

// scope fills the rule in.
func (r *rule) scope(ctx context.Context, w *relations.Where, account string) (scope, error) {
	var all []jql.Clause
	if w.IssueID != "" {
		all = append(all, jql.Not(jql.IDs(w.IssueID)))
	}
	if len(r.types) > 0 {
		all = append(all, jql.Field("issuetype").In(r.types...))
	}
	if r.filter != "" {
		all = append(all, filterClause(r.filter))
	}
	out := scope{}
	if r.query != "" {
		t, err := variables.Parse(r.query)
		if err != nil {
			return scope{}, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Field: "jql", Message: err.Error()}
		}
		values, err := variables.Read(ctx, variables.Place{IssueID: w.IssueID, Account: account, Chosen: w.Chosen, Follow: followOne}, t)
		if err != nil {
			return scope{}, err
		}
		out.missing = len(t.Missing(values)) > 0
		clause, err := t.Clause(values, r.empty)
		if err != nil {
			return scope{}, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Field: "jql", Message: err.Error()}
		}
		all = append(all, clause)
	}
	out.clause = jql.And(all...)
	return out, nil
}

// nothing says whether the rule finds nothing because a variable has no value.
func (s scope) nothing(r *rule) bool { return s.missing && r.empty == jql.NoResults }

// filterClause is what a saved filter finds. Its id stands bare: a quoted one would be the name of a filter.
func filterClause(id string) jql.Clause {
	t, err := jql.Parse("filter = " + id)
	if err != nil || slices.ContainsFunc([]rune(id), func(r rune) bool { return r < '0' || r > '9' }) {
		return jql.Field("created").Empty()
	}
	c, err := t.Clause(func(string) []string { return nil }, jql.NoResults)
	if err != nil {
		return jql.Field("created").Empty()
	}
	return c
}

// plain reads JQL that another plugin wrote, so that it is one whole condition and nothing more.
func plain(field, text string) (jql.Clause, error) {
	t, err := jql.Parse(text)
	if err != nil {
		return jql.Clause{}, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Field: field, Message: err.Error()}
	}
	none := func(string) []string { return nil }
	c, err := t.Clause(none, jql.NoResults)
	if err != nil {
		return jql.Clause{}, err
	}
	if whole, err := t.Expand(none, jql.NoResults); err != nil || whole != c.String() {
		return jql.Clause{}, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Field: field, Message: "a condition has no order"}
	}
	return c, nil
}
