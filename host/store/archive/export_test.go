package archive

// What reads and writes lines.
var (
	ParseLine  = parseLine
	EncodeLine = encodeLine
)
