package syncer

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/syncer/identity"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
)

// sweepPage looks through a page of all issues of the synchronization for those whose row is gone.
func (st *step) sweepPage(ctx context.Context) (StepOutput, error) {
	policy := st.sync.Config.Missing
	if st.memory.keys.empty() && !st.in.DryRun && !st.in.Approved {
		return st.stopEmpty(ctx)
	}
	fields := []string{"id", "status", "issuetype"}
	if policy.Policy == mapping.Label {
		fields = append(fields, "labels")
	}
	issues, next, err := st.cfg.Jira.Scan(ctx, st.sync.Tenant, jira.Scan{
		JQL: identity.BySync(st.sync.ID, "") + " ORDER BY created ASC", Fields: fields, Properties: []string{identity.Property}, Limit: 100, Page: st.at.Page,
	})
	if err != nil {
		return StepOutput{}, err
	}
	var gone []*item
	for _, issue := range issues {
		link, ok := identity.Parse(issue.Properties[identity.Property])
		if !ok || link.Sync != st.sync.ID || link.State != identity.Live || st.memory.keys.has(link.Row) {
			continue
		}
		gone = append(gone, &item{
			record: &mapping.Record{Type: idOf(issue.Fields["issuetype"])}, issue: issue, link: link,
			result: Result{Row: link.Row, Issue: issue.ID, Outcome: Gone},
		})
	}
	if !st.in.DryRun {
		if err := st.each(ctx, gone, st.part); err != nil {
			return StepOutput{}, err
		}
	}
	out := StepOutput{Done: next == ""}
	for _, i := range gone {
		out.report(i.result)
	}
	st.at.Page = next
	return out, nil
}

// stopEmpty ends a run of which the source has no row at all. That is a source which broke more often than one that is done with, so nothing is
// done to all its issues before an admin approves.
func (st *step) stopEmpty(ctx context.Context) (StepOutput, error) {
	linked, err := st.cfg.Jira.Count(ctx, st.sync.Tenant, identity.BySync(st.sync.ID, identity.Live))
	if err != nil || linked == 0 {
		return StepOutput{Done: true}, err
	}
	return StepOutput{Done: true, Stopped: "brake", Counts: map[string]int64{string(Gone): int64(linked)}}, nil
}

// part does with an issue whose row is gone what the policy says, and notes in its property that it was done.
func (st *step) part(ctx context.Context, i *item) error {
	if before, ok := st.before(i); ok {
		i.result = before
		return nil
	}
	err := st.policy(ctx, i)
	if err != nil {
		if err := st.judge(i, err); err != nil {
			return err
		}
	}
	st.finish(i)
	return nil
}

func (st *step) policy(ctx context.Context, i *item) error {
	policy, link := st.sync.Config.Missing, i.link
	link.State, link.Run, link.Marker = identity.Missing, st.in.Run, ""
	noted := map[string]any{identity.Property: link}
	if policy.Policy == mapping.Label {
		var labels []string
		if err := json.Unmarshal(i.issue.Fields["labels"], &labels); err != nil {
			labels = nil
		}
		if !slices.Contains(labels, policy.Label) {
			labels = append(labels, policy.Label)
		}
		i.result.Fields = []string{"labels"}
		return st.again(ctx, func() error {
			return st.cfg.Jira.Edit(ctx, st.sync.Tenant, i.issue.ID, jira.Draft{Fields: map[string]any{"labels": labels}, Properties: noted})
		})
	}
	if policy.Policy == mapping.Transition {
		reached, err := st.lead(ctx, i.issue.ID, i.record.Type, policy.Status)
		if err != nil {
			return err
		}
		if !reached {
			i.result.fault("status", mapping.NoPath)
			return nil
		}
		i.result.Fields = []string{"status"}
	}
	// The property comes first where the issue can be changed no more afterwards.
	err := st.again(ctx, func() error {
		return st.cfg.Jira.SetIssueProperty(ctx, st.sync.Tenant, i.issue.ID, identity.Property, link)
	})
	if err != nil || policy.Policy != mapping.Archive {
		return err
	}
	return st.again(ctx, func() error { return st.cfg.Jira.Archive(ctx, st.sync.Tenant, []string{i.issue.ID}) })
}
