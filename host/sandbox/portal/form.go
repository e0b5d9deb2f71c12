package portal

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/desk"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// input is a field of a form as its page shows it.
type input struct {
	desk.Field
	Element string   // which of the template's elements
	Type    string   // of an input element
	Given   []string // what it holds: text, or chosen values
	Error   string
	Kept    []desk.Temporary // files that came with the form before
}

// elements are how forms show the kinds of fields, with the type of an input element.
var elements = map[world.Kind][2]string{
	world.Text: {"line", "text"}, world.URL: {"line", "url"}, world.TextArea: {"area", ""}, world.Date: {"line", "date"},
	world.DateTime: {"line", "datetime-local"}, world.Number: {"line", "text"}, world.Labels: {"line", "text"}, world.Option: {"select", ""},
	world.ProjectOf: {"select", ""}, world.Cascading: {"cascade", ""}, world.Radio: {"choices", "radio"}, world.Options: {"choices", "checkbox"},
	world.VersionOf: {"choices", "checkbox"}, world.Person: {"person", "text"}, world.People: {"person", "text"}, world.GroupOf: {"line", "text"},
	world.GroupsOf: {"line", "text"}, world.Object: {"area", ""}, desk.Attachments: {"files", ""},
}

// hints say how to write several things in one line.
var hints = map[world.Kind]string{
	world.Labels: "Words with spaces between them.", world.People: "Names or mail addresses, with commas between them.",
	world.Person: "A name or a mail address.", world.GroupsOf: "Names of groups, with commas between them.", world.Object: "JSON.",
}

// Hint is how to fill the field in, "" where its look says it.
func (f input) Hint() string { return hints[f.Kind] }

// Value is the text of a field that holds one.
func (f input) Value() string { return strings.Join(f.Given, ", ") }

// Has says whether a value is chosen.
func (f input) Has(value string) bool {
	for _, g := range f.Given {
		if g == value {
			return true
		}
	}
	return false
}

// Described are the ids of the elements that say more about the field.
func (f input) Described() string {
	var ids []string
	for suffix, on := range map[string]bool{"help": f.Help != "" || f.Hint() != "", "error": f.Error != ""} {
		if on {
			ids = append(ids, string(f.Field.Field)+"-"+suffix)
		}
	}
	return strings.Join(ids, " ")
}

// inputs are the fields of a form that nobody has filled in yet.
func (v *view) inputs(t *world.RequestType) []input {
	var out []input
	for _, f := range desk.Fields(v.st, v.user.Account, t) {
		if f.Hidden {
			continue
		}
		e := elements[f.Kind]
		out = append(out, input{Field: f, Element: e[0], Type: e[1], Given: v.preset(f)})
	}
	return out
}

// preset is what a field holds at first.
func (v *view) preset(f desk.Field) []string {
	if len(f.Preset) == 0 || string(f.Preset) == "null" {
		return nil
	}
	var value any
	if json.Unmarshal(f.Preset, &value) != nil {
		return nil
	}
	list, many := value.([]any)
	if !many {
		list = []any{value}
	}
	var out []string
	for _, each := range list {
		text := plain(each)
		for _, c := range f.Choices {
			if strings.EqualFold(c.Label, text) {
				text = c.Value
			}
		}
		if u := v.st.User(world.AccountID(text)); u != nil {
			text = u.Name
		}
		out = append(out, text)
	}
	return out
}

// plain is a value of REST as text: itself, or what names it.
func plain(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	case map[string]any:
		for _, name := range []string{"id", "accountId", "value", "name", "key"} {
			if text, ok := value[name].(string); ok {
				if child, ok := value["child"]; ok {
					text += ":" + plain(child)
				}
				return text
			}
		}
	}
	return ""
}

// fill takes what somebody wrote into the fields, and makes of it what REST takes.
func (v *view) fill(fields []input, form url.Values) map[string]json.RawMessage {
	values := map[string]json.RawMessage{}
	for n := range fields {
		f := &fields[n]
		f.Given = nil
		for _, text := range form[string(f.Field.Field)] {
			if text = strings.TrimSpace(text); text != "" {
				f.Given = append(f.Given, text)
			}
		}
		if len(f.Given) > 0 {
			raw, _ := json.Marshal(v.value(f)) // of strings, lists and maps
			values[string(f.Field.Field)] = raw
		}
	}
	return values
}

type ref map[string]any

func (v *view) value(f *input) any {
	text := f.Given[0]
	switch f.Kind {
	case world.DateTime:
		for _, form := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05"} {
			if t, err := time.ParseInLocation(form, text, zoneOf(v.user)); err == nil {
				return t.Format(time.RFC3339)
			}
		}
	case world.Number:
		if n, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", "."), 64); err == nil {
			return json.Number(strconv.FormatFloat(n, 'f', -1, 64))
		}
	case world.Object:
		if json.Valid([]byte(text)) {
			return json.RawMessage(text)
		}
	case world.Labels:
		return strings.Fields(f.Value())
	case world.Option, world.Radio, world.ProjectOf:
		return ref{"id": text}
	case world.Options, world.VersionOf:
		return f.Given
	case world.Cascading:
		outer, inner, more := strings.Cut(text, ":")
		if more {
			return ref{"id": outer, "child": ref{"id": inner}}
		}
		return ref{"id": outer}
	case world.Person:
		return ref{"accountId": v.account(text)}
	case world.People:
		var list []ref
		for _, name := range names(f.Value()) {
			list = append(list, ref{"accountId": v.account(name)})
		}
		return list
	case world.GroupOf:
		return ref{"name": text}
	case world.GroupsOf:
		var list []ref
		for _, name := range names(f.Value()) {
			list = append(list, ref{"name": name})
		}
		return list
	}
	return text
}

func names(text string) []string {
	var out []string
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			out = append(out, name)
		}
	}
	return out
}

// account is whom a name means; the name itself where it means nobody, which is refused.
func (v *view) account(name string) world.AccountID {
	if u := desk.FindPerson(v.st, name); u != nil {
		return u.Account
	}
	return world.AccountID(name)
}
