package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/view"
)

// panel draws the issue panel.
func (p *plugin) panel(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	return panelPage(ctx, r, nil)
}

// create makes the issue's code. Where somebody else was faster, theirs is shown.
func (p *plugin) create(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	o, err := loadOptions(ctx)
	if err != nil {
		return nil, err
	}
	if r.Context.IssueID == "" || o.content != contentLink {
		return panelPage(ctx, r, nil)
	}
	// load makes sure that the user may see the issue.
	switch _, err := load(ctx, r, o); {
	case err == nil:
		return panelPage(ctx, r, nil)
	case !errors.Is(err, errNoCode):
		return panelOrError(ctx, r, err)
	}
	if _, err := p.ensureCodes(ctx, r.Context.IssueID); err != nil {
		return nil, err
	}
	return panelPage(ctx, r, &view.Flag{Tone: view.Success, Title: "Code created"})
}

// revoke makes the code that the user saw, Params["code"], lead nowhere.
func (p *plugin) revoke(ctx context.Context, r *sdk.Request) (*view.Page, error) {
	o, err := loadOptions(ctx)
	if err != nil {
		return nil, err
	}
	if r.Context.IssueID == "" || o.content != contentLink {
		return panelPage(ctx, r, nil)
	}
	if _, err := load(ctx, r, o); err != nil && !errors.Is(err, errNoCode) {
		return panelOrError(ctx, r, err)
	}
	done, err := revokeCode(ctx, r.Context.IssueID, r.Params["code"])
	if err != nil {
		return nil, err
	}
	if !done {
		return panelPage(ctx, r, &view.Flag{Tone: view.Info, Title: "Nothing to revoke", Body: "This code was no longer the issue's code."})
	}
	return panelPage(ctx, r, &view.Flag{Tone: view.Success, Title: "Code revoked", Body: "Labels that carry it lead nowhere now."})
}

// panelOrError shows on the panel what the reader can put right, and returns every other error.
func panelOrError(ctx context.Context, r *sdk.Request, err error) (*view.Page, error) {
	var wrong *problem
	if errors.As(err, &wrong) {
		return panelPage(ctx, r, nil)
	}
	return nil, err
}

func panelPage(ctx context.Context, r *sdk.Request, flag *view.Flag) (*view.Page, error) {
	page := &view.Page{Title: "QR code", Flag: flag}
	if r.Context.IssueID == "" {
		page.Blocks = []view.Block{{Empty: &view.Empty{Title: "No issue", Body: "Open an issue to see its code."}}}
		return page, nil
	}
	o, err := loadOptions(ctx)
	if err != nil {
		return nil, err
	}
	var (
		s     subject
		sym   *symbol
		wrong *problem
	)
	s, err = load(ctx, r, o)
	if err == nil {
		sym, err = o.encode(s.text)
	}
	switch {
	case err == nil:
		page.Blocks = codeBlocks(o, s, sym)
	case errors.Is(err, errNoCode):
		page.Blocks = []view.Block{
			{Empty: &view.Empty{Title: "No code yet", Body: "Create one to print on a label. It leads to this issue, and you can revoke it at any time."}},
			view.Actions(view.Button{Label: "Create code", Action: "create", Primary: true}),
		}
	case errors.Is(err, errEmptyField):
		page.Blocks = []view.Block{{Empty: &view.Empty{
			Title: "Nothing to encode",
			Body:  "The code of an issue contains the value of one field, and in this issue that field is empty. Fill it in, then open the issue again.",
		}}}
	case errors.As(err, &wrong):
		page.Blocks = []view.Block{wrong.notice()}
	default:
		return nil, err
	}
	return page, nil
}

// codeBlocks draw the code and what can be done with it.
func codeBlocks(o options, s subject, sym *symbol) []view.Block {
	key := s.issue.Key
	width, _ := o.symbology.box(o.size)
	blocks := []view.Block{{Figure: &view.Figure{
		Name:  "code",
		Width: float64(sym.width), Height: float64(sym.height),
		Shapes:  []view.Shape{{Path: sym.path()}},
		MaxPx:   240,
		Alt:     o.symbology.title() + " of " + key,
		Caption: key,
		Print:   true, PrintMM: width,
	}}}
	buttons := []view.Button{
		{Label: "PNG", File: "png"},
		{Label: "SVG", File: "svg"},
		{Label: "Print", Print: true},
		{Label: "Label sheet", View: "labels", Params: map[string]string{"issue": key}},
	}
	if o.content == contentLink {
		buttons = append(buttons, view.Button{
			Label: "Revoke", Action: "revoke", Params: map[string]string{"code": s.token},
			Confirm: "Revoke this code? Every label that carries it will lead nowhere. This cannot be taken back.",
		})
	}
	blocks = append(blocks, view.Actions(buttons...), view.Muted(o.meaning()))
	if b, ok := o.tooFine(sym, width); ok {
		blocks = append(blocks, b)
	}
	return blocks
}

// tooFine warns of a code whose modules are too small to scan when it is printed with that width in mm.
func (o options) tooFine(sym *symbol, width float64) (view.Block, bool) {
	module := width / float64(sym.width)
	if module >= o.symbology.finest() {
		return view.Block{}, false
	}
	return view.Block{Notice: &view.Notice{
		Tone:  view.Warning,
		Title: "Very fine print",
		Body: fmt.Sprintf("Printed %s mm wide, the smallest part of this code is %.2f mm; scanners want %.2f mm or more. Print it at least %.0f mm wide, or let it contain less.",
			number(width), module, o.symbology.finest(), 0.5+o.symbology.finest()*float64(sym.width)),
	}}, true
}
