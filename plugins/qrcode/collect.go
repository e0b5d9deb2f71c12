package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// batch is the number of issues that one step finds or makes codes for.
const batch = 100

// search adds the next page of issues to the job. What is wrong with the query is a fieldErrors.
func search(ctx context.Context, o options, j *job) error {
	var fields []string
	if j.Sheet.Second {
		fields = append(fields, "summary")
	}
	if o.content == contentField {
		fields = append(fields, o.field)
	}
	found, err := find(ctx, jira.Search{JQL: j.Sheet.JQL, Fields: fields, Limit: batch, Cursor: j.Cursor})
	if err != nil {
		return err
	}
	have := make(map[string]bool, len(j.Labels))
	for _, l := range j.Labels {
		have[l.ID] = true
	}
	for _, issue := range found.Issues {
		// Issues that change while the search goes on can be found twice.
		if have[issue.ID] {
			continue
		}
		if len(j.Labels) == maxLabels {
			return fieldErrors{"jql": "This query finds more than 500 issues. Print up to 500 labels at a time: narrow it, for example with AND created >= -30d."}
		}
		have[issue.ID] = true
		l := label{ID: issue.ID, Key: issue.Key}
		if o.content == contentField {
			// Still too long after the cut, so that encode refuses it.
			l.Text = cut(fieldText(&issue, o.field), maxContent+utf8.UTFMax)
		}
		if j.Sheet.Second {
			l.Second = cut(strings.TrimSpace(printable(issue.Fields["summary"].Text)), maxSecond)
		}
		j.Labels = append(j.Labels, l)
	}
	j.Pages++
	j.Cursor, j.Found = found.Next, found.Next == ""
	if !j.Found && (j.Pages >= maxPages || len(j.Cursor) > maxCursor) {
		return fieldErrors{"jql": "This query takes too long: most of what it finds, you may not see. Narrow it to your own projects."}
	}
	return nil
}

// find searches and turns Jira's complaint about the query into one of the form's field.
func find(ctx context.Context, s jira.Search) (*jira.Found, error) {
	found, err := jira.Find(ctx, s)
	var e *sdk.Error
	if errors.As(err, &e) && e.Code == sdk.Invalid {
		return nil, fieldErrors{"jql": e.Message}
	}
	return found, err
}

// addCodes fetches or makes the codes of the next issues. The ids come from the browser, so Jira is asked again which of
// them the user may see; the others stay without a code and are reported at the end.
func (p *plugin) addCodes(ctx context.Context, j *job) error {
	part := j.Labels[j.Coded:min(j.Coded+batch, len(j.Labels))]
	ids := make([]string, len(part))
	for i, l := range part {
		ids[i] = l.ID
	}
	keys := map[string]string{} // of those that the user may see
	query := jira.Search{JQL: "id in (" + strings.Join(ids, ",") + ")", Limit: batch}
	for range batch {
		found, err := find(ctx, query)
		if err != nil {
			return err
		}
		for _, issue := range found.Issues {
			keys[issue.ID] = issue.Key
		}
		if query.Cursor = found.Next; query.Cursor == "" {
			break
		}
	}
	codes, err := p.ensureCodes(ctx, slices.DeleteFunc(ids, func(id string) bool { return keys[id] == "" })...)
	if err != nil {
		return err
	}
	for i := range part {
		l := &part[i]
		if key := keys[l.ID]; key != "" {
			l.Key, l.Text = key, codes[l.ID]
		}
	}
	j.Coded += len(part)
	return nil
}

// Error lists the fields, so that fieldErrors can travel as an error.
func (e fieldErrors) Error() string {
	parts := make([]string, 0, len(e))
	for field, message := range e {
		parts = append(parts, field+": "+message)
	}
	slices.Sort(parts)
	return strings.Join(parts, "; ")
}

// cut shortens text to at most n bytes, between two characters.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}
