package ui

import (
	"encoding/json"
	"io"
	"net/url"

	"github.com/pergola-platform/pergola/sdk/view"
)

// Bounds of pickers.
const (
	// maxChoices is how many choices a list shows: nobody reads more, and who types more finds the rest.
	maxChoices = 100
	// minChars is how many characters are typed before a picker asks, where the plugin does not say.
	minChars = 2
	// maxFollowed bounds the fields that a picker depends on.
	maxFollowed = 20
)

// pickerKind is the kind of a plugin's picker among the kinds of fields; "picker" is that of a settings form.
const pickerKind = "suggest"

type (
	// picker is what a field has that asks a suggester.
	picker struct {
		Call     string // path of the call, below Shell.API
		Multiple bool
		Max, Min int
		Follows  string // names of fields, as JSON; "" for none
		Chosen   []choice
	}
	choice struct {
		Value, Label, Description string
		Icon                      view.Icon
		Lozenge                   string
		Tone                      view.Tone
		Disabled                  string
	}
	choices struct {
		Title, Note string
		Choices     []choice
	}
)

func (b *builder) picker(in view.Field) *picker {
	p := &picker{Call: "suggest/" + url.PathEscape(b.text(in.Suggest)), Multiple: in.Multiple, Max: max(in.MaxChosen, 0), Min: in.MinChars}
	if !p.Multiple {
		p.Max = 1
	}
	if p.Min <= 0 {
		p.Min = minChars
	}
	var follows []string
	for _, name := range head(b.budget, in.Follows, maxFollowed) {
		follows = append(follows, b.text(name))
	}
	if len(follows) > 0 {
		j, _ := json.Marshal(follows) // strings always marshal
		p.Follows = string(j)
	}
	for _, c := range in.Chosen {
		if len(p.Chosen) == 1 && !p.Multiple || !b.element() {
			break
		}
		if c, ok := b.choice(c); ok {
			p.Chosen = append(p.Chosen, c)
		}
	}
	return p
}

func (b *builder) choice(in view.Choice) (choice, bool) {
	c := choice{
		Value: b.limit(in.Value, maxInput), Label: b.text(in.Label), Description: b.text(in.Description), Icon: known(in.Icon, icons),
		Lozenge: b.text(in.Lozenge), Tone: tone(in.Tone), Disabled: b.text(in.Disabled),
	}
	if c.Label == "" {
		c.Label = c.Value
	}
	return c, c.Value != ""
}

// Choices draws what a suggester answered, for static/picker.js to put into the list of its picker.
func (r *Renderer) Choices(w io.Writer, in *view.Choices) error {
	if in == nil {
		in = &view.Choices{}
	}
	b := &builder{budget: newBudget()}
	out := choices{Title: b.text(in.Title)}
	more := in.More
	for _, c := range in.Choices {
		if len(out.Choices) == maxChoices || !b.element() {
			more = true
			break
		}
		if c, ok := b.choice(c); ok {
			out.Choices = append(out.Choices, c)
		}
	}
	switch {
	case len(out.Choices) == 0 && in.Empty != "":
		out.Note = b.text(in.Empty)
	case len(out.Choices) == 0:
		out.Note = "Nothing was found. Try other words."
	case more:
		out.Note = "There are more. Type more to narrow them down."
	}
	return r.render(w, "choices", out)
}
