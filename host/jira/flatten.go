package jira

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/sdk/jira"
)

// maxDepth bounds how deep a value is followed. Real ones are a few levels deep; rich text about ten.
const maxDepth = 60

// flatten turns the JSON of a field into a value that a person can read. What is empty, or of a shape that is not known,
// has no text.
//
//	text, numbers, switches     as they are, numbers in their shortest decimal form
//	a moment                    2026-03-01 12:30 +01:00
//	a date                      2026-03-01
//	rich text (ADF)             its text, a line for each block
//	user                        the display name; ID is the account id
//	option, cascading option    the value; "value / child"
//	status, project, version …  the name; of a status Category says how far it is
//	issue, such as parent       the key
//	attachment                  the file name
//	list                        the members joined by ", "; Items holds them
func flatten(raw json.RawMessage) jira.Value {
	if len(raw) == 0 {
		return jira.Value{}
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return jira.Value{}
	}
	return value(v, 0)
}

func value(v any, depth int) jira.Value {
	if depth > maxDepth {
		return jira.Value{}
	}
	switch v := v.(type) {
	case string:
		return moment(v)
	case json.Number:
		return jira.Value{Text: number(v), Kind: jira.NumberValue}
	case bool:
		return jira.Value{Text: strconv.FormatBool(v)}
	case []any:
		return list(v, depth)
	case map[string]any:
		return object(v, depth)
	default: // null
		return jira.Value{}
	}
}

// list leaves out members without text.
func list(members []any, depth int) jira.Value {
	var out jira.Value
	var texts []string
	for _, m := range members {
		if item := value(m, depth+1); item.Text != "" {
			out.Items = append(out.Items, item)
			texts = append(texts, item.Text)
		}
	}
	out.Text = strings.Join(texts, ", ")
	return out
}

// idNames are the members by which Jira's objects are known, the most telling first.
var idNames = []string{"accountId", "id", "groupId"}

// textNames are the members that hold what a person would read, the most telling first. A user has a displayName and
// often an old name; an option has a value; an issue has a key and no name.
var textNames = []string{"displayName", "value", "name", "filename", "key"}

func object(o map[string]any, depth int) jira.Value {
	if o["type"] == "doc" {
		if _, ok := o["content"].([]any); ok {
			return jira.Value{Text: document(o)}
		}
	}
	var out jira.Value
	for _, name := range idNames {
		if out.ID = scalar(o[name]); out.ID != "" {
			break
		}
	}
	for _, name := range textNames {
		if out.Text = scalar(o[name]); out.Text != "" {
			break
		}
	}
	if out.Text == "" {
		return jira.Value{} // an id alone says nothing to a person
	}
	if scalar(o["accountId"]) != "" {
		out.Kind = jira.UserValue
	}
	if category, ok := o["statusCategory"].(map[string]any); ok {
		out.Kind, out.Category = jira.StatusValue, scalar(category["key"])
	}
	if child, ok := o["child"].(map[string]any); ok {
		if c := value(child, depth+1); c.Text != "" {
			out.Text += " / " + c.Text
		}
	}
	return out
}

func scalar(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return number(v)
	default:
		return ""
	}
}

// number writes whole numbers without a fraction and the rest as short as it can be; Jira sends 10.0 for 10.
func number(n json.Number) string {
	if s := n.String(); strings.Trim(s, "-0123456789") == "" {
		return s // exact, however long
	}
	f, err := n.Float64()
	if err != nil {
		return n.String()
	}
	if math.Abs(f) >= 1e21 || f != 0 && math.Abs(f) < 1e-9 {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// moment makes Jira's form of a point in time readable, and knows a date. Every other text stays as it is.
func moment(s string) jira.Value {
	const wire = "2006-01-02T15:04:05.000-0700"
	switch len(s) {
	case len(wire):
		if at, err := time.Parse(wire, s); err == nil {
			form := "2006-01-02 15:04 -07:00"
			if _, offset := at.Zone(); offset == 0 {
				form = "2006-01-02 15:04 UTC"
			}
			return jira.Value{Text: at.Format(form), Kind: jira.MomentValue, At: at.UnixMilli()}
		}
	case len(time.DateOnly):
		if at, err := time.Parse(time.DateOnly, s); err == nil {
			return jira.Value{Text: s, Kind: jira.DateValue, At: at.UnixMilli()}
		}
	}
	return jira.Value{Text: s}
}
