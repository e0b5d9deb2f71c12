package shape

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// Field is a field of an issue, system or custom: how REST describes it, and its value.
type Field struct {
	ID      world.FieldID
	Name    string
	Clauses []string // names in JQL
	Schema  Object
	Sort    bool // may stand in ORDER BY
	Custom  *world.Field
	value   func(s Shape, st *world.State, i *world.Issue) any // what REST returns; nil for an empty field
}

// JiraTime is how Jira writes moments.
const JiraTime = "2006-01-02T15:04:05.000-0700"

func system(kind, name string) Object { return Object{"type": kind, "system": name} }

// systemFields are the fields that every issue has.
var systemFields = []Field{
	{"summary", "Summary", []string{"summary"}, system("string", "summary"), true, nil,
		func(_ Shape, _ *world.State, i *world.Issue) any { return i.Summary }},
	{"issuetype", "Issue Type", []string{"issuetype", "type"}, system("issuetype", "issuetype"), true, nil,
		func(s Shape, st *world.State, i *world.Issue) any { return s.TypeJSON(st.Type(i.Type)) }},
	{"project", "Project", []string{"project"}, system("project", "project"), true, nil,
		func(s Shape, st *world.State, i *world.Issue) any { return s.ProjectRef(st, st.Project(i.Project)) }},
	{"status", "Status", []string{"status"}, system("status", "status"), true, nil,
		func(s Shape, st *world.State, i *world.Issue) any { return s.StatusJSON(st.Status(i.Status)) }},
	{"description", "Description", []string{"description"}, system("string", "description"), false, nil,
		func(_ Shape, _ *world.State, i *world.Issue) any {
			if len(i.Description) == 0 {
				return nil
			}
			return i.Description
		}},
	{"reporter", "Reporter", []string{"reporter"}, system("user", "reporter"), true, nil,
		func(s Shape, st *world.State, i *world.Issue) any { return s.UserOrNil(st, i.Reporter) }},
	{"assignee", "Assignee", []string{"assignee"}, system("user", "assignee"), true, nil,
		func(s Shape, st *world.State, i *world.Issue) any { return s.UserOrNil(st, i.Assignee) }},
	{"labels", "Labels", []string{"labels"}, Object{"type": "array", "items": "string", "system": "labels"}, false, nil,
		func(_ Shape, _ *world.State, i *world.Issue) any { return append([]string{}, i.Labels...) }},
	{"created", "Created", []string{"created", "createdDate"}, system("datetime", "created"), true, nil,
		func(_ Shape, _ *world.State, i *world.Issue) any { return i.Created.Format(JiraTime) }},
	{"updated", "Updated", []string{"updated", "updatedDate"}, system("datetime", "updated"), true, nil,
		func(_ Shape, _ *world.State, i *world.Issue) any { return i.Updated.Format(JiraTime) }},
}

// IssueKey is the field "key"; it is no field of an issue, but JQL can ask for it.
var IssueKey = Field{ID: "issuekey", Name: "Key", Clauses: []string{"key", "issuekey", "id", "issue"}, Sort: true}

// CustomTypes are Jira's names of the custom field kinds.
var CustomTypes = map[world.Kind]struct{ Schema, Custom string }{
	world.Text:   {"string", "com.atlassian.jira.plugin.system.customfieldtypes:textfield"},
	world.Option: {"option", "com.atlassian.jira.plugin.system.customfieldtypes:select"},
	world.Date:   {"date", "com.atlassian.jira.plugin.system.customfieldtypes:datepicker"},
	world.Number: {"number", "com.atlassian.jira.plugin.system.customfieldtypes:float"},
	world.Person: {"user", "com.atlassian.jira.plugin.system.customfieldtypes:userpicker"},
}

// Fields lists all fields of the site.
func Fields(st *world.State) []Field {
	out := slices.Clone(systemFields)
	for f := range st.Fields.All() {
		kind := CustomTypes[f.Kind]
		out = append(out, Field{
			ID: f.ID, Name: f.Name, Clauses: []string{fmt.Sprintf("cf[%d]", f.Number), f.Name}, Sort: true, Custom: f,
			Schema: Object{"type": kind.Schema, "custom": kind.Custom, "customId": f.Number},
			value:  func(s Shape, st *world.State, i *world.Issue) any { return s.CustomValue(st, f, i.Custom[f.ID]) },
		})
	}
	return out
}

// SelectFields returns the fields that a request's fields parameter names, in Jira's syntax: ids, *all, *navigable, and
// ids after a dash, which are left out. known says which of issueOnly, "id" and "key", were asked for.
func SelectFields(st *world.State, names []string) []Field {
	all := AllFields(st)
	chosen := map[world.FieldID]bool{}
	started := false
	for _, name := range names {
		for n := range strings.SplitSeq(name, ",") {
			switch n = strings.TrimSpace(n); {
			case n == "":
			case n == "*all" || n == "*navigable":
				started = true
				for _, f := range all {
					chosen[f.ID] = n == "*all" || !slices.Contains(notNavigable, f.ID)
				}
			case strings.HasPrefix(n, "-"):
				if !started {
					started = true
					for _, f := range all {
						chosen[f.ID] = true
					}
				}
				delete(chosen, world.FieldID(n[1:]))
			default:
				started = true
				chosen[world.FieldID(n)] = true
			}
		}
	}
	return slices.DeleteFunc(all, func(f Field) bool { return !chosen[f.ID] })
}

// relatedFields are the fields that show other issues, and what people add to an issue. Their values are those that an administrator sees;
// [Shape.IssueFor] narrows them.
func relatedFields() []Field {
	list := func(items, name string) Object { return Object{"type": "array", "items": items, "system": name} }
	return []Field{
		{"parent", "Parent", nil, system("issuelink", "parent"), false, nil, func(s Shape, st *world.State, i *world.Issue) any {
			if p := st.Issue(i.Parent); p != nil {
				return s.RelatedJSON(st, p)
			}
			return nil
		}},
		{"subtasks", "Sub-tasks", nil, list("issuelinks", "subtasks"), false, nil,
			func(s Shape, st *world.State, i *world.Issue) any { return s.subtasksJSON(st, i, everybody) }},
		{"issuelinks", "Linked Issues", nil, list("issuelinks", "issuelinks"), false, nil,
			func(s Shape, st *world.State, i *world.Issue) any { return s.linksJSON(st, i, everybody) }},
		{"comment", "Comment", nil, Object{"type": "comments-page", "system": "comment"}, false, nil,
			func(s Shape, st *world.State, i *world.Issue) any { return s.commentField(st, i, st.Comments(i)) }},
	}
}

// notNavigable are the fields that lists of issues do not have.
var notNavigable = []world.FieldID{"comment", "worklog", "attachment"}

// AllFields are the fields of the site, with those that show other issues.
func AllFields(st *world.State) []Field { return append(Fields(st), relatedFields()...) }
