package main

import (
	"context"

	contract "github.com/pergola-platform/pergola/plugins/relations"
	"github.com/pergola-platform/pergola/sdk/service"
	"github.com/pergola-platform/pergola/sdk/view"
)

// drawElsewhere has the issue view draw the sides of which an admin said how they look. It is asked once, with all sides: it then
// reads their issues at once. What it does not draw is drawn here.
func drawElsewhere(ctx context.Context, issue string, parts []part, may bool, want shown) error {
	whole, err := fill(ctx, issue, parts)
	if err != nil || whole == nil {
		return err
	}
	d := contract.Drawing{IssueID: issue}
	for i := range parts {
		d.Parts = append(d.Parts, parts[i].question(whole[i], may, want))
	}
	drawn, err := contract.Draw(ctx, d)
	if err != nil {
		return err
	}
	for i := range min(len(parts), len(drawn.Parts)) {
		if drawn.Parts[i].Governed {
			parts[i].drawn = drawn.Parts[i]
		}
	}
	return nil
}

// fill reads for each side as many links as a drawing can have. Where a page holds all of them, nothing is read. Otherwise it asks first
// whether anybody draws, so that a site without the issue view does not pay for it; then it returns nil.
func fill(ctx context.Context, issue string, parts []part) ([]linked, error) {
	out := make([]linked, len(parts))
	asked := false
	for i, p := range parts {
		if out[i] = p.linked; p.next == "" && p.page == 1 {
			continue
		}
		if !asked {
			var nobody contract.Drawing
			err := service.Ask(ctx, contract.IssueView, contract.OpDraw, nobody.MarshalMsg, nil)
			if service.Missing(err) {
				return nil, nil
			}
			if err != nil {
				return nil, err
			}
			asked = true
		}
		var err error
		if out[i], err = p.upTo(ctx, issue, "", contract.MostPerIssue); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// question asks for the side to be drawn.
func (p part) question(whole linked, may bool, want shown) contract.Part {
	q := contract.Part{
		End: contract.End{Relation: p.id, End: p.end}, Label: p.here().label, Others: whole.ids, More: whole.next != "",
		Call: view.Call{View: "panel", Params: map[string]string{"side": p.key()}}, Refs: whole.refs,
	}
	if want.side == p.key() {
		q.Page, q.Sort = want.page, want.sort
	}
	if may {
		q.Remove = &view.Button{Label: "Remove", Action: "remove", Params: map[string]string{"side": p.key()}, Confirm: "Remove this link? Both issues stay as they are."}
	}
	return q
}

// offer asks what the form that is open offers, and where users only create, what they can.
func offer(ctx context.Context, issue string, parts []part, may bool, want shown) error {
	open := want.adding
	if want.creates != nil {
		open = want.creates.side
	}
	for i := range parts {
		p := &parts[i]
		if !may || p.key() != open && !p.drawn.NoAdd {
			continue
		}
		at := p.where(issue, nil)
		scope, err := contract.ScopeOf(ctx, contract.ScopeQuestion{Where: at})
		if err != nil {
			return err
		}
		p.blocked, p.noNew = scope.Nothing, scope.NoNew
		if p.drawn.NoCreate || p.noNew != "" {
			continue
		}
		if p.presets, err = presetsOf(ctx, at); err != nil {
			return err
		}
	}
	return nil
}
