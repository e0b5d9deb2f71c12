package main

import "github.com/pergola-platform/pergola/plugins/relations"

// countOf is where a job counts an outcome.
func countOf(what string) string {
	switch what {
	case relations.Made, relations.Nothing, relations.ByContext, relations.ByMaximum, relations.ByHidden, relations.ByRights, relations.ByRule, relations.BySelf:
		return what
	}
	return "other"
}

// words says what becomes of a link.
func words(o relations.Outcome) string {
	if o.Message != "" {
		return o.Message
	}
	switch o.What {
	case relations.Made:
		return "Will be made"
	case relations.Nothing:
		return "Is there already"
	case relations.BySelf:
		return "An issue is not linked to itself"
	case relations.ByHidden:
		return "One of the issues is gone, or you may not see it"
	case relations.ByContext:
		return "The relation is for issues of other projects or types"
	case relations.ByMaximum:
		return "One of the issues takes no more links"
	case relations.ByRights:
		return "You may not link one of the issues"
	case relations.ByRule:
		return "A rule of the relation does not allow it"
	case relations.ByNative:
		return "The links of the relation are Jira’s own"
	}
	return "The relation is gone"
}
