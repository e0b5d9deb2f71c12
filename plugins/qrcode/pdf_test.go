package main_test

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	qrcode "github.com/pergola-platform/pergola/plugins/qrcode"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// rasterise draws pages of a PDF at 300 dots per inch, as a cheap printer does.
func rasterise(t testing.TB, pdf []byte, first, last int) []image.Image {
	t.Helper()
	path := tempFile(t, "sheet.pdf", pdf)
	tool(t, "poppler-utils", "pdftoppm", "-r", "300", "-gray", "-f", strconv.Itoa(first), "-l", strconv.Itoa(last), path, strings.TrimSuffix(path, ".pdf"))
	files, err := filepath.Glob(strings.TrimSuffix(path, ".pdf") + "-*.pgm")
	if err != nil || len(files) != last-first+1 {
		t.Fatalf("%d pages, %v", len(files), err)
	}
	var pages []image.Image
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, decodePGM(t, raw))
	}
	return pages
}

// part cuts a label out of a page.
func part(page image.Image, g qrcode.Geometry, slot int) image.Image {
	const perMM = 300 / 25.4
	x, y := g.At(slot)
	return page.(interface {
		SubImage(image.Rectangle) image.Image
	}).SubImage(image.Rect(int(x*perMM), int(y*perMM), int((x+g.LabelWidth)*perMM), int((y+g.LabelHeight)*perMM)))
}

// whole copies a picture so that it starts at 0,0, which the decoder wants.
func whole(img image.Image) *image.Gray {
	b := img.Bounds()
	out := image.NewGray(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(out, out.Rect, img, b.Min, draw.Src)
	return out
}

func TestEveryPresetPrintsCodesThatScanWhereTheLabelsAre(t *testing.T) {
	for i, p := range qrcode.Presets {
		for _, k := range kinds {
			if testing.Short() && i > 0 {
				continue
			}
			t.Run(p.Name()+"/"+string(k.kind), func(t *testing.T) {
				s := newSite(t, 4).set("symbology", string(k.kind))
				if k.kind == qrcode.Code128 {
					s.set("content", "field").set("field", "customfield_10042")
				}
				g := p.Geometry()
				start := g.PerSheet() // the last one, so that the rest goes to a second sheet
				page, _ := s.finish(s.act("start", submit("preset", p.Name(), "start", strconv.Itoa(start))))
				file := s.pdf(page)
				sheets := 1 + (3+g.PerSheet()-1)/g.PerSheet()
				images := rasterise(t, file.Body, 1, sheets)
				for i := range s.issues {
					position := start - 1 + i
					label := whole(part(images[position/g.PerSheet()], g, position%g.PerSheet()))
					want := linkURL + s.code(i)
					if k.kind == qrcode.Code128 {
						want = fmt.Sprintf("SN-%06d", i+1)
					}
					if got := scan(t, k.kind, label); got != want {
						t.Errorf("label %d says %q, want %q", i, got, want)
					}
				}
				if start > 1 && !isWhite(part(images[0], g, 0), part(images[0], g, 0).Bounds()) {
					t.Error("the first label, used up already, is printed on")
				}
			})
		}
	}
}

// zbarimg gets the labels one by one, as a person scans them: with many codes in one picture it mixes up their corners.
func TestTwoFullSheetsScanWithAnotherProgram(t *testing.T) {
	for _, kind := range []qrcode.Symbology{qrcode.QR, qrcode.Code128} {
		t.Run(string(kind), func(t *testing.T) {
			s := newSite(t, 48).set("symbology", string(kind))
			if kind == qrcode.Code128 {
				s.set("content", "field").set("field", "customfield_10042")
			}
			page, _ := s.finish(s.act("start", submit("second", "true")))
			pages := rasterise(t, s.pdf(page).Body, 1, 2)
			args := []string{"--nodbus", "--quiet", "--raw"}
			var want []string
			dir := t.TempDir()
			for i := range s.issues {
				var label bytes.Buffer
				if err := png.Encode(&label, whole(part(pages[i/24], qrcode.Presets[0].Geometry(), i%24))); err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(dir, strconv.Itoa(i)+".png")
				if err := os.WriteFile(path, label.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
				args = append(args, path)
				if kind == qrcode.Code128 {
					want = append(want, fmt.Sprintf("SN-%06d", i+1))
				} else {
					want = append(want, linkURL+s.code(i))
				}
			}
			if diff := cmp.Diff(want, strings.Fields(string(tool(t, "zbar-tools", "zbarimg", args...)))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDataMatrixLabelScansWithAnotherProgram(t *testing.T) {
	s := newSite(t, 1).set("symbology", "datamatrix")
	page, _ := s.finish(s.act("start", submit("preset", "roll-62x29")))
	path := tempFile(t, "sheet.pdf", s.pdf(page).Body)
	tool(t, "poppler-utils", "pdftoppm", "-r", "300", "-gray", "-png", path, strings.TrimSuffix(path, ".pdf"))
	if got := string(tool(t, "dmtx-utils", "dmtxread", "-m", "3000", "-N1", strings.TrimSuffix(path, ".pdf")+"-1.png")); got != linkURL+s.code(0) {
		t.Errorf("got %q", got)
	}
}

func TestPDFHoldsKeysSummariesAndThePageSize(t *testing.T) {
	s := newSite(t, 3)
	s.issues[1].Key = "A_RATHER_LONG_PROJECT_KEY_OF_MORE_THAN_A_LABEL_IS_WIDE-1234567"
	s.issues[1].Fields["summary"] = jira.Value{Text: strings.Repeat("a long summary ", 20)}
	s.issues[2].Fields["summary"] = jira.Value{Text: "資産 (42) \\ 100 €"}
	page, _ := s.finish(s.act("start", submit("second", "true", "preset", "letter-3x10")))
	if got := words(page); !strings.Contains(got, "On 1 label the summary has letters that the PDF's font does not have") {
		t.Error(got)
	}
	path := tempFile(t, "sheet.pdf", s.pdf(page).Body)
	text := string(tool(t, "poppler-utils", "pdftotext", "-layout", path, "-"))
	for _, want := range []string{"OPS-1", "Laptop 1, 14\" – Zoë’s", "A_RATHER_LONG", "a long summary", "…", "OPS-3", `(42) \ 100 €`} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in the PDF's text:\n%s", want, text)
		}
	}
	info := string(tool(t, "poppler-utils", "pdfinfo", path))
	for _, want := range []string{"612 x 792 pts", "QR labels", "Pages:           1"} {
		if !strings.Contains(info, want) {
			t.Errorf("%q is missing in\n%s", want, info)
		}
	}
}

func TestSecondLineIsOffUnlessAskedFor(t *testing.T) {
	s := newSite(t, 1)
	page, _ := s.finish(s.act("start", submit()))
	path := tempFile(t, "sheet.pdf", s.pdf(page).Body)
	if text := string(tool(t, "poppler-utils", "pdftotext", path, "-")); !strings.Contains(text, "OPS-1") || strings.Contains(text, "Laptop") {
		t.Errorf("got %q", text)
	}
}

func TestPrintedQuietZonesAreWhite(t *testing.T) {
	for _, k := range kinds {
		s := newSite(t, 1).set("content", "field").set("field", "customfield_10042").set("symbology", string(k.kind))
		page, _ := s.finish(s.act("start", submit("second", "true")))
		img := whole(part(rasterise(t, s.pdf(page).Body, 1, 1)[0], qrcode.Presets[0].Geometry(), 0))

		sym, err := qrcode.Options{}.WithSymbology(k.kind).Encode("SN-000001")
		if err != nil {
			t.Fatal(err)
		}
		l, errs := qrcode.Fit(qrcode.Presets[0].Geometry(), k.kind, 0, 25, true)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		const perMM = 300 / 25.4
		left, top := qrcode.Presets[0].Geometry().At(0)
		x, y, module, textTop := l.Place(qrcode.Presets[0].Geometry(), 0, sym)
		width, height := sym.Size()
		x, y, module, textTop = (x-left)*perMM, (y-top)*perMM, module*perMM, (textTop-top)*perMM
		w, h, quiet := module*float64(width), module*float64(height), module*float64(k.quiet)
		box := func(x, y, w, h float64) image.Rectangle {
			return image.Rect(int(x)+2, int(y)+2, int(x+w)-2, int(y+h)-2)
		}
		for side, r := range map[string]image.Rectangle{
			"top": box(x, y, w, quiet), "bottom": box(x, y+h-quiet, w, quiet), "left": box(x, y, quiet, h), "right": box(x+w-quiet, y, quiet, h),
		} {
			if !isWhite(img, r) {
				t.Errorf("%s: something is printed in the quiet zone at the %s", k.kind, side)
			}
		}
		if isWhite(img, box(0, textTop, 63.5*perMM, 3.4*perMM)) {
			t.Errorf("%s: there is no key below the code", k.kind)
		}
	}
}

func TestSameSheetGivesTheSameBytes(t *testing.T) {
	s := newSite(t, 30)
	page, _ := s.finish(s.act("start", submit()))
	if !bytes.Equal(s.pdf(page).Body, s.pdf(page).Body) {
		t.Error("two downloads differ")
	}
}

func TestPreviewShowsTheFirstSheet(t *testing.T) {
	s := newSite(t, 30)
	page, _ := s.finish(s.act("start", submit("start", "3")))
	f := figure(t, page)
	if f.Width != 4200 || f.Height != 5940 || f.Caption != "Sheet 1 of 2" {
		t.Fatalf("%v × %v %q", f.Width, f.Height, f.Caption)
	}
	img := paint(t, f.Shapes[1].Path, f.Width, f.Height, 0.5)
	g := qrcode.Presets[0].Geometry()
	cell := func(slot int) *image.Gray {
		x, y := g.At(slot)
		return whole(img.SubImage(image.Rect(int(x*10), int(y*10), int((x+g.LabelWidth)*10), int((y+g.LabelHeight)*10))))
	}
	for slot := range 24 {
		if slot < 2 {
			if !isWhite(cell(slot), cell(slot).Bounds()) {
				t.Errorf("label %d, used up already, has a code", slot)
			}
			continue
		}
		if got, want := scan(t, qrcode.QR, cell(slot)), linkURL+s.code(slot-2); got != want {
			t.Errorf("label %d: %q, want %q", slot, got, want)
		}
	}
}

func TestPreviewStaysSmall(t *testing.T) {
	s := newSite(t, 65).set("content", "field").set("field", "summary").set("errorCorrection", "H")
	for i := range s.issues {
		s.issues[i].Fields["summary"] = jira.Value{Text: strings.Repeat("long field ", 60)}
	}
	page, _ := s.finish(s.act("start", submit("preset", "a4-5x13")))
	size := 0
	for _, shape := range figure(t, page).Shapes {
		size += len(shape.Path)
	}
	if size > 400_000 {
		t.Errorf("%d bytes of paths", size)
	}
	if !strings.Contains(words(page), "Very fine print") {
		t.Error("nobody is told that these codes will not scan")
	}
}

func TestCP1252MatchesTheCodePage(t *testing.T) {
	for in, want := range map[string]string{
		"OPS-7": "OPS-7", "Zoë": "Zo\xeb", "100 €": "100 \x80", "„a“ – ‘b’ …": "\x84a\x93 \x96 \x91b\x92 \x85", "Œuvre Ž": "\x8cuvre \x8e", "Ÿž™": "\x9f\x9e\x99",
	} {
		if got, whole := qrcode.CP1252(in); got != want || !whole {
			t.Errorf("%q became %q (%v), want %q", in, got, whole, want)
		}
	}
	for in, want := range map[string]string{"資産 7": " 7", "a\x00b": "ab", "łódź": "\xf3d", "📦": ""} {
		if got, whole := qrcode.CP1252(in); got != want || whole {
			t.Errorf("%q became %q (%v), want %q", in, got, whole, want)
		}
	}
}
