package main

import (
	"strconv"
	"strings"
)

// indexed is the value of the property.
type indexed struct {
	// Links are the sides at which the issue has links, such as RELATION:first, and what it is linked to there, such as RELATION:first:10001.
	Links []string `json:"links"`
	// More says that there are more links than fit. The other issues hold them, from their side.
	More bool `json:"more,omitempty"`
}

// The package encoding/json would be a sixteenth of the module, for this one value of ids and a switch.

// json is what stands in the property of an issue.
func (i indexed) json() []byte {
	out := []byte(`{"links":[`)
	for n, l := range i.Links {
		if n > 0 {
			out = append(out, ',')
		}
		out = strconv.AppendQuote(out, l) // ids, which JSON and Go quote alike
	}
	out = append(out, ']')
	if i.More {
		out = append(out, `,"more":true`...)
	}
	return append(out, '}')
}

// readIndexed reads such a value, in whatever order and with whatever spaces Jira returns it; false for any other.
func readIndexed(raw []byte) (indexed, bool) {
	text := strings.Join(strings.Fields(string(raw)), "")
	inside, begun := strings.CutPrefix(text, "{")
	inside, ended := strings.CutSuffix(inside, "}")
	if !begun || !ended {
		return indexed{}, false
	}
	var out indexed
	for inside != "" {
		name, value, _ := strings.Cut(inside, ":")
		switch name {
		case `"links"`:
			list, rest, ended := strings.Cut(value, "]")
			list, begun := strings.CutPrefix(list, "[")
			if !begun || !ended || !readLinks(list, &out.Links) {
				return indexed{}, false
			}
			inside = strings.TrimPrefix(rest, ",")
		case `"more"`:
			value, inside, _ = strings.Cut(value, ",")
			if value != "true" && value != "false" {
				return indexed{}, false
			}
			out.More = value == "true"
		default:
			return indexed{}, false
		}
	}
	return out, true
}

// readLinks reads what stands between the brackets of a list of ids.
func readLinks(list string, into *[]string) bool {
	if list == "" {
		return true
	}
	for _, l := range strings.Split(list, ",") {
		if len(l) < 2 || l[0] != '"' || l[len(l)-1] != '"' || strings.ContainsFunc(l[1:len(l)-1], strange) {
			return false
		}
		*into = append(*into, l[1:len(l)-1])
	}
	return true
}

// strange are characters that no id has, and that JSON and Go may quote in ways of their own.
func strange(r rune) bool { return r == '"' || r == '\\' || r <= ' ' || r > '~' }
