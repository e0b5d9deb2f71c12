package main

import "strings"

// cp1252 converts text to Windows-1252, the letters of a PDF's built-in fonts, and leaves out all others; whole is false
// where it did.
func cp1252(text string) (out string, whole bool) {
	b := make([]byte, 0, len(text))
	whole = true
	for _, r := range text {
		switch i := strings.IndexRune(cp1252High, r); {
		case r >= ' ' && r < 0x7f || r >= 0xa0 && r <= 0xff:
			b = append(b, byte(r))
		case i >= 0:
			b = append(b, cp1252Bytes[len([]rune(cp1252High[:i]))])
		default:
			whole = false
		}
	}
	return string(b), whole
}

// The letters between 0x80 and 0x9f, and where they are.
const (
	cp1252High  = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
	cp1252Bytes = "\x80\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8e\x91\x92\x93\x94\x95\x96\x97\x98\x99\x9a\x9b\x9c\x9e\x9f"
)
