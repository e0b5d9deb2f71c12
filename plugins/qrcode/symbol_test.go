package main_test

import (
	"errors"
	"image"
	"math"
	"strings"
	"testing"

	"rsc.io/qr"

	qrcode "github.com/pergola-platform/pergola/plugins/qrcode"
)

// kinds are the symbologies, with the quiet zone in modules that each one needs and texts that it must carry.
var kinds = []struct {
	kind  qrcode.Symbology
	quiet int
	texts []string
}{
	{qrcode.QR, 4, []string{
		linkURL + "4Nk7tQxYzAbCdEfGh2", siteURL + "/browse/OPS-7", "7", "0123456789", "SN-00042/A", "Gerät Nr. 7 – Café", "資産 42", "📦",
		strings.Repeat("long ", 200),
	}},
	{qrcode.DataMatrix, 2, []string{
		linkURL + "4Nk7tQxYzAbCdEfGh2", siteURL + "/browse/OPS-7", "7", "0123456789", "SN-00042/A", "Gerät Nr. 7 é", strings.Repeat("long ", 200),
	}},
	{qrcode.Code128, 10, []string{"7", "0123456789", "SN-00042/A", "OPS-1234", "a b~!", siteURL + "/browse/OPS-7", strings.Repeat("x", 80)}},
}

func TestEveryFormOfACodeDecodesToItsText(t *testing.T) {
	for _, k := range kinds {
		for _, text := range k.texts {
			t.Run(string(k.kind)+"/"+text[:min(12, len(text))], func(t *testing.T) {
				o := qrcode.Options{}.WithSymbology(k.kind)
				sym, err := o.Encode(text)
				if err != nil {
					t.Fatal(err)
				}
				width, height := sym.Size()

				if got := scan(t, k.kind, paint(t, sym.Path(), float64(width), float64(height), 4)); got != text {
					t.Errorf("figure: got %q, want %q", got, text)
				}

				raw, err := qrcode.EncodePNG(sym)
				if err != nil {
					t.Fatal(err)
				}
				img := decodePNG(t, raw)
				if img.Bounds().Dx() < 600 || img.Bounds().Dx()%width != 0 {
					t.Errorf("png: %d pixels wide for %d modules", img.Bounds().Dx(), width)
				}
				if p, ok := img.(*image.Paletted); !ok || len(p.Palette) != 2 {
					t.Errorf("png: more than two colours")
				}
				if got := scan(t, k.kind, img); got != text {
					t.Errorf("png: got %q, want %q", got, text)
				}

				file, w, h := parseSVG(t, qrcode.EncodeSVG(sym, 25, "OPS-7"))
				if got := scan(t, k.kind, paint(t, file.Path.D, w, h, 4)); got != text {
					t.Errorf("svg: got %q, want %q", got, text)
				}
			})
		}
	}
}

// modules reads a symbol's drawing back, a pixel a module.
func modules(t *testing.T, sym *qrcode.Symbol) (dark func(x, y int) bool, width, height int) {
	t.Helper()
	width, height = sym.Size()
	img := paint(t, sym.Path(), float64(width), float64(height), 1)
	return func(x, y int) bool { return img.GrayAt(x, y).Y == 0 && image.Pt(x, y).In(img.Rect) }, width, height
}

func TestQuietZoneIsWhite(t *testing.T) {
	for _, k := range kinds {
		sym, err := qrcode.Options{}.WithSymbology(k.kind).Encode("OPS-1234")
		if err != nil {
			t.Fatal(err)
		}
		dark, width, height := modules(t, sym)
		touched := [4]bool{}
		for y := range height {
			for x := range width {
				if !dark(x, y) {
					continue
				}
				if x < k.quiet || y < k.quiet || x >= width-k.quiet || y >= height-k.quiet {
					t.Fatalf("%s: dark module at %d,%d of %d×%d", k.kind, x, y, width, height)
				}
				touched = [4]bool{touched[0] || x == k.quiet, touched[1] || y == k.quiet, touched[2] || x == width-k.quiet-1, touched[3] || y == height-k.quiet-1}
			}
		}
		if touched != [4]bool{true, true, true, true} {
			t.Errorf("%s: the quiet zone is wider than %d modules: %v", k.kind, k.quiet, touched)
		}
	}
}

func TestPathCoversExactlyTheDarkModules(t *testing.T) {
	code, err := qr.Encode("https://example.com/7", qr.L)
	if err != nil {
		t.Fatal(err)
	}
	sym, err := qrcode.Options{}.WithSymbology(qrcode.QR).Encode("https://example.com/7")
	if err != nil {
		t.Fatal(err)
	}
	dark, width, height := modules(t, sym)
	runs := 0
	for y := range height {
		for x := range width {
			if dark(x, y) != code.Black(x-4, y-4) {
				t.Fatalf("module %d,%d differs", x, y)
			}
			if dark(x, y) && !dark(x-1, y) {
				runs++
			}
		}
	}
	if rects := strings.Count(sym.Path(), "M"); rects > runs*9/10 {
		t.Errorf("%d rectangles for %d runs: rows are not merged", rects, runs)
	}
}

func TestBarcodeIsOneRectangleABar(t *testing.T) {
	sym, err := qrcode.Options{}.WithSymbology(qrcode.Code128).Encode("OPS-1234")
	if err != nil {
		t.Fatal(err)
	}
	dark, width, height := modules(t, sym)
	bars := 0
	for x := range width {
		if dark(x, height/2) && !dark(x-1, height/2) {
			bars++
		}
	}
	if rects := strings.Count(sym.Path(), "M"); rects != bars {
		t.Errorf("%d rectangles for %d bars", rects, bars)
	}
}

func TestEncodeRefusesWhatDoesNotFitAndSaysWhatToDo(t *testing.T) {
	for _, tt := range []struct {
		name string
		kind qrcode.Symbology
		text string
		want string
	}{
		{"QR beyond the limit", qrcode.QR, strings.Repeat("x", qrcode.MaxContent+1), "Too long for a code"},
		{"digits beyond the limit", qrcode.QR, strings.Repeat("7", qrcode.MaxContent+1), "Too long for a code"},
		{"QR with broken UTF-8", qrcode.QR, "a\xffb", "This text cannot be encoded"},
		{"Data Matrix too long", qrcode.DataMatrix, strings.Repeat("x", 1700), "Too long for a Data Matrix code"},
		{"Data Matrix beyond Latin-1", qrcode.DataMatrix, "資産", "Not possible as a Data Matrix code"},
		{"Data Matrix that looks like GS1", qrcode.DataMatrix, "è42", "Not possible as a Data Matrix code"},
		{"barcode too long", qrcode.Code128, strings.Repeat("x", 81), "Too long for a barcode"},
		{"barcode beyond ASCII", qrcode.Code128, "Gerät", "Not possible as a barcode"},
		{"barcode with the encoder's own marks", qrcode.Code128, "ñ", "Not possible as a barcode"},
		{"barcode with control characters", qrcode.Code128, "a\tb", "Not possible as a barcode"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := qrcode.Options{}.WithSymbology(tt.kind).Encode(tt.text)
			var got *qrcode.Problem
			if !errors.As(err, &got) || got.Title() != tt.want {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
			if strings.Contains(err.Error(), tt.text) || !strings.Contains(err.Error(), "ask your Jira admin") && !strings.Contains(err.Error(), "Ask your Jira admin") {
				t.Errorf("it repeats the content or does not say what to do: %v", err)
			}
		})
	}
}

func TestQRHoldsTheLongestTextAtTheLowestLevel(t *testing.T) {
	text := strings.Repeat("x", qrcode.MaxContent)
	sym, err := qrcode.Options{}.WithSymbology(qrcode.QR).Encode(text)
	if err != nil {
		t.Fatal(err)
	}
	width, height := sym.Size()
	if got := scan(t, qrcode.QR, paint(t, sym.Path(), float64(width), float64(height), 4)); got != text {
		t.Error("it does not decode")
	}
	if _, err := qr.Encode(text, qr.L); err != nil {
		t.Error(err)
	}
}

func TestSVGKeepsTheCaptionOutOfTheQuietZone(t *testing.T) {
	for _, k := range kinds {
		for _, caption := range []string{"OPS-7", "A_VERY_LONG_PROJECT_KEY-1234567", `<&">'`, "ÄÖ-7\x00\x1b"} {
			sym, err := qrcode.Options{}.WithSymbology(k.kind).Encode("OPS-7")
			if err != nil {
				t.Fatal(err)
			}
			_, height := sym.Size()
			file, w, h := parseSVG(t, qrcode.EncodeSVG(sym, 30, caption))
			top := file.Text.Y - file.Text.Size // no letter reaches higher
			if top < float64(height)-0.01 || file.Text.Y+0.3*file.Text.Size > h {
				t.Errorf("%s %q: text from %.2f to %.2f, the code with its quiet zone ends at %d, the picture at %.2f", k.kind, caption, top, file.Text.Y, height, h)
			}
			if file.Width != "30mm" {
				t.Errorf("%s: width %s", k.kind, file.Width)
			}
			want := strings.Map(func(r rune) rune {
				if r < ' ' {
					return -1
				}
				return r
			}, caption)
			if file.Text.Text != want {
				t.Errorf("caption %q came out as %q", caption, file.Text.Text)
			}
			if math.IsNaN(w) {
				t.Error("no width")
			}
		}
	}
}

func TestSVGScansWhenAnotherProgramDrawsIt(t *testing.T) {
	for _, k := range kinds {
		sym, err := qrcode.Options{}.WithSymbology(k.kind).Encode("SN-00042")
		if err != nil {
			t.Fatal(err)
		}
		path := tempFile(t, "code.svg", qrcode.EncodeSVG(sym, 40, "OPS-7"))
		img := decodePNG(t, tool(t, "librsvg2-bin", "rsvg-convert", "--dpi-x", "300", "--dpi-y", "300", path))
		if got := scan(t, k.kind, img); got != "SN-00042" {
			t.Errorf("%s: got %q", k.kind, got)
		}
		width, _ := sym.Size()
		module := float64(img.Bounds().Dx()) / float64(width)
		quiet := int(float64(k.quiet)*module) - 1
		if !isWhite(img, image.Rect(0, 0, img.Bounds().Dx()-1, quiet)) || !isWhite(img, image.Rect(0, 0, quiet, img.Bounds().Dx()/4)) {
			t.Errorf("%s: the quiet zone is not white", k.kind)
		}
	}
}
