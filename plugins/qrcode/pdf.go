package main

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"codeberg.org/go-pdf/fpdf"
)

const (
	keyFont, secondFont = 8.0, 6.0 // points
	smallestFont        = 4.0
	pointsPerMM         = 72 / 25.4
)

// renderPDF draws the sheets. Codes are vector paths, for a printer draws those at its own resolution: pictures of codes
// that are scaled on the way to the paper read worse.
func renderPDF(p *print, created time.Time) ([]byte, error) {
	g := p.geometry
	pdf := fpdf.NewCustom(&fpdf.InitType{UnitStr: "mm", Size: fpdf.SizeType{Wd: g.PageWidth, Ht: g.PageHeight}})
	pdf.SetMargins(0, 0, 0)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetTitle("QR labels", true)
	pdf.SetProducer("Pergola", true)
	pdf.SetCreationDate(created)
	pdf.SetModificationDate(created)
	pdf.SetCatalogSort(true)

	var drawing []byte
	for i, l := range p.labels {
		position := p.start + i
		slot := position % g.perSheet()
		if slot == 0 || i == 0 {
			pdf.AddPage()
		}
		at := p.layout.place(g, slot, l.symbol)
		drawing = appendCode(drawing[:0], l.symbol, at.x, g.PageHeight-at.y, at.module)
		pdf.RawWriteBuf(bytes.NewReader(drawing))
		x, _ := g.at(slot)
		center, room := x+g.LabelWidth/2, g.LabelWidth-2*padding
		drawLine(pdf, l.key, "B", keyFont, center, at.textTop+0.78*keyHeight, room)
		if p.layout.second && l.second != "" {
			drawLine(pdf, l.second, "", secondFont, center, at.textTop+keyHeight+0.7*secondHeight, room)
		}
	}
	var out bytes.Buffer
	if err := pdf.Output(&out); err != nil {
		return nil, fmt.Errorf("write PDF: %w", err)
	}
	return out.Bytes(), nil
}

// appendCode appends PDF operators that fill a symbol whose top left corner is at x,y (mm, y upwards). One unit of its
// own coordinates is a module, so that the rectangles are written in small whole numbers; all of them are one path.
func appendCode(b []byte, s *symbol, x, y, module float64) []byte {
	b = append(b, "q "...)
	for _, v := range [...]float64{module * pointsPerMM, 0, 0, -module * pointsPerMM, x * pointsPerMM, y * pointsPerMM} {
		b = append(strconv.AppendFloat(b, v, 'f', 5, 64), ' ')
	}
	b = append(b, "cm\n"...)
	for _, r := range s.rects {
		b = append(strconv.AppendInt(b, int64(r.x), 10), ' ')
		b = append(strconv.AppendInt(b, int64(r.y), 10), ' ')
		b = append(strconv.AppendInt(b, int64(r.width), 10), ' ')
		b = append(strconv.AppendInt(b, int64(r.height), 10), " re\n"...)
	}
	return append(b, "f Q"...)
}

// drawLine centres a line of text, in a smaller font or cut off where it would be wider than the room.
func drawLine(pdf *fpdf.Fpdf, text, style string, points, center, baseline, room float64) {
	pdf.SetFont("Helvetica", style, points)
	width := pdf.GetStringWidth(text)
	if width > room {
		points = max(smallestFont, points*room/width)
		pdf.SetFont("Helvetica", style, points)
		if width = pdf.GetStringWidth(text); width > room+slack {
			text, width = shorten(pdf, text, room)
		}
	}
	pdf.Text(center-width/2, baseline, text)
}

// shorten cuts a line of Windows-1252 text and ends it with an ellipsis.
func shorten(pdf *fpdf.Fpdf, text string, room float64) (string, float64) {
	const ellipsis = "\x85"
	for n := len(text) - 1; n > 0; n-- {
		cut := text[:n] + ellipsis
		if width := pdf.GetStringWidth(cut); width <= room {
			return cut, width
		}
	}
	return ellipsis, pdf.GetStringWidth(ellipsis)
}
