package main

import (
	"context"
	"fmt"
	"slices"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/log"
	"github.com/pergola-platform/pergola/sdk/service"
	"github.com/pergola-platform/pergola/sdk/store"
)

// batchField holds, in a link, the number of the batch that made it, and in what is left of a link, that of the batch that removed it. What users
// do afterwards writes records without it.
const batchField = "batch"

// item is a pair on its way to becoming a link, or to being none.
type item struct {
	contract.Pair
	relation
	contract.Outcome
}

func (i *item) decide(what string) {
	if i.What == "" {
		i.What = what
	}
}

func (i *item) id() string { return store.JoinID(i.relation.id, i.First, i.Second) }

// endID names an end of the item's relation at which its issue is.
func (i *item) endID(end string) string { return store.JoinID(i.relation.id, end, i.at(end)) }

func (i *item) side(end string) side { return side{i.relation, end} }

// at is the issue of the pair at an end.
func (i *item) at(end string) string {
	if end == first {
		return i.First
	}
	return i.Second
}

// items are the pairs of a change, with what is wrong with them at first sight.
func items(ctx context.Context, r *service.Request, pairs []contract.Pair) ([]*item, error) {
	switch {
	case r.Context.Account == "":
		return nil, &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromPlugin, Message: "Links are changed in the name of a user. Have somebody begin the run who is logged in to Jira."}
	case len(pairs) == 0 || len(pairs) > contract.MostPairs:
		return nil, invalid(fmt.Sprintf("Name 1 to %d links at a time.", contract.MostPairs))
	}
	all, err := relations(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]*item, len(pairs))
	seen := map[contract.Pair]bool{}
	for n, pair := range pairs {
		if store.Validate(store.KindIssue, pair.First) != nil || store.Validate(store.KindIssue, pair.Second) != nil {
			return nil, invalid("Issues are named by their ids, which are numbers.")
		}
		i := &item{Pair: pair}
		out[n] = i
		at := slices.IndexFunc(all, func(r relation) bool { return r.id == pair.Relation })
		if at < 0 {
			i.decide(contract.ByGone)
			continue
		}
		switch i.relation = all[at]; {
		case pair.First == pair.Second:
			i.decide(contract.BySelf)
		case seen[pair]:
			i.decide(contract.Nothing)
		}
		seen[pair] = true
	}
	return out, nil
}

// undecided are the items that nothing was decided about.
func undecided(all []*item) []*item {
	return slices.DeleteFunc(slices.Clone(all), func(i *item) bool { return i.What != "" })
}

func outcomes(all []*item) *contract.Outcomes {
	out := &contract.Outcomes{Outcomes: make([]contract.Outcome, len(all))}
	for n, i := range all {
		out.Outcomes[n] = i.Outcome
	}
	return out
}

// serveJoin makes links.
func (p *plugin) serveJoin(ctx context.Context, r *service.Request, j *contract.Joining) (*contract.Outcomes, error) {
	all, err := items(ctx, r, j.Pairs)
	if err != nil {
		return nil, err
	}
	if err := thereAlready(ctx, all, j.Batch); err != nil {
		return nil, err
	}
	n, err := nativesOf(ctx, all)
	if err != nil {
		return nil, err
	}
	if err := n.there(ctx, all, j.Batch); err != nil {
		return nil, err
	}
	if err := seenAt(ctx, all, true); err != nil {
		return nil, err
	}
	if err := allowedAt(ctx, all); err != nil {
		return nil, err
	}
	for _, end := range []string{first, second} {
		if err := ruledAt(ctx, all, end); err != nil {
			return nil, err
		}
	}
	natively, err := n.join(ctx, all, j)
	if err != nil {
		return nil, err
	}
	made, err := p.written(ctx, all, j.Check, takenOf(j.Taken), func(w *writing, i *item) (string, error) { return w.join(ctx, p, i, j.Batch, r.Context.Account) })
	if made += natively; made > 0 {
		log.Write(ctx, log.Info, "links.added", log.Count("links", made))
	}
	return outcomes(all), err
}

// servePart removes links.
func (p *plugin) servePart(ctx context.Context, r *service.Request, q *contract.Parting) (*contract.Outcomes, error) {
	all, err := items(ctx, r, q.Pairs)
	if err != nil {
		return nil, err
	}
	if err := allowedAt(ctx, all); err != nil {
		return nil, err
	}
	natively, err := p.partNatively(ctx, all, q, r.Context.Account)
	if err != nil {
		return nil, err
	}
	made, err := p.written(ctx, all, q.Check, nil, func(w *writing, i *item) (string, error) { return w.part(ctx, p, i, q, r.Context.Account) })
	if made += natively; made > 0 {
		log.Write(ctx, log.Info, "links.parted", log.Count("links", made))
	}
	return outcomes(all), err
}

// serveRestore makes links again.
func (p *plugin) serveRestore(ctx context.Context, r *service.Request, q *contract.Restoring) (*contract.Outcomes, error) {
	if q.Batch == 0 {
		return nil, invalid("Name the batch that removed the links.")
	}
	all, err := items(ctx, r, q.Pairs)
	if err != nil {
		return nil, err
	}
	if err := seenAt(ctx, all, false); err != nil {
		return nil, err
	}
	if err := allowedAt(ctx, all); err != nil {
		return nil, err
	}
	natively, err := restoreNatively(ctx, all, q.Batch)
	if err != nil {
		return nil, err
	}
	made, err := p.written(ctx, all, false, nil, func(w *writing, i *item) (string, error) { return w.restore(ctx, p, i, q.Batch) })
	if made += natively; made > 0 {
		log.Write(ctx, log.Info, "links.added", log.Count("links", made))
	}
	return outcomes(all), err
}

// thereAlready decides about the pairs that are linked, so that nobody is asked about them: a step that is done again gets further than before.
func thereAlready(ctx context.Context, all []*item, batch int64) error {
	for _, i := range undecided(all) {
		if i.native {
			continue
		}
		l, err := get(ctx, linkType, i.id())
		if err != nil {
			return err
		}
		if l != nil {
			i.decide(linkedBy(l, batch))
		}
	}
	return nil
}

// linkedBy is the outcome of a pair that is linked: made, where the same batch did it.
func linkedBy(l *store.Record, batch int64) string {
	if batch != 0 && batchOf(l) == batch {
		return contract.Made
	}
	return contract.Nothing
}

// issuesOf are the issues at both ends of the items that are open, each once.
func issuesOf(all []*item) []string {
	var out []string
	for _, i := range undecided(all) {
		out = append(out, i.First, i.Second)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// seenAt refuses pairs of issues that the account may not see and, where the relation's word counts, of those that it is not for.
func seenAt(ctx context.Context, all []*item, fitting bool) error {
	issues, err := readIssues(ctx, issuesOf(all), "summary")
	if err != nil {
		return err
	}
	for _, i := range undecided(all) {
		a, b := issues[i.First], issues[i.Second]
		switch {
		case a == nil || b == nil:
			i.decide(contract.ByHidden)
		case fitting && (!holdsAt(i, first, a) || !holdsAt(i, second, b)):
			i.decide(contract.ByContext)
		}
	}
	return nil
}

func holdsAt(i *item, end string, issue *jira.Issue) bool {
	return i.side(end).here().contexts.Hold(issue)
}

// allowedAt refuses pairs that the account may not link at both ends.
func allowedAt(ctx context.Context, all []*item) error {
	for ids := range slices.Chunk(issuesOf(all), jira.MaxIssues) {
		rights, err := jira.May(ctx, jira.RightsQuery{Permissions: []string{jira.LinkIssues}, IssueIDs: ids})
		if err != nil {
			return err
		}
		for _, i := range undecided(all) {
			for _, id := range []string{i.First, i.Second} {
				if slices.Contains(ids, id) && !rights.OnIssue(jira.LinkIssues, id) {
					i.decide(contract.ByRights)
				}
			}
		}
	}
	return nil
}

// ruledAt refuses what rules of other plugins do not allow, seen from an end. Nobody knows at which end a user would have linked, so both have
// their say. Data logic is asked once about a side that no rule of its is for.
func ruledAt(ctx context.Context, all []*item, end string) error {
	free := map[string]bool{} // relations
	for open := undecided(all); len(open) > 0; {
		relation, issue := open[0].Relation, open[0].at(end)
		var these, rest []*item
		for _, i := range open {
			if i.Relation == relation && i.at(end) == issue {
				these = append(these, i)
			} else {
				rest = append(rest, i)
			}
		}
		open = rest
		if err := ruledBeside(ctx, these, end, free); err != nil {
			return err
		}
	}
	return nil
}

// ruledBeside is ruledAt for the pairs of one issue.
func ruledBeside(ctx context.Context, these []*item, end string, free map[string]bool) error {
	s, issue := these[0].side(end), these[0].at(end)
	at := s.where(issue, nil)
	scope, err := contract.ScopeOf(ctx, contract.ScopeQuestion{Where: at})
	if err != nil {
		return err
	}
	if scope.Nothing != "" {
		for _, i := range these {
			i.decide(contract.ByRule)
			i.Message = scope.Nothing
		}
		return nil
	}
	if scope.Clause == "" && free[s.id] {
		return nil
	}
	var others []string
	for _, i := range these {
		others = append(others, i.at(s.other()))
	}
	ruled, err := contract.JudgeLinkable(ctx, contract.JudgeQuestion{Where: at, Contexts: s.there().contexts, Also: scope.Clause, Others: others})
	if err != nil {
		return err
	}
	out := &judged{}
	switch {
	case ruled.Governed:
		out.take(others, ruled)
	case scope.Clause == "":
		free[s.id] = true
		return nil
	default:
		if err := s.judgeAlone(ctx, scope.Clause, others, out); err != nil {
			return err
		}
	}
	for _, i := range these {
		if n := slices.IndexFunc(out.refused, func(r contract.Refusal) bool { return r.IssueID == i.at(s.other()) }); n >= 0 {
			i.decide(contract.ByRule)
			i.Message = out.refused[n].Message
		}
	}
	return nil
}
