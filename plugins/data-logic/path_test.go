package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/service"
)

// network is links between issues: by relation and end, from each to others.
type network map[relations.End]map[string][]string

func (n network) link(relation, a, b string) {
	for end, pair := range map[string][2]string{relations.First: {a, b}, relations.Second: {b, a}} {
		at := relations.End{Relation: relation, End: end}
		if n[at] == nil {
			n[at] = map[string][]string{}
		}
		n[at][pair[0]] = append(n[at][pair[0]], pair[1])
	}
}

func (n network) linked(at relations.End, ids []string) (reached, error) {
	if len(ids) > relations.MostLinked {
		return reached{}, errors.New("too many at a time")
	}
	var out []reached
	for _, id := range ids {
		out = append(out, reached{ids: n[at][id]})
	}
	return joined(out, false), nil
}

func sorted(ids []string) []string { return slices.Sorted(slices.Values(ids)) }

func TestPathsLeadOverRelations(t *testing.T) {
	n := network{}
	for _, l := range [][3]string{{"uses", "ann", "laptop1"}, {"uses", "ann", "laptop2"}, {"uses", "bob", "laptop2"}, {"runs", "laptop1", "linux"}, {"runs", "laptop2", "linux"}, {"runs", "laptop2", "word"}, {"knows", "ann", "bob"}, {"knows", "bob", "ann"}, {"likes", "ann", "word"}} {
		n.link(l[0], l[1], l[2])
	}
	first := func(names ...string) (out []relations.End) {
		for _, r := range names {
			out = append(out, relations.End{Relation: r, End: relations.First})
		}
		return out
	}
	all := map[string]path{
		"software": {steps: first("uses", "runs")},
		"likes":    {steps: first("likes")},
		"either":   {steps: first("uses", "runs"), parts: []string{"likes"}},
		"both":     {parts: []string{"software", "likes"}, both: true},
		"mates":    {steps: []relations.End{{Relation: "uses", End: relations.First}, {Relation: "uses", End: relations.Second}}},
		"circle":   {steps: first("knows", "knows", "knows")},
		"itself":   {steps: first("knows"), parts: []string{"itself"}},
		"nowhere":  {steps: first("none", "runs")},
		"long":     {steps: first("knows", "knows", "knows", "knows")},
	}
	for id, want := range map[string][]string{
		"software": {"linux", "word"}, "either": {"linux", "word"}, "both": {"word"}, "mates": {"bob"}, "circle": {"bob"}, "nowhere": nil, "long": {"bob"},
	} {
		w := walker{paths: all, linked: n.linked}
		got, err := w.follow(id, []string{"ann"})
		if diff := cmp.Diff(want, sorted(got.ids)); err != nil || diff != "" || got.more {
			t.Errorf("%s: %v, more %t (-want +got):\n%s", id, err, got.more, diff)
		}
	}
	for id, want := range map[string]sdk.Code{"itself": sdk.Invalid, "gone": sdk.NotFound} {
		w := walker{paths: all, linked: n.linked}
		if _, err := w.follow(id, []string{"ann"}); sdk.CodeOf(err) != want {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// Whatever the links are, circles among them: a walk finds what walking each link by hand finds.
func TestWalksFindWhatEachLinkLeadsTo(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	for round := range 300 {
		n := network{}
		issues := 2 + random.IntN(30)
		for range random.IntN(120) {
			n.link("r"+strconv.Itoa(random.IntN(3)), strconv.Itoa(random.IntN(issues)), strconv.Itoa(random.IntN(issues)))
		}
		all := map[string]path{}
		for i := range 5 { // each only of earlier ones
			p := path{both: random.IntN(2) == 0}
			for range random.IntN(4) {
				p.steps = append(p.steps, relations.End{Relation: "r" + strconv.Itoa(random.IntN(3)), End: []string{relations.First, relations.Second}[random.IntN(2)]})
			}
			for range random.IntN(3) {
				if i > 0 && i < 3 {
					p.parts = append(p.parts, strconv.Itoa(random.IntN(i)))
				}
			}
			all[strconv.Itoa(i)] = p
		}
		for id := range all {
			from := []string{"0", "1"}
			w := walker{paths: all, linked: n.linked}
			got, err := w.follow(id, from)
			if err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
			want := naive(n, all, id, from)
			for _, id := range from {
				delete(want, id)
			}
			var ids []string
			for id := range want {
				ids = append(ids, id)
			}
			if diff := cmp.Diff(sorted(ids), sorted(got.ids)); diff != "" || len(slices.Compact(sorted(got.ids))) != len(got.ids) {
				t.Fatalf("round %d, %+v (-by hand +walked):\n%s", round, all[id], diff)
			}
		}
	}
}

// naive walks one link after the other, from one issue after the other.
func naive(n network, all map[string]path, id string, from []string) map[string]bool {
	var sets []map[string]bool
	p := all[id]
	if len(p.steps) > 0 {
		out := map[string]bool{}
		var walk func(at string, left []relations.End)
		walk = func(at string, left []relations.End) {
			if len(left) == 0 {
				out[at] = true
				return
			}
			for _, next := range n[left[0]][at] {
				walk(next, left[1:])
			}
		}
		seen := map[string]bool{}
		for _, f := range from {
			if !seen[f] {
				walk(f, p.steps)
			}
			seen[f] = true
		}
		sets = append(sets, out)
	}
	for _, part := range p.parts {
		sets = append(sets, naive(n, all, part, from))
	}
	out := map[string]bool{}
	for _, s := range sets {
		for id := range s {
			every := true
			for _, other := range sets {
				every = every && other[id]
			}
			if every || !p.both {
				out[id] = true
			}
		}
	}
	return out
}

func TestWalksAreBounded(t *testing.T) {
	wide := func(at relations.End, ids []string) (reached, error) {
		var out reached
		for _, id := range ids {
			for i := range 40 {
				out.ids = append(out.ids, fmt.Sprint(id, ".", i))
			}
		}
		return joined([]reached{out}, false), nil
	}
	step := relations.End{Relation: "r", End: relations.First}
	w := walker{paths: map[string]path{"a": {steps: []relations.End{step, step, step}}}, linked: wide}
	got, err := w.follow("a", []string{"x"})
	if err != nil || !got.more || len(got.ids) != mostReached || w.asked > 15 {
		t.Errorf("%d issues, more %t, %d questions, %v", len(got.ids), got.more, w.asked, err)
	}
	many := path{}
	for range 6 {
		many.parts = append(many.parts, "a")
	}
	w = walker{paths: map[string]path{"a": {steps: []relations.End{step, step, step}}, "many": many}, linked: wide}
	if _, err := w.follow("many", []string{"x"}); sdk.CodeOf(err) != sdk.Exhausted {
		t.Errorf("%d questions, %v", w.asked, err)
	}
}

func TestOthersFollowPaths(t *testing.T) {
	s := newSite(t)
	s.links[supplies+" first 10001"] = []string{"10101", "10102"}
	s.links[employs+" second 10102"] = []string{"10103", "10001"}
	id, err := s.Configure("path", `{"name": "p", "steps": [{"relation": "`+supplies+`"}, {"relation": "`+employs+`", "end": "second"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	q, out := relations.FollowQuestion{Path: id, IssueIDs: []string{"10001"}}, relations.Followed{}
	if err := s.Serve(service.Request{Name: "logic", Op: relations.OpFollow}, q.MarshalMsg, out.UnmarshalMsg); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"10103"}, out.IssueIDs); diff != "" {
		t.Error(diff)
	}
	s.rule(`, "jql": "id in {{path.` + id + `}}"`)
	s.find(relations.FindQuestion{})
	if want := `NOT id in (10001) AND id in (10103)`; s.asked().JQL != want {
		t.Errorf("%s, want %s", s.asked().JQL, want)
	}
	delete(s.Services, relations.Links)
	if err := s.Serve(service.Request{Name: "logic", Op: relations.OpFollow}, q.MarshalMsg, out.UnmarshalMsg); sdk.CodeOf(err) != sdk.Unavailable {
		t.Errorf("without links: %v", err)
	}
}
