package ui

import (
	"encoding/json"
	"strings"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk/event"
)

// onlyWords say of which events of a kind a plugin is told; "" for all.
func onlyWords(m *manifest.Manifest, e manifest.Event) string {
	var parts []string
	add := func(words string, list []string) {
		if len(list) == 0 {
			return
		}
		named := make([]string, len(list))
		for i, text := range list {
			named[i] = chosenWords(m, text)
		}
		parts = append(parts, words+strings.Join(named, ", "))
	}
	add("in projects chosen as ", e.Only.Projects)
	add("for issue types chosen as ", e.Only.IssueTypes)
	if e.Event == event.IssueCreated {
		add("while there is a field to look at: ", e.Only.Fields)
	} else {
		add("when one of these fields changes: ", e.Only.Fields)
	}
	if len(parts) == 0 {
		return ""
	}
	return "Only " + strings.Join(parts, "; ") + "."
}

// chosenWords name a member of a list of [manifest.Only].
func chosenWords(m *manifest.Manifest, text string) string {
	switch text {
	case manifest.JiraFields:
		return "any field of Jira’s own"
	case manifest.CustomFields:
		return "any custom field"
	}
	typ, path, ok := manifest.Chosen(text)
	if !ok {
		return text
	}
	if typ == "" {
		return "“" + settingTitle(m.Settings, path) + "” in its settings"
	}
	c, _ := m.Config(typ)
	return "“" + settingTitle(c.Schema, path) + "” of " + c.Plural
}

// settingTitle is what a setting is called whose path leads through groups and lists of groups; its path where it has no title.
func settingTitle(schema json.RawMessage, path string) string {
	type group struct {
		Title      string                     `json:"title"`
		Properties map[string]json.RawMessage `json:"properties"`
		Items      *struct {
			Properties map[string]json.RawMessage `json:"properties"`
		} `json:"items"`
	}
	raw := schema
	for name := range strings.SplitSeq(path, ".") {
		var g group
		if json.Unmarshal(raw, &g) != nil {
			return path
		}
		if raw = g.Properties[name]; raw == nil && g.Items != nil {
			raw = g.Items.Properties[name]
		}
	}
	var g group
	if json.Unmarshal(raw, &g) != nil || g.Title == "" {
		return path
	}
	return g.Title
}
