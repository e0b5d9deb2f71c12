package manifest

import (
	"fmt"
	"slices"
)

// configs checks the types of configuration document.
func (r *report) configs(m *Manifest, doc map[string]any) {
	all, _ := doc["configs"].([]any)
	seen := map[string]int{}
	for i, c := range m.Configs {
		path := fmt.Sprintf("$.configs[%d]", i)
		r.unique(seen, c.Type, path+".type", i)
		here, _ := all[i].(map[string]any)
		schema, _ := here["schema"].(map[string]any)
		r.label(c, r.settings(schema, path+".schema"), path, schema)
	}
}

// label checks the setting by which admins know a document.
func (r *report) label(c Config, settings map[string]setting, path string, schema map[string]any) {
	write := fmt.Sprintf(`declare it in schema.properties as {"type": "string", "title": "Name", "maxLength": 60}, and write "required": [%q]`, c.Label)
	required, _ := schema["required"].([]any)
	s, ok := settings[c.Label]
	switch {
	case !ok:
		r.add(path+".label", fmt.Sprintf("the schema has no setting %q", c.Label), write)
	case s.Type != "string" || s.Enum != nil || s.Jira != "":
		r.add(path+".label", fmt.Sprintf("the setting %q is no text that admins write", c.Label), write)
	case !slices.Contains(required, any(c.Label)):
		r.add(path+".label", fmt.Sprintf("the setting %q can be left empty", c.Label), write)
	}
}

// configOf checks a record's field that names a configuration document, or may not.
func (r *report) configOf(m *Manifest, f Field, path string) {
	_, known := m.Config(f.Config)
	switch {
	case f.Kind != KindConfig && f.Config != "":
		r.add(path+".config", "only a "+KindConfig+" names a configuration document", "leave it out")
	case f.Kind != KindConfig:
	case f.Config == "":
		r.add(path+".config", "is missing", "add the type of document that the field names, one of configs")
	case !known:
		r.add(path+".config", fmt.Sprintf("there is no type %q", f.Config), "declare it in configs, or name one that is there")
	case !f.Indexed:
		r.add(path, "the host could not find the records of a document that is deleted", `add "indexed": true`)
	}
}
