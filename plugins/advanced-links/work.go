package main

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/store"
)

// The jobs of plugin.json.
const (
	refreshJob = "refresh"
	indexJob   = "index"
)

// What an index job does with the issues of links.
const (
	howWrite  = "write"
	howCheck  = "check"  // compares, and counts what is different
	howRepair = "repair" // and writes that
)

const (
	gather      = 2 * time.Second // what changes within is refreshed together
	refreshStep = 50              // issues of a step
	indexStep   = 40              // links of a step, so up to 80 issues
	indexedType = "indexed"
)

// refresh writes the properties of issues whose links changed.
func (p *plugin) refresh(ctx context.Context, _ *job.Step) (*job.Result, error) {
	searchable, err := allSearchable(ctx)
	if err != nil {
		return nil, err
	}
	page, err := store.List(ctx, store.Query{Type: markType, Limit: refreshStep})
	if err != nil {
		return nil, err
	}
	w, err := write(ctx, searchable, page.Records)
	if err != nil {
		return nil, err
	}
	// What changed while it was written is still marked, and comes with the run that the change has begun.
	return &job.Result{Finished: page.Next == "" && w.again == 0, Done: int64(w.issues), Counts: w.counts()}, nil
}

func allSearchable(ctx context.Context) (map[string]relation, error) {
	all, err := relations(ctx)
	return searchables(all), err
}

func (w written) counts() map[string]int64 {
	return counted(map[string]int64{"written": int64(w.issues), "cut": int64(w.cut), "gone": int64(w.gone)})
}

// counted leaves out what there is none of.
func counted(counts map[string]int64) map[string]int64 {
	maps.DeleteFunc(counts, func(_ string, n int64) bool { return n == 0 })
	return counts
}

// index goes through the links of searchable relations, of one or of all, in the order of their ids, and writes or checks the properties of
// the issues at their ends.
func (p *plugin) index(ctx context.Context, s *job.Step) (*job.Result, error) {
	searchable, err := allSearchable(ctx)
	if err != nil {
		return nil, err
	}
	order := slices.Sorted(maps.Keys(searchable))
	if only := s.Input["relation"]; only != "" {
		if _, ok := searchable[only]; !ok {
			return nil, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromPlugin, Message: "The relation is gone, or not searchable any more."}
		}
		order = []string{only}
	}
	at := s.Cursor["relation"]
	order = slices.DeleteFunc(order, func(id string) bool { return id < at })
	if len(order) == 0 {
		refreshSoon(ctx) // for what changed meanwhile
		return &job.Result{Finished: true}, nil
	}
	out := &job.Result{Cursor: map[string]string{"relation": order[0]}, Counts: map[string]int64{}}
	if s.Number == 0 {
		if out.Total, err = total(ctx, order); err != nil {
			return nil, err
		}
	}
	q := store.Query{Type: "link", Prefix: []string{order[0]}, Limit: indexStep, IDs: true}
	if s.Cursor["outward"] != "" && order[0] == at {
		q.After = store.JoinID(at, s.Cursor["outward"], s.Cursor["inward"])
	}
	page, err := store.List(ctx, q)
	if err != nil {
		return nil, err
	}
	issues, err := firstMet(ctx, order[0], page.Records, s.Cursor["outward"])
	if err != nil {
		return nil, err
	}
	if err := p.treat(ctx, s.Input["how"], searchable, issues, out); err != nil {
		return nil, err
	}
	out.Done = int64(len(page.Records))
	if n := len(page.Records); n > 0 && page.Next != "" {
		last := page.Records[n-1].Fields
		out.Cursor["outward"], out.Cursor["inward"] = last["outward"], last["inward"]
		return out, nil
	}
	if s.Input["how"] == howWrite {
		if err := p.noteIndexed(ctx, order[0]); err != nil {
			return nil, err
		}
	}
	if len(order) > 1 {
		out.Cursor = map[string]string{"relation": order[1]}
		return out, nil
	}
	refreshSoon(ctx)
	out.Finished = true
	return out, nil
}

// mostCounted bounds how far links are counted before a run begins; with more, it does not say how long it will take.
const mostCounted = 10_000

func total(ctx context.Context, ids []string) (int64, error) {
	sum := 0
	for _, id := range ids {
		n, err := store.Count(ctx, store.Query{Type: "link", Prefix: []string{id}, Limit: mostCounted})
		if err != nil || n.More {
			return 0, err
		}
		sum += n.Records
	}
	return int64(sum), nil
}

// firstMet are the issues of links that no link before these has: of an issue at the first end all links follow one another, and of one at the
// second end the link that comes first is asked for. So an issue with a thousand links is written once.
func firstMet(ctx context.Context, relation string, links []store.Record, before string) ([]string, error) {
	var out []string
	for _, l := range links {
		if outward := l.Fields["outward"]; outward != before {
			out, before = append(out, outward), outward
		}
		inward := l.Fields["inward"]
		page, err := store.List(ctx, store.Query{Type: "link", Field: "inward", Value: inward, Prefix: []string{relation}, Limit: 1, IDs: true})
		if err != nil {
			return nil, err
		}
		if len(page.Records) > 0 && page.Records[0].ID == l.ID {
			out = append(out, inward)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// treat writes the properties of issues, or compares them.
func (p *plugin) treat(ctx context.Context, how string, searchable map[string]relation, issues []string, out *job.Result) error {
	if how == howCheck || how == howRepair {
		different, err := differing(ctx, searchable, issues, out.Counts)
		if err != nil || how == howCheck {
			return err
		}
		issues = different
	}
	for len(issues) > 0 {
		n := min(len(issues), refreshStep)
		marks, err := mark(ctx, issues[:n])
		if err != nil {
			return err
		}
		w, err := write(ctx, searchable, marks)
		if err != nil {
			return err
		}
		for name, n := range w.counts() {
			out.Counts[name] += n
		}
		issues = issues[n:]
	}
	return nil
}

// mark marks issues, so that whoever changes their links while their properties are written is noticed.
func mark(ctx context.Context, issues []string) ([]store.Record, error) {
	for range attempts {
		marks, err := marksOf(ctx, issues)
		if err != nil {
			return nil, err
		}
		put, err := store.Write(ctx, store.Changes{Put: marks})
		if sdk.CodeOf(err) != sdk.Exists {
			return put, err
		}
	}
	return nil, busy()
}

// differing are the issues whose property does not hold what it has to.
func differing(ctx context.Context, searchable map[string]relation, issues []string, counts map[string]int64) ([]string, error) {
	var out []string
	for _, issue := range issues {
		want, err := indexOf(ctx, searchable, issue)
		if err != nil {
			return nil, err
		}
		raw, err := jira.GetProperty(ctx, issue, propertyKey)
		if err != nil && sdk.CodeOf(err) != sdk.NotFound {
			return nil, err
		}
		got, read := readIndexed(raw)
		switch {
		case err != nil:
			counts["missing"]++
		case !read || got.More != want.More || !sameLinks(got.Links, want.Links):
			counts["different"]++
		default:
			counts["same"]++
			continue
		}
		out = append(out, issue)
	}
	return out, nil
}

func sameLinks(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// noteIndexed keeps when all links of a relation were indexed.
func (p *plugin) noteIndexed(ctx context.Context, relation string) error {
	r := &store.Record{Type: indexedType, Fields: map[string]string{"relation": relation, "what": "index"}}
	old, err := store.Get(ctx, indexedType, store.JoinID(relation, "index"))
	switch {
	case err == nil:
		r.ID, r.Rev = old.ID, old.Rev
	case sdk.CodeOf(err) != sdk.NotFound:
		return err
	}
	r.Fields["at"] = p.stamp()
	_, err = store.Write(ctx, store.Changes{Put: []store.Record{*r}})
	return err
}
