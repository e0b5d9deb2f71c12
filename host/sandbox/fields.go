package sandbox

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// field is a field of an issue, system or custom: how REST describes it, and its value.
type field struct {
	id      world.FieldID
	name    string
	clauses []string // names in JQL
	schema  object
	sort    bool // may stand in ORDER BY
	custom  *world.Field
	value   func(s *Site, st *world.State, i *world.Issue) any // what REST returns; nil for an empty field
}

// jiraTime is how Jira writes moments.
const jiraTime = "2006-01-02T15:04:05.000-0700"

func system(kind, name string) object { return object{"type": kind, "system": name} }

// systemFields are the fields that every issue has.
var systemFields = []field{
	{"summary", "Summary", []string{"summary"}, system("string", "summary"), true, nil,
		func(_ *Site, _ *world.State, i *world.Issue) any { return i.Summary }},
	{"issuetype", "Issue Type", []string{"issuetype", "type"}, system("issuetype", "issuetype"), true, nil,
		func(s *Site, st *world.State, i *world.Issue) any { return s.typeJSON(st.Type(i.Type)) }},
	{"project", "Project", []string{"project"}, system("project", "project"), true, nil,
		func(s *Site, st *world.State, i *world.Issue) any { return s.projectRef(st, st.Project(i.Project)) }},
	{"status", "Status", []string{"status"}, system("status", "status"), true, nil,
		func(s *Site, st *world.State, i *world.Issue) any { return s.statusJSON(st.Status(i.Status)) }},
	{"description", "Description", []string{"description"}, system("string", "description"), false, nil,
		func(_ *Site, _ *world.State, i *world.Issue) any {
			if len(i.Description) == 0 {
				return nil
			}
			return i.Description
		}},
	{"reporter", "Reporter", []string{"reporter"}, system("user", "reporter"), true, nil,
		func(s *Site, st *world.State, i *world.Issue) any { return s.userOrNil(st, i.Reporter) }},
	{"assignee", "Assignee", []string{"assignee"}, system("user", "assignee"), true, nil,
		func(s *Site, st *world.State, i *world.Issue) any { return s.userOrNil(st, i.Assignee) }},
	{"labels", "Labels", []string{"labels"}, object{"type": "array", "items": "string", "system": "labels"}, false, nil,
		func(_ *Site, _ *world.State, i *world.Issue) any { return append([]string{}, i.Labels...) }},
	{"created", "Created", []string{"created", "createdDate"}, system("datetime", "created"), true, nil,
		func(_ *Site, _ *world.State, i *world.Issue) any { return i.Created.Format(jiraTime) }},
	{"updated", "Updated", []string{"updated", "updatedDate"}, system("datetime", "updated"), true, nil,
		func(_ *Site, _ *world.State, i *world.Issue) any { return i.Updated.Format(jiraTime) }},
}

// issueKey is the field "key"; it is no field of an issue, but JQL can ask for it.
var issueKey = field{id: "issuekey", name: "Key", clauses: []string{"key", "issuekey", "id", "issue"}, sort: true}

// customTypes are Jira's names of the custom field kinds.
var customTypes = map[world.Kind]struct{ schema, custom string }{
	world.Text:   {"string", "com.atlassian.jira.plugin.system.customfieldtypes:textfield"},
	world.Option: {"option", "com.atlassian.jira.plugin.system.customfieldtypes:select"},
	world.Date:   {"date", "com.atlassian.jira.plugin.system.customfieldtypes:datepicker"},
	world.Number: {"number", "com.atlassian.jira.plugin.system.customfieldtypes:float"},
	world.Person: {"user", "com.atlassian.jira.plugin.system.customfieldtypes:userpicker"},
}

// fields lists all fields of the site.
func fields(st *world.State) []field {
	out := slices.Clone(systemFields)
	for f := range st.Fields.All() {
		kind := customTypes[f.Kind]
		out = append(out, field{
			id: f.ID, name: f.Name, clauses: []string{fmt.Sprintf("cf[%d]", f.Number), f.Name}, sort: true, custom: f,
			schema: object{"type": kind.schema, "custom": kind.custom, "customId": f.Number},
			value:  func(s *Site, st *world.State, i *world.Issue) any { return s.customValue(st, f, i.Custom[f.ID]) },
		})
	}
	return out
}

func (s *Site) customValue(st *world.State, f *world.Field, raw json.RawMessage) any {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	text := plain(raw)
	switch f.Kind {
	case world.Option:
		o := f.Option(text)
		return object{"self": s.link("/rest/api/3/customFieldOption/%s", o.ID), "id": o.ID, "value": o.Value}
	case world.Person:
		return s.userOrNil(st, world.AccountID(text))
	}
	return raw
}

// plain is a stored scalar as text.
func plain(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return string(raw)
	}
	return text
}

// selectFields returns the fields that a request's fields parameter names, in Jira's syntax: ids, *all, *navigable, and
// ids after a dash, which are left out. known says which of issueOnly, "id" and "key", were asked for.
func selectFields(st *world.State, names []string) []field {
	all := allFields(st)
	chosen := map[world.FieldID]bool{}
	started := false
	for _, name := range names {
		for n := range strings.SplitSeq(name, ",") {
			switch n = strings.TrimSpace(n); {
			case n == "":
			case n == "*all" || n == "*navigable":
				started = true
				for _, f := range all {
					chosen[f.id] = n == "*all" || !slices.Contains(notNavigable, f.id)
				}
			case strings.HasPrefix(n, "-"):
				if !started {
					started = true
					for _, f := range all {
						chosen[f.id] = true
					}
				}
				delete(chosen, world.FieldID(n[1:]))
			default:
				started = true
				chosen[world.FieldID(n)] = true
			}
		}
	}
	return slices.DeleteFunc(all, func(f field) bool { return !chosen[f.id] })
}

// issueJSON is an issue with those fields; with none it has no "fields" at all, as in a search for ids.
func (s *Site) issueJSON(st *world.State, i *world.Issue, show []field) object {
	out := object{
		"expand": "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations",
		"id":     i.ID, "key": i.Key, "self": s.link("/rest/api/3/issue/%s", i.ID),
	}
	values := object{}
	for _, f := range show {
		v := f.value(s, st, i)
		if v == nil && f.id == "parent" { // the one field that Jira leaves out where it is empty
			continue
		}
		values[string(f.id)] = v
	}
	out["fields"] = values
	return out
}

func (s *Site) typeJSON(t *world.IssueType) object {
	return object{
		"self": s.link("/rest/api/3/issuetype/%s", t.ID), "id": t.ID, "name": t.Name, "description": t.Description,
		"iconUrl": s.link("/static/type-%s.svg", t.Glyph), "subtask": t.Subtask(), "hierarchyLevel": t.Level,
	}
}

var statusCategories = map[string]object{
	"new":           {"id": 2, "key": "new", "colorName": "blue-gray", "name": "To Do"},
	"indeterminate": {"id": 4, "key": "indeterminate", "colorName": "yellow", "name": "In Progress"},
	"done":          {"id": 3, "key": "done", "colorName": "green", "name": "Done"},
}

func (s *Site) statusJSON(t *world.Status) object {
	category := object{"self": s.link("/rest/api/3/statuscategory/%v", statusCategories[t.Category]["id"])}
	for k, v := range statusCategories[t.Category] {
		category[k] = v
	}
	return object{
		"self": s.link("/rest/api/3/status/%s", t.ID), "id": t.ID, "name": t.Name, "description": "",
		"iconUrl": s.link("/static/status.svg"), "statusCategory": category,
	}
}

func (s *Site) avatars(glyph string) object {
	out := object{}
	for _, size := range []string{"16x16", "24x24", "32x32", "48x48"} {
		out[size] = s.link("/static/%s.svg?size=%s", glyph, size)
	}
	return out
}

func (s *Site) userOrNil(st *world.State, a world.AccountID) any {
	if u := st.User(a); u != nil {
		return s.userJSON(u)
	}
	return nil
}

// userJSON is a user as others see it: without the address, unless its owner shows it.
func (s *Site) userJSON(u *world.User) object {
	out := object{
		"self": s.link("/rest/api/3/user?accountId=%s", u.Account), "accountId": u.Account, "accountType": "atlassian",
		"displayName": u.Name, "active": !u.Closed, "avatarUrls": s.avatars("person"),
	}
	if u.TimeZone != "" {
		out["timeZone"] = u.TimeZone
	}
	if u.App {
		out["accountType"] = "app"
	}
	if u.ShowsEmail {
		out["emailAddress"] = u.Email
	}
	return out
}

func (s *Site) categoryJSON(c *world.Category) object {
	return object{"self": s.link("/rest/api/3/projectCategory/%s", c.ID), "id": c.ID, "name": c.Name, "description": c.Description}
}

// projectRef is a project as the value of a field.
func (s *Site) projectRef(st *world.State, p *world.Project) object {
	out := object{
		"self": s.link("/rest/api/3/project/%s", p.ID), "id": p.ID, "key": p.Key, "name": p.Name,
		"projectTypeKey": "business", "simplified": false, "avatarUrls": s.avatars("project"),
	}
	if c := st.Category(p.Category); c != nil {
		out["projectCategory"] = s.categoryJSON(c)
	}
	return out
}
