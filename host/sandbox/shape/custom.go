package shape

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// CustomType is one of the types that custom fields have.
type CustomType struct {
	Name     string     // full name
	Kind     world.Kind // what such a field holds
	Schema   string     // type of its values
	Items    string     // of a list's values
	ReadOnly bool       // apps may write it, people may not
}

const (
	jiraTypes    = "com.atlassian.jira.plugin.system.customfieldtypes:"
	connectTypes = "com.atlassian.plugins.atlassian-connect-plugin:"
	forgeTypes   = "ari:cloud:ecosystem::extension/"
)

// customTypes are Jira's types. The first one of a kind is that of a field which names none.
var customTypes = []CustomType{
	{Name: jiraTypes + "textfield", Kind: world.Text, Schema: "string"},
	{Name: jiraTypes + "readonlyfield", Kind: world.Text, Schema: "string", ReadOnly: true},
	{Name: jiraTypes + "textarea", Kind: world.TextArea, Schema: "string"},
	{Name: jiraTypes + "url", Kind: world.URL, Schema: "string"},
	{Name: jiraTypes + "select", Kind: world.Option, Schema: "option"},
	{Name: jiraTypes + "multiselect", Kind: world.Options, Schema: "array", Items: "option"},
	{Name: jiraTypes + "multicheckboxes", Kind: world.Options, Schema: "array", Items: "option"},
	{Name: jiraTypes + "radiobuttons", Kind: world.Radio, Schema: "option"},
	{Name: jiraTypes + "cascadingselect", Kind: world.Cascading, Schema: "option-with-child"},
	{Name: jiraTypes + "datepicker", Kind: world.Date, Schema: "date"},
	{Name: jiraTypes + "datetime", Kind: world.DateTime, Schema: "datetime"},
	{Name: jiraTypes + "float", Kind: world.Number, Schema: "number"},
	{Name: jiraTypes + "importid", Kind: world.Number, Schema: "number"},
	{Name: jiraTypes + "labels", Kind: world.Labels, Schema: "array", Items: "string"},
	{Name: jiraTypes + "userpicker", Kind: world.Person, Schema: "user"},
	{Name: jiraTypes + "multiuserpicker", Kind: world.People, Schema: "array", Items: "user"},
	{Name: jiraTypes + "people", Kind: world.People, Schema: "array", Items: "user"},
	{Name: jiraTypes + "grouppicker", Kind: world.GroupOf, Schema: "group"},
	{Name: jiraTypes + "multigrouppicker", Kind: world.GroupsOf, Schema: "array", Items: "group"},
	{Name: jiraTypes + "multiversion", Kind: world.VersionOf, Schema: "array", Items: "version"},
	{Name: jiraTypes + "version", Kind: world.VersionOf, Schema: "version"},
	{Name: jiraTypes + "project", Kind: world.ProjectOf, Schema: "project"},
	{Name: forgeTypes, Kind: world.Object, Schema: "object"},
}

// TypeNamed finds a type that people can make fields of.
func TypeNamed(name string) (CustomType, bool) {
	n := slices.IndexFunc(customTypes, func(t CustomType) bool { return t.Name == name && name != forgeTypes })
	if n < 0 {
		return CustomType{}, false
	}
	return customTypes[n], true
}

// TypeOf is the type of a custom field. One that an app brings has a name of its own and holds what the kind says.
func TypeOf(f *world.Field) CustomType {
	if t, ok := TypeNamed(f.Type); ok {
		return t
	}
	n := slices.IndexFunc(customTypes, func(t CustomType) bool { return t.Kind == f.Kind })
	t := customTypes[max(n, 0)]
	switch {
	case f.Type != "":
		t.Name = f.Type
	case f.App != "":
		t.Name = connectTypes + string(f.App) + "__" + f.Module
	}
	return t
}

// OfForge says whether a custom field is that of a Forge app.
func OfForge(f *world.Field) bool {
	return f.Kind == world.Object || strings.HasPrefix(f.Type, forgeTypes)
}

// Standard says whether a field that is made of the type need not name it.
func (t CustomType) Standard() bool { return TypeOf(&world.Field{Kind: t.Kind}).Name == t.Name }

func (t CustomType) schema(number int64) Object {
	out := Object{"type": t.Schema, "custom": t.Name, "customId": number}
	if t.Items != "" {
		out["items"] = t.Items
	}
	return out
}

// CustomValue is what an issue has in a custom field; nil for nothing.
func (s Shape) CustomValue(st *world.State, f *world.Field, raw json.RawMessage) any {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	switch f.Kind {
	case world.Text, world.TextArea, world.URL, world.Date, world.Number, world.Labels, world.Object:
		return raw
	case world.DateTime:
		if t, err := time.Parse(time.RFC3339, Plain(raw)); err == nil {
			return t.Format(JiraTime)
		}
		return raw
	case world.Cascading:
		return s.cascade(f, Values(raw))
	}
	var out []any
	for _, v := range Values(raw) {
		if one := s.customPart(st, f, v); one != nil {
			out = append(out, one)
		}
	}
	switch {
	case len(out) == 0:
		return nil
	case TypeOf(f).Schema == "array":
		return out
	}
	return out[0]
}

// customPart is one of the things of which a custom field has one or several.
func (s Shape) customPart(st *world.State, f *world.Field, v string) any {
	switch f.Kind {
	case world.Option, world.Options, world.Radio:
		return s.OptionRef(f.Option(v))
	case world.Person, world.People:
		return s.UserOrNil(st, world.AccountID(v))
	case world.GroupOf, world.GroupsOf:
		if g := st.Groups.Get(world.GroupName(v)); g != nil {
			return s.GroupRef(g)
		}
	case world.VersionOf:
		if t := st.Versions.Get(world.VersionID(v)); t != nil {
			return s.VersionRef(t)
		}
	case world.ProjectOf:
		if p := st.Project(world.ProjectID(v)); p != nil {
			return s.ProjectRef(st, p)
		}
	}
	return nil
}

func (s Shape) cascade(f *world.Field, ids []string) any {
	if len(ids) == 0 {
		return nil
	}
	out := s.OptionRef(f.Option(ids[0]))
	if len(ids) > 1 {
		out["child"] = s.OptionRef(f.Option(ids[1]))
	}
	return out
}

// OptionRef is an option as the value of a field.
func (s Shape) OptionRef(o world.FieldOption) Object {
	return Object{"self": s.Link("/rest/api/3/customFieldOption/%s", o.ID), "id": o.ID, "value": o.Value}
}

// OptionsJSON are the options of a field that can be chosen, those of a cascading field with what stands below them.
func (s Shape) OptionsJSON(options []world.FieldOption) []Object { return s.optionsBelow(options, "") }

func (s Shape) optionsBelow(options []world.FieldOption, parent string) []Object {
	out := []Object{}
	for _, o := range options {
		if o.Disabled || o.Parent != parent {
			continue
		}
		ref := s.OptionRef(o)
		if below := s.optionsBelow(options, o.ID); len(below) > 0 && parent == "" {
			ref["children"] = below
		}
		out = append(out, ref)
	}
	return out
}

// Plain is a stored scalar as text.
func Plain(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return string(raw)
	}
	return text
}

// Values is a stored text, or list of texts, as a list.
func Values(raw json.RawMessage) []string {
	var list []string
	if strings.HasPrefix(string(raw), "[") {
		if json.Unmarshal(raw, &list) != nil {
			return nil
		}
		return list
	}
	if one := Plain(raw); one != "" && one != "null" {
		return []string{one}
	}
	return nil
}
