package sdktest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/sdk/view"
)

// CheckChoices returns what is wrong with the answer of a suggester by the rules of sdk/view. [Host.Suggest] includes it.
//
// Since: v0.5
func CheckChoices(choices *view.Choices) []string {
	var c checker
	c.choices("the answer", choices.Choices)
	return c.wrong
}

func (c *checker) choices(at string, choices []view.Choice) {
	seen := map[string]bool{}
	for i, choice := range choices {
		here := fmt.Sprintf("%s choice %d", at, i)
		if choice.Value == "" || choice.Label == "" {
			c.add(here, "has the value %q and the label %q; it needs both", choice.Value, choice.Label)
		}
		if seen[choice.Value] {
			c.add(here, "has the value %q of another one", choice.Value)
		}
		seen[choice.Value] = true
		c.icon(here, choice.Icon)
	}
}

func (c *checker) picker(at string, f view.Field, names map[string]bool) {
	if c.plugin.Suggesters[f.Suggest] == nil {
		c.add(at, "asks the suggester %q, which the plugin does not have", f.Suggest)
	}
	if f.MinChars < 0 || f.MaxChosen < 0 {
		c.add(at, "has MinChars %d and MaxChosen %d; neither can be negative", f.MinChars, f.MaxChosen)
	}
	if f.Value != "" {
		c.add(at, "has a Value; what it holds goes into Chosen")
	}
	if len(f.Chosen) > 1 && !f.Multiple {
		c.add(at, "holds %d choices and is not Multiple", len(f.Chosen))
	}
	c.choices(at, f.Chosen)
	for _, name := range f.Follows {
		if !names[name] || name == f.Name {
			c.add(at, "follows the field %q, which is no other field of the form", name)
		}
	}
}

func (c *checker) section(at string, s *view.Section, depth int) {
	if s.Title == "" {
		c.add(at, "has no title")
	}
	if strings.Trim(s.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		c.add(at, "has the name %q; use lower-case letters, digits and dashes", s.Name)
	}
	if !slices.Contains(colors, s.Color) {
		c.add(at, "has the color %q, which is none of sdk/view", s.Color)
	}
	if depth == view.MaxNesting {
		c.add(at, "lies more than %d sections deep", view.MaxNesting)
		return
	}
	c.blocks(at+" block", s.Blocks, depth+1)
}

func (c *checker) list(at string, l *view.List) {
	if l.Label == "" {
		c.add(at, "has no label")
	}
	for i, item := range l.Items {
		here := fmt.Sprintf("%s item %d", at, i)
		if len(item.Spans) == 0 {
			c.add(here, "has no spans")
		}
		c.icon(here, item.Icon)
		c.spans(here, item.Spans)
		c.spans(here, item.Detail)
		c.spans(here, item.Aside)
		c.buttons(here, item.Buttons)
	}
}

func (c *checker) pager(at string, p *view.Pager) {
	if p.Label == "" {
		c.add(at, "has no label")
	}
	if p.Page < 1 || p.Pages < 0 || p.Total < 0 || p.Pages > 0 && p.Page > p.Pages {
		c.add(at, "shows page %d of %d, of %d things; pages count from 1", p.Page, p.Pages, p.Total)
	}
	c.call(at, &p.Call)
}

func (c *checker) call(at string, call *view.Call) {
	switch {
	case (call.View == "") == (call.Action == ""):
		c.add(at, "calls the view %q and the action %q; set exactly one", call.View, call.Action)
	case call.Action != "":
		c.action(at, call.Action)
	case c.plugin.Views[call.View] == nil:
		c.add(at, "shows the view %q, which the plugin does not have", call.View)
	}
}

func (c *checker) icon(at string, icon view.Icon) {
	if !slices.Contains(icons, icon) {
		c.add(at, "has the icon %q, which is none of sdk/view", icon)
	}
}

var (
	icons = []view.Icon{
		view.NoIcon, view.IssueIcon, view.TaskIcon, view.BugIcon, view.StoryIcon, view.SubtaskIcon, view.ProjectIcon, view.PersonIcon,
		view.CompanyIcon, view.DeviceIcon, view.DocumentIcon,
	}
	colors = []view.Color{
		view.NoColor, view.Gray, view.Red, view.Orange, view.Yellow, view.Lime, view.Green, view.Teal, view.Blue, view.Purple, view.Magenta,
	}
)
