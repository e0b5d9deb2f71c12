package seeding

import (
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// systemNames are the names that changelogs have for fields whose id is another word.
var systemNames = map[string]string{
	"components": "Component", "versions": "Version", "fixVersions": "Fix Version", "parent": "IssueParentAssociation", "issuelinks": "Link",
	"attachment": "Attachment",
}

// history makes an entry of the changelog, and notes in the issue what JQL's WAS asks for.
func (s *sink) history(i *world.Issue, c seed.Change) *world.History {
	h := &world.History{Author: s.users[c.Author], Created: c.At}
	for _, item := range c.Items {
		to := world.ChangeItem{Field: item.Field, FieldType: "jira", FieldID: world.FieldID(item.Field), FromString: item.From, ToString: item.To}
		if f := s.fields[item.Field]; f != nil {
			to.FieldType, to.FieldID, to.Field = "custom", f.ID, f.Name
		} else if name := systemNames[item.Field]; name != "" {
			to.Field = name
		}
		to.From, to.To = s.valueOf(item.Field, item.From), s.valueOf(item.Field, item.To)
		s.remember(i, item.Field, to)
		if item.Field == "status" && c.At.After(i.StatusSince) {
			i.StatusSince = c.At
		}
		h.Items = append(h.Items, to)
	}
	return h
}

// valueOf is the id behind a word of a history, "" where there is none.
func (s *sink) valueOf(field, word string) string {
	switch field {
	case "status":
		return string(s.statuses[word])
	case "priority":
		return string(s.priorities[word])
	case "resolution":
		return string(s.resolutions[word])
	case "issuetype":
		return string(s.types[word])
	case "assignee", "reporter":
		if a := s.users[word]; a != "" {
			return string(a)
		}
		return string(s.people[word])
	}
	return ""
}

func (s *sink) remember(i *world.Issue, field string, item world.ChangeItem) {
	switch field {
	case "status", "assignee", "reporter", "priority", "resolution":
	default:
		return
	}
	was := item.From
	switch {
	case was == "" && item.FromString != "": // of somebody or something that is not there any more
		return
	case was == "":
		was = "empty"
	}
	if i.Was == nil {
		i.Was = map[string][]string{}
	}
	if !slices.Contains(i.Was[field], was) {
		i.Was[field] = append(i.Was[field], was)
	}
}
