// Package jql writes queries in Jira's language without ever letting a value become part of the language: whatever an issue or a
// user wrote is quoted. It asks nothing of the host, and says nothing about which fields a site has.
//
// A plugin that knows what it asks for builds a query of clauses:
//
//	where := jql.And(jql.Field("project").Eq(key), jql.Field("customfield_10010").In(values...), jql.Field("summary").Contains(typed))
//	query := jql.OrderBy(where, jql.Field("created").Desc())
//
// What an admin wrote, with variables such as {{issue.key}} in it, is a [Template].
package jql

import (
	"strings"
	"unicode"
)

// None is a query that finds nothing on any site: every issue was created.
const None = "created is EMPTY"

// Quote writes a value as a string of JQL. It is read as that text and nothing else, be it EMPTY, currentUser() or a number;
// bytes that are no UTF-8 become U+FFFD.
//
// Since: v0.5
func Quote(value string) string {
	var b strings.Builder
	b.Grow(len(value) + 2)
	b.WriteByte('"')
	for _, r := range value {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case escaped(r):
			const hex = "0123456789abcdef"
			b.WriteString(`\u`)
			for shift := 12; shift >= 0; shift -= 4 {
				b.WriteByte(hex[r>>shift&15])
			}
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// escaped are the characters that a string of JQL holds as an escape only: controls, and what Unicode says is none.
func escaped(r rune) bool {
	return r < 0x20 || r >= 0x7f && r <= 0x9f || r == 0x2028 || r == 0x2029 || r >= 0xfdd0 && r <= 0xfdef || r == 0xfffe || r == 0xffff
}

// Words leaves of a text what a search for text (~) looks for, its words, joined by blanks: behind ~ stands a language of its own,
// in which signs, wildcards, AND, OR and NOT mean something. "" where there is no word.
//
// Since: v0.5
func Words(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool {
		return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
	for i, w := range words {
		switch w {
		case "AND", "OR", "NOT", "TO":
			words[i] = strings.ToLower(w)
		}
	}
	return strings.Join(words, " ")
}

// list writes values as a list of JQL.
func list(values []string) string {
	var b strings.Builder
	b.WriteByte('(')
	for i, v := range values {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(Quote(v))
	}
	b.WriteByte(')')
	return b.String()
}
