package main

import (
	"context"
	"maps"

	"github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/plugins/relations/issuelist"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/service"
	"github.com/pergola-platform/pergola/sdk/view"
)

// draw answers advanced links: the parts of a panel that an admin wrote of.
func draw(ctx context.Context, _ *service.Request, in *relations.Drawing) (*relations.Drawn, error) {
	for i := range in.Parts {
		if len(in.Parts[i].Others) > relations.MostPerIssue {
			return nil, sdk.Errorf(sdk.Invalid, "a part can have %d issues; ask for the first of them, and say that there are more", relations.MostPerIssue)
		}
	}
	all, err := looks(ctx)
	if err != nil {
		return nil, err
	}
	s, err := read(ctx, in, all)
	if err != nil {
		return nil, err
	}
	out := &relations.Drawn{Parts: make([]relations.DrawnPart, len(in.Parts))}
	for i := range in.Parts {
		if l, governed := all[in.Parts[i].End]; governed {
			out.Parts[i] = l.draw(in.IssueID, &in.Parts[i], s)
		}
	}
	return out, nil
}

// draw draws a side; where nothing is linked, who asks says so, and whether something can be.
func (l look) draw(focus string, part *relations.Part, s *site) relations.DrawnPart {
	list := issuelist.List{
		Look: l.Look, Name: relations.SectionName("view", relations.ChosenKey(part.End)), Label: part.Label, Known: s.fields,
		Page: part.Page, Sorted: part.Sort, Call: part.Call, Buttons: l.buttons(part),
	}
	list.Issues, list.Hidden, list.More = s.of(part)
	out := relations.DrawnPart{
		Governed: true, Position: l.position, Collapsed: l.collapsed, NoAdd: !l.allowAdd, NoCreate: !l.allowCreate, Seen: len(list.Issues),
	}
	if l.Style == asGraph && len(list.Issues) > 0 {
		graph, cut := s.graph(focus, part, list.Issues)
		out.Blocks = append(out.Blocks, graph)
		list.Style, list.More = issuelist.Count, list.More || cut
	}
	out.Blocks = append(out.Blocks, list.Blocks()...)
	return out
}

// buttons removes links, where the user may and the admin lets them.
func (l look) buttons(part *relations.Part) func(*jira.Issue) []view.Button {
	if !l.allowRemove || part.Remove == nil {
		return nil
	}
	return func(i *jira.Issue) []view.Button {
		b := *part.Remove
		b.Params = map[string]string{}
		maps.Copy(b.Params, part.Remove.Params)
		b.Params["issue"] = i.ID
		if ref := part.Refs[i.ID]; ref != "" {
			b.Params["ref"] = ref
		}
		return []view.Button{b}
	}
}
