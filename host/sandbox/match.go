package sandbox

import (
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/jql"
	"github.com/pergola-platform/pergola/host/sandbox/world"
	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// matcher evaluates clauses for one person.
type matcher struct {
	site   *Site
	st     *world.State
	who    world.AccountID
	fields []field
}

// issueKey is the field "key"; it is no field of an issue, but JQL can ask for it.
var issueKey = field{id: "issuekey", name: "Key", clauses: []string{"key", "issuekey", "id", "issue"}, sort: true}

// field finds what a name in a query means.
func (m *matcher) field(name string) (field, error) {
	is := func(n string) bool { return strings.EqualFold(n, name) }
	if slices.ContainsFunc(issueKey.clauses, is) {
		return issueKey, nil
	}
	for _, f := range m.fields {
		if is(string(f.id)) || slices.ContainsFunc(f.clauses, is) {
			return f, nil
		}
	}
	return field{}, fail(http.StatusBadRequest, "Field '%s' does not exist or you do not have permission to view it.", name)
}

// check refuses a clause that Jira would refuse: unknown fields and values, operators that do not fit.
func (m *matcher) check(c jql.Clause) error {
	f, err := m.field(c.Field)
	if err != nil {
		return err
	}
	if !slices.Contains(operatorsOf(f), c.Op) {
		return fail(http.StatusBadRequest, "The operator '%s' is not supported by the '%s' field.", c.Op, c.Field)
	}
	for _, o := range c.Operands {
		if o.Function {
			if !strings.EqualFold(o.Text, "currentUser") {
				return fail(http.StatusBadRequest, "Unable to find JQL function '%s()'.", o.Text)
			}
			if kindOf(f) != "user" {
				return fail(http.StatusBadRequest, "A value provided by the function '%s' is invalid for the field '%s'.", o.Text, c.Field)
			}
			continue
		}
		if err := m.checkValue(f, c, o.Text); err != nil {
			return err
		}
	}
	return nil
}

func (m *matcher) checkValue(f field, c jql.Clause, text string) error {
	missing := fail(http.StatusBadRequest, "The value '%s' does not exist for the field '%s'.", text, c.Field)
	switch kindOf(f) {
	case "key":
		if i := m.st.FindIssue(text); i == nil || !m.st.Sees(m.who, i) {
			if _, err := strconv.Atoi(text); err == nil {
				return fail(http.StatusBadRequest, "A value with ID '%s' does not exist for the field '%s'.", text, c.Field)
			}
			return fail(http.StatusBadRequest, "An issue with key '%s' does not exist for field '%s'.", text, c.Field)
		}
	case "project":
		p := m.project(text)
		if p == nil || !m.st.CanIn(m.who, world.BrowseProjects, p) {
			return missing
		}
	case "issuetype":
		if m.st.Types.First(func(t *world.IssueType) bool { return string(t.ID) == text || strings.EqualFold(t.Name, text) }) == nil {
			return missing
		}
	case "status":
		if m.st.Statuses.First(func(t *world.Status) bool { return string(t.ID) == text || strings.EqualFold(t.Name, text) }) == nil {
			return missing
		}
	case "option":
		if !slices.ContainsFunc(f.custom.AllOptions(), func(o world.FieldOption) bool { return o.ID == text || strings.EqualFold(o.Value, text) }) {
			return fail(http.StatusBadRequest, "The option '%s' for field '%s' does not exist.", text, c.Field)
		}
	case "date", "datetime":
		if _, ok := parseMoment(text); !ok {
			return fail(http.StatusBadRequest, "Date value '%s' for field '%s' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd'.", text, c.Field)
		}
	case "number":
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			return fail(http.StatusBadRequest, "Value '%s' is invalid for the '%s' field. Valid values include numbers.", text, c.Field)
		}
	}
	return nil
}

// kindOf is the sort of value that a field compares.
func kindOf(f field) string {
	if f.id == issueKey.id {
		return "key"
	}
	return f.schema["type"].(string)
}

func operatorsOf(f field) []jql.Operator {
	equality := []jql.Operator{jql.Equals, jql.NotEquals, jql.In, jql.NotIn, jql.Is, jql.IsNot}
	ordering := []jql.Operator{jql.Less, jql.LessEqual, jql.Greater, jql.GreaterEqual}
	switch kindOf(f) {
	case "string":
		return []jql.Operator{jql.Contains, jql.NotContains, jql.Is, jql.IsNot}
	case "key", "date", "datetime", "number":
		return append(equality, ordering...)
	}
	return equality
}

// matching is the set of issues for which an expression holds; every clause in it has passed check.
func (m *matcher) matching(e jql.Expr) index.Set {
	switch e := e.(type) {
	case jql.And:
		left := m.matching(e.Left)
		if left.Empty() {
			return left
		}
		return left.And(m.matching(e.Right))
	case jql.Or:
		return m.matching(e.Left).Or(m.matching(e.Right))
	case jql.Not:
		return m.x().All().Without(m.matching(e.Of))
	case jql.Clause:
		return m.clause(e)
	}
	return m.x().All()
}

func (m *matcher) x() *index.Index { return m.st.Index() }

func (m *matcher) clause(c jql.Clause) index.Set {
	f, _ := m.field(c.Field)
	present := m.present(f)
	var some index.Set
	for _, o := range c.Operands {
		text := o.Text
		if o.Function {
			text = string(m.who)
		}
		some = some.Or(m.operand(f, c.Op, text))
	}
	switch c.Op {
	case jql.Is:
		return m.x().All().Without(present)
	case jql.IsNot:
		return present
	case jql.NotEquals, jql.NotIn, jql.NotContains: // an empty field is neither equal nor unequal to anything, says Jira
		return present.Without(some)
	}
	return some
}

// present are the issues that have something in the field.
func (m *matcher) present(f field) index.Set {
	switch f.id {
	case issueKey.id, "summary":
		return m.x().All()
	}
	return m.x().Present(string(f.id)).Or(m.x().Equal("has", string(f.id)))
}

// operand are the issues of which one operand of a clause holds, without the negation that the operator may bring.
func (m *matcher) operand(f field, op jql.Operator, v string) index.Set {
	switch op {
	case jql.Equals, jql.NotEquals, jql.In, jql.NotIn:
		return m.equal(f, v)
	case jql.Contains, jql.NotContains:
		return m.containing(f, v)
	}
	if kindOf(f) == "key" {
		return m.keys(op, m.st.FindIssue(v))
	}
	from, to := int64(math.MinInt64), int64(math.MaxInt64)
	at, ok := numberOf(f, v)
	if !ok {
		return index.Set{}
	}
	switch op {
	case jql.Less:
		to = at - 1
	case jql.LessEqual:
		to = at
	case jql.Greater:
		from = at + 1
	case jql.GreaterEqual:
		from = at
	}
	return m.x().Range(string(f.id), from, to)
}

// numberOf is an operand as the index orders it.
func numberOf(f field, v string) (int64, bool) {
	if kindOf(f) == "number" {
		n, err := strconv.ParseFloat(v, 64)
		return index.Float(n), err == nil
	}
	t, ok := parseMoment(v)
	return t.UnixMilli(), ok
}

// keys are the issues whose key comes before or after that of another.
func (m *matcher) keys(op jql.Operator, i *world.Issue) index.Set {
	var out index.Set
	if i == nil {
		return out
	}
	key, _, _ := strings.Cut(i.Key, "-")
	for p := range m.st.Projects.All() {
		in := m.x().Equal("project", string(p.ID))
		less, greater := p.Key < key, p.Key > key
		if !less && !greater {
			from, to := i.Number, int64(math.MaxInt64)
			if op == jql.Less || op == jql.LessEqual {
				from, to = 0, i.Number
			}
			in = in.And(m.x().Range("number", from, to))
			if op == jql.Less || op == jql.Greater {
				in = in.Without(index.Of(i.ID.Number()))
			}
		} else if (op == jql.Less || op == jql.LessEqual) != less {
			continue
		}
		out = out.Or(in)
	}
	return out
}

// equal are the issues that have the value in the field.
func (m *matcher) equal(f field, v string) index.Set {
	var out index.Set
	add := func(id string, names ...string) {
		if id == v || slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, v) }) {
			out = out.Or(m.x().Equal(string(f.id), id))
		}
	}
	switch kindOf(f) {
	case "key":
		if i := m.st.FindIssue(v); i != nil {
			out = index.Of(i.ID.Number())
		}
	case "project":
		if p := m.project(v); p != nil {
			out = m.x().Equal("project", string(p.ID))
		}
	case "issuetype":
		for t := range m.st.Types.All() {
			add(string(t.ID), t.Name)
		}
	case "status":
		for t := range m.st.Statuses.All() {
			add(string(t.ID), t.Name)
		}
	case "option":
		for _, o := range f.custom.AllOptions() {
			add(o.ID, o.Value)
		}
	case "user":
		for u := range m.st.Users.All() {
			add(string(u.Account), u.Name)
		}
	case "array":
		out = m.x().Equal(string(f.id), v)
	default:
		if n, ok := numberOf(f, v); ok {
			out = m.x().Range(string(f.id), n, n)
		}
	}
	return out
}

// containing is JQL's ~: every word of the search is a word of the text, or its beginning where a * follows; a search in quotes
// of its own is a phrase.
func (m *matcher) containing(f field, search string) index.Set {
	if search = strings.ToLower(strings.TrimSpace(search)); search == "" {
		return index.Set{}
	}
	out := m.present(f)
	phrase, quoted := strings.CutPrefix(search, `"`)
	phrase = strings.TrimSuffix(phrase, `"`)
	for _, w := range strings.Fields(phrase) {
		prefix, wild := strings.CutSuffix(w, "*")
		parts := slices.Collect(index.Words(prefix))
		for n, part := range parts {
			out = out.And(m.x().Word(string(f.id), part, wild && !quoted && n == len(parts)-1))
		}
	}
	if !quoted {
		return out
	}
	var has []uint32
	for n := range out.All() {
		if strings.Contains(strings.ToLower(m.text(f, m.st.IssueAt(n))), phrase) {
			has = append(has, n)
		}
	}
	return index.Of(has...)
}

// order is a term of ORDER BY. The index knows the order of moments, numbers, and of things that many issues share; texts are
// read and compared.
func (m *matcher) order(f field, o jql.Sort) []index.Key {
	switch kindOf(f) {
	case "key":
		if strings.EqualFold(o.Field, "id") {
			return []index.Key{{Desc: o.Desc}}
		}
		return []index.Key{
			{Buckets: m.st.InOrderOfKeys(m.x().All()), Present: m.x().All(), Desc: o.Desc},
			{Column: m.x().Column("number"), Desc: o.Desc},
		}
	case "date", "datetime", "number":
		return []index.Key{{Column: m.x().Column(string(f.id)), Desc: o.Desc}}
	case "project", "issuetype", "status", "user", "option":
		return []index.Key{{Buckets: m.buckets(f), Present: m.present(f), Desc: o.Desc}}
	}
	texts := map[uint32]string{}
	text := func(n uint32) string {
		t, ok := texts[n]
		if !ok {
			t = strings.ToLower(m.text(f, m.st.IssueAt(n)))
			texts[n] = t
		}
		return t
	}
	present := m.present(f)
	return []index.Key{{Desc: o.Desc, Compare: func(a, b uint32) int {
		if ea, eb := !present.Has(a), !present.Has(b); ea != eb {
			return boolCompare(ea, eb)
		}
		return strings.Compare(text(a), text(b))
	}}}
}

// buckets are the issues with each value of a field, in the order of its words. Values with the same words are one.
func (m *matcher) buckets(f field) []index.Set {
	sets := map[string]index.Set{}
	for id, set := range m.x().Values(string(f.id)).From("") {
		word := strings.ToLower(m.word(f, id))
		sets[word] = sets[word].Or(set)
	}
	out := []index.Set{}
	for _, word := range slices.Sorted(maps.Keys(sets)) {
		out = append(out, sets[word])
	}
	return out
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// word is a value of a field, by its id, as a person reads it.
func (m *matcher) word(f field, id string) string {
	switch kindOf(f) {
	case "project":
		if p := m.st.Project(world.ProjectID(id)); p != nil {
			return p.Name
		}
	case "issuetype":
		if t := m.st.Type(world.TypeID(id)); t != nil {
			return t.Name
		}
	case "status":
		if t := m.st.Status(world.StatusID(id)); t != nil {
			return t.Name
		}
	case "user":
		if u := m.st.User(world.AccountID(id)); u != nil {
			return u.Name
		}
	case "option":
		return f.custom.Option(id).Value
	}
	return ""
}

// text is a text field as a person reads it.
func (m *matcher) text(f field, i *world.Issue) string {
	switch f.id {
	case "summary":
		return i.Summary
	case "description":
		return world.DocumentText(i.Description)
	}
	return plain(i.Custom[f.id])
}

// project finds a project by id, key or name.
func (m *matcher) project(text string) *world.Project {
	if p := m.st.FindProject(text); p != nil {
		return p
	}
	return m.st.Projects.First(func(p *world.Project) bool { return strings.EqualFold(p.Name, text) })
}
