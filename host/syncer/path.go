package syncer

import (
	"context"

	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/tenant"
)

// place is a status of issues of a type.
type place struct{ typ, status string }

// way is a transition and the status to which it leads.
type way struct{ id, to string }

// paths knows the transitions of issue types as far as a run has met them. Jira tells only those that start at an issue's status, so for the
// others it looks at an example: an issue of the type that is in that status. No issue is moved to find out.
type paths struct {
	jira    Jira
	tenant  tenant.Tenant
	project string
	known   map[place][]way
	asked   int
}

const (
	maxHops     = 4
	maxExamples = 30 // statuses of which a run looks for an example
)

// next returns the first transition of a shortest path to a status, "" where there is none of up to maxHops.
func (p *paths) next(ctx context.Context, issue, typ, from, to string) (string, error) {
	ways, err := p.of(ctx, issue)
	if err != nil {
		return "", err
	}
	type trail struct {
		first  string
		status string
	}
	p.known[place{typ, from}] = ways
	seen := map[string]bool{from: true}
	var front []trail
	for _, w := range ways {
		if w.to == to {
			return w.id, nil
		}
		if !seen[w.to] {
			seen[w.to] = true
			front = append(front, trail{w.id, w.to})
		}
	}
	for range maxHops - 1 {
		var further []trail
		for _, t := range front {
			ways, err := p.example(ctx, typ, t.status)
			if err != nil {
				return "", err
			}
			for _, w := range ways {
				if w.to == to {
					return t.first, nil
				}
				if !seen[w.to] {
					seen[w.to] = true
					further = append(further, trail{t.first, w.to})
				}
			}
		}
		front = further
	}
	return "", nil
}

// of are the transitions of an issue that need no input.
func (p *paths) of(ctx context.Context, issue string) ([]way, error) {
	list, err := p.jira.Transitions(ctx, p.tenant, issue)
	if err != nil {
		return nil, err
	}
	var out []way
	for _, t := range list {
		if !t.NeedsInput() {
			out = append(out, way{t.ID, t.To.ID})
		}
	}
	return out, nil
}

func (p *paths) example(ctx context.Context, typ, status string) ([]way, error) {
	at := place{typ, status}
	if ways, ok := p.known[at]; ok {
		return ways, nil
	}
	if p.asked >= maxExamples {
		return nil, nil
	}
	p.asked++
	issues, _, err := p.jira.Scan(ctx, p.tenant, jira.Scan{
		JQL: "project = " + p.project + " AND issuetype = " + typ + " AND status = " + status, Fields: []string{"id"}, Limit: 1,
	})
	if err != nil {
		return nil, err
	}
	if len(issues) > 0 {
		if p.known[at], err = p.of(ctx, issues[0].ID); err != nil {
			return nil, err
		}
	}
	return p.known[at], nil
}
