package main

import (
	"context"
	"slices"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/job"
)

// mostMoved is how many links a step moves, unless one issue has more.
const mostMoved = 200

// moving is a link of Jira's own on its way to the relation.
type moving struct {
	link jira.IssueLink
	pair relations.Pair
	relations.Outcome
}

// moves are the links of Jira's own of a stretch's issues that a migration is about, up to the issue with which there are enough of them. What
// is left of the stretch is cut off.
func (m *migration) moves(ctx context.Context, s *stretch) ([]*moving, error) {
	var ids []string
	for _, i := range s.issues {
		ids = append(ids, i.ID)
	}
	links, err := jira.LinksOf(ctx, ids...)
	if err != nil {
		return nil, err
	}
	of := map[string][]*moving{}
	for _, l := range links.Links {
		if pair, ours := m.pair(l); ours {
			of[pair.First] = append(of[pair.First], &moving{link: l, pair: pair})
		}
	}
	var out []*moving
	for n, id := range ids {
		out = append(out, of[id]...)
		if len(out) >= mostMoved && n+1 < len(ids) {
			s.issues, s.last = s.issues[:n+1], false
			break
		}
	}
	return out, nil
}

// join has advanced links judge moves and, unless it only checks, make them.
func join(ctx context.Context, all []*moving, batch int64, check bool) error {
	for some := range slices.Chunk(all, relations.MostPairs) {
		var pairs []relations.Pair
		for _, m := range some {
			pairs = append(pairs, m.pair)
		}
		out, err := joinPairs(ctx, relations.Joining{Pairs: pairs, Batch: batch, Check: check})
		if err != nil {
			return err
		}
		for n := range some {
			some[n].Outcome = out[n]
		}
	}
	return nil
}

func joinPairs(ctx context.Context, j relations.Joining) ([]relations.Outcome, error) {
	return answered(len(j.Pairs))(relations.JoinPairs(ctx, j))
}

func partPairs(ctx context.Context, p relations.Parting) ([]relations.Outcome, error) {
	return answered(len(p.Pairs))(relations.PartPairs(ctx, p))
}

// answered is an error where advanced links are not there, or do not say something of each pair.
func answered(pairs int) func([]relations.Outcome, error) ([]relations.Outcome, error) {
	return func(out []relations.Outcome, err error) ([]relations.Outcome, error) {
		switch {
		case err != nil:
			return nil, err
		case out == nil:
			return nil, absent()
		case len(out) != pairs:
			return nil, &sdk.Error{Code: sdk.Internal, Source: sdk.FromPlugin, Message: "Advanced links spoke of other links than it was asked about."}
		}
		return out, nil
	}
}

func (p *plugin) checkStep(ctx context.Context, s *job.Step) (*job.Result, error) {
	return p.migrationStep(ctx, s, true)
}

func (p *plugin) migrateStep(ctx context.Context, s *job.Step) (*job.Result, error) {
	return p.migrationStep(ctx, s, false)
}

// migrationStep moves the links of a few issues. It is done again after a kill, and finds then what it did.
func (p *plugin) migrationStep(ctx context.Context, s *job.Step, check bool) (*job.Result, error) {
	m, err := loadMigration(ctx, s.Input["migration"])
	if err != nil {
		return nil, err
	}
	if m.rev != job.Int(s.Input, "revision") {
		return nil, invalid("The migration was changed while it ran. Begin another run.")
	}
	scope, err := m.scope()
	if err != nil {
		return nil, err
	}
	token := s.Input["pass"]
	found, err := walk(ctx, scope, place{s.Cursor["project"], s.Cursor["issue"]}, token)
	if err != nil {
		return nil, err
	}
	if found.project == "" {
		return &job.Result{Finished: true}, forget(ctx, token)
	}
	out := &job.Result{Counts: map[string]int64{}}
	if len(found.issues) > 0 {
		all, err := m.moves(ctx, found)
		if err != nil {
			return nil, err
		}
		batch := relations.BatchOf(s.Run)
		if err := join(ctx, all, batch, check); err != nil {
			return nil, err
		}
		for _, l := range all {
			out.Counts[countOf(l.What)]++
		}
		if m.remove && !check {
			if err := m.removeNatives(ctx, all, batch, out.Counts); err != nil {
				return nil, err
			}
		}
		out.Done = int64(len(found.issues))
	}
	if found.last {
		return out, pass(ctx, token, found.project) // the next step looks for another project
	}
	out.Cursor = map[string]string{"project": found.project, "issue": found.issues[len(found.issues)-1].ID}
	return out, nil
}
