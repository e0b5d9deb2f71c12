package manifest

import (
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/core/capability"
)

// Property is a property of issues that the plugin writes with sdk/jira, and of which Jira indexes parts.
type Property struct {
	Key         string       `json:"key"`   // as sdk/jira takes it; in Jira the id of the plugin and a dot stand before it
	Title       string       `json:"title"` // what admins read
	Extractions []Extraction `json:"extractions"`
}

// Extraction is a part of a property that JQL finds issues by.
type Extraction struct {
	Path string `json:"path"` // names of members of objects, joined by dots; a list is indexed with all its members
	Type string `json:"type"` // "string", "text", "number" or "date"
	// Alias is a name that JQL knows it by on the whole site; "" leaves issue.property[…].path.
	Alias string `json:"alias,omitempty"`
}

// WholeKey is the key of a property of a plugin in Jira.
func WholeKey(plugin capability.PluginID, key string) string { return string(plugin) + "." + key }

// The properties of a manifest.
func (r *report) properties(m *Manifest) {
	keys, aliases := map[string]int{}, map[string]int{}
	for i, p := range m.Properties {
		path := "$.properties[" + strconv.Itoa(i) + "]"
		r.unique(keys, p.Key, path+".key", i)
		for n, e := range p.Extractions {
			if e.Alias != "" {
				r.unique(aliases, strings.ToLower(e.Alias), path+".extractions["+strconv.Itoa(n)+"].alias", i)
			}
		}
	}
	if len(m.Properties) > 0 && !m.Asks(JiraWrite) {
		r.add("$.properties", "properties are declared, but the permission to write them is not asked for", `add {"name": "jira:write", "reason": "…"} to permissions`)
	}
}
