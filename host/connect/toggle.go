package connect

import (
	"slices"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
)

// Toggle is the value of a plugin's app property, manifest.PropertyKey: whether and where Jira shows the plugin's modules.
// It holds identifiers only, because users of the site can read app properties.
type Toggle struct {
	Enabled bool `json:"enabled"`
	// Everywhere says that neither list restricts anything. The conditions do not need it; people who look at the property do.
	Everywhere bool `json:"everywhere"`
	// EveryProject and EveryIssueType say that the list beside them restricts nothing. A condition cannot ask whether a
	// list is empty, so it reads these.
	EveryProject   bool     `json:"everyProject"`
	Projects       []string `json:"projects"` // ids
	EveryIssueType bool     `json:"everyIssueType"`
	IssueTypes     []string `json:"issueTypes"` // ids
}

// ToggleProperty returns the value to write for a plugin that is enabled or not and shows only in the projects and for
// the issue types with those ids; an empty list restricts nothing.
func ToggleProperty(enabled bool, projects, issueTypes []string) Toggle {
	t := Toggle{
		Enabled:        enabled,
		EveryProject:   len(projects) == 0,
		Projects:       sorted(projects),
		EveryIssueType: len(issueTypes) == 0,
		IssueTypes:     sorted(issueTypes),
	}
	t.Everywhere = t.EveryProject && t.EveryIssueType
	return t
}

// sorted returns a sorted copy without repetitions; never nil, which JSON would show as null.
func sorted(ids []string) []string {
	out := append([]string{}, ids...)
	slices.Sort(out)
	return slices.Compact(out)
}

// condition is one condition of a module in the descriptor, or a group of which one must hold where Or is set.
type condition struct {
	Condition string            `json:"condition,omitempty"`
	Params    map[string]string `json:"params,omitempty"`
	Or        []condition       `json:"or,omitempty"`
}

// switchedOn holds where the plugin is enabled at all.
func switchedOn(plugin capability.PluginID) []condition {
	return []condition{isTrue(plugin, "enabled")}
}

// shownInIssue holds beside an issue where the plugin shows: enabled, and in that project, and for that issue type.
//
// Of what Connect offers, only the addon_property conditions fit. They read a property that belongs to the app, so one
// write moves a whole site, and objectName reaches into its value. contains_context asks whether a list holds the project
// or issue type of the page, which no predefined condition does. entity_property conditions with the entity "addon" are
// the same under an older name; conditions on project properties would need a write for each project, and dynamic modules
// could switch a plugin on and off, but not per project. All conditions of a list must hold; "or" groups some of them.
//
// A property that does not exist fails every condition. So a module stays hidden until the host has written the property,
// which it does as soon as the site has enabled the app.
func shownInIssue(plugin capability.PluginID) []condition {
	return []condition{
		isTrue(plugin, "enabled"),
		{Or: []condition{isTrue(plugin, "everyProject"), contains(plugin, "projects", "project.id")}},
		{Or: []condition{isTrue(plugin, "everyIssueType"), contains(plugin, "issueTypes", "issuetype.id")}},
	}
}

func isTrue(plugin capability.PluginID, name string) condition {
	return condition{Condition: "addon_property_equal_to", Params: map[string]string{
		"propertyKey": manifest.PropertyKey(plugin), "objectName": name, "value": "true",
	}}
}

func contains(plugin capability.PluginID, name, contextParameter string) condition {
	return condition{Condition: "addon_property_contains_context", Params: map[string]string{
		"propertyKey": manifest.PropertyKey(plugin), "objectName": name, "contextParameter": contextParameter,
	}}
}
