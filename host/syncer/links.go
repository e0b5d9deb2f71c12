package syncer

import (
	"context"
	"maps"

	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/syncer/identity"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
)

// linkPages sets, in the second pass, the fields that hold the issue of another row. Only rows of which such a field is written or
// fails are reported: the first pass has counted all.
func (st *step) linkPages(ctx context.Context) (StepOutput, error) {
	var out StepOutput
	last, err := st.pages(ctx, func(items []*item) error {
		results, err := st.linkRows(ctx, items)
		out.report(results...)
		return err
	})
	if err != nil || !last {
		return out, err
	}
	return st.after(ctx, out)
}

func (st *step) linkRows(ctx context.Context, items []*item) (results []Result, err error) {
	targets, err := st.targets(ctx, items)
	if err != nil {
		return nil, err
	}
	var open []*item
	for _, i := range items {
		if before, ok := st.before(i); ok {
			results = append(results, before)
			continue
		}
		if i.issue.ID == "" || i.result.Outcome == Failed || len(i.record.Links) == 0 {
			continue
		}
		i.result.Faults = nil // they were reported in the first pass
		if err := st.planLinks(i, targets); err != nil {
			return nil, err
		}
		if len(i.plan.set) > 0 || len(i.result.Faults) > 0 {
			open = append(open, i)
		}
	}
	err = st.each(ctx, open, st.update)
	for _, i := range open {
		results = append(results, i.result)
	}
	return results, err
}

func (st *step) digestOf(l mapping.Link) identity.Digest {
	id := l.Sync
	if id == "self" {
		id = st.sync.ID
	}
	return st.memory.hasher.Row(id, l.Key)
}

// targets finds the issues of the rows that the items name.
func (st *step) targets(ctx context.Context, items []*item) (map[identity.Digest]jira.Raw, error) {
	out := map[identity.Digest]jira.Raw{}
	var ask []identity.Digest
	var fresh []string
	for _, i := range items {
		for _, l := range i.record.Links {
			d := st.digestOf(l)
			if _, ok := out[d]; ok || l.Key == "" {
				continue
			}
			out[d] = jira.Raw{}
			ask = append(ask, d)
			if id := st.memory.made[d]; id != "" && len(fresh) < jira.MaxReconciled {
				fresh = append(fresh, id)
			}
		}
	}
	if len(ask) == 0 {
		return out, nil
	}
	scan := jira.Scan{
		JQL: identity.ByRow(ask), Fields: []string{"id", "key"}, Properties: []string{identity.Property}, Reconcile: fresh, Limit: 2*len(ask) + 10,
	}
	for {
		issues, next, err := st.cfg.Jira.Scan(ctx, st.sync.Tenant, scan)
		if err != nil {
			return nil, err
		}
		for _, issue := range issues {
			if link, ok := identity.Parse(issue.Properties[identity.Property]); ok {
				out[link.Row] = issue
			}
		}
		if next == "" {
			return out, nil
		}
		scan.Page = next
	}
}

// planLinks is plan for the fields of the second pass.
func (st *step) planLinks(i *item, targets map[identity.Digest]jira.Raw) error {
	p := plan{set: map[string]any{}, link: i.link}
	p.link.Fields, p.link.Run = maps.Clone(i.link.Fields), st.in.Run
	p.marker = i.link.Marker // the first pass has set it
	for field, l := range i.record.Links {
		to := targets[st.digestOf(l)]
		if to.ID == "" {
			i.result.fault(field, mapping.NoRow)
			continue
		}
		var v any = to.Key
		if field == "parent" {
			v = map[string]string{"id": to.ID}
		}
		hash, err := st.memory.hasher.Value(st.sync.ID, field, v)
		if err != nil {
			return err
		}
		if i.link.Fields[field] != hash {
			p.set[field], p.link.Fields[field] = v, hash
		}
	}
	i.plan = p
	return nil
}
