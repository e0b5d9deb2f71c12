package main

import (
	"fmt"
	"unicode/utf8"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/code128"
	"github.com/boombuler/barcode/datamatrix"
	"rsc.io/qr"
)

// Quiet zones in modules, which must stay white on every side: ISO/IEC 18004 asks for 4, ISO/IEC 16022 for 1 (2 are
// safer), ISO/IEC 15417 for 10.
const (
	quietQR         = 4
	quietDataMatrix = 2
	quietCode128    = 10
)

// barcodeAspect is the width of a barcode divided by its height, white border included.
const barcodeAspect = 3

// minBars is the least height of a barcode's bars in modules.
const minBars = 15

// maxContent is the longest text in bytes that is encoded at all. Some kinds hold a little more, but nothing that a phone
// reads from a label.
const maxContent = 2000

// maxCode128 is the longest text in bytes that the encoder takes.
const maxCode128 = 80

// symbol is a code made of modules, each dark or white, quiet zone included. It holds the dark ones as rectangles, which
// is how they are drawn and takes little memory: a sheet has up to 500 symbols.
type symbol struct {
	width, height int // in modules
	rects         []rect
}

// encode returns the code that says text. The error is a *problem where text does not fit this kind of code.
func (o options) encode(text string) (*symbol, error) {
	if len(text) > maxContent {
		return nil, &problem{"Too long for a code",
			fmt.Sprintf("The text is more than %d bytes long. Shorten the field, or ask your Jira admin to let the code contain a link.", maxContent)}
	}
	switch o.symbology {
	case symbologyDataMatrix:
		return encodeDataMatrix(text)
	case symbologyCode128:
		return encodeCode128(text)
	case symbologyQR:
		return encodeQR(text, o.level)
	}
	return nil, fmt.Errorf("encode: unknown symbology %q", o.symbology)
}

func encodeQR(text string, level qr.Level) (*symbol, error) {
	if !utf8.ValidString(text) {
		return nil, &problem{"This text cannot be encoded", "It is not valid Unicode. Correct the field, or ask your Jira admin to let the code contain a link."}
	}
	c, err := qr.Encode(text, level)
	if err != nil {
		return nil, &problem{"Too long for a QR code",
			fmt.Sprintf("The text is %d bytes long, more than a QR code of this error correction can hold. Shorten the field, or ask your Jira admin for a lower error correction or a link as content.", len(text))}
	}
	return newSymbol(c.Size, c.Size, quietQR, c.Black), nil
}

func encodeDataMatrix(text string) (*symbol, error) {
	data, ok := latin1(text)
	// The encoder takes byte 232 at the start, an è, for the mark of a GS1 code.
	if !ok || data[0] == datamatrix.FNC1 {
		return nil, &problem{"Not possible as a Data Matrix code",
			"The text has letters beyond the Western European ones. Ask your Jira admin to choose QR codes, which can carry any letter."}
	}
	c, err := datamatrix.Encode(data)
	if err != nil {
		return nil, &problem{"Too long for a Data Matrix code",
			fmt.Sprintf("The text is %d characters long, more than such a code can hold. Shorten the field, or ask your Jira admin to let the code contain a link.", len(data))}
	}
	size := c.Bounds()
	return newSymbol(size.Dx(), size.Dy(), quietDataMatrix, isBlack(c)), nil
}

func encodeCode128(text string) (*symbol, error) {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return nil, &problem{"Not possible as a barcode",
				"A Code 128 barcode can only carry plain letters, digits and signs (ASCII), and this text has others. Correct the field, or ask your Jira admin to choose QR codes."}
		}
	}
	if len(text) > maxCode128 {
		return nil, &problem{"Too long for a barcode",
			fmt.Sprintf("The text is %d characters long; a Code 128 barcode takes %d at most. Ask your Jira admin to choose QR codes, or a short field such as a serial number as content.", len(text), maxCode128)}
	}
	c, err := code128.Encode(text)
	if err != nil {
		return nil, fmt.Errorf("encode a barcode: %w", err)
	}
	black := isBlack(c)
	sym := newSymbol(c.Bounds().Dx(), 1, quietCode128, func(x, _ int) bool { return black(x, 0) })
	sym.height = max(minBars+2*quietCode128, sym.width/barcodeAspect)
	for i := range sym.rects {
		sym.rects[i].height = uint16(sym.height - 2*quietCode128)
	}
	return sym, nil
}

// isBlack reads a barcode's picture module by module.
func isBlack(c barcode.Barcode) func(x, y int) bool {
	return func(x, y int) bool {
		r, _, _, _ := c.At(x, y).RGBA()
		return r == 0
	}
}

// latin1 converts UTF-8 to ISO 8859-1, what a Data Matrix code carries unless it says otherwise. It is false for an
// empty text and for one with other letters.
func latin1(text string) (string, bool) {
	b := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 0xff {
			return "", false
		}
		b = append(b, byte(r))
	}
	return string(b), len(b) > 0
}
