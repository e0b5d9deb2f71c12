package main

import (
	"fmt"
	"math"
	"strconv"

	"github.com/pergola-platform/pergola/sdk/view"
)

const (
	unitsPerMM = 20 // of the preview's coordinates
	// maxPreview bounds the preview's codes in bytes of path data; those beyond are drawn as plain squares.
	maxPreview = 200_000
)

// preview draws the first sheet: the labels' edges, the codes, and bars in place of text.
func preview(p *print) *view.Figure {
	g := p.geometry
	var edges, codes, text []byte
	for slot := range g.perSheet() {
		x, y := g.at(slot)
		edges = appendFrame(edges, units(x), units(y), units(g.LabelWidth), units(g.LabelHeight))
		i := slot - p.start
		if i < 0 || i >= len(p.labels) {
			continue
		}
		l := p.labels[i]
		at := p.layout.place(g, slot, l.symbol)
		if len(codes) < maxPreview {
			codes = appendCodeAt(codes, l.symbol, at.x, at.y, at.module)
		} else {
			codes = appendRect(codes, units(at.x), units(at.y), units(at.module*float64(l.symbol.width)), units(at.module*float64(l.symbol.height)))
		}
		text = appendBar(text, x, at.textTop+0.25*keyHeight, g.LabelWidth, 1.7*float64(len(l.key)), 1.9)
		if p.layout.second && l.second != "" {
			text = appendBar(text, x, at.textTop+keyHeight, g.LabelWidth, 1.1*float64(len(l.second)), 1.5)
		}
	}
	f := &view.Figure{
		Name:  "preview",
		Width: g.PageWidth * unitsPerMM, Height: g.PageHeight * unitsPerMM,
		Shapes: []view.Shape{{Path: string(edges), Fill: "muted"}, {Path: string(codes)}, {Path: string(text), Fill: "muted"}},
		MaxPx:  480,
		Alt:    fmt.Sprintf("The first of %s with %d × %d labels", count(p.pages(), "sheet"), g.Columns, g.Rows),
	}
	if p.pages() > 1 {
		f.Caption = "Sheet 1 of " + strconv.Itoa(p.pages())
	}
	return f
}

func units(mm float64) int { return int(math.Round(mm * unitsPerMM)) }

// appendCodeAt draws a symbol with its top left corner at x,y in mm. Edges are rounded where they are, not in width, so
// that no error adds up.
func appendCodeAt(b []byte, s *symbol, x, y, module float64) []byte {
	for _, r := range s.rects {
		left, top := units(x+module*float64(r.x)), units(y+module*float64(r.y))
		right, bottom := units(x+module*float64(r.x+r.width)), units(y+module*float64(r.y+r.height))
		b = appendRect(b, left, top, right-left, bottom-top)
	}
	return b
}

// appendFrame draws a thin frame: a rectangle, and inside it one the other way round, which cuts a hole.
func appendFrame(b []byte, x, y, width, height int) []byte {
	const line = unitsPerMM / 2 // at least a pixel on the screen
	b = appendRect(b, x, y, width, height)
	return fmt.Appendf(b, "M%d %dv%dh%dv%dz", x+line, y+line, height-2*line, width-2*line, 2*line-height)
}

// appendBar draws a bar in place of a line of text, centred on the label.
func appendBar(b []byte, x, y, room, width, height float64) []byte {
	width = min(width, room-2*padding)
	return appendRect(b, units(x+(room-width)/2), units(y), units(width), units(height))
}
