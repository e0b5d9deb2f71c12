package main

import "math"

// What stands on a label, in mm. The code's own quiet zone is part of the code, so text keeps clear of it.
const (
	padding      = 1.0 // from the label's edge, because no printer feeds exactly
	keyHeight    = 3.4 // the line with the key
	secondHeight = 2.6 // the optional second line
	minCode      = 8.0 // a smaller code is not worth printing
)

// layout is how every label of a sheet is divided: a box for the code at the top, one or two lines of text below.
type layout struct {
	size          float64 // of the code, see symbology.box
	width, height float64 // the box
	second        bool    // whether there is a second line
}

// textHeight is the room that the text takes.
func (l layout) textHeight() float64 {
	if l.second {
		return keyHeight + secondHeight
	}
	return keyHeight
}

// fit divides the labels of a valid geometry. want is the code's size in mm, 0 for as large as fits up to atMost. What
// does not fit is reported by form field.
func fit(g geometry, s symbology, want, atMost float64, second bool) (layout, fieldErrors) {
	l := layout{second: second}
	roomX := g.LabelWidth - 2*padding
	roomY := g.LabelHeight - 2*padding - l.textHeight()
	// Both edges of a box grow with its size, so the tighter one decides.
	unitX, unitY := s.box(1)
	largest := min(roomX/unitX, roomY/unitY)
	errs := fieldErrors{}
	switch {
	case largest < minCode:
		field := "preset"
		if roomX/unitX < roomY/unitY {
			errs.add("labelWidth", "Too narrow for a code and its margins.")
		} else {
			errs.add("labelHeight", "Too low for a code and the text below it.")
		}
		errs.add(field, "A label of %s × %s mm is too small for a code with this text. Choose a larger one.", number(g.LabelWidth), number(g.LabelHeight))
		return l, errs
	case want > largest+slack:
		errs.add("size", "A code of %s mm does not fit on a label of %s × %s mm with its text. At most %s mm do.",
			number(want), number(g.LabelWidth), number(g.LabelHeight), number(floorTenth(largest)))
		return l, errs
	case want > 0:
		l.size = min(want, largest)
	default:
		l.size = min(max(atMost, minCode), largest)
	}
	l.width, l.height = s.box(l.size)
	return l, nil
}

func floorTenth(v float64) float64 { return float64(int(v*10)) / 10 }

// placed is where a code stands on its page: the top left corner of its quiet zone and the edge of a module, and the top
// of the text below it, all in mm.
type placed struct{ x, y, module, textTop float64 }

// place puts a code on a label, 0 for the first of the sheet.
func (l layout) place(g geometry, slot int, s *symbol) placed {
	module, dot := wholeDots(min(l.width/float64(s.width), l.height/float64(s.height)))
	x, y := g.at(slot)
	top := y + (g.LabelHeight-l.height-l.textHeight())/2
	return placed{
		x:       math.Round((x+(g.LabelWidth-module*float64(s.width))/2)/dot) * dot,
		y:       math.Floor((top+l.height-module*float64(s.height))/dot) * dot,
		module:  module,
		textTop: top + l.height,
	}
}

// wholeDots rounds a module down to whole dots of a printer, and returns it with the size of such a dot. An edge between
// two dots comes out grey or uneven: on the same pages, drawn at 300 dots to the inch, zbarimg found 472 of 500 codes of 7.2
// dots a module and 494 of 7. Dots of 300 to the inch are whole ones of most printers; a module so small that the rounding
// would cost it a noticeable part takes finer ones.
func wholeDots(module float64) (rounded, dot float64) {
	for _, perInch := range []float64{300, 600, 1200} {
		dot = 25.4 / perInch
		rounded = math.Floor(module/dot+1e-6) * dot
		if rounded >= 0.93*module {
			break
		}
	}
	return rounded, dot
}
