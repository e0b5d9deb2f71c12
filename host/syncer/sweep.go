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
	if st.memory.keys.Empty() && !st.in.DryRun && !st.in.Approved {
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
	sum := st.at.tally
	for _, issue := range issues {
		link, ok := identity.Parse(issue.Properties[identity.Property])
		if !ok || link.Sync != st.sync.ID || st.memory.keys.Has(link.Row) {
			continue
		}
		if link.State == identity.Live || link.Run == st.in.Run {
			sum.Gone++
		}
		if link.State != identity.Live && !st.halfArchived(link) {
			continue
		}
		gone = append(gone, &item{
			record: &mapping.Record{Type: idOf(issue.Fields["issuetype"])}, issue: issue, link: link,
			result: Result{Row: link.Row, Issue: issue.ID, Outcome: Gone},
		})
	}
	if b := st.stops(sum); b != nil {
		return StepOutput{Done: true, Stopped: stoppedByBrake, Brake: b}, nil
	}
	if !st.in.DryRun {
		if err := st.each(ctx, gone, st.part); err != nil {
			return StepOutput{}, err
		}
	}
	out := StepOutput{Done: next == ""}
	for _, i := range gone {
		out.report(i.result)
		st.show(i)
	}
	st.at.Page, st.at.tally = next, sum
	return out, nil
}

// stopEmpty ends a run of which the source has no row at all. That is a source which broke more often than one that is done with, so nothing is
// done to all its issues before an admin approves.
func (st *step) stopEmpty(ctx context.Context) (StepOutput, error) {
	linked, err := st.cfg.Jira.Count(ctx, st.sync.Tenant, identity.BySync(st.sync.ID, identity.Live))
	if err != nil || linked == 0 {
		return StepOutput{Done: true}, err
	}
	return StepOutput{
		Done: true, Stopped: stoppedByBrake, Brake: &Braked{Rule: BrakeEmpty, Issues: linked}, Counts: map[string]int64{string(Gone): int64(linked)},
	}, nil
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
			return st.cfg.Jira.Edit(st.asUser(ctx), st.sync.Tenant, i.issue.ID, jira.Draft{Fields: map[string]any{"labels": labels}, Properties: noted})
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
	if err := st.note(ctx, i, link); err != nil || policy.Policy != mapping.Archive {
		return err
	}
	// The property came first, because an archived issue can be changed no more.
	err := st.again(ctx, func() error { return st.cfg.Jira.Archive(ctx, st.sync.Tenant, []string{i.issue.ID}) })
	if err == nil {
		return nil
	}
	// A later run tries again. If the issue was archived after all, and only the answer was lost, this is refused, and nothing to do.
	if back := st.note(ctx, i, i.link); back != nil && jira.IsUnknown(back) {
		return back
	}
	return err
}

// note writes what ties an issue to its row.
func (st *step) note(ctx context.Context, i *item, link identity.Link) error {
	return st.again(ctx, func() error {
		return st.cfg.Jira.SetIssueProperty(st.asUser(ctx), st.sync.Tenant, i.issue.ID, identity.Property, link)
	})
}

// halfArchived says whether this run meant to archive an issue that searches still find: it was stopped in between.
func (st *step) halfArchived(link identity.Link) bool {
	return st.sync.Config.Missing.Policy == mapping.Archive && link.State == identity.Missing && link.Run == st.in.Run
}
