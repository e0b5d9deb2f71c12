package seed

import (
	_ "embed"
	"slices"
)

//go:embed sandbox-seed.schema.json
var schemaJSON []byte

// Schema returns sandbox-seed.schema.json, which describes the JSON that [ReadJSON] reads; a copy that the caller may
// change. It is for editors: ReadJSON itself does not need it, and a test proves that the two agree.
func Schema() []byte { return slices.Clone(schemaJSON) }
