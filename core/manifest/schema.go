package manifest

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The file at the root of the repository is the one to edit; go test ./core/manifest -update copies it here, where the
// compiler can embed it, and without -update the test fails when the two differ.
//
//go:embed plugin-manifest.schema.json
var schemaJSON []byte

const schemaURL = "https://pergola-platform.github.io/plugin-manifest.schema.json"

// Schema returns plugin-manifest.schema.json, a copy that the caller may change.
func Schema() []byte { return slices.Clone(schemaJSON) }

type compiledSchema struct {
	schema *jsonschema.Schema
	doc    any // the schema as a document, in which the words of a message are looked up
}

var compiled = sync.OnceValue(func() compiledSchema {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaJSON))
	if err != nil {
		panic(fmt.Sprintf("plugin-manifest.schema.json: %v", err)) // embedded; a test compiles it
	}
	c, err := compiler(schemaURL, doc)
	if err != nil {
		panic(fmt.Sprintf("plugin-manifest.schema.json: %v", err))
	}
	schema, err := c.Compile(schemaURL)
	if err != nil {
		panic(fmt.Sprintf("plugin-manifest.schema.json: %v", err))
	}
	return compiledSchema{schema: schema, doc: doc}
})

// compiler knows doc under that address, and nothing else: it never loads anything.
func compiler(url string, doc any) (*jsonschema.Compiler, error) {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.UseLoader(noLoader{})
	return c, c.AddResource(url, doc)
}

type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("%s: a schema cannot refer to another one", url)
}
