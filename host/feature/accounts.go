package feature

import "encoding/json"

// path leads from the top of a document to a setting: the names of properties, one below the other. Lists on the way have none.
type path []string

// accountSettings returns the settings of a schema that hold account ids, those with "x-jira": "user".
func accountSettings(schema json.RawMessage) []path {
	var s struct {
		Jira       any                        `json:"x-jira"`
		Items      json.RawMessage            `json:"items"`
		Properties map[string]json.RawMessage `json:"properties"`
	}
	if json.Unmarshal(schema, &s) != nil { // what is no schema was refused before
		return nil
	}
	if s.Jira == "user" {
		return []path{{}}
	}
	var out []path
	if s.Items != nil {
		out = accountSettings(s.Items)
	}
	for name, inner := range s.Properties {
		for _, p := range accountSettings(inner) {
			out = append(out, append(path{name}, p...))
		}
	}
	return out
}

// holds says whether a document has that text in one of the settings.
func holds(document json.RawMessage, settings []path, text string) bool {
	var values any
	if json.Unmarshal(document, &values) != nil {
		return false
	}
	for _, p := range settings {
		if p.holds(values, text) {
			return true
		}
	}
	return false
}

func (p path) holds(value any, text string) bool {
	switch v := value.(type) {
	case []any:
		for _, each := range v {
			if p.holds(each, text) {
				return true
			}
		}
	case map[string]any:
		return len(p) > 0 && p[1:].holds(v[p[0]], text)
	case string:
		return len(p) == 0 && v == text && text != ""
	}
	return false
}
