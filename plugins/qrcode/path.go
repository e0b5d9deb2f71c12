package main

import "strconv"

// rect is a dark rectangle of a symbol, in modules.
type rect struct{ x, y, width, height uint16 }

// newSymbol covers the dark modules with rectangles that do not overlap: each run of dark modules in a row, made taller
// as long as the rows below have the very same run. A drawing of them is less than half as long as one of single modules,
// and all of them are filled as one path, so that no viewer shows hairlines where they meet.
func newSymbol(width, height, quiet int, dark func(x, y int) bool) *symbol {
	s := &symbol{width: width + 2*quiet, height: height + 2*quiet}
	open := make([]int, width) // by x: 1 + index of the rectangle that starts there and reaches down to this row
	for y := range height {
		for x := 0; x < width; {
			if !dark(x, y) {
				open[x] = 0
				x++
				continue
			}
			start, above := x, open[x]-1
			for x++; x < width && dark(x, y); x++ {
				open[x] = 0
			}
			if above >= 0 && int(s.rects[above].width) == x-start {
				s.rects[above].height++
				continue
			}
			s.rects = append(s.rects, rect{uint16(start + quiet), uint16(y + quiet), uint16(x - start), 1})
			open[start] = len(s.rects)
		}
	}
	return s
}

// path returns the dark modules as SVG path data, one unit a module.
func (s *symbol) path() string {
	b := make([]byte, 0, 16*len(s.rects))
	for _, r := range s.rects {
		b = appendRect(b, int(r.x), int(r.y), int(r.width), int(r.height))
	}
	return string(b)
}

// appendRect appends a rectangle as SVG path data.
func appendRect(b []byte, x, y, width, height int) []byte {
	b = strconv.AppendInt(append(b, 'M'), int64(x), 10)
	b = strconv.AppendInt(append(b, ' '), int64(y), 10)
	b = strconv.AppendInt(append(b, 'h'), int64(width), 10)
	b = strconv.AppendInt(append(b, 'v'), int64(height), 10)
	b = strconv.AppendInt(append(b, 'h'), int64(-width), 10)
	return append(b, 'z')
}
