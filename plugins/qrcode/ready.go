package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/view"
)

// maxDrawing bounds the rectangles of all codes of a sheet, some 1200 for each of 500 labels; a short link has 200. It keeps
// the PDF below 4 MiB, the limit of one message, and the time to make it below the one that a call may take.
const maxDrawing = 600_000

// errTooMuch says that the codes of a sheet go beyond maxDrawing.
var errTooMuch = &sdk.Error{Code: sdk.Exhausted, Source: sdk.FromPlugin,
	Message: "The codes of these labels hold too much to draw them in one go. Narrow the query and print fewer labels at a time, or let the codes contain less."}

// print is a sheet of labels with everything that a drawing of it needs.
type print struct {
	geometry geometry
	layout   layout
	start    int // position of the first label, from 0
	labels   []printed
	left     []leftOut
	dropped  int // labels whose second line has letters that the PDF's font lacks
}

// printed is a label with its code.
type printed struct {
	key, second string
	symbol      *symbol
}

// leftOut is an issue that gets no label.
type leftOut struct{ id, key, why string }

// pages is the number of sheets.
func (p *print) pages() int {
	per := p.geometry.perSheet()
	return (p.start + len(p.labels) + per - 1) / per
}

// newPrint encodes the labels of a complete job. The error is a fieldErrors where the settings that hold now do not go
// with the form any more, and errTooMuch.
func newPrint(r *sdk.Request, o options, j *job) (*print, error) {
	p := &print{geometry: j.Sheet.geometry(), start: j.Sheet.Start - 1}
	var errs fieldErrors
	if p.layout, errs = fit(p.geometry, o.symbology, j.Sheet.Size, o.size, j.Sheet.Second); len(errs) > 0 {
		return nil, errs
	}
	p.labels = make([]printed, 0, len(j.Labels))
	drawing := 0
	for _, l := range j.Labels {
		text, why := l.Text, ""
		switch o.content {
		case contentLink:
			if text == "" {
				why = "You may not see it any more"
			}
			text = shortLink(r, text)
		case contentURL:
			text = issueURL(r, l.Key)
		case contentField:
			if text == "" {
				why = "Its field is empty"
			}
		}
		if why != "" {
			p.left = append(p.left, leftOut{l.ID, l.Key, why})
			continue
		}
		sym, err := o.encode(text)
		if wrong := (*problem)(nil); errors.As(err, &wrong) {
			p.left = append(p.left, leftOut{l.ID, l.Key, wrong.title})
			continue
		} else if err != nil {
			return nil, err
		}
		if drawing += len(sym.rects) * o.symbology.effort(); drawing > maxDrawing {
			return nil, errTooMuch
		}
		second, whole := cp1252(l.Second)
		if !whole {
			p.dropped++
		}
		key, _ := cp1252(l.Key)
		p.labels = append(p.labels, printed{key: key, second: strings.TrimSpace(second), symbol: sym})
	}
	return p, nil
}

// readyPage shows what will be printed, and what will not.
func readyPage(r *sdk.Request, o options, j *job) (*view.Page, error) {
	again, err := startAgain(j)
	if err != nil {
		return nil, err
	}
	out, err := newPrint(r, o, j)
	switch errs := (fieldErrors)(nil); {
	case errors.As(err, &errs):
		return formPage(r, o, j.Sheet.values(), errs, ""), nil
	case errors.Is(err, errTooMuch):
		return formPage(r, o, j.Sheet.values(), nil, errTooMuch.Message), nil
	case err != nil:
		return nil, err
	}
	page := &view.Page{Title: "QR labels"}
	if len(out.labels) == 0 {
		page.Blocks = append(page.Blocks, view.Block{Empty: &view.Empty{Title: "No label can be printed", Body: "None of the issues found has something to encode."}})
		page.Blocks = append(page.Blocks, notices(o, out)...)
		page.Blocks = append(page.Blocks, view.Actions(again))
		page.Blocks = append(page.Blocks, leftOutTable(out)...)
		return withBack(r, page), nil
	}
	state, err := j.encode()
	if err != nil {
		return nil, err
	}
	page.Blocks = []view.Block{
		{Text: &view.Text{Spans: []view.Span{
			{Text: count(len(out.labels), "label"), Strong: true}, {Text: " on "}, {Text: count(out.pages(), "sheet"), Strong: true}, {Text: "."},
		}}},
	}
	page.Blocks = append(page.Blocks, notices(o, out)...)
	page.Blocks = append(page.Blocks,
		view.Actions(view.Button{Label: "Download PDF", File: "sheet", State: state, Primary: true}, again),
		view.Muted("Print it at its actual size (100 %), not fitted to the page. "+o.meaning()),
		view.Block{Figure: preview(out)},
	)
	page.Blocks = append(page.Blocks, leftOutTable(out)...)
	return withBack(r, page), nil
}

// notices say what will not be as one might expect.
func notices(o options, p *print) []view.Block {
	var out []view.Block
	if len(p.left) > 0 {
		out = append(out, view.Block{Notice: &view.Notice{Tone: view.Warning, Title: count(len(p.left), "issue") + " without a label",
			Body: "The list at the end of this page names them, each with the reason."}})
	}
	if p.dropped > 0 {
		out = append(out, view.Block{Notice: &view.Notice{Tone: view.Info, Title: "Some summaries are incomplete",
			Body: "On " + count(p.dropped, "label") + " the summary has letters that the PDF's font does not have. They are left out; the code and the key are not affected."}})
	}
	var finest *symbol
	for _, l := range p.labels {
		if finest == nil || l.symbol.width > finest.width {
			finest = l.symbol
		}
	}
	if finest != nil {
		module := p.layout.place(p.geometry, 0, finest).module
		if b, ok := o.tooFine(finest, module*float64(finest.width)); ok {
			out = append(out, b)
		}
	}
	return out
}

// leftOutTable names the issues that get no label.
func leftOutTable(p *print) []view.Block {
	if len(p.left) == 0 {
		return nil
	}
	t := &view.Table{Caption: "Issues without a label", Columns: []view.Column{{Title: "Issue"}, {Title: "Reason"}}}
	for _, l := range p.left {
		t.Rows = append(t.Rows, view.Row{Cells: []view.Cell{{Spans: []view.Span{{Text: l.key, IssueID: l.id}}}, view.T(l.why)}})
	}
	return []view.Block{view.H("Issues without a label"), {Table: t}}
}

// sheet is the download behind the button of the ready page.
func (p *plugin) sheet(ctx context.Context, r *sdk.Request) (*sdk.Attachment, error) {
	o, err := loadOptions(ctx)
	if err != nil {
		return nil, err
	}
	if err := o.ready(r); err != nil {
		return nil, forFile(err)
	}
	j, err := decodeJob(r.State)
	if err != nil {
		return nil, err
	}
	if !j.complete() {
		return nil, errState
	}
	if !j.madeWith(o) {
		return nil, sdk.Errorf(sdk.Invalid, "%s", changedSettings)
	}
	out, err := newPrint(r, o, j)
	if errs := (fieldErrors)(nil); errors.As(err, &errs) {
		return nil, sdk.Errorf(sdk.Invalid, "the codes no longer fit on these labels; start again with the label sheet")
	} else if err != nil {
		return nil, err
	}
	if len(out.labels) == 0 {
		return nil, sdk.Errorf(sdk.Invalid, "none of these issues has something to encode")
	}
	body, err := renderPDF(out, p.now())
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("labels-%d.pdf", len(out.labels))
	if len(j.Labels) == 1 {
		name = fileName(j.Labels[0].Key, "pdf")
	}
	return &sdk.Attachment{Name: name, ContentType: "application/pdf", Body: body}, nil
}

// count writes a number of things in words.
func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}
