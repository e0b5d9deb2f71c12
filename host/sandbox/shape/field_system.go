package shape

import (
	"sync"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// role is what a field can do besides having a value.
type role int

const (
	orderable role = 1 << iota
	navigable
	searchable
)

// system makes a field that every issue has. A kind such as "[]version" is a list.
func system(id world.FieldID, name, kind string, r role, clauses []string, value func(view, *world.Issue) any) Field {
	schema := Object{"type": kind, "system": string(id)}
	if len(kind) > 2 && kind[:2] == "[]" {
		schema = Object{"type": "array", "items": kind[2:], "system": string(id)}
	}
	return Field{
		ID: id, Key: string(id), Name: name, Clauses: clauses, Schema: schema, value: value,
		Orderable: r&orderable != 0, Navigable: r&navigable != 0, Searchable: r&searchable != 0,
	}
}

// systemFields are the fields that every issue has, as a site of Jira's lists them.
var systemFields = sync.OnceValue(func() []Field {
	const everything, shown, found = orderable | navigable | searchable, navigable, navigable | searchable
	names := func(list ...string) []string { return list }
	thumbnail := system("thumbnail", "Images", "", 0, nil, nothing)
	thumbnail.Schema = nil
	return []Field{
		system("summary", "Summary", "string", everything, names("summary"), func(_ view, i *world.Issue) any { return i.Summary }),
		system("issuetype", "Issue Type", "issuetype", everything, names("issuetype", "type"), func(v view, i *world.Issue) any { return v.TypeJSON(v.st.Type(i.Type)) }),
		system("parent", "Parent", "issuelink", shown, names("parent"), func(v view, i *world.Issue) any { return v.parent(i) }),
		system("project", "Project", "project", found, names("project"), func(v view, i *world.Issue) any { return v.ProjectRef(v.st, v.st.Project(i.Project)) }),
		system("status", "Status", "status", found, names("status"), func(v view, i *world.Issue) any { return v.StatusJSON(v.st.Status(i.Status)) }),
		system("statusCategory", "Status Category", "statusCategory", found, names("statusCategory"), func(v view, i *world.Issue) any { return v.statusCategory(i) }),
		system("statuscategorychangedate", "Status Category Changed", "datetime", found, names("statusCategoryChangedDate"), func(_ view, i *world.Issue) any { return moment(i.StatusSince) }),
		system("resolution", "Resolution", "resolution", everything, names("resolution"), func(v view, i *world.Issue) any { return v.resolution(i) }),
		system("resolutiondate", "Resolved", "datetime", found, names("resolutiondate", "resolved"), func(_ view, i *world.Issue) any { return moment(i.Resolved) }),
		system("priority", "Priority", "priority", everything, names("priority"), func(v view, i *world.Issue) any { return v.priority(i) }),
		system("description", "Description", "string", everything, names("description"), func(_ view, i *world.Issue) any { return document(i.Description) }),
		system("environment", "Environment", "string", everything, names("environment"), func(_ view, i *world.Issue) any { return document(i.Environment) }),
		system("creator", "Creator", "user", found, names("creator"), func(v view, i *world.Issue) any { return v.UserOrNil(v.st, i.Creator) }),
		system("reporter", "Reporter", "user", everything, names("reporter"), func(v view, i *world.Issue) any { return v.UserOrNil(v.st, i.Reporter) }),
		system("assignee", "Assignee", "user", everything, names("assignee"), func(v view, i *world.Issue) any { return v.UserOrNil(v.st, i.Assignee) }),
		system("labels", "Labels", "[]string", everything, names("labels"), func(_ view, i *world.Issue) any { return append([]string{}, i.Labels...) }),
		system("components", "Components", "[]component", everything, names("component"), func(v view, i *world.Issue) any { return v.components(i) }),
		system("fixVersions", "Fix versions", "[]version", everything, names("fixVersion"), func(v view, i *world.Issue) any { return v.versions(i.Fixes) }),
		system("versions", "Affects versions", "[]version", everything, names("affectedVersion"), func(v view, i *world.Issue) any { return v.versions(i.Affects) }),
		system("duedate", "Due date", "date", everything, names("due", "duedate"), func(_ view, i *world.Issue) any { return text(i.Due) }),
		system("security", "Security Level", "securitylevel", everything, names("level"), func(v view, i *world.Issue) any { return v.security(i) }),
		system("created", "Created", "datetime", found, names("created", "createdDate"), func(_ view, i *world.Issue) any { return moment(i.Created) }),
		system("updated", "Updated", "datetime", found, names("updated", "updatedDate"), func(_ view, i *world.Issue) any { return moment(i.Updated) }),
		system("lastViewed", "Last Viewed", "datetime", found, names("lastViewed"), nothing),
		system("votes", "Votes", "votes", shown, names("votes"), func(v view, i *world.Issue) any { return v.votes(i) }),
		system("watches", "Watchers", "watches", shown, names("watchers"), func(v view, i *world.Issue) any { return v.watches(i) }),
		system("timetracking", "Time tracking", "timetracking", orderable, nil, func(_ view, i *world.Issue) any { return timeTracking(i) }),
		system("timeoriginalestimate", "Original estimate", "number", shown, names("originalEstimate", "timeoriginalestimate"), func(_ view, i *world.Issue) any { return seconds(i.Estimate) }),
		system("timeestimate", "Remaining Estimate", "number", shown, names("remainingEstimate", "timeestimate"), func(_ view, i *world.Issue) any { return seconds(i.Remaining) }),
		system("timespent", "Time Spent", "number", shown, names("timespent"), func(_ view, i *world.Issue) any { return seconds(i.Spent) }),
		system("aggregatetimeoriginalestimate", "Σ Original Estimate", "number", shown, nil, func(v view, i *world.Issue) any { return seconds(v.total(i).Estimate) }),
		system("aggregatetimeestimate", "Σ Remaining Estimate", "number", shown, nil, func(v view, i *world.Issue) any { return seconds(v.total(i).Remaining) }),
		system("aggregatetimespent", "Σ Time Spent", "number", shown, nil, func(v view, i *world.Issue) any { return seconds(v.total(i).Spent) }),
		system("progress", "Progress", "progress", shown, names("progress"), func(_ view, i *world.Issue) any { return progress(i) }),
		system("aggregateprogress", "Σ Progress", "progress", shown, nil, func(v view, i *world.Issue) any { return progress(v.total(i)) }),
		system("workratio", "Work Ratio", "number", found, names("workratio"), func(_ view, i *world.Issue) any { return workRatio(i) }),
		system("issuelinks", "Linked Issues", "[]issuelinks", everything, names("issueLink"), func(v view, i *world.Issue) any { return v.links(i) }),
		system("subtasks", "Sub-tasks", "[]issuelinks", shown, names("subtasks"), func(v view, i *world.Issue) any { return v.subtasks(i) }),
		system("attachment", "Attachment", "[]attachment", orderable|searchable, names("attachments"), func(v view, i *world.Issue) any { return v.attachments(i) }),
		system("comment", "Comment", "comments-page", orderable|searchable, names("comment"), func(v view, i *world.Issue) any { return v.comments(i) }),
		system("worklog", "Log Work", "[]worklog", orderable, nil, func(v view, i *world.Issue) any { return v.worklogs(i) }),
		system("issuerestriction", "Restrict to", "issuerestriction", orderable, nil, func(view, *world.Issue) any { return Object{"issuerestrictions": Object{}, "shouldDisplay": false} }),
		thumbnail,
	}
})

// nothing is the value of what the site does not keep: who viewed what.
func nothing(view, *world.Issue) any { return nil }
