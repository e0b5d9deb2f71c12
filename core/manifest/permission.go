package manifest

import (
	"slices"
	"strings"
)

// The permissions that a plugin can ask for.
const (
	JiraRead     = "jira:read"
	JiraWrite    = "jira:write"
	JiraSearchAs = "jira:search-as"
	JiraProjects = "jira:projects"
	Store        = "store"
)

// KnownPermission is a permission as the admin page explains it.
type KnownPermission struct {
	Name   string // as in plugin.json
	Title  string // what it lets the plugin do, in a few words
	Detail string // what it does not let the plugin do
}

var permissions = []KnownPermission{
	{JiraRead, "Read issues the user can see", "Only while that user has a page of the plugin open, with their links, the names of fields and types, and what that user may do. " +
		"Nothing that is read is kept."},
	{JiraWrite, "Link issues and create them", "Only for a user who has a page of the plugin open, and only where that user may do the same in Jira. " +
		"On issues it also writes properties of its own, which people do not see in the issue but can search for; it may do that by itself, in the background. " +
		"It changes no field of an issue that exists and deletes no issue."},
	{JiraSearchAs, "Search with the rights of an account that an admin chose", "Of no other account than those that an admin of the site has named in a form of this feature. " +
		"Users can then find issues that they cannot see themselves, but only where an admin set that up, and never without logging in. The feature can also search by itself, in the background."},
	{JiraProjects, "Read the list of projects", "As the app itself sees it, with names, descriptions, leads and categories, also of projects that some users cannot see. " +
		"Only while a synchronizer of the plugin is set up or runs. The issues that it makes of projects can be read by all who see the target project."},
	{Store, "Keep identifiers", "Ids of issues, projects, fields and accounts, and counts, times and switches, as listed below. Never the content of an issue."},
}

// Permissions returns every permission there is, in the order in which an admin should read them.
func Permissions() []KnownPermission { return slices.Clone(permissions) }

// Known explains what a plugin asks an admin to grant: a permission, or the use of a service. Of one that is not known it has the
// name alone.
func Known(name string) KnownPermission {
	for _, p := range permissions {
		if p.Name == name {
			return p
		}
	}
	if service, ok := strings.CutPrefix(name, usePrefix); ok {
		return KnownPermission{name, "Ask another feature: " + service, "It answers with its own permissions, for the user who looks at the page."}
	}
	return KnownPermission{Name: name, Title: name}
}
