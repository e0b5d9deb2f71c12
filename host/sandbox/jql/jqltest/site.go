// Package jqltest is the suite that every plan.Index must pass: random queries on random issues, whose answers are compared
// with those of a slow evaluator that looks at one issue after the other. Start with [Run]; [Site] and [Match] also serve
// tests of the analysis.
package jqltest

import (
	"fmt"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/jql/analysis"
	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
)

// Site is a small made-up site. Its zero value is ready.
type Site struct{}

var (
	_ analysis.Schema      = Site{}
	_ analysis.Names       = Site{}
	_ analysis.Environment = Site{}
	_ analysis.Filters     = Site{}
)

// zone is where whoever asks lives; midnight there is not that of UTC.
var zone = time.FixedZone("UTC+2", 2*60*60)

// now is a Wednesday.
var now = time.Date(2026, 3, 11, 15, 30, 0, 0, zone)

// fields are the site's, by the names that mean them.
var fields = []struct {
	names []string
	field analysis.Field
}{
	{[]string{"project"}, analysis.Field{ID: "project", Kind: analysis.Project, Sortable: true}},
	{[]string{"key", "issuekey", "issue", "id"}, analysis.Field{ID: "issuekey", Kind: analysis.Issue, Sortable: true}},
	{[]string{"status"}, analysis.Field{ID: "status", Kind: analysis.Status, History: true, Sortable: true}},
	{[]string{"priority"}, analysis.Field{ID: "priority", Kind: analysis.Priority, Sortable: true, Descending: true}},
	{[]string{"assignee"}, analysis.Field{ID: "assignee", Kind: analysis.User, History: true, Sortable: true}},
	{[]string{"labels"}, analysis.Field{ID: "labels", Kind: analysis.Labels, Many: true}},
	{[]string{"fixVersion"}, analysis.Field{ID: "fixVersions", Kind: analysis.Version, Many: true}},
	{[]string{"summary"}, analysis.Field{ID: "summary", Kind: analysis.Text, Sortable: true}},
	{[]string{"text"}, analysis.Field{ID: "text", Kind: analysis.Text, Operators: []syntax.Operator{syntax.Contains}, NoEmpty: true}},
	{[]string{"created"}, analysis.Field{ID: "created", Kind: analysis.DateTime, Sortable: true}},
	{[]string{"due", "duedate"}, analysis.Field{ID: "duedate", Kind: analysis.Date, Sortable: true}},
	{[]string{"Story Points", "cf[10001]"}, analysis.Field{ID: "customfield_10001", Kind: analysis.Number, Sortable: true}},
	{[]string{"Team", "cf[10002]"}, analysis.Field{ID: "customfield_10002", Kind: analysis.Option}},
	{[]string{"Team", "cf[10003]"}, analysis.Field{ID: "customfield_10003", Kind: analysis.Option}},
	{[]string{"attachments"}, analysis.Field{ID: "attachment", Kind: analysis.Attachments}},
	{[]string{"filter"}, analysis.Field{ID: "filter", Kind: analysis.Filter, NoEmpty: true}},
	{[]string{"timeSpent"}, analysis.Field{ID: "timespent", Kind: analysis.Duration}},
}

// Fields are the fields of that name.
func (Site) Fields(f syntax.Field) []analysis.Field {
	var out []analysis.Field
	for _, known := range fields {
		for _, name := range known.names {
			if strings.EqualFold(name, f.Name) && len(f.Property) == 0 {
				out = append(out, known.field)
			}
		}
	}
	return out
}

// The values of fields that have few, in their order.
var (
	projects   = []string{"OPS", "FAC", "HR"}
	statuses   = []string{"To Do", "In Progress", "Done"}
	priorities = []string{"Low", "Medium", "High"}
	users      = []string{"mia", "jonas", "ada"}
	versions   = []string{"1.0", "1.1", "2.0"}
	teams      = []string{"Red", "Green", "Blue"}
)

// perProject is how far apart the places of the projects' issues lie.
const perProject = 1 << 20

// Values are what a literal means.
func (Site) Values(f analysis.Field, l analysis.Literal) []analysis.Value {
	var list []string
	switch f.Kind {
	case analysis.Labels:
		return []analysis.Value{{Key: l.Text}}
	case analysis.Issue:
		return issueValue(l.Text)
	case analysis.Project:
		list = projects
	case analysis.Status:
		list = statuses
	case analysis.Priority:
		list = priorities
	case analysis.User:
		list = users
	case analysis.Version:
		list = versions
	case analysis.Option:
		list = teams
	}
	for n, name := range list {
		if strings.EqualFold(name, l.Text) {
			return []analysis.Value{{Key: name, Place: float64(n)}}
		}
	}
	return nil
}

// Matching are the versions whose name fits.
func (Site) Matching(_ analysis.Field, fits func(string) bool) []analysis.Value {
	var out []analysis.Value
	for n, name := range versions {
		if fits(name) {
			out = append(out, analysis.Value{Key: name, Place: float64(n)})
		}
	}
	return out
}

// Filter knows one filter, and one that asks for itself.
func (Site) Filter(l analysis.Literal) (string, bool) {
	switch l.Text {
	case "My doors", "10000":
		return `summary ~ door AND assignee = currentUser() ORDER BY created`, true
	case "Endless":
		return `filter = Endless`, true
	}
	return "", false
}

// issueValue reads a key such as OPS-7; the key is also what the index knows the issue by.
func issueValue(key string) []analysis.Value {
	name, number, ok := strings.Cut(key, "-")
	for p, project := range projects {
		n := 0
		if ok && strings.EqualFold(project, name) {
			if _, err := fmt.Sscanf(number, "%d", &n); err == nil && n > 0 {
				first := float64(p+1) * perProject
				return []analysis.Value{{Key: fmt.Sprintf("%s-%d", project, n), Place: first + float64(n), First: first, Last: first + perProject - 1}}
			}
		}
	}
	return nil
}

// Now is a fixed moment.
func (Site) Now() time.Time { return now }

// Me is Mia.
func (Site) Me() string { return "mia" }

// Call knows one group, the links of one issue, and two moments.
func (Site) Call(name string, args []string) ([]string, error) {
	switch name {
	case "membersOf":
		if args[0] != "staff" {
			return nil, &analysis.ArgumentError{Index: 0}
		}
		return []string{"mia", "ada"}, nil
	case "linkedIssues":
		if args[0] != "OPS-1" {
			return nil, &analysis.ArgumentError{Index: 0}
		}
		return []string{"OPS-2", "FAC-3"}, nil
	case "lastLogin":
		return []string{"2026-03-10T08:00:00+02:00"}, nil
	case "currentLogin":
		return nil, fmt.Errorf("the moment of the login is not kept")
	}
	return nil, analysis.ErrUnknown
}

// Analyzer analyses queries on the site.
func Analyzer() *analysis.Analyzer {
	return &analysis.Analyzer{Schema: Site{}, Environment: Site{}, FirstDay: time.Monday}
}

// Names are the names of the site's fields, one for each; several fields may have one.
func Names() []string {
	var out []string
	for _, f := range fields {
		out = append(out, f.names[0])
	}
	return out
}

func day(t time.Time) float64 {
	y, m, d := t.Date()
	return float64(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).UnixMilli())
}

func millis(t time.Time) float64 { return float64(t.UnixMilli()) }

// placeOf is the place of a value in a list, as an issue has it.
func placeOf(list []string, v string) float64 {
	for n, name := range list {
		if name == v {
			return float64(n)
		}
	}
	return -1
}
