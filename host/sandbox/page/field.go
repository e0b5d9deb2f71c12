package page

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/adf"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// widget is how a form asks for a value.
type widget string

const (
	textBox     widget = "text"
	urlBox      widget = "url"
	numberBox   widget = "number"
	dateBox     widget = "date"
	momentBox   widget = "datetime-local"
	documentBox widget = "document"
	choiceBox   widget = "select"
	cascadeBox  widget = "cascade"
	checkBoxes  widget = "checks"
	personBox   widget = "person"
	peopleBox   widget = "people"
	issueBox    widget = "issue"
	labelsBox   widget = "labels"
	jsonBox     widget = "json"
)

// formField is a field in a form. Text is what stands in its box; of a person's box it is the name, and Account the account.
type formField struct {
	ID, Name string
	Required bool
	Widget   widget
	Text     string
	Account  string
	Options  []formOption
	Error    string

	items string // type of a list's members
}

// formOption is a value that can be chosen; those below another one stand in its group.
type formOption struct {
	ID, Name, Group string
	Chosen          bool
}

// byName are the members by which some types of values are named, where a plain box is all there is.
var byName = map[string]string{"group": "name", "user": "accountId"}

func widgetOf(m meta) widget {
	custom := m.Schema.Custom[strings.LastIndexByte(m.Schema.Custom, ':')+1:]
	switch m.Schema.Type {
	case "string":
		switch {
		case m.Key == "description" || m.Key == "environment" || custom == "textarea":
			return documentBox
		case custom == "url":
			return urlBox
		case len(m.Allowed) > 0:
			return choiceBox
		}
		return textBox
	case "doc":
		return documentBox
	case "number":
		return numberBox
	case "date":
		return dateBox
	case "datetime":
		return momentBox
	case "user":
		return personBox
	case "issuelink":
		return issueBox
	case "option-with-child":
		return cascadeBox
	case "group":
		return textBox
	case "array":
		switch {
		case m.Schema.Items == "user":
			return peopleBox
		case m.Schema.Items == "string" && len(m.Allowed) == 0, m.Schema.Items == "group":
			return labelsBox
		}
		return checkBoxes
	case "any", "object", "timetracking":
		return jsonBox
	}
	return choiceBox
}

// fieldOf fills a form's field with a value as the REST interface writes it.
func fieldOf(m meta, value json.RawMessage) formField {
	f := formField{ID: m.Key, Name: m.Name, Required: m.Required, Widget: widgetOf(m), items: m.Schema.Items}
	if f.items == "" {
		f.items = m.Schema.Type
	}
	for _, c := range m.Allowed {
		f.Options = append(f.Options, formOption{ID: c.ID, Name: c.label()})
		for _, child := range c.Children {
			f.Options = append(f.Options, formOption{ID: c.ID + ":" + child.ID, Name: child.label(), Group: c.label()})
		}
	}
	f.fill(value)
	return f
}

// ref is a value that names something.
type ref struct {
	ID, Key, Name, Value, AccountID, DisplayName string
	Child                                        *ref
}

// fill writes a value into the field.
func (f *formField) fill(value json.RawMessage) {
	if len(value) == 0 || string(value) == "null" {
		return
	}
	var one ref
	var many []ref
	switch f.Widget {
	case documentBox:
		f.Text = adf.Text(value)
	case personBox:
		_ = json.Unmarshal(value, &one)
		f.Account, f.Text = one.AccountID, one.DisplayName
	case peopleBox:
		_ = json.Unmarshal(value, &many)
		names := []string{}
		for _, r := range many {
			names = append(names, r.DisplayName)
		}
		f.Text = strings.Join(names, ", ")
	case issueBox:
		_ = json.Unmarshal(value, &one)
		f.Text = one.Key
	case choiceBox, cascadeBox:
		if json.Unmarshal(value, &one) != nil {
			_ = json.Unmarshal(value, &one.ID)
		}
		id := one.ID
		if one.Child != nil {
			id += ":" + one.Child.ID
		}
		f.choose(id)
	case checkBoxes:
		_ = json.Unmarshal(value, &many)
		for _, r := range many {
			f.choose(r.ID)
		}
	case labelsBox:
		var labels []string
		if json.Unmarshal(value, &labels) != nil {
			_ = json.Unmarshal(value, &many)
			for _, r := range many {
				labels = append(labels, r.Name)
			}
		}
		f.Text = strings.Join(labels, " ")
	case momentBox:
		f.Text = plain(value)
		for _, form := range []string{"2006-01-02T15:04:05.000-0700", time.RFC3339} {
			if t, err := time.Parse(form, f.Text); err == nil {
				f.Text = t.UTC().Format("2006-01-02T15:04")
				break
			}
		}
	case jsonBox:
		f.Text = string(value)
	default:
		if json.Unmarshal(value, &one) == nil && one.Name != "" {
			f.Text = one.Name
			return
		}
		f.Text = plain(value)
	}
}

func (f *formField) choose(id string) {
	for n := range f.Options {
		if f.Options[n].ID == id {
			f.Options[n].Chosen = true
		}
	}
}

// chosen lists the ids of what is chosen.
func (f formField) chosen() (ids []string) {
	for _, o := range f.Options {
		if o.Chosen {
			ids = append(ids, o.ID)
		}
	}
	return ids
}

// same says whether two states of a field would be written alike.
func (f formField) same(o formField) bool {
	return f.Account == o.Account && strings.ReplaceAll(f.Text, "\r\n", "\n") == o.Text && slices.Equal(f.chosen(), o.chosen())
}

func plain(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return string(raw)
	}
	return text
}

// take reads what was typed into the field.
func (f *formField) take(form map[string][]string) {
	given := form[f.ID]
	f.Text, f.Account = "", ""
	for n := range f.Options {
		f.Options[n].Chosen = slices.Contains(given, f.Options[n].ID)
	}
	if len(given) > 0 && f.Options == nil {
		f.Text = given[0]
		if f.Widget != documentBox {
			f.Text = strings.TrimSpace(f.Text)
		}
	}
	if account := form[f.ID+":account"]; len(account) > 0 {
		f.Account = account[0]
	}
}

// write is the field's value for the REST interface. before is what the issue has, for documents. An error says what to type.
func (f *formField) write(st *world.State, before json.RawMessage) (value any, problem string) {
	ids := f.chosen()
	switch f.Widget {
	case documentBox:
		if doc := adf.Parse(f.Text, before); doc != nil {
			return doc, ""
		}
		return nil, ""
	case choiceBox:
		if len(ids) == 0 {
			return nil, ""
		}
		return map[string]string{"id": ids[0]}, ""
	case cascadeBox:
		if len(ids) == 0 {
			return nil, ""
		}
		parent, child, ok := strings.Cut(ids[0], ":")
		out := map[string]any{"id": parent}
		if ok {
			out["child"] = map[string]string{"id": child}
		}
		return out, ""
	case checkBoxes:
		list := []map[string]string{}
		for _, id := range ids {
			list = append(list, map[string]string{"id": id})
		}
		return list, ""
	case labelsBox:
		list := []any{}
		for _, word := range strings.Fields(f.Text) {
			if f.items == "group" {
				list = append(list, map[string]string{"name": word})
				continue
			}
			list = append(list, word)
		}
		return list, ""
	case peopleBox:
		list := []map[string]string{}
		for name := range strings.SplitSeq(f.Text, ",") {
			if strings.TrimSpace(name) == "" {
				continue
			}
			u, problem := findPerson(st, name)
			if problem != "" {
				return nil, problem
			}
			list = append(list, map[string]string{"accountId": string(u.Account)})
		}
		return list, ""
	}
	if f.Text == "" {
		if f.ID == "summary" { // which cannot be nothing, and the interface says so
			return "", ""
		}
		return nil, ""
	}
	return f.writeText(st)
}

// writeText is the value of a field with something in its box.
func (f *formField) writeText(st *world.State) (value any, problem string) {
	switch f.Widget {
	case personBox:
		if u := st.User(world.AccountID(f.Account)); u != nil && u.Name == f.Text {
			return map[string]string{"accountId": f.Account}, ""
		}
		u, problem := findPerson(st, f.Text)
		if problem != "" {
			return nil, problem
		}
		f.Account = string(u.Account)
		return map[string]string{"accountId": f.Account}, ""
	case issueBox:
		return map[string]string{"key": strings.ToUpper(f.Text)}, ""
	case numberBox:
		if _, err := strconv.ParseFloat(f.Text, 64); err != nil {
			return nil, "“" + f.Text + "” is not a number."
		}
		return json.RawMessage(f.Text), ""
	case momentBox:
		t, err := time.Parse("2006-01-02T15:04", f.Text)
		if err != nil {
			return nil, "“" + f.Text + "” is not a date with a time."
		}
		return t.Format("2006-01-02T15:04:05.000-0700"), ""
	case jsonBox:
		if !json.Valid([]byte(f.Text)) {
			return nil, "This is not JSON."
		}
		return json.RawMessage(f.Text), ""
	}
	if field := byName[f.items]; field != "" {
		return map[string]string{field: f.Text}, ""
	}
	return f.Text, ""
}

// findPerson finds whom a text means.
func findPerson(st *world.State, text string) (found *world.User, problem string) {
	text = strings.TrimSpace(text)
	switch list := st.Called(text); len(list) {
	case 0:
		return nil, "Nobody here is called “" + text + "”."
	case 1:
		return list[0], ""
	}
	return nil, "Several people are called “" + text + "”: type the mail address."
}
