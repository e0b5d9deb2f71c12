package services

import (
	"context"
	"slices"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

func (s *jiraService) issues(ctx context.Context, b *capability.Binding, q *jira.IssuesQuery) (*jira.IssueList, error) {
	account, err := s.whose(ctx, b, q.As)
	if err != nil {
		return nil, err
	}
	fields, err := fieldList(q.Fields)
	if err != nil {
		return nil, err
	}
	if len(q.Keys) > 0 {
		return s.byKey(ctx, b, account, q, fields)
	}
	ids, err := idList("ids", manifest.KindIssue, q.IDs, jira.MaxIssues)
	if err != nil {
		return nil, err
	}
	shown, err := s.seen(ctx, b, account, ids)
	if err != nil {
		return nil, err
	}
	out := &jira.IssueList{}
	if len(shown) > 0 {
		found, err := s.jira.Issues(ctx, b.Tenant, shown, fields)
		if err != nil {
			return nil, s.downstream(ctx, b, err)
		}
		for i := range found {
			if slices.Contains(shown, found[i].ID) {
				out.Issues = append(out.Issues, *only(&found[i], fields))
			}
		}
	}
	out.Hidden = len(ids) - len(out.Issues)
	return out, nil
}

// byKey reads issues by keys: as the app first, since only then their ids are known, by which Jira says who may see them.
func (s *jiraService) byKey(ctx context.Context, b *capability.Binding, account string, q *jira.IssuesQuery, fields []string) (*jira.IssueList, error) {
	switch {
	case len(q.IDs) > 0:
		return nil, withField("keys", hostError(sdk.Invalid, "name issues by ids or by keys, not by both"))
	case len(q.Keys) > jira.MaxIssues:
		return nil, withField("keys", hostError(sdk.Invalid, "at most %d can be named at a time", jira.MaxIssues))
	}
	found, err := s.jira.ByKeys(ctx, b.Tenant, q.Keys, fields)
	if err != nil {
		return nil, s.downstream(ctx, b, err)
	}
	ids := make([]string, len(found))
	for i := range found {
		ids[i] = found[i].ID
	}
	shown, err := s.seen(ctx, b, account, ids)
	if err != nil {
		return nil, err
	}
	out := &jira.IssueList{}
	for i := range found {
		if slices.Contains(shown, found[i].ID) {
			out.Issues = append(out.Issues, *only(&found[i], fields))
		}
	}
	out.Hidden = max(0, len(q.Keys)-len(out.Issues))
	return out, nil
}

// seen returns those of the issues that the account may see.
func (s *jiraService) seen(ctx context.Context, b *capability.Binding, account string, ids []string) ([]string, error) {
	var out []string
	for chunk := range slices.Chunk(ids, maxFound) {
		visible, err := s.visible.of(ctx, b.Tenant, account, chunk)
		if err != nil {
			return nil, s.downstream(ctx, b, err)
		}
		for _, id := range chunk {
			if visible[id] {
				out = append(out, id)
			}
		}
	}
	return out, nil
}

// idList checks ids and takes out repetitions.
func idList(field, kind string, asked []string, most int) ([]string, error) { //nolint:unparam // those of issues and projects happen to be equal
	ids := make([]string, 0, len(asked))
	known := map[string]bool{}
	for _, id := range asked {
		if wanted := fits(kind, id); wanted != "" {
			return nil, withField(field, hostError(sdk.Invalid, "the ids: %s", wanted))
		}
		if !known[id] {
			known[id] = true
			ids = append(ids, id)
		}
	}
	if len(ids) > most {
		return nil, withField(field, hostError(sdk.Invalid, "at most %d can be named at a time", most))
	}
	return ids, nil
}
