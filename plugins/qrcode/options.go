package main

import (
	"context"

	"rsc.io/qr"

	"github.com/pergola-platform/pergola/sdk/settings"
)

// content is what a code says, as plugin.json spells it.
type content string

const (
	contentLink  content = "link"  // a short link through the resolver
	contentURL   content = "url"   // the issue's own address
	contentField content = "field" // the value of one field
)

// symbology is the kind of code, as plugin.json spells it.
type symbology string

const (
	symbologyQR         symbology = "qr"
	symbologyDataMatrix symbology = "datamatrix"
	symbologyCode128    symbology = "code128"
)

// title is the kind's name for people.
func (s symbology) title() string {
	switch s {
	case symbologyDataMatrix:
		return "Data Matrix code"
	case symbologyCode128:
		return "Code 128 barcode"
	}
	return "QR code"
}

// options are the admin's choices.
type options struct {
	content   content
	field     string // a Jira field id; only for contentField
	symbology symbology
	level     qr.Level
	size      float64 // printed code in mm with its white border, see box
}

// Sizes of the printed code in mm.
const (
	defaultSize = 25
	maxSize     = 100
)

// loadOptions reads the settings. The host has validated them against plugin.json; what an older host leaves out gets
// the same default as there.
func loadOptions(ctx context.Context) (options, error) {
	v, err := settings.Load(ctx)
	if err != nil {
		return options{}, err
	}
	o := options{
		content:   content(v.String("content")),
		field:     v.String("field"),
		symbology: symbology(v.String("symbology")),
		level:     qr.M,
		size:      v.Float("size"),
	}
	switch v.String("errorCorrection") {
	case "L":
		o.level = qr.L
	case "Q":
		o.level = qr.Q
	case "H":
		o.level = qr.H
	}
	if o.content == "" {
		o.content = contentLink
	}
	if o.symbology == "" {
		o.symbology = symbologyQR
	}
	if o.size <= 0 {
		o.size = defaultSize
	}
	return o, nil
}

// box returns width and height in mm of a code of that size, white border included: a square, or, for a barcode, a
// strip twice as wide as the size, because its bars need the room.
func (s symbology) box(size float64) (width, height float64) {
	if s == symbologyCode128 {
		return 2 * size, 2 * size / barcodeAspect
	}
	return size, size
}

// finest is the smallest printed module in mm that phones and hand scanners read reliably: 0.25 for a matrix code, the
// customary 7.5 mil for a barcode.
func (s symbology) finest() float64 {
	if s == symbologyCode128 {
		return 0.19
	}
	return 0.25
}

// effort is how much longer a rectangle of such a code takes to make than one of a QR code; the encoder takes most of it.
func (s symbology) effort() int {
	if s == symbologyDataMatrix {
		return 3
	}
	return 1
}
