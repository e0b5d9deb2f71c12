package jqltest

import (
	"cmp"
	"math"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/pergola-platform/pergola/host/sandbox/jql/analysis"
	"github.com/pergola-platform/pergola/host/sandbox/jql/memory"
	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
)

// Match says whether the query finds the issue. It reads the query as a person would, and shares no code with analysis and
// plan but the site's own. It knows the operands that Random makes.
func Match(n syntax.Node, i memory.Issue) bool { return match(n, false, i) }

func match(n syntax.Node, not bool, i memory.Issue) bool {
	switch n := n.(type) {
	case *syntax.Not:
		return match(n.Clause, !not, i)
	case *syntax.And:
		every := !slices.ContainsFunc(n.Clauses, func(c syntax.Node) bool { return !match(c, not, i) })
		some := slices.ContainsFunc(n.Clauses, func(c syntax.Node) bool { return match(c, not, i) })
		return not && some || !not && every
	case *syntax.Or:
		every := !slices.ContainsFunc(n.Clauses, func(c syntax.Node) bool { return !match(c, not, i) })
		some := slices.ContainsFunc(n.Clauses, func(c syntax.Node) bool { return match(c, not, i) })
		return not && every || !not && some
	case *syntax.Clause:
		return matchClause(n, not, i)
	}
	return true
}

func matchClause(c *syntax.Clause, not bool, i memory.Issue) bool {
	op := c.Op
	if op == syntax.Changed {
		return changed(c, i) != not
	}
	if not {
		op = op.Negation()
	}
	empty := true
	for _, f := range (Site{}).Fields(c.Field) {
		empty = empty && len(i.Values[f.ID]) == 0 && len(i.Places[f.ID]) == 0 && i.Texts[f.ID] == ""
	}
	some := func(test func(analysis.Field, syntax.Operand) bool) bool {
		for _, f := range (Site{}).Fields(c.Field) {
			for _, o := range expand(c.Operand) {
				if test(f, o) {
					return true
				}
			}
		}
		return false
	}
	equal := func(f analysis.Field, o syntax.Operand) bool {
		if o.Kind == syntax.Empty {
			return empty
		}
		return equals(f, o, i)
	}
	has := func(f analysis.Field, o syntax.Operand) bool {
		if f.Kind == analysis.Version {
			return slices.ContainsFunc(i.Values[f.ID], func(v string) bool {
				ok, _ := path.Match(o.Text, v)
				return ok
			})
		}
		return hasText(i.Texts[f.ID], o.Text)
	}
	held := func(f analysis.Field, o syntax.Operand) bool { return was(f.ID, o, c, i) }
	switch op {
	case syntax.Is:
		return empty
	case syntax.IsNot:
		return !empty
	case syntax.Equals, syntax.In:
		return some(equal)
	case syntax.NotEquals, syntax.NotIn:
		return !empty && !some(equal)
	case syntax.Contains:
		return some(has)
	case syntax.NotContains:
		return !empty && !some(has)
	case syntax.Was, syntax.WasIn:
		return some(held)
	case syntax.WasNot, syntax.WasNotIn:
		return !some(held)
	}
	return some(func(f analysis.Field, o syntax.Operand) bool {
		return slices.ContainsFunc(i.Places[f.ID], func(p float64) bool { return ordered(op, f, p, o, i) })
	})
}

// expand turns lists and functions into what they stand for.
func expand(o syntax.Operand) []syntax.Operand {
	text := func(t string) syntax.Operand { return syntax.Operand{Kind: syntax.Text, Text: t} }
	switch {
	case o.Kind == syntax.List:
		var out []syntax.Operand
		for _, item := range o.List {
			out = append(out, expand(item)...)
		}
		return out
	case o.Text == "currentUser":
		return []syntax.Operand{text("mia")}
	case o.Text == "membersOf":
		return []syntax.Operand{text("mia"), text("ada")}
	}
	return []syntax.Operand{o}
}

// moments are the dates that Random uses: from when they count, and the last moment equal to them.
func moments(o syntax.Operand) (from, till time.Time) {
	at := func(y int, m time.Month, d, h, min int) time.Time { return time.Date(y, m, d, h, min, 0, 0, zone) }
	switch o.Text {
	case "2026-03-05", "2026-03-12", "2026-03-08":
		t, _ := time.ParseInLocation(time.DateOnly, o.Text, zone)
		return t, t.Add(24*time.Hour - time.Millisecond)
	case "2026/03/01 12:30":
		return at(2026, 3, 1, 12, 30), at(2026, 3, 1, 12, 31).Add(-time.Millisecond)
	case "-1w":
		from = now.AddDate(0, 0, -7)
	case "3d":
		from = now.AddDate(0, 0, 3)
	case "startOfDay": // three days ago
		from = at(2026, 3, 8, 0, 0)
	case "endOfWeek": // of last week, which ended on Sunday
		from = at(2026, 3, 9, 0, 0).Add(-time.Millisecond)
	case "startOfMonth":
		from = at(2026, 3, 1, 0, 0)
	case "endOfDay":
		from = at(2026, 3, 12, 0, 0).Add(-time.Millisecond)
	default:
		from = now
	}
	return from, from
}

// span is what is equal to an operand on a field that is measured.
func span(f analysis.Field, o syntax.Operand) (from, till float64, ok bool) {
	switch f.Kind {
	case analysis.Number:
		n := map[string]float64{"3": 3, "5.0": 5, "-1": -1}[o.Text]
		return n, n, true
	case analysis.DateTime:
		a, b := moments(o)
		return millis(a), millis(b), true
	case analysis.Date:
		a, _ := moments(o)
		return day(a), day(a) + 24*60*60*1000 - 1, true
	}
	return 0, 0, false
}

func equals(f analysis.Field, o syntax.Operand, i memory.Issue) bool {
	if from, till, ok := span(f, o); ok {
		return slices.ContainsFunc(i.Places[f.ID], func(p float64) bool { return from <= p && p <= till })
	}
	return slices.ContainsFunc(i.Values[f.ID], func(v string) bool {
		return v == o.Text || f.Kind != analysis.Labels && strings.EqualFold(v, o.Text)
	})
}

func ordered(op syntax.Operator, f analysis.Field, p float64, o syntax.Operand, i memory.Issue) bool {
	want, _, ok := span(f, o)
	if !ok {
		v := Site{}.Values(f, analysis.Literal{Text: o.Text})[0]
		want = v.Place
		if project, _, isKey := strings.Cut(v.Key, "-"); isKey && f.Kind == analysis.Issue && i.Values["project"][0] != project {
			return false
		}
	}
	switch op {
	case syntax.Less:
		return p < want
	case syntax.LessEqual:
		return p <= want
	case syntax.Greater:
		return p > want
	}
	return p >= want
}

// hasText knows the searches that Random uses.
func hasText(text, search string) bool {
	have := strings.FieldsFunc(strings.ToLower(text), unicode.IsSpace)
	has := func(w string) bool { return slices.Contains(have, w) }
	switch search {
	case "\"front door\"":
		return strings.Contains(" "+strings.Join(have, " ")+" ", " front door ")
	case "door*":
		return has("door") || has("doors")
	case "d?or":
		return has("door")
	case "broken OR lost":
		return has("broken") || has("lost")
	case "-key":
		return !has("key")
	case "lost -door":
		return has("lost") && !has("door")
	}
	return !slices.ContainsFunc(strings.Fields(search), func(w string) bool { return !has(w) })
}

// when reads the predicates of a clause.
func when(c *syntax.Clause) (since, till float64, by []string) {
	since, till = math.Inf(-1), math.Inf(1)
	for _, p := range c.Predicates {
		switch p.Word {
		case syntax.After:
			from, _ := moments(p.Operand)
			since = max(since, millis(from)+1)
		case syntax.Before:
			from, _ := moments(p.Operand)
			till = min(till, millis(from)-1)
		case syntax.On:
			from, to := moments(p.Operand)
			since, till = max(since, millis(from)), min(till, millis(to))
		case syntax.During:
			from, _ := moments(p.Operand.List[0])
			_, to := moments(p.Operand.List[1])
			since, till = max(since, millis(from)), min(till, millis(to))
		case syntax.By:
			by = texts(p.Operand)
		}
	}
	return since, till, by
}

// texts are the values that an operand names, "" for EMPTY.
func texts(o syntax.Operand) []string {
	out := []string{}
	for _, o := range expand(o) {
		out = append(out, o.Text)
	}
	return out
}

func among(list []string, v string) bool {
	return list == nil || slices.ContainsFunc(list, func(l string) bool { return strings.EqualFold(l, v) })
}

func was(f plan.FieldID, o syntax.Operand, c *syntax.Clause, i memory.Issue) bool {
	since, till, by := when(c)
	for n, e := range i.History {
		if e.Field != f || !strings.EqualFold(e.To, o.Text) || !among(by, e.By) {
			continue
		}
		end := math.Inf(1)
		for _, later := range i.History[n+1:] {
			if later.Field == f {
				end = later.At
				break
			}
		}
		if e.At <= till && end > since {
			return true
		}
	}
	return false
}

func changed(c *syntax.Clause, i memory.Issue) bool {
	since, till, by := when(c)
	f := Site{}.Fields(c.Field)[0].ID
	var from, to []string
	for _, p := range c.Predicates {
		switch p.Word {
		case syntax.From:
			from = texts(p.Operand)
		case syntax.To:
			to = texts(p.Operand)
		}
	}
	return slices.ContainsFunc(i.History, func(e memory.Event) bool {
		return e.Field == f && !e.Created && since <= e.At && e.At <= till && among(by, e.By) && among(from, e.From) && among(to, e.To)
	})
}

// Sort orders issues as the query wants them, by the fields that Random orders by.
func Sort(q *syntax.Query, issues []memory.Issue) {
	slices.SortFunc(issues, func(a, b memory.Issue) int {
		for _, s := range q.OrderBy {
			f := Site{}.Fields(s.Field)[0]
			place := func(i memory.Issue) float64 { return append(i.Places[f.ID], math.Inf(1))[0] }
			c := cmp.Compare(place(a), place(b))
			if s.Direction == syntax.Descending || s.Direction == "" && f.Descending {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		if len(q.OrderBy) == 0 {
			return cmp.Compare(b.ID, a.ID)
		}
		return cmp.Compare(a.ID, b.ID)
	})
}
