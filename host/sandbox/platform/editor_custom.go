package platform

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// customEditor is the editor of a custom field.
func customEditor(f *world.Field) editor {
	if shape.TypeOf(f).Schema != "array" {
		return editor{[]string{"set"}, func(e *edit, _ string, op operation) string {
			stored, problem := customInput(e, f, op.value)
			return e.store(f, stored, problem)
		}}
	}
	return editor{[]string{"add", "set", "remove"}, func(e *edit, _ string, op operation) string {
		have := shape.Values(e.i.Custom[f.ID])
		list, problem := listAfter(have, op, func(raw json.RawMessage) (string, string) { return customPart(e, f, raw) })
		if problem == notAnArray && f.Kind == world.Labels {
			problem = notStrings(f.Name)
		}
		if len(list) == 0 {
			return e.store(f, nil, problem)
		}
		return e.store(f, encoded(list), problem)
	}}
}

// store keeps the value of a custom field, unless there is a problem with it; nil empties the field.
func (e *edit) store(f *world.Field, stored json.RawMessage, problem string) string {
	switch {
	case problem != "":
	case stored == nil:
		delete(e.i.Custom, f.ID)
	default:
		if e.i.Custom == nil {
			e.i.Custom = map[world.FieldID]json.RawMessage{}
		}
		e.i.Custom[f.ID] = stored
	}
	return problem
}

func encoded(v any) json.RawMessage {
	raw, _ := json.Marshal(v) // texts and lists of texts always encode
	return raw
}

// customInput turns what REST takes for a custom field of one value into what an issue keeps; nil empties the field.
func customInput(e *edit, f *world.Field, raw json.RawMessage) (stored json.RawMessage, problem string) {
	if string(raw) == "null" {
		return nil, ""
	}
	switch f.Kind {
	case world.Text, world.URL, world.Date, world.DateTime:
		return lineInput(f, raw)
	case world.TextArea:
		if problem := documentProblem(raw); problem != "" {
			return nil, problem
		}
		return raw, ""
	case world.Number:
		if n, err := strconv.ParseFloat(string(raw), 64); err != nil || n > 1e14 || n < -1e14 {
			return nil, "Operation value must be a number"
		}
		return raw, ""
	case world.Object:
		return raw, ""
	case world.Cascading:
		return cascadeInput(e, f, raw)
	case world.VersionOf:
		one, problem := findVersion(e, raw)
		return encoded([]world.VersionID{one}), problem
	}
	one, problem := customPart(e, f, raw)
	return encoded(one), problem
}

// lineInput is the value of a field that is written as text.
func lineInput(f *world.Field, raw json.RawMessage) (stored json.RawMessage, problem string) {
	var line string
	if json.Unmarshal(raw, &line) != nil {
		return nil, notAString
	}
	if line == "" {
		return nil, ""
	}
	switch f.Kind {
	case world.Date:
		if _, problem := dayOf(raw); problem != "" {
			return nil, problem
		}
	case world.DateTime:
		at, ok := momentOf(line)
		if !ok {
			return nil, "Error parsing time: " + line
		}
		return encoded(at.Format(time.RFC3339)), ""
	case world.URL:
		if u, err := url.Parse(line); err != nil || u.Scheme == "" || u.Host == "" && u.Opaque == "" && u.Path == "" {
			return nil, "Not a valid URL"
		}
	}
	if utf8.RuneCountInString(line) > maxLine && f.Kind != world.URL {
		return nil, "The entered text is too long. It exceeds the allowed limit of 255 characters."
	}
	return encoded(line), ""
}

// momentOf reads a time in the forms that Jira takes.
func momentOf(text string) (time.Time, bool) {
	for _, layout := range []string{shape.JiraTime, "2006-01-02T15:04:05-0700", time.RFC3339, "2006-01-02T15:04-0700"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// customPart is one of the things of which a custom field has one or several.
func customPart(e *edit, f *world.Field, raw json.RawMessage) (id, problem string) {
	switch f.Kind {
	case world.Option, world.Options, world.Radio:
		return optionInput(f.Name, e.options(f), "", raw)
	case world.Labels:
		return findLabel(e, raw)
	case world.Person, world.People:
		if u := userRef(e.tx.State, raw); u != nil {
			return string(u.Account), ""
		}
		return "", "Specify a valid user"
	case world.GroupOf, world.GroupsOf:
		return groupInput(e.tx.State, f, raw)
	case world.VersionOf:
		v, problem := findVersion(e, raw)
		return string(v), problem
	case world.ProjectOf:
		ref, _ := referenceOf(raw)
		p := e.tx.FindProject(ref.ID)
		if p == nil {
			p = e.tx.FindProject(ref.Key)
		}
		if !e.tx.CanIn(e.who, world.BrowseProjects, p) {
			return "", "Specify a valid project ID or key"
		}
		return string(p.ID), ""
	}
	return "", notNamed(f.Name)
}

// options are those that the field offers.
func (e *edit) options(f *world.Field) []world.FieldOption {
	return slices.DeleteFunc(slices.Clone(f.OptionsOf(e.i.Project, e.i.Type)), func(o world.FieldOption) bool {
		return o.Disabled || !selectable(o, e.i.Project)
	})
}

// optionInput finds the option that a request names, among those below a parent.
func optionInput(label string, options []world.FieldOption, parent string, raw json.RawMessage) (id, problem string) {
	ref, ok := referenceOf(raw)
	if !ok {
		return "", notNamed(label)
	}
	for _, o := range options {
		if o.Parent == parent && (ref.HasID && o.ID == ref.ID || !ref.HasID && ref.Value != "" && o.Value == ref.Value) {
			return o.ID, ""
		}
	}
	switch {
	case ref.HasID:
		return "", "Option id '" + ref.ID + "' is not valid"
	case ref.Value == "":
		return "", "Option id 'null' is not valid"
	}
	return "", "Option value '" + ref.Value + "' is not valid"
}

func cascadeInput(e *edit, f *world.Field, raw json.RawMessage) (stored json.RawMessage, problem string) {
	var in struct {
		Child json.RawMessage `json:"child"`
	}
	if ref, ok := referenceOf(raw); !ok || !ref.HasID && ref.Value == "" || json.Unmarshal(raw, &in) != nil {
		return nil, "Could not find valid 'id' or 'value' in the Parent Option object."
	}
	options := e.options(f)
	parent, problem := optionInput(f.Name, options, "", raw)
	if problem != "" || empty(in.Child) {
		return encoded([]string{parent}), problem
	}
	if ref, ok := referenceOf(in.Child); !ok || !ref.HasID && ref.Value == "" {
		return nil, "Could not find valid 'id' or 'value' in the Child Option object."
	}
	child, problem := optionInput(f.Name, options, parent, in.Child)
	return encoded([]string{parent, child}), problem
}

func groupInput(st *world.State, f *world.Field, raw json.RawMessage) (name, problem string) {
	var in struct{ Name, GroupID string }
	if json.Unmarshal(raw, &in) != nil && json.Unmarshal(raw, &in.Name) != nil {
		return "", notNamed(f.Name)
	}
	g := st.Groups.First(func(g *world.Group) bool {
		return in.GroupID != "" && g.ID == in.GroupID || in.GroupID == "" && strings.EqualFold(string(g.Name), in.Name)
	})
	if g == nil {
		return "", "Could not find group names: " + in.Name + in.GroupID
	}
	return string(g.Name), ""
}
