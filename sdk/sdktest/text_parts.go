package sdktest

import (
	"fmt"
	"strings"

	"github.com/pergola-platform/pergola/sdk/view"
)

// TextChoices returns what a suggester answered as plain text, a line for each thing that a user sees:
//
//	Recently picked
//	- OPS-7 Laptop: Serial 4711 [ACTIVE]
//	- OPS-8 Desk, not to be picked: Linked already
//	more
//
// Since: v0.5
func TextChoices(c *view.Choices) string {
	var w writer
	if c.Title != "" {
		w.line("%s", c.Title)
	}
	for _, choice := range c.Choices {
		text := choice.Label
		if choice.Description != "" {
			text += ": " + choice.Description
		}
		if choice.Lozenge != "" {
			text += " [" + strings.ToUpper(choice.Lozenge) + "]"
		}
		if choice.Disabled != "" {
			text += ", not to be picked: " + choice.Disabled
		}
		w.line("- %s", text)
	}
	if len(c.Choices) == 0 {
		w.line("empty: %s", c.Empty)
	}
	if c.More {
		w.line("more")
	}
	return w.String()
}

func (w *writer) section(s *view.Section) {
	text := "section: " + s.Title
	if s.Badge != "" {
		text += " [" + s.Badge + "]"
	}
	if s.Color != "" {
		text += " " + string(s.Color)
	}
	if s.Collapsed {
		text += ", folded"
	}
	w.line("%s", text)
	w.blocks(s.Blocks, "  ")
}

func (w *writer) list(l *view.List) {
	w.line("list: %s", l.Label)
	for _, item := range l.Items {
		parts := []string{"-"}
		for _, part := range []string{spans(item.Spans), spans(item.Detail), spans(item.Aside), buttons(item.Buttons)} {
			if part != "" {
				parts = append(parts, part)
			}
		}
		w.line("%s", strings.Join(parts, " "))
	}
}

func pages(p *view.Pager) string {
	text := fmt.Sprintf("page %d", p.Page)
	switch {
	case p.Pages > 0:
		text += fmt.Sprintf(" of %d", p.Pages)
	case p.More:
		text += " and more"
	}
	if p.Total > 0 {
		text += fmt.Sprintf(", %d in all", p.Total)
	}
	return text + ": " + p.Label
}

func chosen(choices []view.Choice) string {
	var labels []string
	for _, c := range choices {
		labels = append(labels, c.Label+" <"+c.Value+">")
	}
	return strings.Join(labels, ", ")
}
