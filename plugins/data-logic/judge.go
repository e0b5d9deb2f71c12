package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/jql"
	"github.com/pergola-platform/pergola/sdk/log"
	"github.com/pergola-platform/pergola/sdk/service"
)

// judge says which issues can be linked, just before they are. All of it comes from outside, so the rule is asked again.
func judge(ctx context.Context, q *service.Request, in *relations.JudgeQuestion) (*relations.Judgement, error) {
	r, err := ruleFor(ctx, in.End)
	if err != nil || r == nil {
		return &relations.Judgement{}, err
	}
	others, err := named(in.Others)
	if err != nil {
		return nil, err
	}
	also, err := plain("also", in.Also)
	if err != nil {
		return nil, err
	}
	out := &relations.Judgement{Governed: true, ByRule: r.user != ""}
	refuseAll := func(message string) (*relations.Judgement, error) {
		for _, id := range others {
			out.Refused = append(out.Refused, relations.Refusal{IssueID: id, Message: message})
		}
		return out, nil
	}
	s, err := r.scope(ctx, &in.Where, q.Context.Account)
	if err == nil && in.Here && r.user != "" && in.IssueID != "" {
		out.HereByRule, err = r.mayLinkHere(ctx, in.IssueID)
	}
	if err == nil && s.nothing(r) {
		return refuseAll(cmp.Or(r.hint, "Nothing can be linked here yet: the rule depends on values that this issue does not have."))
	}
	var allowed []jira.Issue
	if err == nil {
		allowed, err = among(ctx, others, in.Contexts, jql.And(s.clause, also), r.user)
	}
	if err == nil && r.user != "" {
		allowed, err = r.mayLink(ctx, allowed, out)
	}
	if err != nil {
		message, err := r.trouble(ctx, err)
		if err != nil {
			return nil, err
		}
		return refuseAll(message)
	}
	out.Issues = allowed
	return out, refuseRest(ctx, others, q.Context.Account, out)
}

// named checks ids and takes out repetitions.
func named(ids []string) ([]string, error) {
	var out []string
	for _, id := range ids {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	if len(out) > relations.MostLinked {
		return nil, &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Field: "others", Message: fmt.Sprintf("Name %d issues at most at a time.", relations.MostLinked)}
	}
	return out, nil
}

// among returns those of the issues in contexts that a clause finds by somebody's rights.
func among(ctx context.Context, ids []string, in relations.Contexts, where jql.Clause, account string) ([]jira.Issue, error) {
	var out []jira.Issue
	if len(ids) == 0 {
		return nil, nil
	}
	s := jira.Search{Fields: []string{"summary"}, Limit: jira.MaxIssues, As: account}
	for {
		found, err := in.Find(ctx, account, func(inside jql.Clause) (*jira.Found, error) {
			s.JQL = jql.And(jql.IDs(ids...), inside, where).String()
			return jira.Find(ctx, s)
		})
		if err != nil {
			return nil, err
		}
		for _, i := range found.Issues {
			if slices.Contains(ids, i.ID) {
				out = append(out, i)
			}
		}
		if s.Cursor = found.Next; s.Cursor == "" {
			return out, nil
		}
	}
}

// mayLink leaves the issues that the searching user may link, and refuses the others.
func (r *rule) mayLink(ctx context.Context, issues []jira.Issue, out *relations.Judgement) ([]jira.Issue, error) {
	if len(issues) == 0 {
		return nil, nil
	}
	var ids []string
	for _, i := range issues {
		ids = append(ids, i.ID)
	}
	rights, err := jira.May(ctx, jira.RightsQuery{Permissions: []string{jira.LinkIssues}, IssueIDs: ids, As: r.user})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(issues, func(i jira.Issue) bool {
		if rights.OnIssue(jira.LinkIssues, i.ID) {
			return false
		}
		out.Refused = append(out.Refused, relations.Refusal{IssueID: i.ID, Message: i.Key + " cannot be linked: the account that links by this rule lacks the permission Link issues there. A Jira admin can change that."})
		return true
	}), nil
}

// mayLinkHere says whether the searching user may link the issue at hand.
func (r *rule) mayLinkHere(ctx context.Context, issue string) (bool, error) {
	rights, err := jira.May(ctx, jira.RightsQuery{Permissions: []string{jira.LinkIssues}, IssueIDs: []string{issue}, As: r.user})
	if err != nil {
		return false, err
	}
	return rights.OnIssue(jira.LinkIssues, issue), nil
}

// refuseRest refuses what the rule does not allow. It names only issues that the user may see.
func refuseRest(ctx context.Context, others []string, account string, out *relations.Judgement) error {
	var rest []string
	for _, id := range others {
		decided := slices.ContainsFunc(out.Issues, func(i jira.Issue) bool { return i.ID == id }) ||
			slices.ContainsFunc(out.Refused, func(r relations.Refusal) bool { return r.IssueID == id })
		if !decided {
			rest = append(rest, id)
		}
	}
	keys := map[string]string{}
	if len(rest) > 0 && account != "" {
		seen, err := jira.Issues(ctx, slices.DeleteFunc(slices.Clone(rest), func(id string) bool { return jql.IDs(id).String() == jql.None }), "summary")
		if err != nil {
			return err
		}
		for _, i := range seen.Issues {
			keys[i.ID] = i.Key
		}
	}
	for _, id := range rest {
		message := "One of these issues is not there any more, or it cannot be linked here. Pick again."
		if key := keys[id]; key != "" {
			message = key + " cannot be linked here: a rule of this relation allows others only."
		}
		out.Refused = append(out.Refused, relations.Refusal{IssueID: id, Message: message})
	}
	return nil
}

// stale says which linked issues the rule does not allow any more, where it drops such links. It speaks only of issues that those by whose
// rights it searches can see, and of none where the rule cannot be applied: what is in doubt stays linked.
func stale(ctx context.Context, q *service.Request, in *relations.StaleQuestion) (*relations.Stale, error) {
	r, err := ruleFor(ctx, in.End)
	if err != nil || r == nil || !r.drop {
		return &relations.Stale{}, err
	}
	others, err := named(in.Others)
	if err != nil {
		return nil, err
	}
	found, err := r.staleAmong(ctx, &in.Where, q.Context.Account, in.Contexts, others)
	if err != nil {
		_, err := r.trouble(ctx, err)
		return &relations.Stale{}, err
	}
	if n := len(found.stale); n > 0 {
		log.Write(ctx, log.Info, "rule.stale", log.Count("rule", r.number), log.Count("links", n))
	}
	return &relations.Stale{IssueIDs: found.stale}, nil
}

// judgedStale is what a rule says of issues that are linked.
type judgedStale struct {
	stale  []string // it does not allow any more
	unsure []string // of which nothing is said: they cannot be seen, or a variable has no value
}

// staleAmong says which issues the rule does not allow beside a place, of those that can be seen by whose rights it searches.
func (r *rule) staleAmong(ctx context.Context, w *relations.Where, account string, in relations.Contexts, others []string) (*judgedStale, error) {
	s, err := r.scope(ctx, w, account)
	if err != nil {
		return nil, err
	}
	if s.missing {
		return &judgedStale{unsure: others}, nil
	}
	allowed, err := among(ctx, others, in, s.clause, r.user)
	if err != nil {
		return nil, err
	}
	seen, err := jira.IssuesAs(ctx, r.user, others, "summary")
	if err != nil {
		return nil, err
	}
	out := &judgedStale{}
	for _, id := range others {
		is := func(i jira.Issue) bool { return i.ID == id }
		switch {
		case !slices.ContainsFunc(seen.Issues, is):
			out.unsure = append(out.unsure, id)
		case !slices.ContainsFunc(allowed, is):
			out.stale = append(out.stale, id)
		}
	}
	return out, nil
}
