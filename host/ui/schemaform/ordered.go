package schemaform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// maxDepth bounds the nesting of every JSON text that is read here. A schema of the subset needs eight levels; what tools
// keep under x- names may need more.
const maxDepth = 64

var (
	errDepth    = fmt.Errorf("is nested more than %d levels deep", maxDepth)
	errTrailing = errors.New("has something behind its end")
)

// object is a JSON object that remembers the order of its members: the order of a schema's properties is the order of the
// form, and a Go map would lose it.
type object struct {
	keys   []string
	values map[string]any
}

// parse reads one JSON text. Objects become *object, arrays []any, numbers json.Number in a canonical short form.
//
// Numbers pass through float64: the validator compares big rationals, and 1e999999999 or 1e-999999999 in that form would
// fill the memory.
func parse(b []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	v, err := parseValue(dec, 0)
	if errors.Is(err, io.EOF) {
		return nil, io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errTrailing
	}
	return v, nil
}

func parseValue(dec *json.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errDepth
	}
	t, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Number:
		return number(string(t))
	case json.Delim:
		if t == '[' {
			out := []any{}
			for dec.More() {
				v, err := parseValue(dec, depth+1)
				if err != nil {
					return nil, err
				}
				out = append(out, v)
			}
			_, err := dec.Token()
			return out, err
		}
		out := &object{values: map[string]any{}}
		for dec.More() {
			t, err := dec.Token()
			if err != nil {
				return nil, err
			}
			key := t.(string) // the decoder refuses anything else in front of a colon
			if _, ok := out.values[key]; ok {
				return nil, fmt.Errorf("has two members %q", key)
			}
			v, err := parseValue(dec, depth+1)
			if err != nil {
				return nil, err
			}
			out.keys = append(out.keys, key)
			out.values[key] = v
		}
		_, err := dec.Token()
		return out, err
	default:
		return t, nil // string, bool or nil
	}
}

// number returns the canonical short form of a decimal number.
func number(s string) (json.Number, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return "", fmt.Errorf("number %.32s cannot be used", s)
	}
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		return json.Number(strconv.FormatInt(int64(f), 10)), nil
	}
	return json.Number(strconv.FormatFloat(f, 'g', -1, 64)), nil
}

// plain turns what parse returned into the maps that the validator and encoding/json expect.
func plain(v any) any {
	switch v := v.(type) {
	case *object:
		out := make(map[string]any, len(v.keys))
		for k, e := range v.values {
			out[k] = plain(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = plain(e)
		}
		return out
	}
	return v
}
