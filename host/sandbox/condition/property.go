package condition

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// propertyTests are the endings of addon_property_… and entity_property_…: the parameters they need beside propertyKey,
// and what they ask of the property's value. A property that does not exist fails every test.
var propertyTests = map[string]struct {
	needs []string
	holds func(value any, n node, p Place) bool
}{
	"exists":   {nil, func(any, node, Place) bool { return true }},
	"equal_to": {[]string{"value"}, func(v any, n node, _ Place) bool { return equal(v, literal(n.params["value"])) }},
	"contains_any": {[]string{"value"}, func(v any, n node, _ Place) bool {
		return slices.ContainsFunc(members(literal(n.params["value"])), func(want any) bool { return contains(v, want) })
	}},
	"contains_all": {[]string{"value"}, func(v any, n node, _ Place) bool {
		return !slices.ContainsFunc(members(literal(n.params["value"])), func(want any) bool { return !contains(v, want) })
	}},
	"equal_to_context": {[]string{"contextParameter"}, func(v any, n node, p Place) bool {
		want, ok := p.Variable(n.params["contextParameter"])
		return ok && text(v) == want
	}},
	"contains_context": {[]string{"contextParameter"}, func(v any, n node, p Place) bool {
		want, ok := p.Variable(n.params["contextParameter"])
		return ok && slices.ContainsFunc(members(v), func(m any) bool { return text(m) == want })
	}},
}

// split cuts a property condition's name into its entity ("addon", or "" where a parameter names it) and its test.
func (n node) split() (entity, test string, ok bool) {
	if t, found := strings.CutPrefix(n.name, "addon_property_"); found {
		entity, test = "addon", t
	} else if t, found := strings.CutPrefix(n.name, "entity_property_"); found {
		test = t
	}
	_, ok = propertyTests[test]
	return entity, test, ok
}

func (n node) property(p Place) bool {
	entity, test, _ := n.split()
	if entity == "" {
		entity = n.params["entity"]
	}
	raw, ok := p.Property(entity, n.params["propertyKey"])
	if !ok {
		return false
	}
	value, ok := decode(raw)
	if !ok {
		return false
	}
	if path := n.params["objectName"]; path != "" {
		if value, ok = descend(value, path); !ok {
			return false
		}
	}
	return propertyTests[test].holds(value, n, p)
}

// descend follows a path such as "config.active". A key that itself has dots is found too: the longest match wins.
func descend(v any, path string) (any, bool) {
	object, ok := v.(map[string]any)
	if !ok {
		return nil, false
	}
	for end := len(path); end > 0; end = strings.LastIndexByte(path[:end], '.') {
		inner, ok := object[path[:end]]
		if !ok {
			continue
		}
		if end == len(path) {
			return inner, true
		}
		if found, ok := descend(inner, path[end+1:]); ok {
			return found, true
		}
	}
	return nil, false
}

// literal reads a parameter: JSON if it is JSON, the string itself otherwise.
func literal(s string) any {
	if v, ok := decode([]byte(s)); ok {
		return v
	}
	return s
}

func decode(raw []byte) (v any, ok bool) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return v, d.Decode(&v) == nil && !d.More()
}

// equal compares two values; a scalar also equals the string that shows it, as "true" does true.
func equal(a, b any) bool {
	return reflect.DeepEqual(a, b) || scalar(a) && scalar(b) && text(a) == text(b)
}

func contains(v, want any) bool {
	return slices.ContainsFunc(members(v), func(m any) bool { return equal(m, want) })
}

// members are a list's members; any other value is a list of itself.
func members(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	return []any{v}
}

func scalar(v any) bool {
	switch v.(type) {
	case string, json.Number, bool:
		return true
	}
	return false
}

// text shows a scalar; anything else is the empty string, which equals no context parameter.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	}
	return ""
}
