package main

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/store"
)

// The bounds of a step, which has half a minute.
const (
	mostMoved   = 200              // links, unless one issue has more
	mostRemoved = 40               // links of Jira's own that go: each costs Jira three questions
	enough      = 10 * time.Second // after which no more links are judged, but for those of an issue that was begun: rules ask Jira about each
)

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
	w := work{plugin: p, migration: m, batch: relations.BatchOf(s.Run), token: s.Input["pass"], check: check, out: &job.Result{Counts: map[string]int64{}}}
	at := place{s.Cursor["project"], s.Cursor["issue"]}
	found, err := walk(ctx, scope, at, w.token)
	switch {
	case err != nil:
		return nil, err
	case found.project == "":
		return w.finish(ctx)
	case s.Cursor["until"] != "":
		return w.remove(ctx, at, found, s.Cursor["until"])
	}
	return w.join(ctx, at, found)
}

// work is a step of a migration.
type work struct {
	*plugin
	*migration
	batch int64
	token string
	check bool
	plan  *plan // of a dry run
	out   *job.Result
}

// join makes the links of a stretch. Where Jira's own go afterwards, the next step is about the same stretch.
func (w *work) join(ctx context.Context, at place, found *stretch) (*job.Result, error) {
	if len(found.issues) == 0 {
		return w.next(ctx, found)
	}
	all, err := w.moves(ctx, found)
	if err != nil {
		return nil, err
	}
	if all, err = w.judge(ctx, all, found); err != nil {
		return nil, err
	}
	there := false
	for _, l := range all {
		w.out.Counts[countOf(l.What)]++
		there = there || l.What == relations.Made || l.What == relations.Nothing
	}
	w.out.Done = int64(len(found.issues))
	if !there || !w.migration.remove || w.check {
		return w.next(ctx, found)
	}
	w.out.Cursor = w.stay(at, found.project, found.end())
	return w.out, nil
}

// judge makes the moves of a stretch, or checks them. When it has been at it for long enough, the stretch is cut off behind the last issue whose
// moves are all judged, and the moves of these are returned.
func (w *work) judge(ctx context.Context, all []*moving, found *stretch) ([]*moving, error) {
	begun := w.now()
	for n := 0; n < len(all); {
		next := min(n+relations.MostPairs, len(all))
		if err := w.joinOrSay(ctx, all[n:next]); err != nil {
			return nil, err
		}
		if n = next; n == len(all) || w.now().Sub(begun) < enough {
			continue
		}
		open := all[n].pair.First
		at := slices.IndexFunc(found.issues, func(i jira.Issue) bool { return i.ID == open })
		first := slices.IndexFunc(all, func(m *moving) bool { return m.pair.First == open })
		if at > 0 {
			found.issues, found.last = found.issues[:at], false
			return all[:first], nil
		}
	}
	return all, nil
}

// joinOrSay makes links, or says which would be made.
func (w *work) joinOrSay(ctx context.Context, some []*moving) error {
	if !w.check {
		return join(ctx, some, w.batch, false)
	}
	if w.plan == nil {
		var err error
		if w.plan, err = newPlan(ctx, w.token, w.relation); err != nil {
			return err
		}
	}
	var pairs []relations.Pair
	for _, m := range some {
		pairs = append(pairs, m.pair)
	}
	out, err := w.plan.judge(ctx, pairs)
	if err != nil {
		return err
	}
	for n := range some {
		some[n].Outcome = out[n]
	}
	return nil
}

// remove removes Jira's own links of a stretch whose link of the relation is there.
func (w *work) remove(ctx context.Context, at place, found *stretch, until string) (*job.Result, error) {
	n := slices.IndexFunc(found.issues, func(i jira.Issue) bool { return i.ID == until })
	if n < 0 { // where the stretch ended is gone: what was not joined yet must not be passed
		return w.join(ctx, at, found)
	}
	found.last = found.last && n+1 == len(found.issues)
	found.issues = found.issues[:n+1]
	all, err := w.moves(ctx, &stretch{issues: found.issues})
	if err != nil {
		return nil, err
	}
	gone, refused, more, err := w.removeNatives(ctx, all, w.batch, mostRemoved)
	if err != nil {
		return nil, err
	}
	if more && gone > 0 { // the next step finds what is left
		w.out.Cursor = w.stay(at, found.project, until)
		return w.out, nil
	}
	if refused > 0 {
		w.out.Counts["unremoved"] = int64(refused)
	}
	return w.next(ctx, found)
}

// stay has the next step remove the links of Jira's own of the stretch that begins at a place.
func (w *work) stay(at place, project, until string) map[string]string {
	out := map[string]string{"project": project, "until": until}
	if at.issue != "" {
		out["issue"] = at.issue
	}
	return out
}

// next says where the next step goes on behind a stretch.
func (w *work) next(ctx context.Context, found *stretch) (*job.Result, error) {
	if found.last {
		return w.out, pass(ctx, w.token, found.project) // the next step looks for another project
	}
	w.out.Cursor = map[string]string{"project": found.project, "issue": found.end()}
	return w.out, nil
}

// finish ends a run. What it removed is counted here, where no kill in between can have left anything out.
func (w *work) finish(ctx context.Context) (*job.Result, error) {
	w.out.Finished = true
	if w.migration.remove && !w.check {
		gone, err := list(ctx, store.Query{Type: nativeType, Field: "batch", Value: strconv.FormatInt(w.batch, 10), IDs: true})
		if err != nil {
			return nil, err
		}
		w.out.Counts["removed"] = int64(len(gone))
	}
	if w.check {
		if err := drop(ctx, w.token); err != nil {
			return nil, err
		}
	}
	return w.out, forget(ctx, w.token)
}
