package main

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/job"
)

// The jobs of plugin.json.
const (
	surveyJob  = "survey"
	sweepJob   = "sweep"
	restoreJob = "restore"
)

// swept is how many links a step judges: each costs some questions of Jira where the rule depends on the issue at hand, and where it is one of
// Jira's own that goes.
const swept = relations.MostNative

// survey counts what a sweep would remove.
func (p *plugin) survey(ctx context.Context, s *job.Step) (*job.Result, error) {
	return p.sweeping(ctx, s, true)
}

// sweep removes the links that a rule does not allow any more, of a few with each step.
func (p *plugin) sweep(ctx context.Context, s *job.Step) (*job.Result, error) {
	return p.sweeping(ctx, s, false)
}

func (p *plugin) sweeping(ctx context.Context, s *job.Step, check bool) (*job.Result, error) {
	r, err := ruleOf(ctx, s.Input["rule"])
	switch {
	case err != nil:
		return nil, err
	case r.rev != job.Int(s.Input, "revision"):
		return nil, invalid("The rule was changed while the run went on. Begin another one.")
	case !check && !r.drop:
		return nil, invalid("The rule keeps links that it does not allow any more. Change that in the rule first.")
	}
	batch := relations.BatchOf(s.Run)
	q := relations.PairsQuestion{Relation: r.Relation, Limit: swept, Walk: batch, Seen: r.End.End}
	if s.Cursor["first"]+s.Cursor["second"] != "" {
		q.After = &relations.Pair{Relation: r.Relation, First: s.Cursor["first"], Second: s.Cursor["second"]}
	}
	page, err := pairs(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &job.Result{Counts: map[string]int64{}, Total: int64(page.Total), Done: int64(len(page.Pairs)), Finished: !page.More}
	stale, err := r.outOf(ctx, s.Context.Account, page.Pairs, out.Counts)
	if err != nil {
		if message, passing := r.trouble(ctx, err); passing == nil {
			return nil, invalid(message)
		}
		return nil, err
	}
	if err := part(ctx, stale, batch, check, out.Counts); err != nil {
		return nil, err
	}
	if at := page.Behind(); at != nil {
		out.Cursor = map[string]string{"first": at.First, "second": at.Second}
		maps.DeleteFunc(out.Cursor, func(_, issue string) bool { return issue == "" })
	}
	if out.Finished && !check {
		out.Counts["removed"], err = removed(ctx, batch)
	}
	return out, err
}

// ruleOf returns a rule by its id.
func ruleOf(ctx context.Context, id string) (*rule, error) {
	all, err := rules(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].id == id {
			return &all[i], nil
		}
	}
	return nil, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromPlugin, Message: "The rule is gone."}
}

// pairs lists links; it is an error where advanced links are not there.
func pairs(ctx context.Context, q relations.PairsQuestion) (*relations.PairList, error) {
	page, err := relations.Pairs(ctx, q)
	if err == nil && page == nil {
		err = absent()
	}
	return page, err
}

func absent() error {
	return &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromPlugin, Message: "Advanced links are switched off, or may not be used here. A Jira admin can change that on the Pergola page."}
}

func invalid(message string) error {
	return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: message}
}

// outOf are the links that the rule does not allow any more. A rule that depends on the issue at hand is asked for each of these; any other one is
// asked once.
func (r *rule) outOf(ctx context.Context, account string, all []relations.Pair, counts map[string]int64) ([]relations.Pair, error) {
	side, err := r.side(ctx)
	if err != nil {
		return nil, err
	}
	depends := strings.Contains(r.query, "{{") // a variable
	var out []relations.Pair
	for len(all) > 0 {
		here, _ := r.ends(all[0])
		var these, rest []relations.Pair
		for _, p := range all {
			if h, _ := r.ends(p); h == here || !depends {
				these = append(these, p)
			} else {
				rest = append(rest, p)
			}
		}
		all = rest
		w := relations.Where{End: r.End}
		if depends {
			w.IssueID = here
		}
		var others []string
		for _, p := range these {
			_, there := r.ends(p)
			others = append(others, there)
		}
		found, err := r.staleAmong(ctx, &w, account, side.Contexts, sortedOnce(others))
		if err != nil {
			return nil, err
		}
		unsure := map[string]bool{}
		for _, id := range found.unsure {
			unsure[id] = true
		}
		for _, p := range these {
			_, there := r.ends(p)
			switch {
			case slices.Contains(found.stale, there):
				out = append(out, p)
			case unsure[there]:
				counts["unsure"]++
			default:
				counts["allowed"]++
			}
		}
	}
	return out, nil
}

func sortedOnce(ids []string) []string {
	slices.Sort(ids)
	return slices.Compact(ids)
}

// ends are the issue at the rule's end of a link, and the other one.
func (r *rule) ends(p relations.Pair) (here, there string) {
	if r.End.End == relations.First {
		return p.First, p.Second
	}
	return p.Second, p.First
}

// side is what the relation says of the rule's end.
func (r *rule) side(ctx context.Context) (*relations.Side, error) {
	list, err := relations.Sides(ctx, "")
	if err != nil {
		return nil, err
	}
	if list == nil {
		return nil, absent()
	}
	for i := range list.Sides {
		if list.Sides[i].End == r.End {
			return &list.Sides[i], nil
		}
	}
	return nil, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromPlugin, Message: "The relation of the rule is gone."}
}

// part removes links, or counts them.
func part(ctx context.Context, stale []relations.Pair, batch int64, check bool, counts map[string]int64) error {
	if check {
		counts["out"] += int64(len(stale))
		return nil
	}
	if len(stale) == 0 {
		return nil
	}
	whats, err := relations.PartPairs(ctx, relations.Parting{Pairs: stale, Batch: batch})
	if err == nil && whats == nil {
		err = absent()
	}
	for _, o := range whats {
		if o.What != relations.Made && o.What != relations.Nothing {
			counts["refused"]++
		}
	}
	return err
}

// removed says how many links a run removed, those included that it removed in a step that was killed before it could say so.
func removed(ctx context.Context, batch int64) (n int64, err error) {
	q := relations.PairsQuestion{Batch: batch, Removed: true}
	for {
		page, err := pairs(ctx, q)
		if err != nil {
			return 0, err
		}
		n += int64(len(page.Pairs))
		if !page.More || len(page.Pairs) == 0 {
			return n, nil
		}
		q.After = &page.Pairs[len(page.Pairs)-1]
	}
}

// restore makes links again that a sweep removed.
func (p *plugin) restore(ctx context.Context, s *job.Step) (*job.Result, error) {
	q := relations.PairsQuestion{Batch: job.Int(s.Input, "batch"), Removed: true, Limit: relations.MostPairs}
	if q.Batch == 0 {
		return nil, invalid("It is not said which sweep is taken back.")
	}
	if s.Cursor["first"] != "" {
		q.After = &relations.Pair{Relation: s.Cursor["relation"], First: s.Cursor["first"], Second: s.Cursor["second"]}
	}
	page, err := pairs(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &job.Result{Counts: map[string]int64{}, Finished: !page.More, Done: int64(len(page.Pairs))}
	if len(page.Pairs) == 0 {
		return out, nil
	}
	whats, err := relations.RestorePairs(ctx, relations.Restoring{Pairs: page.Pairs, Batch: q.Batch})
	if err == nil && whats == nil {
		err = absent()
	}
	if err != nil {
		return nil, err
	}
	for _, o := range whats {
		switch o.What {
		case relations.Made:
			out.Counts["restored"]++
		case relations.Nothing, relations.Changed:
			out.Counts["there"]++
		default:
			out.Counts["refused"]++
		}
	}
	last := page.Pairs[len(page.Pairs)-1]
	out.Cursor = map[string]string{"relation": last.Relation, "first": last.First, "second": last.Second}
	return out, nil
}
