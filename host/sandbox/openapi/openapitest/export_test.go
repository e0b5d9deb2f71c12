package openapitest

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Examples judges the documents' own examples by their schemas.
func (d *Documents) Examples() (fit int, refused []string) {
	for _, op := range d.ops {
		for status, r := range op.responses {
			for kind, c := range r.Content {
				if len(c.Example) == 0 || len(c.Schema) == 0 || kind != "application/json" {
					continue
				}
				var quoted string // most examples are JSON in a string
				if json.Unmarshal(c.Example, &quoted) == nil {
					c.Example = json.RawMessage(quoted)
				}
				if err := op.checkBody(status, kind, c.Schema, c.Example); err != nil {
					refused = append(refused, fmt.Sprintf("%s %s %s: %v", op.Method, op.Path, status, err))
				} else {
					fit++
				}
			}
		}
	}
	slices.Sort(refused)
	return fit, refused
}
