package syncer

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/syncer/identity"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
)

// find ties the items to their issues. After it, an item without an issue has none, as far as Jira's records say.
func (st *step) find(ctx context.Context, items []*item) error {
	open := map[identity.Digest]*item{}
	for _, i := range items {
		if i.result.Outcome != Failed {
			open[i.result.Row] = i
		}
	}
	if err := st.search(ctx, open); err != nil {
		return err
	}
	if err := st.fetchMade(ctx, open); err != nil {
		return err
	}
	if st.in.DryRun || st.memory.sure || !lacks(open) {
		return nil
	}
	return st.walk(ctx, open)
}

func lacks(items map[identity.Digest]*item) bool {
	for _, i := range items {
		if i.issue.ID == "" && i.result.Outcome != Failed {
			return true
		}
	}
	return false
}

// tie gives an issue to the item whose row its property names. A second issue with the same row is a fault: nobody
// can say which of them is meant.
func (st *step) tie(items map[identity.Digest]*item, issue jira.Raw) {
	link, ok := identity.Parse(issue.Properties[identity.Property])
	if !ok || link.Sync != st.sync.ID {
		return
	}
	i := items[link.Row]
	if i == nil {
		return
	}
	if i.issue.ID != "" && i.issue.ID != issue.ID {
		i.result.fault("", "issue_twice")
		return
	}
	i.issue, i.link = issue, link
	i.result.Issue = issue.ID
}

// search asks the index.
func (st *step) search(ctx context.Context, items map[identity.Digest]*item) error {
	digests := make([]identity.Digest, 0, len(items))
	var fresh []string
	for d := range items {
		digests = append(digests, d)
		if id := st.memory.made[d]; id != "" && len(fresh) < jira.MaxReconciled {
			fresh = append(fresh, id)
		}
	}
	if len(digests) == 0 {
		return nil
	}
	slices.Sort(digests)
	slices.Sort(fresh)
	scan := jira.Scan{
		JQL: identity.ByRow(digests), Fields: st.wanted(), Properties: []string{identity.Property}, Reconcile: fresh, Limit: 2*len(digests) + 10,
	}
	for {
		issues, next, err := st.cfg.Jira.Scan(ctx, st.sync.Tenant, scan)
		if err != nil {
			return err
		}
		for _, issue := range issues {
			st.tie(items, issue)
		}
		if next == "" {
			return nil
		}
		scan.Page = next
	}
}

// wanted are the fields of issues that planning looks at.
func (st *step) wanted() []string {
	out := []string{"id"}
	if st.memory.mapping.HasStatus() {
		out = append(out, "status", "issuetype")
	}
	if st.sync.Config.Mode == mapping.Full || st.in.Show != nil {
		out = append(out, st.memory.mapping.Incoming()...)
	}
	if st.at.Phase == returning {
		out = append(out, st.memory.mapping.Outgoing()...)
	}
	return out
}

// fetchMade looks up, by their ids, issues that the run has made and the search does not show.
func (st *step) fetchMade(ctx context.Context, items map[identity.Digest]*item) error {
	var ids []string
	for d, i := range items {
		if id := st.memory.made[d]; id != "" && i.issue.ID == "" {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for chunk := range slices.Chunk(ids, jira.MaxFetched) {
		issues, err := st.cfg.Jira.Fetch(ctx, st.sync.Tenant, chunk, st.wanted(), []string{identity.Property})
		if err != nil {
			return err
		}
		for _, issue := range issues {
			st.tie(items, issue)
		}
	}
	return nil
}

// maxWalk bounds how many keys a walk reads: that many issues can come into a project while the search lags behind.
const maxWalk = 5000

// walk reads the issues of the project with keys above the floor from Jira's records, up to a hundred keys of which there is none,
// and ties those that are of our rows. Keys of a project are given out in order and never again, so what was created lately is there.
// Where the step's time is over, it returns errLater, and the next step goes on.
func (st *step) walk(ctx context.Context, items map[identity.Digest]*item) error {
	m := st.memory
	m.walked = max(m.walked, st.at.Floor)
	for n := range maxWalk / jira.MaxFetched {
		if st.at.Own > 0 && m.walked >= st.at.Before {
			m.walked = max(m.walked, st.at.Own)
		}
		if n > 0 && st.over() {
			return errLater
		}
		issues, err := st.fetchKeys(ctx, m.walked+1)
		if err != nil {
			return err
		}
		if len(issues) == 0 && m.walked >= st.at.Own {
			break
		}
		high := 0
		for _, issue := range issues {
			high = max(high, m.keyNumber(issue.Key))
			if link, ok := identity.Parse(issue.Properties[identity.Property]); ok && link.Sync == st.sync.ID {
				m.remember(link.Row, issue.ID)
			}
			st.tie(items, issue)
		}
		switch {
		case high > m.walked:
			m.walked = high
		case len(issues) > 0: // all of them were moved to other projects
			m.walked += jira.MaxFetched
		default:
			m.walked = st.at.Own
		}
	}
	if st.at.Own == 0 {
		st.at.Before = m.walked
	}
	m.sure = true
	return nil
}

// fetchKeys reads the issues with the next hundred keys from a number on.
func (st *step) fetchKeys(ctx context.Context, from int) ([]jira.Raw, error) {
	keys := make([]string, jira.MaxFetched)
	for n := range keys {
		keys[n] = st.memory.prefix + strconv.Itoa(from+n)
	}
	return st.cfg.Jira.Fetch(ctx, st.sync.Tenant, keys, append(st.wanted(), "key"), []string{identity.Property})
}

// keyNumber is the number in an issue's key, 0 for a key of another project.
func (m *memory) keyNumber(key string) int {
	rest, ok := strings.CutPrefix(key, m.prefix)
	n, err := strconv.Atoi(rest)
	if !ok || err != nil {
		return 0
	}
	return n
}

// remember notes an issue that the search may not show yet. It forgets all others now and then: an index is not hours behind.
func (m *memory) remember(row identity.Digest, id string) {
	const most = 20_000
	if len(m.made) >= most {
		clear(m.made)
		m.sure, m.walked = false, 0
	}
	m.made[row] = id
}

// floor finds the number of the newest issue of the project that the search shows.
func (st *step) floor(ctx context.Context) (int, error) {
	issues, _, err := st.cfg.Jira.Scan(ctx, st.sync.Tenant, jira.Scan{
		JQL: "project = " + st.sync.Config.Project + " ORDER BY key DESC", Fields: []string{"id", "key"}, Limit: 1,
	})
	if err != nil || len(issues) == 0 {
		return 0, err
	}
	return st.memory.keyNumber(issues[0].Key), nil
}
