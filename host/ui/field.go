package ui

import (
	"strings"

	"github.com/pergola-platform/pergola/sdk/view"
)

// field is one input of a plugin's form or of a settings form, ready for the template.
type field struct {
	ID, Name, Label, Kind string // kinds: those of view and of schemaform
	Type                  string // of an input: "text", "email", "url", "date", "number"
	Value                 string
	On                    bool // of a switch
	Help, Error, Unit     string
	Required              bool
	Min, Max, Step        string
	MaxLength             int
	MaxFile               int // bytes of a file
	Options               []option
	Fields                []field // of a group
	// Missing says that the site's things could not be listed, so that only what was chosen before can be shown.
	Missing bool
	// Filter puts a search box above long lists.
	Filter string
	Chosen int
	Picker *picker // of a field that asks while the user types
	Empty  string  // what to say where there is nothing to choose
	Edit   string  // path of the call that adds a row
	Rows   *rows   // of a list of groups
}

type option struct {
	ID, Value, Label, Detail string
	On                       bool
	Moves                    []move // of one that is chosen, where the order can be changed
}

// rows are a list of groups.
type rows struct {
	Rows  []group
	Add   string // params of the button that adds one; "" where there can be no more
	Word  string // what one is called, with its article: "a row"
	Focus bool   // the list itself is what the user looks at now
}

// group is one row of a list of groups.
type group struct {
	ID, Title string
	Name, Key string // of the input that says that the row is there
	Fields    []field
	Moves     []move
	Focus     bool
}

// move is a button that changes a list.
type move struct {
	ID, Word, Of string // "Move up", "Column 2"
	Glyph        string
	Call, Params string
	Focus        bool
}

// DescribedBy returns the ids of what explains the input: its unit, help and error.
func (f field) DescribedBy() string {
	var ids []string
	if f.Unit != "" {
		ids = append(ids, f.ID+"-unit")
	}
	if f.Help != "" {
		ids = append(ids, f.ID+"-help")
	}
	ids = append(ids, f.ID+"-error")
	return strings.Join(ids, " ")
}

// field converts a field of a plugin's form.
func (b *builder) field(in view.Field) field {
	f := field{
		ID: b.id("field"), Name: b.text(in.Name), Label: b.text(in.Label), Kind: string(in.Kind), Type: "text",
		Value: b.limit(in.Value, maxInput), Help: b.text(in.Help), Error: b.text(in.Error), Unit: b.text(in.Unit), Required: in.Required,
	}
	if f.Label == "" {
		f.Label = f.Name
	}
	switch in.Kind {
	case view.TextAreaField:
	case view.FileField:
		f.MaxFile = view.MaxFileText
	case view.NumberField:
		f.Type = "number"
		f.Min, f.Max, f.Step = b.text(in.Min), b.text(in.Max), b.text(in.Step)
		if f.Step == "" {
			f.Step = "any"
		}
	case view.SwitchField:
		f.On = in.Value == "true"
		f.Required = false
	case view.SelectField:
		for _, o := range in.Options {
			if !b.element() {
				break
			}
			opt := option{Value: b.limit(o.Value, maxInput), Label: b.text(o.Label), On: o.Value == in.Value}
			if opt.Label == "" {
				opt.Label = opt.Value
			}
			f.Options = append(f.Options, opt)
		}
	case view.PickerField:
		if in.Suggest == "" {
			f.Kind = string(view.TextField)
			break
		}
		f.Kind, f.Value, f.Picker = pickerKind, "", b.picker(in)
	default:
		f.Kind = string(view.TextField)
	}
	return f
}

// summaryLine leads from the top of a form to a field that must be mended.
type summaryLine struct{ ID, Label, Error string }

func summary(fields []field) []summaryLine {
	var out []summaryLine
	for _, f := range fields {
		if f.Error != "" {
			out = append(out, summaryLine{f.ID, f.Label, f.Error})
		}
		out = append(out, summary(f.Fields)...)
		if f.Rows == nil {
			continue
		}
		for _, r := range f.Rows.Rows {
			for _, s := range summary(r.Fields) {
				s.Label = r.Title + ", " + s.Label
				out = append(out, s)
			}
		}
	}
	return out
}
