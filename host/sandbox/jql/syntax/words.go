package syntax

import (
	"slices"
	"strings"
)

// keywords have a meaning in the grammar.
var keywords = words("after and asc before by cf changed desc during empty from in is not null on or order to was")

// kept are words without a meaning that Jira keeps for later. Unquoted, they are refused wherever they stand.
var kept = words(`
abort access add alias all alter any as audit avg begin between boolean break byte catch char character check checkpoint
collate collation column commit connect continue count create current date decimal declare decrement default defaults
define delete delimiter difference distinct divide do double drop else encoding end equals escape exclusive exec execute
exists explain false fetch field file first float for function go goto grant greater group having identified if immediate
increment index initial inner inout input insert int integer intersect intersection into isempty isnull join last left
less like limit lock long max min minus mode modify modulo more multiply next noaudit notin nowait number object of option
outer output power previous prior privileges public raise raw remainder rename resource return returns revoke right row
rowid rownum rows select session set share size sqrt start strict string subtract sum synonym table then trans
transaction trigger true uid union unique update user validate values view when whenever where while with`)

func words(text string) map[string]bool {
	out := map[string]bool{}
	for w := range strings.FieldsSeq(text) {
		out[w] = true
	}
	return out
}

// ReservedWords are the words that must be quoted to name a field or a value, in alphabetical order.
func ReservedWords() []string {
	var out []string
	for _, set := range []map[string]bool{keywords, kept} {
		for w := range set {
			out = append(out, w)
		}
	}
	slices.Sort(out)
	return out
}

// reserved are the characters that JQL keeps for later.
const reserved = "{}*/%+^$#@?;"

// stops end an unquoted string.
const stops = " \t\r\n\"'=!<>()~,[]|&" + reserved

// illegal says whether a character may appear escaped only: controls, and what Unicode says is no character.
func illegal(r rune) bool {
	switch {
	case r == '\n' || r == '\r':
		return false
	case r < 0x20, r >= 0x7f && r <= 0x9f, r >= 0xfdd0 && r <= 0xfdef, r == 0xfffe, r == 0xffff:
		return true
	}
	return false
}
