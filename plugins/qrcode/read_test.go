package main_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/datamatrix"
	"github.com/makiuchi-d/gozxing/oned"
	zxingqr "github.com/makiuchi-d/gozxing/qrcode"

	qrcode "github.com/pergola-platform/pergola/plugins/qrcode"
)

// scan reads a code with a decoder that shares nothing with the encoders.
func scan(t testing.TB, kind qrcode.Symbology, img image.Image) string {
	t.Helper()
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	var reader gozxing.Reader
	switch kind {
	case qrcode.DataMatrix:
		reader = datamatrix.NewDataMatrixReader()
	case qrcode.Code128:
		reader = oned.NewCode128Reader()
	default:
		reader = zxingqr.NewQRCodeReader()
	}
	result, err := reader.Decode(bitmap, nil)
	if err != nil {
		t.Fatalf("scan: %v", err)
	}
	text := result.GetText()
	if kind == qrcode.DataMatrix && !utf8.ValidString(text) {
		// This decoder hands out the bytes of the code, which are ISO 8859-1.
		latin := make([]rune, len(text))
		for i := range len(text) {
			latin[i] = rune(text[i])
		}
		text = string(latin)
	}
	return text
}

// paint fills path data as a browser would, by the non-zero rule, scale pixels to a unit.
func paint(t testing.TB, path string, width, height, scale float64) *image.Gray {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, int(math.Ceil(width*scale)), int(math.Ceil(height*scale))))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	type edge struct{ x, top, bottom, dir float64 }
	var edges []edge
	vertical := func(x, from, to float64) {
		if from < to {
			edges = append(edges, edge{x, from, to, 1})
		} else if to < from {
			edges = append(edges, edge{x, to, from, -1})
		}
	}
	var x, y, startX, startY float64
	letters := "MmHhVvZz"
	for i := 0; i < len(path); {
		c := path[i]
		end := i + 1
		for end < len(path) && !strings.ContainsRune(letters, rune(path[end])) {
			end++
		}
		var n []float64
		for _, f := range strings.Fields(path[i+1 : end]) {
			v, err := strconv.ParseFloat(f, 64)
			if err != nil {
				t.Fatalf("path: %v", err)
			}
			n = append(n, v)
		}
		want := map[byte]int{'M': 2, 'h': 1, 'v': 1, 'z': 0}
		if k, ok := want[c]; !ok || len(n) != k {
			t.Fatalf("path: unexpected %q", path[i:end])
		}
		switch c {
		case 'M':
			x, y = n[0], n[1]
			startX, startY = x, y
		case 'h':
			x += n[0]
		case 'v':
			vertical(x, y, y+n[0])
			y += n[0]
		case 'z':
			vertical(x, y, startY)
			x, y = startX, startY
		}
		i = end
	}
	sort.Slice(edges, func(a, b int) bool { return edges[a].x < edges[b].x })
	for py := range img.Rect.Dy() {
		at := (float64(py) + 0.5) / scale
		winding, from := 0.0, 0.0
		for _, e := range edges {
			if at < e.top || at >= e.bottom {
				continue
			}
			if winding == 0 {
				from = e.x
			}
			if winding += e.dir; winding == 0 {
				for px := int(math.Round(from * scale)); px < int(math.Round(e.x*scale)); px++ {
					img.Pix[py*img.Stride+px] = 0
				}
			}
		}
	}
	return img
}

// svgFile is what the tests look at in an SVG.
type svgFile struct {
	Width   string `xml:"width,attr"`
	Height  string `xml:"height,attr"`
	ViewBox string `xml:"viewBox,attr"`
	Path    struct {
		D string `xml:"d,attr"`
	} `xml:"path"`
	Text *struct {
		Y    float64 `xml:"y,attr"`
		Size float64 `xml:"font-size,attr"`
		Text string  `xml:",chardata"`
	} `xml:"text"`
}

func parseSVG(t testing.TB, raw []byte) (f svgFile, width, height float64) {
	t.Helper()
	if err := xml.Unmarshal(raw, &f); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(f.ViewBox, "0 0 %f %f", &width, &height); err != nil {
		t.Fatalf("viewBox %q: %v", f.ViewBox, err)
	}
	return f, width, height
}

// tool runs a program that an operating system's package holds. Without it the test is skipped, except where CI is set:
// there everything must be looked at.
func tool(t testing.TB, pkg, name string, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing: apt-get install %s", name, pkg)
		}
		t.Skipf("%s is missing: apt-get install %s", name, pkg)
	}
	var stderr bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.String())
	}
	return out
}

// tempFile writes a file that a tool can read.
func tempFile(t testing.TB, name string, body []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func decodePNG(t testing.TB, raw []byte) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// decodePGM reads the greys that pdftoppm writes: four words of a header, one byte of white space, the pixels.
func decodePGM(t testing.TB, raw []byte) *image.Gray {
	t.Helper()
	var width, height, white int
	if _, err := fmt.Fscanf(bytes.NewReader(raw), "P5\n%d %d\n%d", &width, &height, &white); err != nil || white != 255 || len(raw) < width*height {
		t.Fatalf("PGM of %d × %d: %v", width, height, err)
	}
	return &image.Gray{Pix: raw[len(raw)-width*height:], Stride: width, Rect: image.Rect(0, 0, width, height)}
}

// isWhite says whether a part of a picture is white all over.
func isWhite(img image.Image, r image.Rectangle) bool {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y < 250 {
				return false
			}
		}
	}
	return true
}
