package ui

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
)

// SettingsForm is the form in which an admin sets a plugin.
type SettingsForm struct {
	Plugin capability.PluginID
	Form   *schemaform.Form
	// Values are the settings to show, with defaults filled in.
	Values json.RawMessage
	// Submitted, where it is not nil, is shown instead of Values: what the admin sent and must mend.
	Submitted map[string][]string
	Errors    schemaform.Errors
	// Choices are the things of the site for Form.Sources. A source without an entry could not be listed; the form says so
	// and keeps what was chosen before.
	Choices map[schemaform.Source][]schemaform.Choice
	// Empty says what to do where a source has nothing to choose.
	Empty map[schemaform.Source]string
	// Edited is the button of a list that was pressed, as schemaform.Form.Edit takes it, and At what it returned.
	Edited, At string
	// Saved says that the settings were stored just now.
	Saved bool
}

// Settings draws the form that takes the place of a card's settings panel.
func (r *Renderer) Settings(w io.Writer, s Shell, f SettingsForm) error {
	if f.Form == nil {
		return fmt.Errorf("draw settings of %s: there is no form", f.Plugin)
	}
	return r.render(w, "settings", newSettings(f))
}

// settings is the model of the template.
type settings struct {
	ID      string // of the panel
	Call    string
	Fields  []field
	Error   string // about the form as a whole
	Summary []summaryLine
	Saved   bool
}

// cardID makes an id of HTML from a plugin's id.
func cardID(prefix string, id capability.PluginID) string {
	return prefix + "-" + strings.ReplaceAll(string(id), ".", "-")
}

func callOf(id capability.PluginID, what string) string { return "plugins/" + string(id) + "/" + what }

func newSettings(f SettingsForm) settings {
	id := cardID("settings", f.Plugin)
	out := drawForm(f, id+"-", callOf(f.Plugin, "settings/edit"), "")
	out.ID, out.Call, out.Saved = id, callOf(f.Plugin, "settings"), f.Saved
	return out
}

// drawForm makes the fields of a form, whose ids begin with prefix. Buttons that change lists call edit, with the revision of what is shown.
func drawForm(f SettingsForm, prefix, edit, rev string) settings {
	var out settings
	values := f.Form.Number(f.Submitted)
	if f.Submitted == nil {
		values = f.Form.Values(f.Values)
	}
	b := settingsBuilder{form: f, values: values, prefix: prefix, edit: edit, rev: rev}
	out.Fields = b.fields(f.Form.Fields)
	out.Summary = summary(out.Fields)
	var rest []string
	for _, e := range f.Errors {
		if !slices.ContainsFunc(out.Summary, func(s summaryLine) bool { return s.Error == e.Message }) {
			rest = append(rest, e.Message) // about the whole, or about something that has no field
		}
	}
	out.Error = strings.Join(rest, " ")
	return out
}

type settingsBuilder struct {
	form   SettingsForm
	values map[string][]string
	prefix string
	edit   string // path of the call that changes lists
	rev    string
}

func (b settingsBuilder) fields(in []schemaform.Field) []field {
	out := make([]field, len(in))
	for i, f := range in {
		out[i] = b.field(f)
	}
	return out
}

// inputTypes are the types of input for the formats of a text.
var inputTypes = map[string]string{"email": "email", "uri": "url", "date": "date"}

// filterAbove is how many choices a list may have before it gets a search box.
const filterAbove = 8

func (b settingsBuilder) field(in schemaform.Field) field {
	f := field{
		ID: b.prefix + strings.ReplaceAll(in.Path, ".", "-"), Name: in.Path, Label: in.Label, Kind: string(in.Kind), Type: "text",
		Help: in.Help, Error: b.form.Errors.For(in.Path), Unit: in.Unit, Required: in.Required,
		Min: in.Min, Max: in.Max, Step: in.Step, MaxLength: in.MaxLength,
	}
	if _, _, documents := in.From.Documents(); documents {
		f.Empty = b.form.Empty[in.From]
	}
	values := b.values[in.Path]
	if len(values) > 0 {
		f.Value = values[0]
	}
	if t, ok := inputTypes[in.Format]; ok {
		f.Type = t
	}
	switch in.Kind {
	case schemaform.Number:
		f.Type = "number"
	case schemaform.Switch:
		f.On = f.Value == "true" || f.Value == "on"
	case schemaform.Group:
		f.Fields = b.fields(in.Fields)
	case schemaform.Rows:
		b.rows(in, &f)
	case schemaform.People:
		f.Kind, f.Value, f.Picker = pickerKind, "", b.people(in, values)
	case schemaform.Lines:
		f.Value = strings.Join(values, "\n")
	case schemaform.Select, schemaform.Radio, schemaform.Checks, schemaform.Picker:
		f.Options, f.Missing = b.options(in, f.ID, values)
		for _, o := range f.Options {
			if o.On {
				f.Chosen++
			}
		}
		if in.Kind == schemaform.Picker && len(f.Options) > filterAbove {
			f.Filter = "Filter " + strings.ToLower(in.Label)
		}
		// Where nothing need be chosen, or nothing is yet, a select starts with an empty line.
		empty := slices.ContainsFunc(f.Options, func(o option) bool { return o.Value == "" })
		if in.Kind == schemaform.Select && !empty && (f.Chosen == 0 || !in.Required && in.From != "") {
			f.Options = slices.Insert(f.Options, 0, option{ID: f.ID + "-none", Label: "None", On: f.Chosen == 0})
		}
	}
	return f
}

// options returns the choices of a field, what is chosen first. An id that Jira does not list (any more) stays in the list:
// saving the form must not lose it.
func (b settingsBuilder) options(in schemaform.Field, id string, chosen []string) (out []option, missing bool) {
	if in.From == "" {
		for i, o := range in.Options {
			out = append(out, option{ID: fmt.Sprintf("%s-%d", id, i), Value: o.Value, Label: o.Label, On: slices.Contains(chosen, o.Value)})
		}
		return out, false
	}
	choices, listed := b.form.Choices[in.From]
	known := map[string]bool{}
	var rest []option
	for _, c := range choices {
		if known[c.ID] {
			continue
		}
		known[c.ID] = true
		o := option{Value: c.ID, Label: c.Name, Detail: c.Detail, On: slices.Contains(chosen, c.ID)}
		if o.On && in.Kind == schemaform.Picker {
			out = append(out, o)
		} else {
			rest = append(rest, o)
		}
	}
	for _, v := range chosen {
		if v == "" || known[v] {
			continue
		}
		known[v] = true
		label := "Unknown (" + v + ")"
		if !listed {
			label = v
		}
		out = append(out, option{Value: v, Label: label, On: true})
	}
	if in.Kind == schemaform.Picker {
		slices.SortStableFunc(out, func(x, y option) int { return slices.Index(chosen, x.Value) - slices.Index(chosen, y.Value) })
	}
	if in.Ordered && in.Kind == schemaform.Picker && len(out) > 1 {
		for i := range out {
			out[i].Moves = b.moves(in.Path, fmt.Sprintf("%s-%d", id, i), out[i].Label, i, len(out))
		}
	}
	out = append(out, rest...)
	for i := range out {
		out[i].ID = fmt.Sprintf("%s-%d", id, i)
	}
	return out, !listed
}
