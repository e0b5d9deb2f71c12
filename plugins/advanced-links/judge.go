package main

import (
	"context"
	"fmt"
	"slices"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jql"
)

// judged is what can be linked of what a user or another plugin wants to, and why the rest cannot.
type judged struct {
	issues  []jira.Issue
	refused []contract.Refusal
}

// refuse adds a refusal of an issue.
func (j *judged) refuse(id, format string, args ...any) {
	j.refused = append(j.refused, contract.Refusal{IssueID: id, Message: fmt.Sprintf(format, args...)})
}

func (j *judged) ids() []string {
	out := make([]string, len(j.issues))
	for i := range j.issues {
		out[i] = j.issues[i].ID
	}
	return out
}

func (j *judged) keys() []string {
	out := make([]string, len(j.issues))
	for i := range j.issues {
		out[i] = j.issues[i].Key
	}
	return out
}

// where is the side beside an issue, and what a form holds of other sides that is not saved.
func (s side) where(issue string, chosen map[string][]string) contract.Where {
	return contract.Where{End: contract.End{Relation: s.id, End: s.end}, IssueID: issue, Chosen: chosen}
}

// judge says which of the issues can be linked where the user is. All of it comes from outside, so nothing counts that was found before.
// Rules of other plugins take the place of the relation's own where there are any; when one of these plugins cannot answer, nothing is linked.
func (s side) judge(ctx context.Context, at contract.Where, ids []string) (*judged, error) {
	return s.judgeFor(ctx, at, ids, false)
}

// judgeFor is judge; for a customer on the portal, an admin's rule may also link the issue at hand in somebody else's name.
func (s side) judgeFor(ctx context.Context, at contract.Where, ids []string, customer bool) (*judged, error) {
	out := &judged{}
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
		self := id == at.IssueID
		if self {
			out.refuse(id, "An issue cannot be linked to itself.")
		}
		return self
	})
	if len(ids) == 0 {
		return out, nil
	}
	scope, err := contract.ScopeOf(ctx, contract.ScopeQuestion{Where: at})
	if err != nil {
		return nil, err
	}
	if scope.Nothing != "" {
		for _, id := range ids {
			out.refuse(id, "%s", scope.Nothing)
		}
		return out, nil
	}
	ruled, err := contract.JudgeLinkable(ctx, contract.JudgeQuestion{Where: at, Contexts: s.there().contexts, Also: scope.Clause, Others: ids, Here: customer})
	if err != nil {
		return nil, err
	}
	if ruled.Governed {
		out.take(ids, ruled)
	} else if err := s.judgeAlone(ctx, scope.Clause, ids, out); err != nil {
		return nil, err
	}
	return out, out.mayLink(ctx, at.IssueID, ruled)
}

// take believes data logic, as far as it speaks of what it was asked about: what it says nothing of is refused.
func (j *judged) take(asked []string, ruled *contract.Judgement) {
	for _, id := range asked {
		i := slices.IndexFunc(ruled.Issues, func(i jira.Issue) bool { return i.ID == id })
		no := slices.IndexFunc(ruled.Refused, func(r contract.Refusal) bool { return r.IssueID == id })
		switch {
		case no >= 0:
			j.refused = append(j.refused, ruled.Refused[no])
		case i >= 0:
			j.issues = append(j.issues, ruled.Issues[i])
		default:
			j.refuse(id, gone)
		}
	}
}

const gone = "One of these issues is not there any more, or you may not see it. Pick again."

// judgeAlone judges by what the relation says, and by the clause of the parent filter.
func (s side) judgeAlone(ctx context.Context, also string, ids []string, out *judged) error {
	list, err := jira.Issues(ctx, ids, "summary")
	if err != nil {
		return err
	}
	inside := map[string]bool{}
	if also != "" {
		found, err := jira.Find(ctx, jira.Search{JQL: narrowed(jql.IDs(ids...).String(), also), Fields: []string{"summary"}, Limit: jira.MaxIssues})
		if err != nil {
			return err
		}
		for _, i := range found.Issues {
			inside[i.ID] = true
		}
	}
	for _, id := range ids {
		at := slices.IndexFunc(list.Issues, func(i jira.Issue) bool { return i.ID == id })
		switch {
		case at < 0:
			out.refuse(id, gone)
		case !s.there().contexts.Hold(&list.Issues[at]):
			out.refuse(id, "%s cannot be linked here: the relation is for issues of other projects or types.", list.Issues[at].Key)
		case also != "" && !inside[id]:
			out.refuse(id, "%s cannot be linked here: it does not belong to what is linked elsewhere in this issue.", list.Issues[at].Key)
		default:
			out.issues = append(out.issues, list.Issues[at])
		}
	}
	return nil
}

// narrowed joins two clauses that are whole ones.
func narrowed(a, b string) string { return "(" + a + ") AND (" + b + ")" }

// mayLink refuses what the user may not link: all of it without the right here, and unless an admin's rule links in somebody else's name,
// each without the right there.
func (j *judged) mayLink(ctx context.Context, issue string, ruled *contract.Judgement) error {
	if len(j.issues) == 0 {
		return nil
	}
	rights, err := jira.May(ctx, jira.RightsQuery{Permissions: []string{jira.LinkIssues}, IssueIDs: append(j.ids(), issue)})
	if err != nil {
		return err
	}
	here := rights.OnIssue(jira.LinkIssues, issue) || ruled.ByRule && ruled.HereByRule
	j.issues = slices.DeleteFunc(j.issues, func(i jira.Issue) bool {
		switch {
		case !here:
			j.refuse(i.ID, "You may not link this issue. Ask an admin of the project for the permission Link issues.")
		case !ruled.ByRule && !rights.OnIssue(jira.LinkIssues, i.ID):
			j.refuse(i.ID, "You may not link %s. Ask an admin of its project for the permission Link issues.", i.Key)
		default:
			return false
		}
		return true
	})
	return nil
}

// mayUnlink says which links the user may not remove: it takes the right at both ends.
func mayUnlink(ctx context.Context, issue string, others []string) ([]contract.Refusal, error) {
	rights, err := jira.May(ctx, jira.RightsQuery{Permissions: []string{jira.LinkIssues}, IssueIDs: append(slices.Clone(others), issue)})
	if err != nil {
		return nil, err
	}
	out := &judged{}
	for _, other := range others {
		if !rights.OnIssue(jira.LinkIssues, issue) || !rights.OnIssue(jira.LinkIssues, other) {
			out.refuse(other, "You may not remove this link: it takes the permission Link issues at both ends.")
		}
	}
	return out.refused, nil
}
