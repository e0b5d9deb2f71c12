package main

import (
	"context"
	"slices"

	contract "github.com/pergola-platform/pergola/plugins/relations"
)

// linkByApp links where nobody looks on, as after an event. The plugin that asks, which an admin granted this, has judged the issues. What needs a
// user to be judged or done is refused: links of Jira's own, and rules of other plugins that no searching user answers for.
func (p *plugin) linkByApp(ctx context.Context, s side, l *contract.Linking) (*contract.LinkOutcome, error) {
	out := &judged{}
	all := func(why string) (*contract.LinkOutcome, error) {
		for _, id := range l.Others {
			out.refuse(id, "%s", why)
		}
		return &contract.LinkOutcome{Refused: out.refused}, nil
	}
	if s.native {
		return all("Links of Jira’s own are made in the name of a user only.")
	}
	at := s.where(l.IssueID, nil)
	scope, err := contract.ScopeOf(ctx, contract.ScopeQuestion{Where: at})
	if err != nil {
		return nil, err
	}
	switch {
	case scope.Nothing != "":
		return all(scope.Nothing)
	case scope.Clause != "" && len(scope.IssueIDs) == 0:
		return all("What can be linked follows from another link, which only a user can be asked about.")
	}
	others := slices.DeleteFunc(slices.Clone(l.Others), func(id string) bool {
		outside := scope.Clause != "" && !slices.Contains(scope.IssueIDs, id)
		if outside {
			out.refuse(id, "This issue cannot be linked here: it does not belong to what is linked elsewhere.")
		}
		return outside
	})
	if len(others) == 0 {
		return &contract.LinkOutcome{Refused: out.refused}, nil
	}
	ruled, err := contract.JudgeLinkable(ctx, contract.JudgeQuestion{Where: at, Contexts: s.there().contexts, Also: scope.Clause, Others: others})
	switch {
	case err != nil:
		return nil, err
	case !ruled.Governed:
		return p.linkEach(ctx, s, l.IssueID, others, out.refused, "")
	case !ruled.ByRule:
		return all("The rule of what can be linked goes by the rights of a user. Choose a searching user in it.")
	}
	out.take(others, ruled)
	return p.linkEach(ctx, s, l.IssueID, out.ids(), out.refused, "")
}
