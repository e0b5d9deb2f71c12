package syncer

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	gosync "sync"
	"time"

	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/syncer/identity"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
	"github.com/pergola-platform/pergola/sdk"
)

const (
	// tries is how often a write is tried within a step while nobody knows whether it was carried out.
	tries = 3
	// lastAttempt is the try of a step in which a row that cannot be written is given up, so that the others get on.
	lastAttempt = 3
	pause       = 250 * time.Millisecond
)

// apply carries out the plans of items. What is done stands in memory.done, so that a step that is cut off and comes again tells
// it as it was. An error cuts the step off.
func (st *step) apply(ctx context.Context, items []*item) error {
	var creates, others []*item
	for _, i := range items {
		if i.plan.create {
			creates = append(creates, i)
		} else {
			others = append(others, i)
		}
	}
	for n, chunk := range slices.Collect(slices.Chunk(creates, jira.MaxCreated)) {
		if n > 0 && st.over() {
			return errLater
		}
		if err := st.create(ctx, chunk); err != nil {
			return err
		}
	}
	// New issues begin in a status of their own, and may have to be led to another.
	for _, i := range creates {
		if i.issue.ID != "" && i.plan.status != "" {
			others = append(others, i)
		}
	}
	return st.each(ctx, others, st.update)
}

// each does f for every item, some of them at a time. After the first error none is begun any more, nor when the step's time is over,
// which is errLater; those under way come to their end, because whoever cuts off a write does not know what became of it.
func (st *step) each(ctx context.Context, items []*item, f func(context.Context, *item) error) error {
	var mu gosync.Mutex
	var failed error
	next := 0
	take := func() *item {
		mu.Lock()
		defer mu.Unlock()
		if failed == nil && next > 0 && next < len(items) && st.over() {
			failed = errLater
		}
		if failed != nil || next == len(items) {
			return nil
		}
		next++
		return items[next-1]
	}
	var wait gosync.WaitGroup
	for range min(st.cfg.Parallel, len(items)) {
		wait.Go(func() {
			for i := take(); i != nil; i = take() {
				if err := f(ctx, i); err != nil {
					mu.Lock()
					failed = cmp.Or(failed, err)
					mu.Unlock()
				}
			}
		})
	}
	wait.Wait()
	return failed
}

// finish notes an item's outcome.
func (st *step) finish(i *item) {
	st.doneMu.Lock()
	defer st.doneMu.Unlock()
	st.memory.done[i.result.Row] = i.result
}

// before is what became of an item in an earlier try of this step.
func (st *step) before(i *item) (Result, bool) {
	st.doneMu.Lock()
	defer st.doneMu.Unlock()
	r, ok := st.memory.done[i.result.Row]
	return r, ok && i.result.Row != ""
}

// create makes the issues of up to jira.MaxCreated items, each once: after an answer that was lost it looks which are there before
// it makes the others.
func (st *step) create(ctx context.Context, items []*item) error {
	m := st.memory
	for try := 0; ; try++ {
		drafts := make([]jira.Draft, len(items))
		for n, i := range items {
			drafts[n] = st.draft(i)
		}
		made, err := st.cfg.Jira.Create(st.asUser(ctx), st.sync.Tenant, drafts)
		if err == nil {
			for n, i := range items {
				st.created(i, made[n])
			}
			return nil
		}
		if short, ok := busy(err); ok && try < tries {
			if err := st.cfg.Sleep(ctx, short); err != nil {
				return err
			}
			continue // a refused call has made nothing
		}
		if !jira.IsUnknown(err) {
			return err
		}
		m.sure = false
		if try+1 >= tries {
			return err
		}
		if err := st.cfg.Sleep(ctx, pause<<try); err != nil {
			return err
		}
		if items, err = st.unmade(ctx, items); err != nil {
			return err
		}
		if len(items) == 0 {
			return nil
		}
	}
}

// unmade returns those items of which a lost answer has made no issue.
func (st *step) unmade(ctx context.Context, items []*item) ([]*item, error) {
	open := map[identity.Digest]*item{}
	for _, i := range items {
		open[i.result.Row] = i
	}
	if err := st.walk(ctx, open); err != nil {
		return nil, err
	}
	var rest []*item
	for _, i := range items {
		if i.issue.ID == "" {
			rest = append(rest, i)
			continue
		}
		st.created(i, jira.Made{ID: i.issue.ID, Key: i.issue.Key})
	}
	return rest, nil
}

func (st *step) draft(i *item) jira.Draft {
	fields := maps.Clone(i.plan.set)
	fields["project"] = map[string]string{"id": st.sync.Config.Project}
	fields["issuetype"] = map[string]string{"id": i.record.Type}
	return jira.Draft{Fields: fields, Properties: map[string]any{identity.Property: st.linked(i)}}
}

// linked is the property as it can be written with the fields: with the marker only if nothing is to be done afterwards.
func (*step) linked(i *item) identity.Link {
	l := i.plan.link
	if l.Marker = ""; i.plan.status == "" {
		l.Marker = i.plan.marker
	}
	return l
}

// created notes that an item has its issue, or why not.
func (st *step) created(i *item, made jira.Made) {
	if made.Refused != nil {
		st.refused(i, made.Refused)
		i.result.Fields = nil
		st.finish(i)
		return
	}
	m := st.memory
	i.issue.ID, i.issue.Key, i.result.Issue = made.ID, made.Key, made.ID
	m.remember(i.result.Row, made.ID)
	st.at.Own = max(st.at.Own, m.keyNumber(made.Key))
	st.settle(i, Created)
	if i.plan.status == "" {
		st.finish(i)
	}
}

// refused makes faults of the fields that Jira names.
func (*step) refused(i *item, r *jira.Refusal) {
	i.result.Outcome = Failed
	for _, f := range r.Fields {
		if _, sent := i.plan.set[f]; !sent {
			i.result.fault(f, mapping.Required) // Jira names what it misses, too
			continue
		}
		i.result.fault(f, mapping.JiraRefused)
	}
	if len(r.Fields) == 0 {
		i.result.fault("", mapping.JiraRefused)
	}
}

// update writes what has changed of an item's issue: fields and property in one call, then the status, then the marker.
func (st *step) update(ctx context.Context, i *item) error {
	p := &i.plan
	if p.create {
		p.set = map[string]any{} // they are there already
	}
	outcome := p.outcome()
	if p.create {
		outcome = Created
	}
	err := st.write(ctx, i)
	if err == nil && p.status != "" {
		err = st.transit(ctx, i)
	}
	if err != nil {
		if err := st.judge(i, err); err != nil {
			return err
		}
	} else if i.result.Outcome != Failed {
		fields := i.result.Fields
		st.settle(i, outcome)
		if p.create {
			i.result.Fields = fields
		}
	}
	st.finish(i)
	return nil
}

func (st *step) write(ctx context.Context, i *item) error {
	p := &i.plan
	if len(p.set) == 0 && (!p.relink || p.create) {
		return nil
	}
	return st.again(ctx, func() error {
		if len(p.set) == 0 && p.status == "" {
			return st.cfg.Jira.SetIssueProperty(st.asUser(ctx), st.sync.Tenant, i.issue.ID, identity.Property, st.linked(i))
		}
		return st.cfg.Jira.Edit(st.asUser(ctx), st.sync.Tenant, i.issue.ID, jira.Draft{Fields: p.set, Properties: map[string]any{identity.Property: st.linked(i)}})
	})
}

// asUser is a context in which Jira is called in the sync user's name, where there is one and the site allows it. Only what is written to
// issues is: what is read has to be all there is, and not what one person may see.
func (st *step) asUser(ctx context.Context) context.Context {
	if !st.cfg.ActAs || st.sync.Config.RunAs == "" {
		return ctx
	}
	return jira.AsUser(ctx, st.sync.Config.RunAs)
}

// again tries what does no harm when it is done twice.
func (st *step) again(ctx context.Context, f func() error) error {
	for try := 0; ; try++ {
		err := f()
		short, limited := busy(err)
		switch {
		case err == nil || try+1 >= tries || !limited && !jira.IsUnknown(err):
			return err
		case !limited:
			short = pause << try
		}
		if err := st.cfg.Sleep(ctx, short); err != nil {
			return err
		}
	}
}

// busy says whether a call was refused because of a limit that is over soon, and after which pause. A quota is not.
func busy(err error) (time.Duration, bool) {
	var f *jira.Failure
	if !errors.As(err, &f) || f.Reason == "" || f.RetryAfter > maxPause || f.Reason == "jira-quota-global-based" || f.Reason == "jira-quota-tenant-based" {
		return 0, false
	}
	return max(f.RetryAfter, pause), true
}

// transit leads an issue to its status, and writes the marker when it is there.
func (st *step) transit(ctx context.Context, i *item) error {
	reached, err := st.lead(ctx, i.issue.ID, i.record.Type, i.plan.status)
	if err != nil {
		return err
	}
	if !reached {
		i.result.fault("status", mapping.NoPath)
		return nil
	}
	if i.plan.marker == "" || len(i.result.Faults) > 0 {
		return nil
	}
	link := i.plan.link
	link.Marker = i.plan.marker
	return st.again(ctx, func() error {
		return st.cfg.Jira.SetIssueProperty(st.asUser(ctx), st.sync.Tenant, i.issue.ID, identity.Property, link)
	})
}

// lead makes transitions until an issue is in a status, and says whether it got there. It looks at the records before each, so that
// one whose answer was lost is not made twice.
func (st *step) lead(ctx context.Context, issue, typ, to string) (bool, error) {
	for range maxHops {
		now, err := st.statusOf(ctx, issue)
		if err != nil || now == to {
			return err == nil, err
		}
		id, err := st.way(ctx, issue, typ, now, to)
		if err != nil || id == "" {
			return false, err
		}
		err = st.cfg.Jira.Transit(st.asUser(ctx), st.sync.Tenant, issue, id)
		if short, ok := busy(err); ok {
			err = st.cfg.Sleep(ctx, short)
		} else if jira.IsUnknown(err) {
			err = st.cfg.Sleep(ctx, pause)
		}
		if err != nil {
			return false, err
		}
	}
	now, err := st.statusOf(ctx, issue)
	return now == to, err
}

func (st *step) way(ctx context.Context, issue, typ, from, to string) (string, error) {
	st.pathMu.Lock() // one search fills the memory for the others
	defer st.pathMu.Unlock()
	return st.memory.paths.next(st.asUser(ctx), issue, typ, from, to)
}

func (st *step) statusOf(ctx context.Context, issue string) (string, error) {
	got, err := st.cfg.Jira.Fetch(ctx, st.sync.Tenant, []string{issue}, []string{"status"}, nil)
	if err != nil {
		return "", err
	}
	if len(got) == 0 {
		return "", fail(sdk.NotFound, "the issue is gone")
	}
	return idOf(got[0].Fields["status"]), nil
}

// judge makes a fault of an error that is about one issue, and returns one that is about the site.
func (st *step) judge(i *item, err error) error {
	var refused *jira.RefusedError
	var f *jira.Failure
	switch {
	case errors.As(err, &refused):
		st.refused(i, &refused.Refusal)
		return nil
	case errors.As(err, &f) && f.Reason != "" && f.Reason != "jira-per-issue-on-write":
		return err
	}
	switch sdk.CodeOf(err) {
	case sdk.NotFound:
		i.result.fault("", mapping.IssueGone)
	case sdk.PermissionDenied:
		i.result.fault("", mapping.Forbidden)
	case sdk.Invalid:
		i.result.fault("", mapping.JiraRefused)
	default:
		if st.in.Attempt < lastAttempt || errors.Is(err, context.Canceled) {
			return err
		}
		i.result.fault("", mapping.Unavailable)
	}
	i.result.Fields = nil
	return nil
}
