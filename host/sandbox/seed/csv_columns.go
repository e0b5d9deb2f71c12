package seed

import (
	"fmt"
	"slices"
	"strings"
)

// column is what a column of an export holds.
type column struct {
	title string
	is    string // one of the names in titles, or customColumn, outwardColumn, inwardColumn
	name  string // of the custom field or link type
}

const (
	customColumn  = "custom field"
	outwardColumn = "outward link"
	inwardColumn  = "inward link"
	ignored       = ""
)

// titles are the columns by their titles in lower case. Jira changed some of them over time, so several may mean the
// same.
var titles = map[string]string{
	"summary": "summary", "issue key": "key", "key": "key", "issue id": "id", "work item id": "id", "issue type": "type", "work type": "type", "issuetype": "type", "type": "type",
	"status": "status", "status category": "category", "project key": "project", "project": "project", "project name": "projectName", "project description": "projectDescription",
	"project lead": "lead", "project lead id": "leadID", "priority": "priority", "resolution": "resolution",
	"assignee": "assignee", "assignee id": "assigneeID", "reporter": "reporter", "reporter id": "reporterID",
	"created": "created", "date created": "created", "updated": "updated", "date modified": "updated", "resolved": "resolved", "due date": "due", "duedate": "due",
	"environment": "environment", "original estimate": "originalEstimate", "remaining estimate": "remainingEstimate",
	"labels": "labels", "label": "labels", "description": "description",
	"components": "components", "component/s": "components", "affects versions": "versions", "affects version/s": "versions",
	"fix versions": "fixVersions", "fix version/s": "fixVersions", "security level": "security",
	"parent": "parentID", "parent id": "parentID", "parent key": "parent",
	"watchers": "watchers", "watchers id": "watcherIDs", "comment": "comments", "comments": "comments", "log work": "worklogs", "worklog": "worklogs",

	"creator": ignored, "creator id": ignored, "project type": ignored, "project url": ignored, "last viewed": ignored, "votes": ignored,
	"attachment": ignored, "time spent": ignored, "work ratio": ignored,
	"σ original estimate": ignored, "σ remaining estimate": ignored, "σ time spent": ignored, "parent summary": ignored, "sub-tasks": ignored,
	"status category changed": ignored, "team id": ignored, "team name": ignored, "sprint": ignored,
}

// repeated are the columns that may stand several times.
var repeated = []string{"labels", "components", "versions", "fixVersions", "watchers", "watcherIDs", "comments", "worklogs", customColumn, outwardColumn, inwardColumn, ignored}

// header says what each column is.
func (f *csvFile) header(r row) error {
	var problems Problems
	seen := map[string]string{}
	report := func(n int, wrong, write string) {
		problems = append(problems, Problem{File: f.name, Line: r.line, Path: fmt.Sprintf("column %d", n+1), Wrong: wrong, Write: write})
	}
	for n, title := range r.cells {
		c := column{title: strings.TrimSpace(title)}
		kind, known := titles[strings.ToLower(c.title)]
		inside, bracketed := brackets(c.title)
		switch {
		case known:
			c.is = kind
		case bracketed && strings.HasPrefix(c.title, "Custom field ("):
			c.is, c.name = customColumn, inside
		case bracketed && strings.HasPrefix(c.title, "Outward issue link ("):
			c.is, c.name = outwardColumn, inside
		case bracketed && strings.HasPrefix(c.title, "Inward issue link ("):
			c.is, c.name = inwardColumn, inside
		default:
			write := fmt.Sprintf("write %q where it is a custom field, or leave the column out", "Custom field ("+c.title+")")
			if near := nearest(strings.ToLower(c.title), sorted(titles)); near != "" {
				write = fmt.Sprintf("write %q", near)
			}
			report(n, fmt.Sprintf("%.60q is not a column of an export", c.title), write)
		}
		if other, twice := seen[c.is]; twice && !slices.Contains(repeated, c.is) {
			report(n, fmt.Sprintf("%q says the same as %q", c.title, other), "leave one of the two out")
		}
		seen[c.is] = c.title
		f.columns = append(f.columns, c)
	}
	for _, need := range []string{"summary", "type"} {
		if _, ok := seen[need]; !ok {
			report(len(r.cells), fmt.Sprintf("there is no column %q", map[string]string{"summary": "Summary", "type": "Issue Type"}[need]), "add it")
		}
	}
	if seen["key"] == "" && seen["project"] == "" {
		report(len(r.cells), `there is neither a column "Issue key" nor "Project key"`, "add one of the two")
	}
	return problems.err()
}

// brackets returns what stands between the first and the last bracket.
func brackets(title string) (string, bool) {
	_, inside, ok := strings.Cut(title, "(")
	if !ok || !strings.HasSuffix(inside, ")") || len(inside) < 2 {
		return "", false
	}
	return strings.TrimSpace(strings.TrimSuffix(inside, ")")), true
}

// has says whether there is such a column.
func (f *csvFile) has(is, name string) bool {
	return slices.ContainsFunc(f.columns, func(c column) bool { return c.is == is && c.name == name })
}

// title returns the title of the column that a part of an issue comes from.
func (f *csvFile) title(rel string) string {
	part := strings.TrimPrefix(rel, ".")
	if cut := strings.IndexAny(part, ".["); cut >= 0 {
		part = part[:cut]
	}
	for _, c := range f.columns {
		switch {
		case part == "fields" && c.is == customColumn && (strings.HasPrefix(rel, ".fields"+member(c.name)) || strings.HasPrefix(rel, "fields"+member(c.name))),
			part == "links" && (c.is == outwardColumn || c.is == inwardColumn),
			part == "securityLevel" && c.is == "security", part == "affectsVersions" && c.is == "versions",
			c.is == part && part != "":
			return c.title
		}
	}
	return "row"
}

// one returns the first value of such a column.
func (f *csvFile) one(r row, is string) string {
	for n, cell := range r.cells {
		if f.columns[n].is == is {
			if cell = strings.TrimSpace(cell); cell != "" {
				return cell
			}
		}
	}
	return ""
}

// all returns the values of such columns.
func (f *csvFile) all(r row, is string) []string {
	var out []string
	for n, cell := range r.cells {
		if f.columns[n].is == is {
			if cell = strings.TrimSpace(cell); cell != "" {
				out = append(out, cell)
			}
		}
	}
	return out
}

// pairs returns the values of columns with a name in brackets.
func (f *csvFile) pairs(r row, is string) (names []string, values map[string][]string) {
	values = map[string][]string{}
	for n, cell := range r.cells {
		c := f.columns[n]
		if cell = strings.TrimSpace(cell); c.is != is || cell == "" {
			continue
		}
		if values[c.name] == nil {
			names = append(names, c.name)
		}
		values[c.name] = append(values[c.name], cell)
	}
	return names, values
}
