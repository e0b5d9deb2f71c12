package main

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// encodeSVG draws a symbol as a file that stands alone: width in mm as printed, and the caption below the quiet zone,
// never in it, for a code with text in its quiet zone does not scan.
func encodeSVG(s *symbol, widthMM float64, caption string) []byte {
	width, height := float64(s.width), float64(s.height)
	caption = printable(caption)
	font := min(height*0.14, width/(0.65*float64(max(1, utf8.RuneCountInString(caption)))))
	total := height
	if caption != "" {
		total += 1.4 * font
	}

	var b strings.Builder
	put := func(parts ...string) {
		for _, p := range parts {
			b.WriteString(p)
		}
	}
	put(`<svg xmlns="http://www.w3.org/2000/svg" width="`, number(widthMM), `mm" height="`, number(widthMM*total/width),
		`mm" viewBox="0 0 `, number(width), " ", number(total), `">`,
		`<rect width="100%" height="100%" fill="#fff"/><path fill="#000" shape-rendering="crispEdges" d="`, s.path(), `"/>`)
	if caption != "" {
		put(`<text x="`, number(width/2), `" y="`, number(height+font), `" font-family="Helvetica, Arial, sans-serif" font-size="`,
			number(font), `" text-anchor="middle">`, escapeXML.Replace(caption), `</text>`)
	}
	put("</svg>\n")
	return []byte(b.String())
}

var escapeXML = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

// printable drops what XML 1.0 and a printer cannot take: control characters and broken UTF-8.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == 0xfffe || r == 0xffff || r == utf8.RuneError {
			return -1
		}
		return r
	}, text)
}

// number prints a length with at most three decimals.
func number(v float64) string {
	s := strconv.FormatFloat(v, 'f', 3, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}
