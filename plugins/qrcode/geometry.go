package main

import (
	"fmt"
	"math"
)

//go:generate msgp -unexported -io=false -tests=false -o zz_geometry_msgp.go
//msgp:ignore preset measure fieldErrors

// geometry is a sheet of labels, or a roll where a page is one label. Lengths are in mm, from the page's top left.
type geometry struct {
	PageWidth   float64 `msg:"pw"`
	PageHeight  float64 `msg:"ph"`
	Columns     int     `msg:"c"`
	Rows        int     `msg:"r"`
	LabelWidth  float64 `msg:"lw"`
	LabelHeight float64 `msg:"lh"`
	MarginLeft  float64 `msg:"ml"`
	MarginTop   float64 `msg:"mt"`
	GapX        float64 `msg:"gx"` // between columns
	GapY        float64 `msg:"gy"` // between rows
}

// perSheet is the number of labels on a page.
func (g geometry) perSheet() int { return g.Columns * g.Rows }

// at returns the top left corner of a label, 0 for the first of the sheet, row by row.
func (g geometry) at(i int) (x, y float64) {
	column, row := i%g.Columns, i/g.Columns
	return g.MarginLeft + float64(column)*(g.LabelWidth+g.GapX), g.MarginTop + float64(row)*(g.LabelHeight+g.GapY)
}

// preset is a geometry that one can buy. The measures are those that the makers print on the packages; margins centre
// the labels on the page.
type preset struct {
	name, label string
	geometry    geometry
}

const (
	customPreset  = "custom"
	defaultPreset = "a4-3x8"
)

var presets = []preset{
	{"a4-3x8", "A4, 3 × 8 labels of 63.5 × 33.9 mm", geometry{210, 297, 3, 8, 63.5, 33.9, 7.2, 12.9, 2.54, 0}},
	{"a4-3x7", "A4, 3 × 7 labels of 63.5 × 38.1 mm", geometry{210, 297, 3, 7, 63.5, 38.1, 7.2, 15.15, 2.54, 0}},
	{"a4-2x7", "A4, 2 × 7 labels of 99.1 × 38.1 mm", geometry{210, 297, 2, 7, 99.1, 38.1, 4.63, 15.15, 2.54, 0}},
	{"a4-5x13", "A4, 5 × 13 labels of 38.1 × 21.2 mm", geometry{210, 297, 5, 13, 38.1, 21.2, 4.67, 10.7, 2.54, 0}},
	{"letter-3x10", "US Letter, 3 × 10 labels of 66.7 × 25.4 mm (2⅝ × 1 in)", geometry{215.9, 279.4, 3, 10, 66.675, 25.4, 4.7625, 12.7, 3.175, 0}},
	{"roll-62x29", "Roll, labels of 62 × 29 mm", geometry{62, 29, 1, 1, 62, 29, 0, 0, 0, 0}},
	{"roll-50x25", "Roll, labels of 50 × 25 mm", geometry{50, 25, 1, 1, 50, 25, 0, 0, 0, 0}},
}

// presetNamed returns the preset of that name; false where there is none, as for customPreset.
func presetNamed(name string) (preset, bool) {
	for _, p := range presets {
		if p.name == name {
			return p, true
		}
	}
	return preset{}, false
}

// measure is one number of a geometry with its bounds: a row of the form and of the validation.
type measure struct {
	field, label string
	min, max     float64
	whole        bool
	value        func(g *geometry) *float64 // nil for a whole number
	count        func(g *geometry) *int     // nil for a length
}

var measures = []measure{
	{field: "pageWidth", label: "Page width", min: 10, max: 1200, value: func(g *geometry) *float64 { return &g.PageWidth }},
	{field: "pageHeight", label: "Page height", min: 10, max: 1200, value: func(g *geometry) *float64 { return &g.PageHeight }},
	{field: "columns", label: "Columns", min: 1, max: 50, whole: true, count: func(g *geometry) *int { return &g.Columns }},
	{field: "rows", label: "Rows", min: 1, max: 100, whole: true, count: func(g *geometry) *int { return &g.Rows }},
	{field: "labelWidth", label: "Label width", min: 10, max: 1200, value: func(g *geometry) *float64 { return &g.LabelWidth }},
	{field: "labelHeight", label: "Label height", min: 10, max: 1200, value: func(g *geometry) *float64 { return &g.LabelHeight }},
	{field: "marginLeft", label: "Left margin", max: 600, value: func(g *geometry) *float64 { return &g.MarginLeft }},
	{field: "marginTop", label: "Top margin", max: 600, value: func(g *geometry) *float64 { return &g.MarginTop }},
	{field: "gapX", label: "Gap between columns", max: 600, value: func(g *geometry) *float64 { return &g.GapX }},
	{field: "gapY", label: "Gap between rows", max: 600, value: func(g *geometry) *float64 { return &g.GapY }},
}

// get returns the number as a float.
func (m measure) get(g *geometry) float64 {
	if m.whole {
		return float64(*m.count(g))
	}
	return *m.value(g)
}

// fieldErrors says by form field what is wrong there.
type fieldErrors map[string]string

// add keeps the first error of a field.
func (e fieldErrors) add(field, format string, args ...any) {
	if e[field] == "" {
		e[field] = fmt.Sprintf(format, args...)
	}
}

// slack forgives the rounding of measures that are printed with one decimal, in mm.
const slack = 0.05

// validate reports what cannot be, by form field.
func (g geometry) validate() fieldErrors {
	errs := fieldErrors{}
	for _, m := range measures {
		v := m.get(&g)
		if math.IsNaN(v) || v < m.min || v > m.max {
			errs.add(m.field, "Enter a number from %s to %s.", number(m.min), number(m.max))
		}
	}
	if len(errs) > 0 {
		return errs
	}
	width := g.MarginLeft + float64(g.Columns)*g.LabelWidth + float64(g.Columns-1)*g.GapX
	if width > g.PageWidth+slack {
		errs.add("columns", "%d columns of %s mm with margin and gaps need %s mm, but the page is %s mm wide. Use fewer columns, narrower labels or a smaller margin.",
			g.Columns, number(g.LabelWidth), number(width), number(g.PageWidth))
	}
	height := g.MarginTop + float64(g.Rows)*g.LabelHeight + float64(g.Rows-1)*g.GapY
	if height > g.PageHeight+slack {
		errs.add("rows", "%d rows of %s mm with margin and gaps need %s mm, but the page is %s mm high. Use fewer rows, lower labels or a smaller margin.",
			g.Rows, number(g.LabelHeight), number(height), number(g.PageHeight))
	}
	return errs
}
