package sandbox

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/jql"
	"github.com/pergola-platform/pergola/host/sandbox/world"
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
		if !slices.ContainsFunc(m.st.Types, func(t *world.IssueType) bool { return string(t.ID) == text || strings.EqualFold(t.Name, text) }) {
			return missing
		}
	case "status":
		if !slices.ContainsFunc(m.st.Statuses, func(t *world.Status) bool { return string(t.ID) == text || strings.EqualFold(t.Name, text) }) {
			return missing
		}
	case "option":
		if !slices.ContainsFunc(f.custom.Options, func(o world.FieldOption) bool { return o.ID == text || strings.EqualFold(o.Value, text) }) {
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

// holds evaluates a clause that passed check.
func (m *matcher) holds(c jql.Clause, i *world.Issue) bool {
	f, _ := m.field(c.Field)
	empty := m.isEmpty(f, i)
	some := func(test func(string) bool) bool {
		return slices.ContainsFunc(c.Operands, func(o jql.Operand) bool {
			if o.Function {
				return test(string(m.who))
			}
			return test(o.Text)
		})
	}
	switch c.Op {
	case jql.Is:
		return empty
	case jql.IsNot:
		return !empty
	case jql.Equals, jql.In:
		return !empty && some(func(v string) bool { return m.equal(f, i, v) })
	case jql.NotEquals, jql.NotIn: // an empty field is neither equal nor unequal to anything, says Jira
		return !empty && !some(func(v string) bool { return m.equal(f, i, v) })
	case jql.Contains:
		return !empty && some(func(v string) bool { return matchesText(m.text(f, i), v) })
	case jql.NotContains:
		return !empty && !some(func(v string) bool { return matchesText(m.text(f, i), v) })
	}
	return !empty && some(func(v string) bool {
		d := m.compareValue(f, i, v)
		switch c.Op {
		case jql.Less:
			return d < 0
		case jql.LessEqual:
			return d <= 0
		case jql.Greater:
			return d > 0
		}
		return d >= 0
	})
}

func (m *matcher) isEmpty(f field, i *world.Issue) bool {
	if f.id == issueKey.id {
		return false
	}
	if f.id == "labels" {
		return len(i.Labels) == 0
	}
	return f.value(m.site, m.st, i) == nil
}

func (m *matcher) equal(f field, i *world.Issue, v string) bool {
	switch kindOf(f) {
	case "key":
		found := m.st.FindIssue(v)
		return found != nil && found.ID == i.ID
	case "project":
		p := m.project(v)
		return p != nil && p.ID == i.Project
	case "issuetype":
		t := m.st.Type(i.Type)
		return string(t.ID) == v || strings.EqualFold(t.Name, v)
	case "status":
		t := m.st.Status(i.Status)
		return string(t.ID) == v || strings.EqualFold(t.Name, v)
	case "option":
		o := f.custom.Option(plain(i.Custom[f.id]))
		return o.ID == v || strings.EqualFold(o.Value, v)
	case "user":
		u := m.user(f, i)
		return u != nil && (string(u.Account) == v || strings.EqualFold(u.Name, v))
	case "array":
		return slices.Contains(i.Labels, v)
	}
	return m.compareValue(f, i, v) == 0
}

// compareValue orders the issue's value against an operand.
func (m *matcher) compareValue(f field, i *world.Issue, v string) int {
	switch kindOf(f) {
	case "key":
		found := m.st.FindIssue(v)
		return world.CompareKeys(i.Key, found.Key)
	case "number":
		want, _ := strconv.ParseFloat(v, 64)
		return cmp.Compare(number(i.Custom[f.id]), want)
	case "datetime":
		want, _ := parseMoment(v)
		if f.id == "updated" {
			return i.Updated.Compare(want)
		}
		return i.Created.Compare(want)
	case "date":
		want, _ := parseMoment(v)
		have, _ := time.ParseInLocation(time.DateOnly, plain(i.Custom[f.id]), time.UTC)
		return have.Compare(want)
	}
	return strings.Compare(m.text(f, i), v)
}

// compare orders two issues by a field; an empty value comes last.
func (m *matcher) compare(name string, a, b *world.Issue) int {
	f, _ := m.field(name)
	if strings.EqualFold(name, "id") {
		return world.CompareIDs(a.ID, b.ID)
	}
	if ea, eb := m.isEmpty(f, a), m.isEmpty(f, b); ea || eb {
		return boolCompare(ea, eb)
	}
	switch kindOf(f) {
	case "key":
		return world.CompareKeys(a.Key, b.Key)
	case "datetime":
		if f.id == "updated" {
			return a.Updated.Compare(b.Updated)
		}
		return a.Created.Compare(b.Created)
	case "number":
		return cmp.Compare(number(a.Custom[f.id]), number(b.Custom[f.id]))
	}
	return cmp.Compare(strings.ToLower(m.text(f, a)), strings.ToLower(m.text(f, b)))
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

func number(raw json.RawMessage) float64 {
	v, _ := strconv.ParseFloat(string(raw), 64)
	return v
}

// text is the value of a field as a person reads it.
func (m *matcher) text(f field, i *world.Issue) string {
	switch kindOf(f) {
	case "key":
		return i.Key
	case "project":
		return m.st.Project(i.Project).Name
	case "issuetype":
		return m.st.Type(i.Type).Name
	case "status":
		return m.st.Status(i.Status).Name
	case "user":
		if u := m.user(f, i); u != nil {
			return u.Name
		}
		return ""
	case "option":
		return f.custom.Option(plain(i.Custom[f.id])).Value
	}
	switch f.id {
	case "summary":
		return i.Summary
	case "description":
		return documentText(i.Description)
	}
	return plain(i.Custom[f.id])
}

func (m *matcher) user(f field, i *world.Issue) *world.User {
	switch f.id {
	case "reporter":
		return m.st.User(i.Reporter)
	case "assignee":
		return m.st.User(i.Assignee)
	}
	return m.st.User(world.AccountID(plain(i.Custom[f.id])))
}

// project finds a project by id, key or name.
func (m *matcher) project(text string) *world.Project {
	if p := m.st.FindProject(text); p != nil {
		return p
	}
	for _, p := range m.st.Projects {
		if strings.EqualFold(p.Name, text) {
			return p
		}
	}
	return nil
}

// matchesText is JQL's ~: every word of the search is a word of the text, or its beginning where a * follows; a search
// in quotes of its own is a phrase.
func matchesText(text, search string) bool {
	text, search = strings.ToLower(text), strings.ToLower(strings.TrimSpace(search))
	if phrase, ok := strings.CutPrefix(search, `"`); ok {
		return strings.Contains(text, strings.TrimSuffix(phrase, `"`))
	}
	have := words(text)
	for _, w := range strings.Fields(search) {
		prefix, wild := strings.CutSuffix(w, "*")
		parts := words(prefix)
		for n, part := range parts {
			last := n == len(parts)-1
			if !slices.ContainsFunc(have, func(h string) bool { return h == part || wild && last && strings.HasPrefix(h, part) }) {
				return false
			}
		}
	}
	return search != ""
}
