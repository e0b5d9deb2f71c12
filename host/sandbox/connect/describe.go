package connect

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// Describe reads what an installed app has: its descriptor, with the modules that it registered at run time.
func Describe(app *world.App) (*Descriptor, error) {
	raw, err := withModules(app.Descriptor, app.Modules)
	if err != nil {
		return nil, fmt.Errorf("read the descriptor of %s: %w", app.Key, err)
	}
	d, err := ParseDescriptor(raw)
	if err != nil {
		return nil, fmt.Errorf("read the descriptor of %s: %w", app.Key, err)
	}
	return d, nil
}

// modules are an app's modules as they stand in JSON: kinds, each with a list.
type modules map[string][]json.RawMessage

// UnmarshalJSON takes a single module for a list of one, as kinds of which an app has one only are written.
func (m *modules) UnmarshalJSON(raw []byte) error {
	var kinds map[string]json.RawMessage
	if err := json.Unmarshal(raw, &kinds); err != nil {
		return err
	}
	*m = modules{}
	for kind, v := range kinds {
		var list []json.RawMessage
		if json.Unmarshal(v, &list) != nil {
			list = []json.RawMessage{v}
		}
		(*m)[kind] = list
	}
	return nil
}

// count counts the modules of all kinds.
func (m modules) count() (n int) {
	for _, list := range m {
		n += len(list)
	}
	return n
}

// kinds lists the kinds in order.
func (m modules) kinds() []string { return slices.Sorted(maps.Keys(m)) }

// keys lists the keys of all modules, by kind.
func (m modules) keys() []string {
	var out []string
	for _, kind := range m.kinds() {
		for _, raw := range m[kind] {
			if key := moduleKey(raw); key != "" {
				out = append(out, key)
			}
		}
	}
	return out
}

// with is both together.
func (m modules) with(more modules) modules {
	out := modules{}
	for _, each := range []modules{m, more} {
		for kind, list := range each {
			out[kind] = append(out[kind], list...)
		}
	}
	return out
}

// without leaves modules out by their keys.
func (m modules) without(keys []string) modules {
	out := modules{}
	for kind, list := range m {
		for _, raw := range list {
			if !slices.Contains(keys, moduleKey(raw)) {
				out[kind] = append(out[kind], raw)
			}
		}
	}
	return out
}

func moduleKey(raw json.RawMessage) string {
	var m struct {
		Key string `json:"key"`
	}
	_ = json.Unmarshal(raw, &m) // one of another form has no key, and is refused where modules are read
	return m.Key
}

// readModules reads modules that are stored; nil is none.
func readModules(raw json.RawMessage) (modules, error) {
	if len(raw) == 0 {
		return modules{}, nil
	}
	var m modules
	return m, json.Unmarshal(raw, &m)
}

// withModules is a descriptor with more modules.
func withModules(descriptor, more json.RawMessage) (json.RawMessage, error) {
	if len(more) == 0 {
		return descriptor, nil
	}
	var whole map[string]json.RawMessage
	if err := json.Unmarshal(descriptor, &whole); err != nil {
		return nil, err
	}
	static, err := readModules(whole["modules"])
	if err != nil {
		return nil, err
	}
	dynamic, err := readModules(more)
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(static.with(dynamic))
	if err != nil {
		return nil, err
	}
	whole["modules"] = raw
	return json.Marshal(whole)
}

// duplicates are the keys that are there more than once.
func duplicates(keys []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, k := range keys {
		if seen[k] && !slices.Contains(out, k) {
			out = append(out, k)
		}
		seen[k] = true
	}
	return out
}

// notConnect is what everybody but a Connect app reads.
const notConnect = "The request is not from a Connect app."
