package mapping

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// codeError is a fault of a value.
type codeError Code

func (c codeError) Error() string { return string(c) }

// target is a field that takes a value.
type target struct {
	kind   Kind
	meta   jira.Meta
	field  *field
	lookup Lookup
}

// Jira's limits of texts, in characters.
const (
	maxLine     = 255
	maxDocument = 32767
)

// convert makes the JSON of a value that is not empty.
func convert(ctx context.Context, v sync.Value, t *target) (any, error) {
	switch t.kind {
	case Text:
		return text(v)
	case Document:
		return document(v)
	case Number:
		return number(v)
	case Date:
		return date(v, t.field.zone)
	case DateTime:
		return moment(v, t.field.zone)
	case Labels:
		return labels(v)
	case Option, Named:
		return t.choice(ctx, v)
	case Cascading:
		return t.cascade(v)
	case User:
		return t.user(ctx, v)
	case Options, NamedList:
		return each(v, func(v sync.Value) (any, error) { return t.choice(ctx, v) })
	case Users:
		return each(v, func(v sync.Value) (any, error) { return t.user(ctx, v) })
	case Parent:
		return map[string]string{"key": v.Text()}, nil
	}
	return nil, codeError(NotText)
}

func each(v sync.Value, f func(sync.Value) (any, error)) (any, error) {
	out := []any{}
	for _, item := range items(v) {
		one, err := f(item)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// items are the members of a list, without empty ones, or the value alone.
func items(v sync.Value) []sync.Value {
	if v.Type() != sync.ListType {
		return []sync.Value{v}
	}
	return slices.DeleteFunc(v.List(), isEmpty) // of a copy
}

func text(v sync.Value) (any, error) {
	if v.Type() == sync.BytesType {
		return nil, codeError(NotText)
	}
	s := strings.Join(strings.Fields(v.Text()), " ")
	if utf8.RuneCountInString(s) > maxLine {
		return nil, codeError(TooLong)
	}
	return s, nil
}

type node struct {
	Type    string `json:"type"`
	Version int    `json:"version,omitempty"`
	Text    string `json:"text,omitempty"`
	Content []node `json:"content,omitempty"`
}

// document makes an Atlassian document: a paragraph for each line that is separated by an empty one, else a break.
func document(v sync.Value) (any, error) {
	if v.Type() == sync.BytesType {
		return nil, codeError(NotText)
	}
	s := strings.ReplaceAll(v.Text(), "\r\n", "\n")
	if utf8.RuneCountInString(s) > maxDocument {
		return nil, codeError(TooLong)
	}
	doc := node{Type: "doc", Version: 1}
	for paragraph := range strings.SplitSeq(strings.TrimSpace(s), "\n\n") {
		p := node{Type: "paragraph"}
		for i, line := range strings.Split(paragraph, "\n") {
			if i > 0 {
				p.Content = append(p.Content, node{Type: "hardBreak"})
			}
			if line != "" {
				p.Content = append(p.Content, node{Type: "text", Text: line})
			}
		}
		doc.Content = append(doc.Content, p)
	}
	return doc, nil
}

// number keeps all digits: it is JSON of the same decimal.
func number(v sync.Value) (any, error) {
	d := v
	switch v.Type() {
	case sync.IntegerType, sync.DecimalType:
	case sync.StringType:
		d = sync.Decimal(strings.TrimSpace(v.Text()))
	default:
		return nil, codeError(NotNumber)
	}
	if d.Check() != nil {
		return nil, codeError(NotNumber)
	}
	s := d.Text()
	if strings.Contains(s, ".") {
		s = strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	}
	return json.Number(s), nil
}

func date(v sync.Value, zone *time.Location) (any, error) {
	switch v.Type() {
	case sync.DateType:
		return v.Text(), nil
	case sync.TimeType:
		return v.Time().In(zone).Format(time.DateOnly), nil
	}
	s := strings.TrimSpace(v.Text())
	if d, err := time.Parse(time.DateOnly, s); err == nil {
		return d.Format(time.DateOnly), nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.In(zone).Format(time.DateOnly), nil
	}
	return nil, codeError(NotDate)
}

// momentForm is how Jira writes and reads a moment.
const momentForm = "2006-01-02T15:04:05.000-0700"

func moment(v sync.Value, zone *time.Location) (any, error) {
	switch v.Type() {
	case sync.TimeType:
		return v.Time().Format(momentForm), nil
	case sync.DateType, sync.StringType:
	default:
		return nil, codeError(NotTime)
	}
	s := strings.TrimSpace(v.Text())
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.Format(momentForm), nil
	}
	for _, form := range []string{time.DateOnly, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04"} {
		if t, err := time.ParseInLocation(form, s, zone); err == nil {
			return t.Format(momentForm), nil
		}
	}
	return nil, codeError(NotTime)
}

// labels have no spaces: those of a text that is no list are separated by commas, and others become underscores.
func labels(v sync.Value) (any, error) {
	var parts []string
	if v.Type() == sync.ListType {
		for _, item := range items(v) {
			parts = append(parts, item.Text())
		}
	} else {
		parts = strings.Split(v.Text(), ",")
	}
	out := []any{}
	for _, p := range parts {
		p = strings.Join(strings.Fields(p), "_")
		if utf8.RuneCountInString(p) > maxLine {
			return nil, codeError(TooLong)
		}
		if p != "" {
			out = append(out, p)
		}
	}
	return out, nil
}

// choice names one of the values that the field allows, by its id or its label.
func (t *target) choice(ctx context.Context, v sync.Value) (any, error) {
	want := strings.TrimSpace(v.Text())
	if c, ok := choose(t.meta.Allowed, want); ok {
		return map[string]string{"id": c.ID}, nil
	}
	if !t.field.AddOptions || want == "" || utf8.RuneCountInString(want) > maxLine {
		return nil, codeError(NoOption)
	}
	id, code, err := t.lookup.AddOption(ctx, t.meta.ID, want)
	switch {
	case err != nil:
		return nil, err
	case code != "":
		return nil, codeError(code)
	}
	return map[string]string{"id": id}, nil
}

// choose prefers the exact label to one that differs in case, and a label to an id.
func choose(from []jira.Choice, want string) (jira.Choice, bool) {
	for _, same := range []func(jira.Choice) bool{
		func(c jira.Choice) bool { return c.Label() == want },
		func(c jira.Choice) bool { return c.ID == want },
		func(c jira.Choice) bool { return strings.EqualFold(c.Label(), want) },
	} {
		for _, c := range from {
			if !c.Disabled && same(c) {
				return c, true
			}
		}
	}
	return jira.Choice{}, false
}

// cascade takes a list of a choice and the one below it, or both in a text, separated by " / " or ">".
func (t *target) cascade(v sync.Value) (any, error) {
	var parts []string
	if v.Type() == sync.ListType {
		for _, item := range items(v) {
			parts = append(parts, strings.TrimSpace(item.Text()))
		}
	} else {
		for _, p := range strings.FieldsFunc(strings.ReplaceAll(v.Text(), " / ", ">"), func(r rune) bool { return r == '>' }) {
			parts = append(parts, strings.TrimSpace(p))
		}
	}
	if len(parts) == 0 || len(parts) > 2 {
		return nil, codeError(NoOption)
	}
	top, ok := choose(t.meta.Allowed, parts[0])
	if !ok {
		return nil, codeError(NoOption)
	}
	out := map[string]any{"id": top.ID}
	if len(parts) == 2 {
		below, ok := choose(top.Children, parts[1])
		if !ok {
			return nil, codeError(NoOption)
		}
		out["child"] = map[string]string{"id": below.ID}
	}
	return out, nil
}

func (t *target) user(ctx context.Context, v sync.Value) (any, error) {
	id, code, err := t.lookup.Account(ctx, strings.TrimSpace(v.Text()))
	switch {
	case err != nil:
		return nil, err
	case code != "":
		return nil, codeError(code)
	}
	return map[string]string{"accountId": id}, nil
}
