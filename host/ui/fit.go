package ui

import "unicode"

// Sizes of the texts in a graph, in its units; app.css has the same.
const (
	nameSize    = 13
	detailSize  = 11
	lozengeSize = 10
	wordsSize   = 11
)

// textWidth is how wide a text becomes, near enough to fit it in: the fonts that browsers have for Jira's differ by a tenth. It
// measures rather too wide than too narrow.
func textWidth(s string, size float64) float64 {
	w := 0.0
	for _, r := range s {
		w += runeWidth(r)
	}
	return w * size
}

// runeWidth is the width of a letter in ems.
func runeWidth(r rune) float64 {
	switch {
	case r == 'i', r == 'j', r == 'l', r == 'I', r == '.', r == ',', r == ':', r == ';', r == '\'', r == '|', r == '!', r == ' ':
		return 0.31
	case r == 'f', r == 't', r == 'r', r == '-', r == '(', r == ')', r == '/':
		return 0.4
	case r == 'm', r == 'w', r == 'M', r == 'W', r == '@', r == '%', r == '…':
		return 0.92
	case unicode.Is(unicode.Mn, r):
		return 0
	case r >= 0x1100: // scripts of East Asia, pictures
		return 1.05
	case unicode.IsUpper(r):
		return 0.7
	}
	return 0.58
}

// fit cuts a text to a width.
func fit(s string, size, width float64) string {
	if textWidth(s, size) <= width {
		return s
	}
	width -= textWidth("…", size)
	w := 0.0
	for i, r := range s {
		if w += runeWidth(r) * size; w > width {
			return s[:i] + "…"
		}
	}
	return s
}
