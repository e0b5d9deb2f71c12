package desk

import (
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// Attachments is the kind of the field in which a form takes files.
const Attachments world.Kind = "attachment"

// Field is a field of a request form: what customers read of it, and what it takes.
type Field struct {
	world.RequestField
	Kind    world.Kind   // fields of the system have the kind that they are like
	Custom  *world.Field // nil for a field of the system
	Choices []Choice     // nil where anything of the kind goes
}

// Choice is a value that a field offers.
type Choice struct {
	Value, Label string
	Children     []Choice
}

// systemKinds are the kinds of the system's fields that a form can have.
var systemKinds = map[world.FieldID]world.Kind{
	"summary": world.Text, "description": world.TextArea, "environment": world.TextArea, "priority": world.Option, "duedate": world.Date,
	"labels": world.Labels, "components": world.Options, "versions": world.VersionOf, "fixVersions": world.VersionOf,
	"assignee": world.Person, "attachment": Attachments,
}

// Fields lists the fields of a request type, hidden ones too, as somebody meets them. What issues of the type do not have is left
// out.
func Fields(st *world.State, who world.AccountID, t *world.RequestType) []Field {
	d := st.Desks.Get(t.Desk)
	var out []Field
	for _, f := range t.Fields {
		field := Field{RequestField: f, Kind: systemKinds[f.Field]}
		if custom := st.Field(f.Field); custom != nil && !custom.Trashed {
			if _, ok := custom.ContextOf(d.Project, t.Type); !ok || custom.Type == shape.RequestType {
				continue
			}
			field.Custom, field.Kind = custom, custom.Kind
		}
		if field.Kind == "" {
			continue
		}
		if field.Label == "" {
			field.Label = Name(st, f.Field)
		}
		field.Choices = choices(st, who, field, d.Project, t.Type)
		out = append(out, field)
	}
	return out
}

// Name is what people who work on issues call a field.
func Name(st *world.State, id world.FieldID) string {
	all := shape.Fields(st)
	if n := slices.IndexFunc(all, func(f shape.Field) bool { return f.ID == id }); n >= 0 {
		return all[n].Name
	}
	if name := systemNames[id]; name != "" {
		return name
	}
	return string(id)
}

var systemNames = map[world.FieldID]string{
	"environment": "Environment", "priority": "Priority", "duedate": "Due date", "components": "Components", "versions": "Affects versions",
	"fixVersions": "Fix versions", "attachment": "Attachment",
}

func choices(st *world.State, who world.AccountID, f Field, in world.ProjectID, t world.TypeID) []Choice {
	out := []Choice{}
	switch {
	case f.Field == "priority":
		for p := range st.Priorities.All() {
			out = append(out, Choice{Value: string(p.ID), Label: p.Name})
		}
	case f.Field == "components":
		for _, c := range st.ComponentsOf(in) {
			out = append(out, Choice{Value: string(c.ID), Label: c.Name})
		}
	case f.Kind == world.VersionOf:
		for _, v := range st.VersionsOf(in) {
			if !v.Archived {
				out = append(out, Choice{Value: string(v.ID), Label: v.Name})
			}
		}
	case f.Kind == world.ProjectOf:
		for _, p := range shape.VisibleProjects(st, who) {
			out = append(out, Choice{Value: string(p.ID), Label: p.Name})
		}
	case f.Kind == world.Option || f.Kind == world.Options || f.Kind == world.Radio || f.Kind == world.Cascading:
		return optionChoices(f.Custom.OptionsOf(in, t), "")
	default:
		return nil
	}
	return out
}

// optionChoices are the options below a parent, "" for the outer ones.
func optionChoices(all []world.FieldOption, parent string) []Choice {
	out := []Choice{}
	for _, o := range all {
		if o.Parent == parent && !o.Disabled {
			c := Choice{Value: o.ID, Label: o.Value}
			if parent == "" {
				c.Children = optionChoices(all, o.ID)
			}
			out = append(out, c)
		}
	}
	return out
}

// offers says whether a value, and one below it, are among the choices.
func (f Field) offers(value, child string) bool {
	return slices.ContainsFunc(f.Choices, func(c Choice) bool {
		return c.Value == value && (child == "" || slices.ContainsFunc(c.Children, func(d Choice) bool { return d.Value == child }))
	})
}

// schemas are how REST describes the kinds: the type, that of each item, and Jira's name for it.
var schemas = map[world.Kind][3]string{
	world.Text: {"string", "", "textfield"}, world.TextArea: {"string", "", "textarea"}, world.URL: {"string", "", "url"},
	world.Option: {"option", "", "select"}, world.Options: {"array", "option", "multiselect"}, world.Radio: {"option", "", "radiobuttons"},
	world.Cascading: {"option-with-child", "", "cascadingselect"}, world.Date: {"date", "", "datepicker"},
	world.DateTime: {"datetime", "", "datetime"}, world.Number: {"number", "", "float"}, world.Labels: {"array", "string", "labels"},
	world.Person: {"user", "", "userpicker"}, world.People: {"array", "user", "multiuserpicker"}, world.GroupOf: {"group", "", "grouppicker"},
	world.GroupsOf: {"array", "group", "multigrouppicker"}, world.VersionOf: {"array", "version", "multiversion"},
	world.ProjectOf: {"project", "", "project"}, world.Object: {"object", "", "object"}, Attachments: {"array", "attachment", ""},
}

func (f Field) schema() object {
	s := schemas[f.Kind]
	out := object{"type": s[0]}
	if s[1] != "" {
		out["items"] = s[1]
	}
	if f.Custom == nil {
		out["system"] = f.Field
		switch f.Field {
		case "priority":
			out["type"] = "priority"
		case "components":
			out["items"] = "component"
		}
		return out
	}
	out["customId"], out["custom"] = f.Custom.Number, "com.atlassian.jira.plugin.system.customfieldtypes:"+s[2]
	if f.Custom.Type != "" {
		out["custom"] = f.Custom.Type
	}
	return out
}

func choicesJSON(list []Choice) []object {
	out := []object{}
	for _, c := range list {
		out = append(out, object{"value": c.Value, "label": c.Label, "children": choicesJSON(c.Children)})
	}
	return out
}
