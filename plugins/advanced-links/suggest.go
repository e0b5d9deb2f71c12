package main

import (
	"context"
	"errors"
	"strings"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/view"
)

const offered = 20 // choices at a time

// issues offers the issues that can be linked at the side whose form asks.
func (p *plugin) issues(ctx context.Context, r *sdk.Request) (*view.Choices, error) {
	sides, err := p.here(ctx, r)
	if err != nil {
		return nil, err
	}
	s, err := pick(sides, string(r.State))
	if err != nil {
		return nil, err
	}
	found, err := jira.Find(ctx, jira.Search{JQL: s.query(r.Context.IssueID, r.Params["q"]), Fields: []string{"summary", "status", "issuetype"}, Limit: offered})
	if err != nil {
		return nil, err
	}
	taken, err := s.links(ctx, r.Context.IssueID, "", 500)
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for _, id := range taken.ids {
		there[id] = true
	}
	out := &view.Choices{More: found.Next != "", Empty: "No issue that can be linked here has these words. Try its key."}
	for _, i := range found.Issues {
		c := view.Choice{Value: i.ID, Label: i.Key + " " + i.Fields["summary"].Text, Description: i.Fields["issuetype"].Text, Lozenge: i.Fields["status"].Text, Icon: view.IssueIcon}
		if there[i.ID] {
			c.Disabled = "Linked already"
		}
		out.Choices = append(out.Choices, c)
	}
	return out, nil
}

// query finds what can be linked, by a key or by words of the summary.
func (s side) query(issue, text string) string {
	end := s.there()
	all := []jql.Clause{jql.Not(jql.IDs(issue))}
	if len(end.projects) > 0 {
		all = append(all, jql.Field("project").In(end.projects...))
	}
	if len(end.types) > 0 {
		all = append(all, jql.Field("issuetype").In(end.types...))
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return jql.OrderBy(jql.And(all...), jql.Field("updated").Desc())
	}
	words := jql.Field("summary").Contains(text)
	if key := strings.ToUpper(text); isKey(key) {
		words = jql.Or(jql.Field("issuekey").Eq(key), words)
	}
	return jql.OrderBy(jql.And(append(all, words)...), jql.Field("updated").Desc())
}

// isKey says whether a text looks like an issue's key.
func isKey(s string) bool {
	project, number, ok := strings.Cut(s, "-")
	if !ok || project == "" || number == "" || len(s) > 40 {
		return false
	}
	for i, r := range project {
		if !(r >= 'A' && r <= 'Z' || i > 0 && (r >= '0' && r <= '9' || r == '_')) {
			return false
		}
	}
	return strings.Trim(number, "0123456789") == ""
}

// messageOf is what an error says to a person.
func messageOf(err error) string {
	if e := (*sdk.Error)(nil); errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}
