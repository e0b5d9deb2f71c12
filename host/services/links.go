package services

import (
	"context"
	"slices"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

func (s *jiraService) links(ctx context.Context, b *capability.Binding, q *jira.LinksQuery) (*jira.IssueLinkList, error) {
	if err := s.allowed(b); err != nil {
		return nil, err
	}
	if len(q.IssueIDs) > 0 {
		return s.linksOf(ctx, b, q.IssueIDs)
	}
	if err := isID("issue_id", manifest.KindIssue, q.IssueID); err != nil {
		return nil, err
	}
	seen, err := s.seen(ctx, b, b.Context.Account, []string{q.IssueID})
	if err != nil {
		return nil, err
	}
	if len(seen) == 0 {
		return nil, noIssue(q.IssueID)
	}
	all, err := s.jira.Links(ctx, b.Tenant, q.IssueID)
	if sdk.CodeOf(err) == sdk.NotFound {
		return nil, noIssue(q.IssueID)
	}
	if err != nil {
		return nil, s.downstream(ctx, b, err)
	}
	return s.seenLinks(ctx, b, all)
}

// linksOf reads the links of several issues, of those that the user may see.
func (s *jiraService) linksOf(ctx context.Context, b *capability.Binding, asked []string) (*jira.IssueLinkList, error) {
	ids, err := idList("issue_ids", manifest.KindIssue, asked, jira.MaxIssues)
	if err != nil {
		return nil, err
	}
	seen, err := s.seen(ctx, b, b.Context.Account, ids)
	if err != nil || len(seen) == 0 {
		return &jira.IssueLinkList{}, err
	}
	all, err := s.jira.LinksOf(ctx, b.Tenant, seen)
	if err != nil {
		return nil, s.downstream(ctx, b, err)
	}
	return s.seenLinks(ctx, b, all)
}

// seenLinks leaves out the links of which the user may not see an end.
func (s *jiraService) seenLinks(ctx context.Context, b *capability.Binding, all *jira.IssueLinkList) (*jira.IssueLinkList, error) {
	out := &jira.IssueLinkList{}
	if all == nil {
		return out, nil
	}
	var ends []string
	for _, l := range all.Links {
		ends = append(ends, l.FromID, l.ToID)
	}
	slices.Sort(ends)
	shown, err := s.seen(ctx, b, b.Context.Account, slices.Compact(ends))
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, id := range shown {
		seen[id] = true
	}
	for _, l := range all.Links {
		if seen[l.FromID] && seen[l.ToID] {
			out.Links = append(out.Links, l)
		} else {
			out.Hidden++
		}
	}
	return out, nil
}

func (s *jiraService) link(ctx context.Context, b *capability.Binding, l *jira.NewLink) (*jira.IssueLink, error) {
	if err := s.allowed(b); err != nil {
		return nil, err
	}
	for field, id := range map[string]string{"from_id": l.FromID, "to_id": l.ToID} {
		if err := isID(field, manifest.KindIssue, id); err != nil {
			return nil, err
		}
	}
	if !number(l.TypeID) {
		return nil, withField("type_id", hostError(sdk.Invalid, "a type of links is named by its id, a number"))
	}
	if l.FromID == l.ToID {
		return nil, withField("to_id", hostError(sdk.Invalid, "an issue cannot be linked to itself; choose another"))
	}
	if err := s.must(ctx, b, jira.LinkIssues, l.FromID, l.ToID); err != nil {
		return nil, err
	}
	made, err := s.jira.AddLink(ctx, b.Tenant, *l)
	if err != nil {
		return nil, s.downstream(ctx, b, err)
	}
	return made, nil
}

func (s *jiraService) unlink(ctx context.Context, b *capability.Binding, q *jira.UnlinkQuery) (*nothing, error) {
	if err := s.allowed(b); err != nil {
		return nil, err
	}
	if !number(q.LinkID) {
		return nil, withField("link_id", hostError(sdk.Invalid, "a link is named by its id, a number"))
	}
	gone := &sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream, Message: "there is no link " + q.LinkID + ", or you may not see it"}
	l, err := s.jira.Link(ctx, b.Tenant, q.LinkID)
	if sdk.CodeOf(err) == sdk.NotFound || err == nil && l == nil {
		return nil, gone
	}
	if err != nil {
		return nil, s.downstream(ctx, b, err)
	}
	err = s.must(ctx, b, jira.LinkIssues, l.FromID, l.ToID)
	if sdk.CodeOf(err) == sdk.NotFound {
		return nil, gone // which of its ends is hidden is nobody's business
	}
	if err != nil {
		return nil, err
	}
	if err := s.jira.RemoveLink(ctx, b.Tenant, q.LinkID); err != nil {
		return nil, s.downstream(ctx, b, err)
	}
	return &nothing{}, nil
}

func isID(field, kind, id string) error {
	if wanted := fits(kind, id); wanted != "" {
		return withField(field, hostError(sdk.Invalid, "the id: %s", wanted))
	}
	return nil
}

// number says whether an id is one of up to 19 digits, as Jira's are.
func number(id string) bool {
	return len(id) >= 1 && len(id) <= 19 && id[0] != '0' && !slices.ContainsFunc([]byte(id), func(c byte) bool { return c < '0' || c > '9' })
}
