package seed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// values checks the custom fields of an issue.
func (c *issueCheck) values(i *Issue) {
	for _, ref := range sorted(i.Fields) {
		f, raw := c.fields.by[ref], i.Fields[ref]
		if f == nil {
			c.report(".fields"+member(ref), "there is no custom field "+fmt.Sprintf("%q", ref), suggest(ref, c.fields.names))
			continue
		}
		at := ".fields" + member(ref)
		context := f.context(i.Project, i.Type)
		if context == nil {
			c.report(at, fmt.Sprintf("no context of the field has issues of type %q in %s", i.Type, i.Project), "leave it out, or add them to a context of the field")
			continue
		}
		value := c.value(at, i.Project, f, context, raw)
		if ref != f.Name { // written by id
			if _, twice := i.Fields[f.Name]; twice {
				c.report(at, "the field stands here by name, too", "leave one of the two out")
				continue
			}
			delete(i.Fields, ref)
			i.Fields[f.Name] = value
		} else if value != nil && !bytes.Equal(value, raw) {
			i.Fields[ref] = value
		}
	}
}

// value checks a value and returns it with accounts in place of logins.
func (c *issueCheck) value(at, project string, f *fieldIndex, context *contextIndex, raw json.RawMessage) json.RawMessage {
	one := func(write string) (string, bool) {
		var s string
		if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
			c.report(at, fmt.Sprintf("is not a value of a field of kind %q", f.Kind), write)
			return "", false
		}
		return s, true
	}
	many := func(write string) []string {
		var s []string
		if len(raw) == 0 || raw[0] != '[' || json.Unmarshal(raw, &s) != nil {
			c.report(at, fmt.Sprintf("is not a value of a field of kind %q", f.Kind), write)
		}
		return s
	}
	switch f.Kind {
	case KindText:
		if s, ok := one("write a string"); ok && (len(s) > 255*4 || strings.ContainsAny(s, "\r\n")) {
			c.report(at, "is too long, or has more than one line", "write at most 255 characters on one line")
		}
	case KindTextarea:
		var t Text
		if len(raw) == 0 || t.UnmarshalJSON(raw) != nil || t.IsZero() {
			c.report(at, "is not text", "write "+string(rich))
		}
	case KindNumber:
		var n float64
		if len(raw) == 0 || raw[0] == 'n' || json.Unmarshal(raw, &n) != nil {
			c.report(at, "is not a number", "write one without quotes")
		}
	case KindDate:
		if s, ok := one("write " + string(day)); ok {
			c.day(at, Date(s))
		}
	case KindDateTime:
		if s, ok := one("write " + string(moment)); ok {
			if _, err := time.Parse(time.RFC3339, s); err != nil {
				c.report(at, fmt.Sprintf("%.40q is not a time", s), "write "+string(moment))
			}
		}
	case KindURL:
		if s, ok := one("write an address"); ok {
			if !address(s) {
				c.report(at, fmt.Sprintf("%.60q is not an address", s), "write one with its scheme, such as https://vendor.example")
			}
		}
	case KindLabels:
		c.words(at, many("write a list of words"))
	case KindUser:
		if s, ok := one("write a login"); ok {
			c.user(at, &s)
			raw = quote(s)
		}
	case KindUsers:
		users := many("write a list of logins")
		for n := range users {
			c.user(place(at, n), &users[n])
		}
		raw, _ = json.Marshal(users) // strings always encode
	case KindOption, KindRadio:
		if s, ok := one("write the option's value"); ok {
			c.option(at, f, context, s)
		}
	case KindOptions:
		for n, s := range many("write a list of options' values") {
			c.option(place(at, n), f, context, s)
		}
	case KindGroup:
		if s, ok := one("write the name of a group"); ok {
			c.group(at, s)
		}
	case KindGroups:
		for n, s := range many("write a list of groups") {
			c.group(place(at, n), s)
		}
	case KindVersions:
		p := c.projects.by[project]
		for n, s := range many("write a list of versions of the issue's project") {
			if !p.versions[s] {
				c.report(place(at, n), fmt.Sprintf("project %s has no version %q", p.Key, s), suggest(s, sorted(p.versions)))
			}
		}
	case KindProject:
		if s, ok := one("write the key of a project"); ok && c.projects.by[s] == nil {
			c.report(at, fmt.Sprintf("there is no project %q", s), suggest(s, c.projects.names))
		}
	case KindObject:
		if len(raw) == 0 || raw[0] != '{' {
			c.report(at, "is not an object", "write one in { }")
		}
	case KindCascading:
		c.cascade(at, f, context, many("write a list of an option's value and of one below it"))
	}
	return raw
}

func (c *issueCheck) group(at, name string) {
	if c.groups.by[name] == nil {
		c.report(at, fmt.Sprintf("there is no group %q", name), suggest(name, c.groups.names))
	}
}

func (c *issueCheck) option(at string, f *fieldIndex, context *contextIndex, value string) *choices {
	ch := context.choices[value]
	if ch == nil {
		c.report(at, fmt.Sprintf("%q has no option %q here", f.Name, value), suggest(value, context.values))
	}
	return ch
}

func (c *issueCheck) cascade(at string, f *fieldIndex, context *contextIndex, values []string) {
	if len(values) == 0 || len(values) > 2 {
		c.report(at, fmt.Sprintf("has %d values", len(values)), "write an option's value, or that and one below it")
		return
	}
	ch := c.option(place(at, 0), f, context, values[0])
	if ch != nil && len(values) == 2 && !ch.below[values[1]] {
		c.report(place(at, 1), fmt.Sprintf("there is no option %q below %q", values[1], values[0]), suggest(values[1], ch.names))
	}
}

// quote encodes a string as JSON, fast where nothing needs an escape.
func quote(s string) json.RawMessage {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= 0x7f || c == '<' || c == '>' || c == '&' {
			raw, _ := json.Marshal(s) // strings always encode
			return raw
		}
	}
	raw := make(json.RawMessage, 0, len(s)+2)
	raw = append(raw, '"')
	raw = append(raw, s...)
	return append(raw, '"')
}
