package openapitest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// The documents are written in the dialect of OpenAPI 3.0. It differs from JSON Schema in nullable, in what stands beside a
// $ref (nothing), in writeOnly, and in formats; and the documents mean by additionalProperties in the parts of an allOf that
// the whole has no further properties, which JSON Schema calls unevaluatedProperties.

const schemas = "openapi:schemas"

// kept are the keywords that mean the same in both dialects.
var kept = []string{"type", "enum", "maxLength", "minLength", "maximum", "minimum", "maxItems", "minItems", "maxProperties", "minProperties", "uniqueItems", "format"}

// open marks the form of a schema that may be a part of an allOf.
const open = "~open"

func (d *document) prepare() error {
	defs := map[string]any{}
	for name, s := range d.schemas {
		defs[name] = d.convert(s, true)
		defs[name+open] = d.convert(s, false)
	}
	d.compiler = jsonschema.NewCompiler()
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	d.compiler.AssertFormat()
	for name, check := range formats {
		d.compiler.RegisterFormat(&jsonschema.Format{Name: name, Validate: check})
	}
	return d.compiler.AddResource(schemas, map[string]any{"$defs": defs})
}

// convert writes a schema as JSON Schema. closed says whether the schema decides which properties there are, or is a part.
func (d *document) convert(s map[string]any, closed bool) map[string]any {
	if name, ok := reference(s); ok {
		if !closed {
			name += open
		}
		return map[string]any{"$ref": schemas + "#/$defs/" + url.PathEscape(name)}
	}
	out := map[string]any{}
	for _, k := range kept {
		if v, ok := s[k]; ok {
			out[k] = v
		}
	}
	d.convertObject(s, out, closed)
	if items, ok := s["items"].(map[string]any); ok {
		out["items"] = d.convert(items, true)
	}
	all := list(s["allOf"])
	if len(all) > 0 {
		alone := len(all) == 1 && s["properties"] == nil
		var parts []any
		for _, part := range all {
			parts = append(parts, d.convert(part, closed && alone))
		}
		out["allOf"] = parts
		if closed && !alone && slices.ContainsFunc(append(all, s), d.isClosed) {
			delete(out, "additionalProperties")
			out["unevaluatedProperties"] = false
		}
	}
	// The documents' alternatives overlap, so that oneOf cannot mean exactly one.
	var either []any
	for _, part := range slices.Concat(list(s["anyOf"]), list(s["oneOf"])) {
		either = append(either, d.convert(part, closed))
	}
	if either != nil {
		out["anyOf"] = either
	}
	if s["nullable"] == true {
		return map[string]any{"anyOf": []any{map[string]any{"type": "null"}, out}}
	}
	return out
}

func (d *document) convertObject(s, out map[string]any, closed bool) {
	hidden := map[string]bool{}
	if properties, ok := s["properties"].(map[string]any); ok {
		converted := map[string]any{}
		for name, p := range properties {
			p, ok := p.(map[string]any)
			switch {
			case ok && p["writeOnly"] == true:
				hidden[name], converted[name] = true, false
			case ok:
				converted[name] = d.convert(p, true)
			}
		}
		out["properties"] = converted
	}
	if names, ok := s["required"].([]any); ok {
		names = slices.DeleteFunc(slices.Clone(names), func(n any) bool { text, _ := n.(string); return hidden[text] })
		if len(names) > 0 {
			out["required"] = names
		}
	}
	switch more := s["additionalProperties"].(type) {
	case bool:
		if more || closed {
			out["additionalProperties"] = more
		}
	case map[string]any:
		if len(more) > 0 {
			out["additionalProperties"] = d.convert(more, true)
		}
	}
}

// isClosed says whether a schema, or what it refers to, forbids further properties.
func (d *document) isClosed(s map[string]any) bool {
	if name, ok := reference(s); ok {
		s = d.schemas[name]
	}
	return s["additionalProperties"] == false || slices.ContainsFunc(list(s["allOf"]), d.isClosed)
}

func reference(s map[string]any) (string, bool) {
	ref, _ := s["$ref"].(string)
	return strings.CutPrefix(ref, "#/components/schemas/")
}

func list(v any) (out []map[string]any) {
	parts, _ := v.([]any)
	for _, p := range parts {
		if m, ok := p.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// schema compiles the schema of an answer, once for each key.
func (d *document) schema(key string, s map[string]any) (*jsonschema.Schema, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if c := d.compiled[key]; c != nil {
		return c, nil
	}
	at := fmt.Sprintf("openapi:answer%d", len(d.compiled))
	if err := d.compiler.AddResource(at, d.convert(maps.Clone(s), true)); err != nil {
		return nil, err
	}
	c, err := d.compiler.Compile(at)
	if err == nil {
		d.compiled[key] = c
	}
	return c, err
}

// moments are the forms in which the documents' own examples write one.
var moments = []string{"2006-01-02T15:04:05.000-0700", time.RFC3339}

var formats = map[string]func(any) error{
	"uri":       text(absolute),
	"url":       text(absolute),
	"date":      text(func(s string) error { _, err := time.Parse(time.DateOnly, s); return err }),
	"date-time": text(moment),
	"byte":      text(func(s string) error { _, err := base64.StdEncoding.DecodeString(s); return err }),
	"int32":     integer(math.MinInt32, math.MaxInt32),
	"int64":     integer(math.MinInt64, math.MaxInt64),
}

func text(check func(string) error) func(any) error {
	return func(v any) error {
		if s, ok := v.(string); ok {
			return check(s)
		}
		return nil
	}
}

func absolute(s string) error {
	if u, err := url.Parse(s); err != nil || !u.IsAbs() {
		return errors.New("not an absolute address")
	}
	return nil
}

func moment(s string) error {
	for _, layout := range moments {
		if _, err := time.Parse(layout, s); err == nil {
			return nil
		}
	}
	return fmt.Errorf("want the form of %s", moments[0])
}

func integer(low, high int64) func(any) error {
	return func(v any) error {
		n, ok := v.(json.Number)
		if !ok {
			return nil
		}
		i, err := n.Int64()
		if err == nil && (i < low || i > high) {
			err = errors.New("out of range")
		}
		return err
	}
}
