package main

import (
	"context"
	"slices"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// mostRead bounds how many issues one panel reads, a hundred in a request.
const mostRead = 2000

// site is what was read for a panel: the issues that the user may see, and the site's fields.
type site struct {
	issues map[string]jira.Issue
	read   map[string]bool // ids that were asked for
	fields []jira.Field
}

// read asks for the issues of all parts that an admin wrote of, with the fields of all of them: as few requests as can be. focus is
// read too, where a graph is drawn around it.
func read(ctx context.Context, in *relations.Drawing, all map[relations.End]look) (*site, error) {
	s := &site{issues: map[string]jira.Issue{}, read: map[string]bool{}}
	var ids, fields []string
	add := func(id string) {
		if !s.read[id] && len(ids) < mostRead {
			s.read[id] = true
			ids = append(ids, id)
		}
	}
	for _, part := range in.Parts {
		l, governed := all[part.End]
		if !governed {
			continue
		}
		if l.Style == asGraph {
			add(in.IssueID)
		}
		for _, id := range part.Others {
			add(id)
		}
		for _, f := range l.Fields() {
			if !slices.Contains(fields, f) {
				fields = append(fields, f)
			}
		}
	}
	if fields == nil {
		return s, nil
	}
	var err error
	if s.fields, err = jira.Fields(ctx); err != nil {
		return nil, err
	}
	fields = slices.DeleteFunc(fields, func(id string) bool {
		return !slices.ContainsFunc(s.fields, func(f jira.Field) bool { return f.ID == id })
	})
	for some := range slices.Chunk(ids, jira.MaxIssues) {
		list, err := jira.Issues(ctx, some, fields...)
		if err != nil {
			return nil, err
		}
		for _, i := range list.Issues {
			s.issues[i.ID] = i
		}
	}
	return s, nil
}

// of returns the issues of a part that the user may see, how many more there are that the user may not, and whether some were not read.
func (s *site) of(part *relations.Part) (seen []jira.Issue, hidden int, more bool) {
	more = part.More
	for _, id := range part.Others {
		i, ok := s.issues[id]
		switch {
		case ok:
			seen = append(seen, i)
		case s.read[id]:
			hidden++
		default:
			more = true
		}
	}
	return seen, hidden, more
}
