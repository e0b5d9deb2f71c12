package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Parse reads and checks a plugin.json; name is the file's name as the messages give it. The error is an [Errors] with
// everything that is wrong, not only the first. Parse never touches a file or the network.
func Parse(name string, data []byte) (*Manifest, error) {
	r := &report{file: name, data: data, at: map[string]int{}}
	if !r.scan() {
		return nil, r.err()
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err) // scan has read it as JSON already
	}
	if err := compiled().schema.Validate(doc); err != nil {
		var invalid *jsonschema.ValidationError
		if !errors.As(err, &invalid) {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		r.explain(invalid)
		return nil, r.err()
	}
	// The schema's objects are closed and equal to the Go types (a test proves it), so all that the decoder does not
	// know are the x- names.
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		var typ *json.UnmarshalTypeError
		if errors.As(err, &typ) {
			r.add("$."+typ.Field, "is "+typ.Value, "write a whole number without point and exponent")
			return nil, r.err()
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	schemas := []*json.RawMessage{&m.Settings}
	for i := range m.Provides {
		schemas = append(schemas, &m.Provides[i].Connection)
	}
	for _, s := range schemas {
		if *s == nil {
			continue
		}
		if *s, err = json.Marshal(*s); err != nil { // as encoding a Manifest would write it
			return nil, fmt.Errorf("%s: settings: %w", name, err)
		}
	}
	r.rules(&m, doc.(map[string]any))
	if err := r.err(); err != nil {
		return nil, err
	}
	return &m, nil
}
