package main

import (
	"context"
	"slices"

	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// question is a read, checked.
type question struct {
	selection
	columns []*column
	where   []condition
	details bool   // are wanted
	after   string // id of the last project of the page before; empty for the first page
}

func ask(r *sync.Read) (*question, error) {
	if r.Stream != projects {
		return nil, sync.NoStream(r.Stream)
	}
	q := &question{selection: parse(&r.Config), after: string(r.Cursor)}
	if q.after != "" && !isID(q.after) {
		return nil, sync.BadCursor()
	}
	for _, name := range r.Columns {
		c, err := find(name)
		if err != nil {
			return nil, err
		}
		q.columns = append(q.columns, c)
		q.details = q.details || c.details
	}
	for _, name := range r.Key {
		if _, err := find(name); err != nil {
			return nil, err
		}
	}
	var err error
	if q.where, err = conditions(r.Where); err != nil {
		return nil, err
	}
	q.details = q.details || slices.ContainsFunc(q.where, func(c condition) bool { return c.details })
	return q, nil
}

func read(ctx context.Context, r *sync.Read) (*sync.Page, error) {
	q, err := ask(r)
	if err != nil {
		return nil, err
	}
	// Who loses a category must not lose the issues of its projects, as if they were gone.
	if q.after == "" {
		if problems, err := q.problems(ctx); err != nil || len(problems) > 0 {
			return nil, failure(problems, err)
		}
	}
	left, full, err := list(ctx, q.selection, q.details)
	if err != nil {
		return nil, err
	}
	if at := slices.IndexFunc(left, func(p jira.Project) bool { return byID(p.ID, q.after) > 0 }); at >= 0 {
		left = left[at:]
	} else {
		left = nil
	}
	return q.fill(ctx, sync.Fill(r), left, full)
}

// maxDetailed is of how many projects one read fetches details, where they do not come with the list.
const maxDetailed = 1000

// fill fills a page with what is left, fetching details a few projects at a time where they are missing.
func (q *question) fill(ctx context.Context, page *sync.Filler, left []jira.Project, full bool) (*sync.Page, error) {
	last, fetched := q.after, 0
	for chunk := range slices.Chunk(left, jira.MaxProjectIDs) {
		whole := chunk
		if q.details && !full {
			var err error
			if whole, err = detail(ctx, q.selection, chunk); err != nil {
				return nil, err
			}
		}
		for i := range whole {
			p := &whole[i]
			if !q.meets(p) {
				last = p.ID
				continue
			}
			if !page.Add(q.row(p)...) {
				return page.Next([]byte(last)), nil
			}
			last = p.ID
		}
		last = chunk[len(chunk)-1].ID
		if fetched += len(chunk); fetched < len(left) && (page.Full() || !full && q.details && fetched >= maxDetailed) {
			return page.Next([]byte(last)), nil
		}
	}
	return page.Last(), nil
}

func (q *question) meets(p *jira.Project) bool {
	return !slices.ContainsFunc(q.where, func(c condition) bool { return !c.holds(p) })
}

func (q *question) row(p *jira.Project) []sync.Value {
	row := make([]sync.Value, len(q.columns))
	for i, c := range q.columns {
		row[i] = c.of(p)
	}
	return row
}
