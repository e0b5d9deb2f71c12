package variables

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/store"
)

// Most is how many values a variable can have: with more of them a query would be longer than Jira takes.
const Most = 500

// Place is where a template is filled in.
type Place struct {
	IssueID string // empty where the issue is not created yet
	Account string // of the user; empty where nobody is logged in
	// Chosen is what a form holds that is not saved yet, by [relations.ChosenKey]. It takes the place of what is linked.
	Chosen map[string][]string
	// Follow says where a path leads from an issue; nil asks data logic.
	Follow func(ctx context.Context, path, issue string) (ids []string, more bool, err error)
}

// Read asks for what the variables of templates stand for: the issue once, each relation once. Errors: exhausted where a variable has more
// than [Most] values, in words for the user; not_found where the user may not see the issue; unavailable where the plugin that knows of
// links or paths is not there.
func Read(ctx context.Context, p Place, templates ...*Template) (Values, error) {
	out := Values{}
	if p.Account != "" {
		out[viewer] = []string{p.Account}
	}
	var fields []string
	issue := false
	for _, name := range names(templates) {
		of, what, _ := strings.Cut(name, ".")
		switch of {
		case "issue":
			issue = true
			if !located[what] {
				fields = append(fields, what)
			}
		case "link":
			ids, err := p.linked(ctx, what)
			if err != nil {
				return nil, err
			}
			out[name] = ids
		case "path":
			ids, err := p.followed(ctx, what)
			if err != nil {
				return nil, err
			}
			out[name] = ids
		}
	}
	if issue && p.IssueID != "" {
		if err := out.issue(ctx, p.IssueID, fields); err != nil {
			return nil, err
		}
	}
	for _, values := range out {
		if len(values) > Most {
			return nil, tooMany()
		}
	}
	return out, nil
}

func tooMany() error {
	return &sdk.Error{Code: sdk.Exhausted, Source: sdk.FromPlugin, Message: fmt.Sprintf("More than %d issues are linked here, which are too many to search by. Ask an admin to search by something else.", Most)}
}

func names(templates []*Template) []string {
	var out []string
	for _, t := range templates {
		for _, name := range t.names {
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// located are the variables that every issue has a value for, without a field.
var located = map[string]bool{"key": true, "id": true, "project": true, "issuetype": true}

func (v Values) issue(ctx context.Context, id string, fields []string) error {
	i, err := jira.Get(ctx, id, fields...)
	if err != nil {
		return err
	}
	v["issue.key"], v["issue.id"], v["issue.project"], v["issue.issuetype"] = []string{i.Key}, []string{i.ID}, []string{i.ProjectID}, []string{i.IssueTypeID}
	for _, f := range fields {
		v["issue."+f] = Texts(i.Fields[f])
	}
	return nil
}

// Texts is a field's value as JQL compares with it: of a list its members, of people their account ids, of a moment the minute.
func Texts(v jira.Value) []string {
	var out []string
	for _, item := range v.Items {
		out = append(out, Texts(item)...)
	}
	switch {
	case len(v.Items) > 0:
		return out
	case v.Kind == jira.UserValue:
		return []string{v.ID}
	case v.Kind == jira.MomentValue:
		const minute = len("2026-03-01 12:30")
		return []string{v.Text[:min(len(v.Text), minute)]}
	case v.Text == "":
		return nil
	}
	return []string{v.Text}
}

// linked returns what the issue is linked to at a side, RELATION.END: what the form holds, before what is saved.
func (p Place) linked(ctx context.Context, side string) ([]string, error) {
	relation, end, _ := strings.Cut(side, ".")
	at := relations.End{Relation: relation, End: end}
	if chosen, ok := p.Chosen[relations.ChosenKey(at)]; ok {
		return slices.DeleteFunc(slices.Clone(chosen), func(id string) bool { return store.Validate(store.KindIssue, id) != nil }), nil // from a browser
	}
	if p.IssueID == "" {
		return nil, nil
	}
	list, err := relations.LinkedTo(ctx, relations.LinkedQuestion{End: at, IssueIDs: []string{p.IssueID}, Limit: Most})
	switch {
	case err != nil:
		return nil, err
	case list == nil || len(list.Issues) != 1:
		return nil, &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromPlugin, Message: "What is linked cannot be read at the moment. A Jira admin can see on the Pergola page whether Advanced links is switched on."}
	case list.Issues[0].More:
		return nil, tooMany()
	}
	return list.Issues[0].Others, nil
}

// followed returns where a path leads.
func (p Place) followed(ctx context.Context, path string) ([]string, error) {
	if p.IssueID == "" {
		return nil, nil
	}
	follow := p.Follow
	if follow == nil {
		follow = ask
	}
	ids, more, err := follow(ctx, path, p.IssueID)
	if err == nil && more {
		err = tooMany()
	}
	return ids, err
}

func ask(ctx context.Context, path, issue string) ([]string, bool, error) {
	got, err := relations.Follow(ctx, relations.FollowQuestion{Path: path, IssueIDs: []string{issue}})
	switch {
	case err != nil:
		return nil, false, err
	case got == nil:
		return nil, false, &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromPlugin, Message: "Where a path leads cannot be read at the moment. A Jira admin can see on the Pergola page whether Data logic is switched on."}
	}
	return got.IssueIDs, got.More, nil
}
