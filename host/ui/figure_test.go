package ui_test

import (
	"bytes"
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/ui"
	"github.com/pergola-platform/pergola/sdk/view"
)

func TestFiguresWithBadPathsAreRefusedAsAWhole(t *testing.T) {
	const good = "M0 0h10v10h-10z"
	bad := []string{
		"", "Z", "L0 0", "M0", "M0 0L1", "M0 0 C1 1 2 2 3 3", "M0 0h", "M0 0z1", "M0 0h1e5", "M0 0h1\"/><script>", "M0 0h0x10", "M0 0h--1", "M0 0h.", "M0 0h" + strings.Repeat("9", 40), "M0 0\u00a0h1",
	}
	for _, path := range bad {
		got := fragment(t, ui.Shell{}, &view.Page{Blocks: []view.Block{{Figure: &view.Figure{Width: 10, Height: 10, Alt: "the code", Shapes: []view.Shape{{Path: good}, {Path: path}}}}}})
		if strings.Contains(got, "<path fill=\"#") || !strings.Contains(got, "the code") {
			t.Errorf("%q was drawn: %s", path, got)
		}
	}
	for _, path := range []string{good, "m0,0 1,1-2.5.5z", "M0 0\nL1 1 2 2 3 3H4 5V-6z", "M.5.5h1zM2 2h1z"} {
		got := fragment(t, ui.Shell{}, &view.Page{Blocks: []view.Block{{Figure: &view.Figure{Width: 10, Height: 10, Shapes: []view.Shape{{Path: path}}}}}})
		if !strings.Contains(got, "<path") {
			t.Errorf("%q was refused: %s", path, got)
		}
	}
	for _, f := range []view.Figure{{Width: 0, Height: 1}, {Width: math.NaN(), Height: 1}, {Width: math.Inf(1), Height: 1}, {Width: 1, Height: -1}, {Width: 1, Height: 1000}, {Width: 1, Height: 1, Shapes: []view.Shape{{Path: good, Fill: "url(#x)"}}}} {
		if got := fragment(t, ui.Shell{}, &view.Page{Blocks: []view.Block{{Figure: &f}}}); strings.Contains(got, "viewBox=\"0 0 1") && strings.Contains(got, "<rect") {
			t.Errorf("%+v was drawn", f)
		}
	}
}

func TestFigureIsAsWideOnPaperAsItMayBeOnTheScreen(t *testing.T) {
	got := fragment(t, ui.Shell{}, &view.Page{Blocks: []view.Block{{Figure: &view.Figure{Width: 62, Height: 29, MaxPx: 240, Print: true, Shapes: []view.Shape{{Path: "M0 0h1v1z"}}}}}})
	if !strings.Contains(got, `viewBox="0 0 62 29" width="240" height="112"`) || !strings.Contains(got, `<rect width="62" height="29" fill="#FFFFFF"/>`) {
		t.Error(got)
	}
}

func TestFigureHasTheSizeOnPaperThatItsPluginAskedFor(t *testing.T) {
	for _, tt := range []struct {
		mm   float64
		want string
	}{{25, ` data-print-mm="25"`}, {12.5, ` data-print-mm="12.5"`}, {0, ""}, {-1, ""}, {1001, ""}, {math.NaN(), ""}} {
		got := fragment(t, ui.Shell{}, &view.Page{Blocks: []view.Block{{Figure: &view.Figure{Width: 1, Height: 1, PrintMM: tt.mm, Print: true}}}})
		if found := regexp.MustCompile(` data-print-mm="[^"]*"`).FindString(got); found != tt.want {
			t.Errorf("%v mm: %q, want %q", tt.mm, found, tt.want)
		}
	}
}

func FuzzFigurePath(f *testing.F) {
	for _, s := range []string{"M0 0h10v10h-10z", "m0,0 1,1-2.5.5z", "M.5.5", "M0 0\"><script>", "M1e9 0"} {
		f.Add(s)
	}
	r, err := ui.New(ui.Config{})
	if err != nil {
		f.Fatal(err)
	}
	allowed := regexp.MustCompile(`^[MLHVZmlhvz0-9 ,.+\-\n\t\r]+$`)
	drawn := regexp.MustCompile(`<path fill="#000000" d="([^"]*)"/>`)
	f.Fuzz(func(t *testing.T, path string) {
		var b bytes.Buffer
		if err := r.Fragment(&b, ui.Shell{}, &view.Page{Blocks: []view.Block{{Figure: &view.Figure{Width: 1, Height: 1, Shapes: []view.Shape{{Path: path}}}}}}); err != nil {
			t.Fatal(err)
		}
		if m := drawn.FindStringSubmatch(b.String()); m != nil && !allowed.MatchString(path) {
			t.Errorf("%q was drawn as %q", path, m[1])
		}
	})
}
