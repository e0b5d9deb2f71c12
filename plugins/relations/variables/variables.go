// Package variables fills in the variables of JQL that an admin wrote, for every plugin around relations in the same way:
//
//	{{issue.key}}, {{issue.id}}             the issue at hand
//	{{issue.project}}, {{issue.issuetype}}  where it is, as ids
//	{{issue.customfield_10010}}             a field of it, by the field's id; of people their account ids
//	{{link.RELATION.first}}                 what it is linked to by a relation, where it is at that end; ids
//	{{path.PATH}}                           where a path over several relations leads; ids
//	{{user.accountId}}, currentUser()       who looks, also where an admin's choice of account searches
//
// What stands in for a variable is quoted by sdk/jql, and a list becomes (…), so no value can change what is asked. A variable without
// a value means, as the template's owner chose, that nothing is found or that its condition is left out; see [jql.Empty]. currentUser() is
// never left out: without a user it means that nothing is found.
//
// [Parse] and [Template.Clause] ask nobody anything. [Read] asks the host and the other plugins for what templates need, with the rights of
// the user and of nobody else.
package variables

import (
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk/jql"
)

// viewer is the variable that currentUser() becomes.
const viewer = "user.accountId"

// Template is JQL that an admin wrote. Make it with [Parse].
type Template struct {
	parsed *jql.Template
	names  []string
	asUser bool // currentUser() stands in it
}

// Parse reads a template. The error is a [*jql.Error], in words for the admin.
func Parse(text string) (*Template, error) {
	t, err := jql.Parse(text)
	if err != nil {
		return nil, err
	}
	for _, name := range t.Variables() {
		if message := unknown(name); message != "" {
			return nil, &jql.Error{At: at(text, name), Message: message}
		}
	}
	out := &Template{parsed: t, names: t.Variables()}
	named, found := byVariable(text)
	if !found {
		return out, nil
	}
	if t, err = jql.Parse(named); err != nil {
		return nil, &jql.Error{At: 1, Message: "currentUser() stands where no account can; write it behind = or in ( )"}
	}
	return &Template{parsed: t, names: t.Variables(), asUser: true}, nil
}

// unknown says what is wrong with the name of a variable, "" for nothing.
func unknown(name string) string {
	of, what, _ := strings.Cut(name, ".")
	relation, end, _ := strings.Cut(what, ".")
	switch {
	case of == "link" && (relation == "" || end != relations.First && end != relations.Second):
		return "write {{link.RELATION.first}} or {{link.RELATION.second}}, with the id of a relation and the end at which the issue is"
	case of == "path" && (what == "" || strings.Contains(what, ".")):
		return "write {{path.PATH}} with the id of a path"
	}
	return ""
}

// at is the character at which a variable begins, from 1.
func at(text, name string) int {
	for i := range text {
		rest, opened := strings.CutPrefix(text[i:], "{{")
		if inside, _, closed := strings.Cut(rest, "}}"); opened && closed && strings.TrimSpace(inside) == name {
			return len([]rune(text[:i])) + 1
		}
	}
	return 1
}

// byVariable writes {{user.accountId}} in the place of each currentUser() that is not inside of quotes. It says whether there was one.
func byVariable(text string) (string, bool) {
	const name = "currentuser"
	var out strings.Builder
	found := false
	word := false // the sign before belongs to a word
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '"' || c == '\'':
			n := quoted(text[i:])
			out.WriteString(text[i : i+n])
			i, word = i+n, false
			continue
		case c == '\\' && i+1 < len(text):
			out.WriteString(text[i : i+2])
			i, word = i+2, true
			continue
		case !word && len(text)-i >= len(name) && strings.EqualFold(text[i:i+len(name)], name):
			if n := called(text[i+len(name):]); n > 0 {
				out.WriteString("{{" + viewer + "}}")
				i, found, word = i+len(name)+n, true, false
				continue
			}
		}
		word = !strings.ContainsRune(" \t\r\n\"'=!<>()~,[]|&{}*/%+^$#@?;", rune(text[i]))
		out.WriteByte(text[i])
		i++
	}
	return out.String(), found
}

// quoted is how long the text in quotes is with which s begins.
func quoted(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case s[0]:
			return i + 1
		}
	}
	return len(s)
}

// called is how long ( ) is with which s begins, 0 where it does not.
func called(s string) int {
	rest, opened := strings.CutPrefix(strings.TrimLeft(s, " \t\r\n"), "(")
	rest, closed := strings.CutPrefix(strings.TrimLeft(rest, " \t\r\n"), ")")
	if !opened || !closed {
		return 0
	}
	return len(s) - len(rest)
}

// Values are what variables stand for, by their names.
type Values map[string][]string

// Missing returns the variables of the template that have no value.
func (t *Template) Missing(v Values) []string {
	return slices.DeleteFunc(slices.Clone(t.names), func(name string) bool {
		return slices.ContainsFunc(v[name], func(value string) bool { return value != "" })
	})
}

// Clause fills the variables in, and leaves the order out. The error is a [*jql.Error], where a variable has several values and only one
// can stand.
func (t *Template) Clause(v Values, empty jql.Empty) (jql.Clause, error) {
	return t.parsed.Clause(v.of, t.policy(v, empty))
}

// Query is Clause with the order. With [jql.Drop] it can be left without conditions: Jira refuses a query that is not bounded.
func (t *Template) Query(v Values, empty jql.Empty) (string, error) {
	return t.parsed.Expand(v.of, t.policy(v, empty))
}

// policy keeps a query about the user from finding what is somebody else's where there is no user.
func (t *Template) policy(v Values, empty jql.Empty) jql.Empty {
	if t.asUser && len(v[viewer]) == 0 {
		return jql.NoResults
	}
	return empty
}

func (v Values) of(name string) []string { return v[name] }
