package ui

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/sdk/view"
)

// figure is a drawing, ready for the template.
type figure struct {
	ID            string
	Name          string
	ViewBox       string
	Width, Height string // of the ground, in the drawing's own units
	ShownWidth    int    // in CSS pixels
	ShownHeight   int
	Shapes        []shape
	Alt, Caption  string
	Print         bool
	PrintMM       string // width on paper, "" for that of the screen
	// Refused is set where the drawing cannot be trusted; Alt is then all that is shown.
	Refused bool
}

type shape struct{ Path, Fill string }

// The fills. The ground is white whatever the theme, so these are not design tokens: a code must scan in the dark too.
var fills = map[string]string{"": "#000000", "white": "#FFFFFF", "muted": "#626F86", "accent": "#0C66E4"}

// Shown widths, in CSS pixels.
const (
	defaultWidth = 320
	maxWidth     = 4000
)

// maxPrintMM is the widest that a figure is printed.
const maxPrintMM = 1000

// newFigure checks a drawing. A drawing with one bad shape is refused as a whole: what is left of a code without one of its
// shapes could still scan, as something else.
func newFigure(b *budget, id string, f *view.Figure) figure {
	out := figure{ID: id, Name: figureName(f.Name), Alt: b.text(f.Alt), Caption: b.text(f.Caption), Print: f.Print}
	if out.Alt == "" {
		out.Alt = "Drawing"
	}
	if !(f.Width > 0 && f.Height > 0 && f.Width <= 1e6 && f.Height <= 1e6) || f.Height/f.Width > 100 || f.Width/f.Height > 100 { // also refuses NaN
		out.Refused = true
		return out
	}
	for _, s := range f.Shapes {
		fill, ok := fills[s.Fill]
		b.path -= len(s.Path)
		if !ok || b.path < 0 || !b.element() || checkPath(s.Path) != nil {
			out.Refused, out.Shapes = true, nil
			return out
		}
		out.Shapes = append(out.Shapes, shape{s.Path, fill})
	}
	// A pixel of CSS is 1/96 inch, so a drawing that is allowed 240 pixels is 63.5 mm wide on paper.
	out.ShownWidth = defaultWidth
	if f.MaxPx > 0 {
		out.ShownWidth = min(f.MaxPx, maxWidth)
	}
	out.ShownHeight = max(1, int(math.Round(float64(out.ShownWidth)*f.Height/f.Width)))
	if f.PrintMM > 0 && f.PrintMM <= maxPrintMM {
		out.PrintMM = coordinate(f.PrintMM)
	}
	out.Width, out.Height = coordinate(f.Width), coordinate(f.Height)
	out.ViewBox = "0 0 " + out.Width + " " + out.Height
	return out
}

func coordinate(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func figureName(s string) string {
	if len(s) > 64 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return ""
	}
	return s
}

var errPath = errors.New("not path data of the letters M L H V Z")

// checkPath accepts the part of SVG's path grammar that view.Shape allows: the letters M L H V Z in either case, each with
// as many plain decimal numbers as it takes, separated by spaces, commas, signs or nothing. The first letter is an M.
// https://www.w3.org/TR/SVG2/paths.html#PathDataBNF
func checkPath(d string) error {
	const none = -1
	takes, have := none, 0 // how many numbers the letter takes, how many it has got
	complete := func() bool {
		switch takes {
		case none, 0:
			return have == 0
		default:
			return have > 0 && have%takes == 0
		}
	}
	i := 0
	for i < len(d) {
		switch c := d[i]; c {
		case ' ', ',', '\n', '\t', '\r':
			i++
		case 'M', 'm', 'L', 'l', 'H', 'h', 'V', 'v', 'Z', 'z':
			if !complete() || takes == none && c != 'M' && c != 'm' {
				return fmt.Errorf("%w: at %d", errPath, i)
			}
			have = 0
			switch c {
			case 'M', 'm', 'L', 'l':
				takes = 2
			case 'H', 'h', 'V', 'v':
				takes = 1
			default:
				takes = 0
			}
			i++
		default:
			n := numberLength(d[i:])
			if n == 0 || takes <= 0 {
				return fmt.Errorf("%w: at %d", errPath, i)
			}
			have++
			i += n
		}
	}
	if takes == none || !complete() {
		return fmt.Errorf("%w: it ends too early", errPath)
	}
	return nil
}

// numberLength returns the length of the decimal number at the start of s, 0 where there is none. Nobody needs more than 24
// characters of one.
func numberLength(s string) int {
	i, digits := 0, 0
	if s[0] == '-' || s[0] == '+' {
		i++
	}
	dot := false
	for ; i < len(s); i++ {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '.' && !dot:
			dot = true
		default:
			if digits == 0 || i > 24 {
				return 0
			}
			return i
		}
	}
	if digits == 0 || i > 24 {
		return 0
	}
	return i
}
