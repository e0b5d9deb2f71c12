package main_test

import (
	"math"
	"strings"
	"testing"

	qrcode "github.com/pergola-platform/pergola/plugins/qrcode"
)

// bought are the measures in mm that the makers give for sheets of these names; other numbers do not meet the labels.
var bought = map[string]struct{ width, height, lastRight, lastBottom float64 }{
	"a4-3x8":      {210, 297, 210 - 7.2, 297 - 12.9},
	"a4-3x7":      {210, 297, 210 - 7.2, 297 - 15.15},
	"a4-2x7":      {210, 297, 210 - 4.65, 297 - 15.15},
	"a4-5x13":     {210, 297, 210 - 4.7, 297 - 10.7},
	"letter-3x10": {215.9, 279.4, 215.9 - 4.76, 279.4 - 12.7},
	"roll-62x29":  {62, 29, 62, 29},
	"roll-50x25":  {50, 25, 50, 25},
}

func TestPresetsFitTheirPagesWithoutOverlap(t *testing.T) {
	if len(qrcode.Presets) != len(bought) {
		t.Errorf("%d presets, %d known", len(qrcode.Presets), len(bought))
	}
	for _, p := range qrcode.Presets {
		t.Run(p.Name(), func(t *testing.T) {
			g, want := p.Geometry(), bought[p.Name()]
			if errs := g.Validate(); len(errs) > 0 {
				t.Fatal(errs)
			}
			if g.PageWidth != want.width || g.PageHeight != want.height {
				t.Errorf("page %v × %v", g.PageWidth, g.PageHeight)
			}
			var right, bottom float64
			for i := range g.PerSheet() {
				x, y := g.At(i)
				if x < 0 || y < 0 || x+g.LabelWidth > g.PageWidth+0.02 || y+g.LabelHeight > g.PageHeight+0.02 {
					t.Errorf("label %d at %.2f,%.2f leaves the page", i, x, y)
				}
				right, bottom = max(right, x+g.LabelWidth), max(bottom, y+g.LabelHeight)
				for j := range i {
					u, v := g.At(j)
					if x < u+g.LabelWidth-1e-9 && u < x+g.LabelWidth-1e-9 && y < v+g.LabelHeight-1e-9 && v < y+g.LabelHeight-1e-9 {
						t.Errorf("labels %d and %d overlap", j, i)
					}
				}
			}
			if math.Abs(right-want.lastRight) > 0.1 || math.Abs(bottom-want.lastBottom) > 0.1 {
				t.Errorf("the last label ends at %.2f,%.2f, want %.2f,%.2f", right, bottom, want.lastRight, want.lastBottom)
			}
		})
	}
}

func TestCodeAndTextStayOnTheLabelAndApart(t *testing.T) {
	for _, p := range qrcode.Presets {
		for _, k := range kinds {
			for _, second := range []bool{false, true} {
				g := p.Geometry()
				l, errs := qrcode.Fit(g, k.kind, 0, 100, second)
				if len(errs) > 0 {
					if k.kind == qrcode.Code128 || g.LabelHeight < 22 {
						continue
					}
					t.Errorf("%s %s: %v", p.Name(), k.kind, errs)
					continue
				}
				for _, text := range []string{"1", "SN-00042", strings.Repeat("x", 60)} {
					sym, err := qrcode.Options{}.WithSymbology(k.kind).Encode(text)
					if err != nil {
						t.Fatal(err)
					}
					width, height := sym.Size()
					for slot := range g.PerSheet() {
						left, top := g.At(slot)
						x, y, module, textTop := l.Place(g, slot, sym)
						x, y, textTop = x-left, y-top, textTop-top
						if x < 0.95 || y < 0.9 || x+module*float64(width) > g.LabelWidth-0.95 {
							t.Errorf("%s %s: the code leaves the label: %v,%v", p.Name(), k.kind, x, y)
						}
						if y+module*float64(height) > textTop+1e-9 || textTop+l.TextHeight() > g.LabelHeight-0.99 {
							t.Errorf("%s %s: the text meets the code or leaves the label: code ends %v, text %v", p.Name(), k.kind, y+module*float64(height), textTop)
						}
					}
				}
			}
		}
	}
}

func TestFitTakesTheSizeAskedForOrSaysWhatFits(t *testing.T) {
	g := qrcode.Presets[3].Geometry() // 38.1 × 21.2 mm
	for _, tt := range []struct {
		name         string
		want, atMost float64
		second       bool
		size         float64
		err          string
	}{
		{name: "as large as fits", atMost: 25, size: 15.8},
		{name: "the admin's size", atMost: 12, size: 12},
		{name: "the user's size", want: 10, atMost: 25, size: 10},
		{name: "with a second line", atMost: 25, second: true, size: 13.2},
		{name: "too large", want: 16, atMost: 25, err: "At most 15.8 mm do."},
		{name: "too large with a second line", want: 15, atMost: 25, second: true, err: "At most 13.2 mm do."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, errs := qrcode.Fit(g, qrcode.QR, tt.want, tt.atMost, tt.second)
			if math.Abs(l.CodeSize()-tt.size) > 1e-6 || !strings.Contains(errs["size"], tt.err) || (tt.err == "") != (len(errs) == 0) {
				t.Errorf("size %v, errors %v", l.CodeSize(), errs)
			}
		})
	}
}

func TestValidateNamesTheFieldThatIsWrong(t *testing.T) {
	good := qrcode.Presets[0].Geometry()
	for _, tt := range []struct {
		name   string
		change func(g *qrcode.Geometry)
		field  string
		says   string
	}{
		{"too many columns", func(g *qrcode.Geometry) { g.Columns = 4 }, "columns", "4 columns of 63.5 mm with margin and gaps need 268.82 mm, but the page is 210 mm wide"},
		{"too many rows", func(g *qrcode.Geometry) { g.Rows = 9 }, "rows", "but the page is 297 mm high"},
		{"gaps too wide", func(g *qrcode.Geometry) { g.GapX = 20 }, "columns", "Use fewer columns"},
		{"no columns", func(g *qrcode.Geometry) { g.Columns = 0 }, "columns", "from 1 to 50"},
		{"negative margin", func(g *qrcode.Geometry) { g.MarginTop = -1 }, "marginTop", "from 0 to 600"},
		{"not a number", func(g *qrcode.Geometry) { g.LabelWidth = math.NaN() }, "labelWidth", "from 10 to 1200"},
		{"infinite", func(g *qrcode.Geometry) { g.PageHeight = math.Inf(1) }, "pageHeight", "from 10 to 1200"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := good
			tt.change(&g)
			errs := g.Validate()
			if len(errs) != 1 || !strings.Contains(errs[tt.field], tt.says) {
				t.Errorf("got %v", errs)
			}
		})
	}
}

func TestModulesAreWholePrinterDotsAtHardlyAnyLoss(t *testing.T) {
	g := qrcode.Presets[0].Geometry()
	for _, k := range kinds {
		for _, text := range []string{"1", "SN-00042", strings.Repeat("x", 70)} {
			sym, err := qrcode.Options{}.WithSymbology(k.kind).Encode(text)
			if err != nil {
				t.Fatal(err)
			}
			for size := 8.0; size < 28; size += 0.7 {
				l, errs := qrcode.Fit(g, k.kind, size, 25, false)
				if len(errs) > 0 {
					t.Fatal(errs)
				}
				x, y, module, _ := l.Place(g, 4, sym)
				for _, v := range []float64{x, y, module} {
					if dots := v / 25.4 * 1200; math.Abs(dots-math.Round(dots)) > 1e-6 {
						t.Errorf("%s of %v mm: %v mm is %v dots of 1200 to the inch", k.kind, size, v, dots)
					}
				}
				width, height := sym.Size()
				w, h := size, size
				if k.kind == qrcode.Code128 {
					w, h = 2*size, 2*size/3
				}
				wanted := min(w/float64(width), h/float64(height))
				if module > wanted+1e-9 || module < 0.93*wanted && wanted > 0.3 {
					t.Errorf("%s of %v mm: module %v, wanted %v", k.kind, size, module, wanted)
				}
			}
		}
	}
}

func FuzzValidGeometryKeepsItsLabelsOnThePage(f *testing.F) {
	for _, p := range qrcode.Presets {
		g := p.Geometry()
		f.Add(g.PageWidth, g.PageHeight, g.Columns, g.Rows, g.LabelWidth, g.LabelHeight, g.MarginLeft, g.MarginTop, g.GapX, g.GapY, 25.0)
	}
	f.Add(math.NaN(), math.Inf(1), -1, 1<<40, 1e308, -1e308, 0.0, 0.0, 0.0, 0.0, math.NaN())
	f.Fuzz(func(t *testing.T, pw, ph float64, columns, rows int, lw, lh, ml, mt, gx, gy, size float64) {
		g := qrcode.Geometry{PageWidth: pw, PageHeight: ph, Columns: columns, Rows: rows, LabelWidth: lw, LabelHeight: lh, MarginLeft: ml, MarginTop: mt, GapX: gx, GapY: gy}
		if len(g.Validate()) > 0 {
			return
		}
		if n := g.PerSheet(); n < 1 || n > 5000 {
			t.Fatalf("%d labels", n)
		}
		x, y := g.At(g.PerSheet() - 1)
		if x < 0 || y < 0 || !(x+lw <= pw+0.06) || !(y+lh <= ph+0.06) {
			t.Fatalf("the last label at %v,%v leaves the page: %+v", x, y, g)
		}
		if math.IsNaN(size) || size < 0 || size > 100 {
			return
		}
		for _, k := range kinds {
			l, errs := qrcode.Fit(g, k.kind, size, 25, true)
			if len(errs) == 0 && !(l.CodeSize() >= 7.9 || size > 0 && size < 8) {
				t.Fatalf("a code of %v mm", l.CodeSize())
			}
		}
	})
}
