package jqltest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/jql/memory"
	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
)

// Random makes issues and queries.
type Random struct{ *rand.Rand }

func (r Random) pick(list []string) string { return list[r.IntN(len(list))] }

// some returns a few of the list, perhaps none, in its order.
func (r Random) some(list []string) []string {
	var out []string
	for _, v := range list {
		if r.IntN(3) == 0 {
			out = append(out, v)
		}
	}
	return out
}

var (
	labels   = []string{"red", "Red", "urgent"}
	vocabula = []string{"front", "door", "doors", "broken", "key", "lost", "Tür"}
)

// Issues makes issues by ascending ID, with gaps.
func (r Random) Issues(n int) []memory.Issue {
	out := make([]memory.Issue, n)
	id := plan.ID(10000)
	for i := range out {
		id += plan.ID(1 + r.IntN(3))
		out[i] = r.issue(id, i+1)
	}
	return out
}

func (r Random) issue(id plan.ID, number int) memory.Issue {
	project := r.IntN(len(projects))
	created := now.Add(-time.Duration(r.IntN(20*24*60)) * time.Minute)
	i := memory.Issue{ID: id, Values: map[plan.FieldID][]string{}, Places: map[plan.FieldID][]float64{}, Texts: map[plan.FieldID]string{}}
	i.Values["project"] = []string{projects[project]}
	i.Places["project"] = []float64{float64(project)}
	i.Values["issuekey"] = []string{fmt.Sprintf("%s-%d", projects[project], number)}
	i.Places["issuekey"] = []float64{float64(project+1)*perProject + float64(number)}
	priority := r.pick(priorities)
	i.Values["priority"], i.Places["priority"] = []string{priority}, []float64{placeOf(priorities, priority)}
	i.Places["created"] = []float64{millis(created)}
	if r.IntN(2) == 0 {
		i.Places["duedate"] = []float64{day(now.AddDate(0, 0, r.IntN(20)-10))}
	}
	if r.IntN(2) == 0 {
		i.Places["customfield_10001"] = []float64{float64(r.IntN(8))}
	}
	i.Values["labels"] = r.some(labels)
	for _, v := range r.some(versions) {
		i.Values["fixVersions"] = append(i.Values["fixVersions"], v)
		i.Places["fixVersions"] = append(i.Places["fixVersions"], placeOf(versions, v))
	}
	for _, f := range []plan.FieldID{"customfield_10002", "customfield_10003"} {
		if r.IntN(3) == 0 {
			i.Values[f] = []string{r.pick(teams)}
		}
	}
	for range r.IntN(5) {
		i.Texts["summary"] += r.pick(vocabula) + " "
	}
	i.Texts["text"] = i.Texts["summary"]
	r.live(&i, created)
	return i
}

// live gives an issue its history, and the values that it ends with.
func (r Random) live(i *memory.Issue, created time.Time) {
	at, creator := created, r.pick(users)
	for _, f := range []struct {
		id   plan.FieldID
		list []string
	}{{"status", statuses}, {"assignee", append([]string{""}, users...)}} {
		v := r.pick(f.list)
		i.History = append(i.History, memory.Event{Field: f.id, To: v, At: millis(at), By: creator, Created: true})
		for range r.IntN(4) {
			at = at.Add(time.Duration(1+r.IntN(5000)) * time.Minute)
			if to := r.pick(f.list); to != v {
				i.History = append(i.History, memory.Event{Field: f.id, From: v, To: to, At: millis(at), By: r.pick(users)})
				v = to
			}
		}
		if v != "" {
			i.Values[f.id] = []string{v}
		}
		at = created
	}
}

// Query makes a query that the site accepts.
func (r Random) Query() *syntax.Query {
	q := &syntax.Query{Where: r.node(3)}
	for range r.IntN(3) {
		f := r.pick([]string{"created", "due", "Story Points", "priority", "key"})
		q.OrderBy = append(q.OrderBy, syntax.Sort{Field: syntax.Field{Name: f}, Direction: []syntax.Direction{"", "ASC", "DESC"}[r.IntN(3)]})
	}
	return q
}

func (r Random) node(depth int) syntax.Node {
	kind := r.IntN(7)
	switch {
	case depth == 0 || kind > 3:
		return r.clause()
	case kind == 0:
		return &syntax.Not{Clause: r.node(depth - 1)}
	}
	clauses := []syntax.Node{r.node(depth - 1), r.node(depth - 1)}
	if r.IntN(3) == 0 {
		clauses = append(clauses, r.node(depth-1))
	}
	if kind == 1 {
		return &syntax.Or{Clauses: clauses}
	}
	return &syntax.And{Clauses: clauses}
}

// values are literals for each field; functions stand among them with parentheses.
var values = map[string][]string{
	"project":      projects,
	"key":          {"OPS-3", "FAC-20", "ops-40", "HR-99"},
	"status":       {"to do", "In Progress", "Done"},
	"priority":     priorities,
	"assignee":     {"mia", "jonas", "ADA", "currentUser()"},
	"labels":       labels,
	"fixVersion":   versions,
	"summary":      {"door", "front door", "\"front door\"", "door*", "d?or", "broken OR lost", "-key", "tür", "lost -door"},
	"text":         {"door", "broken lost"},
	"created":      {"2026-03-05", "2026/03/01 12:30", "-1w", "startOfDay(-3)", "endOfWeek(-1)", "now()"},
	"due":          {"2026-03-12", "2026-03-08", "3d", "startOfMonth()", "endOfDay()"},
	"Story Points": {"3", "5.0", "-1"},
	"Team":         {"Red", "blue", "Green"},
	"attachments":  {},
}

func (r Random) clause() syntax.Node {
	name := r.pick(Names())
	for values[name] == nil {
		name = r.pick(Names())
	}
	f := Site{}.Fields(syntax.Field{Name: name})[0]
	ops := f.AllowedOperators()
	c := &syntax.Clause{Field: syntax.Field{Name: name}, Op: ops[r.IntN(len(ops))]}
	switch {
	case c.Op == syntax.Changed:
	case c.Op == syntax.Is || c.Op == syntax.IsNot:
		c.Operand.Kind = syntax.Empty
	case c.Op.List():
		c.Operand = r.list(name, f.NoEmpty)
	case name == "fixVersion" && (c.Op == syntax.Contains || c.Op == syntax.NotContains):
		c.Operand = syntax.Operand{Kind: syntax.Text, Text: r.pick([]string{"1.*", "?.0", "2.0"})}
	default:
		c.Operand = r.literal(name)
	}
	if c.Op.History() {
		r.predicates(c, name)
	}
	return c
}

func (r Random) literal(name string) syntax.Operand {
	text := r.pick(values[name])
	if fn, args, ok := strings.Cut(strings.TrimSuffix(text, ")"), "("); ok && strings.HasSuffix(text, ")") {
		o := syntax.Operand{Kind: syntax.Function, Text: fn}
		if args != "" {
			o.Args = []string{args}
		}
		return o
	}
	return syntax.Operand{Kind: syntax.Text, Text: text}
}

func (r Random) list(name string, noEmpty bool) syntax.Operand {
	if name == "assignee" && r.IntN(4) == 0 {
		return syntax.Operand{Kind: syntax.Function, Text: "membersOf", Args: []string{"staff"}}
	}
	o := syntax.Operand{Kind: syntax.List}
	for range 1 + r.IntN(3) {
		o.List = append(o.List, r.literal(name))
	}
	if !noEmpty && r.IntN(5) == 0 {
		o.List = append(o.List, syntax.Operand{Kind: syntax.Empty})
	}
	return o
}

func (r Random) predicates(c *syntax.Clause, name string) {
	words := []syntax.PredicateWord{syntax.After, syntax.Before, syntax.On, syntax.During, syntax.By}
	if c.Op == syntax.Changed {
		words = append(words, syntax.From, syntax.To)
	}
	for range r.IntN(3) {
		p := syntax.Predicate{Word: words[r.IntN(len(words))]}
		switch p.Word {
		case syntax.By:
			p.Operand = r.list("assignee", true)
		case syntax.From, syntax.To:
			p.Operand = r.list(name, false)
		case syntax.During:
			p.Operand = syntax.Operand{Kind: syntax.List, List: []syntax.Operand{r.literal("created"), r.literal("created")}}
		default:
			p.Operand = r.literal("created")
		}
		c.Predicates = append(c.Predicates, p)
	}
}
