package main

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// Bounds of listing all projects.
const (
	maxListed = 10_000 // a hundred questions to Jira
	tries     = 5
)

// list returns every project that the selection covers, in the order of the ids. full says that their details are filled in,
// which they are where all of them came in one answer.
func list(ctx context.Context, s selection, details bool) (found []jira.Project, full bool, err error) {
	for range tries {
		q := s.query()
		q.Details, q.Limit = details, jira.MaxProjects
		page, err := jira.Projects(ctx, q)
		if err != nil {
			return nil, false, err
		}
		if page.Total > maxListed {
			return nil, false, tooMany(page.Total)
		}
		if page.Total <= len(page.Projects) {
			return s.sorted(page.Projects), details, nil
		}
		if len(page.Projects) == 0 {
			continue
		}
		if found, still, err := rest(ctx, q, page); err != nil || still {
			return s.sorted(found), false, err
		}
	}
	return nil, false, sync.Downstream(sdk.Unavailable, "projects were made, renamed or removed all the while as they were listed; try again when that has calmed down")
}

// rest goes on behind the first page. still says that nothing moved meanwhile: each page begins with the project with which the
// one before ended, and their number stays.
func rest(ctx context.Context, q jira.ProjectQuery, page *jira.ProjectPage) (found []jira.Project, still bool, err error) {
	q.Details = false
	total := page.Total
	for found = page.Projects; len(found) < total; found = append(found, page.Projects[1:]...) {
		q.First = len(found) - 1
		if page, err = jira.Projects(ctx, q); err != nil {
			return nil, false, err
		}
		if page.Total != total || len(page.Projects) < 2 || page.Projects[0].ID != found[len(found)-1].ID {
			return nil, false, nil
		}
	}
	return found, true, nil
}

// sorted keeps what the selection covers, each project once, in the order of the ids.
func (s selection) sorted(found []jira.Project) []jira.Project {
	found = slices.DeleteFunc(found, func(p jira.Project) bool { return !s.covers(&p) })
	slices.SortFunc(found, func(a, b jira.Project) int { return byID(a.ID, b.ID) })
	return slices.CompactFunc(found, func(a, b jira.Project) bool { return a.ID == b.ID })
}

// byID orders ids as the numbers that they are.
func byID(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// detail returns the projects with their details, as far as they are there and in the selection still.
func detail(ctx context.Context, s selection, of []jira.Project) ([]jira.Project, error) {
	q := s.query()
	q.Details, q.Limit = true, jira.MaxProjectIDs
	for _, p := range of {
		q.IDs = append(q.IDs, p.ID)
	}
	page, err := jira.Projects(ctx, q)
	if err != nil {
		return nil, err
	}
	return s.sorted(page.Projects), nil
}

func tooMany(n int) error {
	return invalid("categories", "the connection covers "+strconv.Itoa(n)+" projects, at most "+strconv.Itoa(maxListed)+
		" are possible; choose categories or types, and make several connections")
}
