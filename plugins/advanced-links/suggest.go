package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/view"
)

const offered = 20 // choices at a time

// issues offers the issues that can be linked at the side whose picker asks.
func (p *plugin) issues(ctx context.Context, r *sdk.Request) (*view.Choices, error) {
	sides, err := p.here(ctx, r)
	if err != nil {
		return nil, err
	}
	s, err := asking(sides, r)
	if err != nil {
		return nil, err
	}
	at := s.where(r.Context.IssueID, chosenIn(sides, r))
	scope, err := contract.ScopeOf(ctx, contract.ScopeQuestion{Where: at})
	if err != nil {
		return nil, err
	}
	if scope.Nothing != "" {
		return &view.Choices{Empty: scope.Nothing}, nil
	}
	look, err := contract.LookOf(ctx, contract.LookQuestion{End: at.End})
	if err != nil {
		return nil, err
	}
	found, err := s.search(ctx, at, scope.Clause, typed(r.Params["q"], look.Search), look)
	if err != nil {
		return nil, err
	}
	lately, err := s.lately(ctx, at, scope.Clause, r, look)
	if err != nil {
		return nil, err
	}
	taken, err := s.upTo(ctx, r.Context.IssueID, "", mostListed)
	if err != nil {
		return nil, err
	}
	out := &view.Choices{More: found.More, Title: titleOf(lately), Empty: cmp.Or(found.Nothing, "No issue that can be linked here has these words. Try its key.")}
	for _, i := range append(lately, found.Issues...) {
		if i.ID == r.Context.IssueID || slices.ContainsFunc(out.Choices, func(c view.Choice) bool { return c.Value == i.ID }) {
			continue
		}
		c := choiceOf(&i, look)
		// A form that holds links offers them again once they are taken out of it.
		if r.Params["field"] == pickerName && slices.Contains(taken.ids, c.Value) {
			c.Disabled = "Linked already"
		}
		out.Choices = append(out.Choices, c)
	}
	return out, nil
}

// lately finds what the user linked lately, before anything is typed, of what can be linked still.
func (s side) lately(ctx context.Context, at contract.Where, also string, r *sdk.Request, look *contract.Look) ([]jira.Issue, error) {
	if r.Params["q"] != "" || look.HideRecent {
		return nil, nil
	}
	ids, err := s.recent(ctx, r.Context.Account)
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	found, err := s.search(ctx, at, also, jql.IDs(ids...), look)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found.Issues, func(a, b jira.Issue) int { return cmp.Compare(slices.Index(ids, a.ID), slices.Index(ids, b.ID)) })
	return slices.DeleteFunc(found.Issues, func(i jira.Issue) bool { return !slices.Contains(ids, i.ID) }), nil
}

func titleOf(lately []jira.Issue) string {
	if len(lately) == 0 {
		return ""
	}
	return "What you linked lately comes first"
}

// asking finds the side whose picker asks: the one that the form is for, or of a form with a picker for each side, that of the picker.
func asking(sides []side, r *sdk.Request) (side, error) {
	if field := r.Params["field"]; field != pickerName {
		for _, s := range sides {
			if s.slot() == field {
				return s, nil
			}
		}
	}
	return pick(sides, string(r.State))
}

// chosenIn is what a form with a picker for each side holds; of a picker that holds nothing, that it is empty.
func chosenIn(sides []side, r *sdk.Request) map[string][]string {
	d := &draft{base: baseOf(r.State), held: map[string][]string{}}
	if d.base == nil {
		return nil
	}
	for _, s := range sides {
		d.held[s.key()] = r.Form[s.slot()]
	}
	return d.chosen(sides)
}

// search finds what can be linked: by the rules of data logic, or by what the relation says.
func (s side) search(ctx context.Context, at contract.Where, also string, which jql.Clause, look *contract.Look) (*contract.Findings, error) {
	fields, contexts := fieldsOf(look), s.there().contexts
	found, err := contract.FindLinkable(ctx, contract.FindQuestion{
		Where: at, Contexts: contexts, Clause: which.String(), Also: also, Order: strings.TrimPrefix(jql.OrderBy(jql.Clause{}, orderOf(look)), "ORDER BY "),
		Fields: fields, Limit: offered,
	})
	if err != nil || found.Governed {
		return found, err
	}
	own, err := contexts.Find(ctx, "", func(where jql.Clause) (*jira.Found, error) {
		return jira.Find(ctx, jira.Search{JQL: query(at.IssueID, jql.And(where, which), also, orderOf(look)), Fields: fields, Limit: offered})
	})
	if err != nil {
		return nil, err
	}
	return &contract.Findings{Issues: own.Issues, More: own.Next != ""}, nil
}

// query finds issues other than the one at hand. also is a clause of another plugin, whole as it is.
func query(issue string, which jql.Clause, also string, order jql.Sort) string {
	clause := jql.And(jql.Not(jql.IDs(issue)), which)
	if also == "" {
		return jql.OrderBy(clause, order)
	}
	return narrowed(clause.String(), also) + " " + jql.OrderBy(jql.Clause{}, order)
}

// typed is what a user typed: a key, or words of the summary and of the fields that an admin chose, the last of which may have just begun. It is empty
// where nothing was typed.
func typed(text string, fields []string) jql.Clause {
	text = strings.TrimSpace(text)
	if text == "" {
		return jql.Clause{}
	}
	var any []jql.Clause
	if key := strings.ToUpper(text); contract.IsKey(key) {
		any = append(any, jql.Field("issuekey").Eq(key))
	}
	any = append(any, jql.Field("summary").Typed(text))
	for _, f := range fields {
		if f != "summary" {
			any = append(any, jql.Field(f).Typed(text))
		}
	}
	return jql.Or(any...)
}

func orderOf(look *contract.Look) jql.Sort {
	switch {
	case look.Order == "":
		return jql.Field("updated").Desc()
	case look.Descending:
		return jql.Field(look.Order).Desc()
	}
	return jql.Field(look.Order).Asc()
}

func fieldsOf(look *contract.Look) []string {
	return append([]string{"summary", "status", "issuetype"}, look.Fields...)
}

// choiceOf draws an issue among the choices of a picker.
func choiceOf(i *jira.Issue, look *contract.Look) view.Choice {
	c := view.Choice{Value: i.ID, Label: i.Key + " " + i.Fields["summary"].Text, Description: i.Fields["issuetype"].Text}
	if look.Governed {
		var values []string
		for _, f := range look.Fields {
			if text := i.Fields[f].Text; text != "" && (f != "status" || look.HideStatus) { // a lozenge says it already
				values = append(values, text)
			}
		}
		c.Description = strings.Join(values, " · ")
	}
	if !look.HideStatus {
		c.Lozenge = i.Fields["status"].Text
	}
	if !look.HideIcon {
		c.Icon = view.IssueIcon
	}
	return c
}

// messageOf is what an error says to a person.
func messageOf(err error) string {
	if e := (*sdk.Error)(nil); errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}
