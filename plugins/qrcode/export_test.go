package main

// What the tests need of the inside.
var (
	New        = newPlugin
	ValidToken = validToken
	DecodeJob  = decodeJob
	Presets    = presets
	Fit        = fit
	CP1252     = cp1252
	EncodePNG  = encodePNG
	EncodeSVG  = encodeSVG
)

type (
	Options   = options
	Job       = job
	Sheet     = sheet
	Label     = label
	Geometry  = geometry
	Symbol    = symbol
	Problem   = problem
	Symbology = symbology
	Content   = content
)

const (
	QR         = symbologyQR
	DataMatrix = symbologyDataMatrix
	Code128    = symbologyCode128

	MaxContent = maxContent
	MaxLabels  = maxLabels
)

func (o options) Encode(text string) (*Symbol, error) { return o.encode(text) }
func (o options) WithSymbology(s Symbology) Options   { o.symbology = s; return o }
func (s *symbol) Size() (width, height int)           { return s.width, s.height }
func (s *symbol) Path() string                        { return s.path() }
func (g geometry) Validate() map[string]string        { return g.validate() }
func (g geometry) At(i int) (x, y float64)            { return g.at(i) }
func (g geometry) PerSheet() int                      { return g.perSheet() }
func (p preset) Name() string                         { return p.name }
func (p preset) Geometry() Geometry                   { return p.geometry }
func (l layout) CodeSize() float64                    { return l.size }
func (l layout) Place(g Geometry, slot int, s *Symbol) (x, y, module, textTop float64) {
	p := l.place(g, slot, s)
	return p.x, p.y, p.module, p.textTop
}
func (l layout) TextHeight() float64   { return l.textHeight() }
func (p *problem) Title() string       { return p.title }
func (j *job) Encode() ([]byte, error) { return j.encode() }
