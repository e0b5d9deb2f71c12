package query

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/jql/analysis"
	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// Field is a field as queries know it. Its ID is the name that the site's index has for it, see [world.State.Index], or
// one of those below, of which the index knows the parts only.
type Field struct {
	analysis.Field
	Names  []string     // the first one is shown
	Custom *world.Field // nil for a field of the system
	float  bool         // the index has its numbers as index.Float
}

// The fields that stand for others.
const (
	keyQuery      plan.FieldID = "issuekey"
	textQuery     plan.FieldID = "text"     // all that is text
	categoryQuery plan.FieldID = "category" // that of the project
)

var onlyContains = []syntax.Operator{syntax.Contains, syntax.NotContains}

// systemQueries are the fields that every site has.
var systemQueries = []Field{
	{Names: []string{"affectedVersion"}, Field: analysis.Field{ID: "affectedVersion", Kind: analysis.Version, Many: true, Sortable: true}},
	{Names: []string{"assignee"}, Field: analysis.Field{ID: "assignee", Kind: analysis.User, History: true, Sortable: true}},
	{Names: []string{"attachments"}, Field: analysis.Field{ID: "attachments", Kind: analysis.Attachments}},
	{Names: []string{"category"}, Field: analysis.Field{ID: categoryQuery, Kind: analysis.Category}},
	{Names: []string{"comment"}, Field: analysis.Field{ID: "comment", Kind: analysis.Text, Operators: onlyContains, NoEmpty: true}},
	{Names: []string{"component"}, Field: analysis.Field{ID: "component", Kind: analysis.Component, Many: true, Sortable: true}},
	{Names: []string{"created", "createdDate"}, Field: analysis.Field{ID: "created", Kind: analysis.DateTime, Sortable: true}},
	{Names: []string{"creator"}, Field: analysis.Field{ID: "creator", Kind: analysis.User, Sortable: true}},
	{Names: []string{"description"}, Field: analysis.Field{ID: "description", Kind: analysis.Text}},
	{Names: []string{"due", "dueDate"}, Field: analysis.Field{ID: "due", Kind: analysis.Date, Sortable: true}},
	{Names: []string{"environment"}, Field: analysis.Field{ID: "environment", Kind: analysis.Text}},
	{Names: []string{"filter", "request", "savedFilter", "searchRequest"}, Field: analysis.Field{ID: "filter", Kind: analysis.Filter, NoEmpty: true}},
	{Names: []string{"fixVersion"}, Field: analysis.Field{ID: "fixVersion", Kind: analysis.Version, Many: true, History: true, Sortable: true}},
	{Names: []string{"issueLinkType"}, Field: analysis.Field{ID: "issueLinkType", Kind: analysis.Link, Many: true}},
	{Names: []string{"issuetype", "type"}, Field: analysis.Field{ID: "issuetype", Kind: analysis.IssueType, Sortable: true}},
	{Names: shape.IssueKey.Clauses, Field: analysis.Field{ID: keyQuery, Kind: analysis.Issue, Sortable: true}},
	{Names: []string{"labels"}, Field: analysis.Field{ID: "labels", Kind: analysis.Labels, Many: true}},
	{Names: []string{"level"}, Field: analysis.Field{ID: "level", Kind: analysis.SecurityLevel, Sortable: true}},
	{Names: []string{"originalEstimate", "timeOriginalEstimate"}, Field: analysis.Field{ID: "estimate", Kind: analysis.Duration, Sortable: true}},
	{Names: []string{"parent"}, Field: analysis.Field{ID: "parent", Kind: analysis.Parent}},
	{Names: []string{"priority"}, Field: analysis.Field{ID: "priority", Kind: analysis.Priority, History: true, Sortable: true, Descending: true}},
	{Names: []string{"project"}, Field: analysis.Field{ID: "project", Kind: analysis.Project, Sortable: true}},
	{Names: []string{"remainingEstimate", "timeEstimate"}, Field: analysis.Field{ID: "remaining", Kind: analysis.Duration, Sortable: true}},
	{Names: []string{"reporter"}, Field: analysis.Field{ID: "reporter", Kind: analysis.User, History: true, Sortable: true}},
	{Names: []string{"resolution"}, Field: analysis.Field{ID: "resolution", Kind: analysis.Resolution, History: true, Sortable: true}},
	{Names: []string{"resolved", "resolutionDate"}, Field: analysis.Field{ID: "resolved", Kind: analysis.DateTime, Sortable: true}},
	{Names: []string{"status"}, Field: analysis.Field{ID: "status", Kind: analysis.Status, History: true, Sortable: true}},
	{Names: []string{"statusCategory"}, Field: analysis.Field{ID: "statusCategory", Kind: analysis.StatusCategory}},
	{Names: []string{"summary"}, Field: analysis.Field{ID: "summary", Kind: analysis.Text, Sortable: true}},
	{Names: []string{"text"}, Field: analysis.Field{ID: textQuery, Kind: analysis.Text, Operators: []syntax.Operator{syntax.Contains}, NoEmpty: true}},
	{Names: []string{"timeSpent"}, Field: analysis.Field{ID: "spent", Kind: analysis.Duration, Sortable: true}},
	{Names: []string{"updated", "updatedDate"}, Field: analysis.Field{ID: "updated", Kind: analysis.DateTime, Sortable: true}},
	{Names: []string{"voter"}, Field: analysis.Field{ID: "voter", Kind: analysis.User, Many: true}},
	{Names: []string{"votes"}, Field: analysis.Field{ID: "votes", Kind: analysis.Number, Sortable: true}},
	{Names: []string{"watcher"}, Field: analysis.Field{ID: "watcher", Kind: analysis.User, Many: true}},
	{Names: []string{"watchers"}, Field: analysis.Field{ID: "watchers", Kind: analysis.Number, Sortable: true}},
}

// customQueries is how queries know the kinds of custom fields.
var customQueries = map[world.Kind]analysis.Field{
	world.Text:      {Kind: analysis.Text, Sortable: true},
	world.TextArea:  {Kind: analysis.Text},
	world.URL:       {Kind: analysis.Keyword, Sortable: true},
	world.Option:    {Kind: analysis.Option, Sortable: true},
	world.Options:   {Kind: analysis.Option, Sortable: true, Many: true},
	world.Radio:     {Kind: analysis.Option, Sortable: true},
	world.Cascading: {Kind: analysis.Option, Sortable: true, Many: true},
	world.Date:      {Kind: analysis.Date, Sortable: true},
	world.DateTime:  {Kind: analysis.DateTime, Sortable: true},
	world.Number:    {Kind: analysis.Number, Sortable: true},
	world.Labels:    {Kind: analysis.Labels, Many: true},
	world.Person:    {Kind: analysis.User, Sortable: true},
	world.People:    {Kind: analysis.User, Sortable: true, Many: true},
	world.GroupOf:   {Kind: analysis.Group, Sortable: true},
	world.GroupsOf:  {Kind: analysis.Group, Sortable: true, Many: true},
	world.VersionOf: {Kind: analysis.Version, Sortable: true, Many: true},
	world.ProjectOf: {Kind: analysis.Project, Sortable: true},
	world.Object:    {Kind: analysis.Keyword, Operators: []syntax.Operator{syntax.Is, syntax.IsNot}},
}

// propertyKinds is how queries know the types that apps declare for what they index of properties.
var propertyKinds = map[string]analysis.Kind{
	"number": analysis.Number, "text": analysis.Text, "string": analysis.Keyword, "date": analysis.DateTime, "user": analysis.User,
}

// Fields lists the fields that queries may name, but those of entity properties.
func Fields(st *world.State) []Field {
	out := slices.Clone(systemQueries)
	for f := range st.Fields.All() {
		if f.Trashed {
			continue
		}
		q := Field{Field: customQueries[f.Kind], Custom: f, float: f.Kind == world.Number}
		q.ID = plan.FieldID(f.ID)
		q.Names = []string{fmt.Sprintf("cf[%d]", f.Number), f.Name, string(f.ID)}
		out = append(out, q)
	}
	return out
}

// propertyField is the field of what an app has declared of the properties of issues.
func propertyField(p *world.IndexedProperty) Field {
	f := Field{float: p.Type == "number", Names: []string{fmt.Sprintf("issue.property[%s].%s", p.Key, p.Path)}}
	f.ID, f.Kind, f.Many, f.Sortable = plan.FieldID("property:"+p.Key+"."+p.Path), propertyKinds[p.Type], true, true
	if f.Kind == "" {
		f.Kind = analysis.Keyword
	}
	return f
}

// schema is what queries of one person can name.
type schema struct {
	st     *world.State
	who    world.AccountID
	all    bool // nothing is hidden
	fields []Field
}

var (
	_ analysis.Schema = (*schema)(nil)
	_ analysis.Names  = (*schema)(nil)
)

// Fields are the fields that a name means.
func (s *schema) Fields(name syntax.Field) []analysis.Field {
	var out []analysis.Field
	if len(name.Property) > 0 {
		return s.properties(name)
	}
	for _, f := range s.fields {
		if slices.ContainsFunc(f.Names, func(n string) bool { return strings.EqualFold(n, name.Name) }) {
			out = append(out, f.Field)
		}
	}
	return out
}

// properties are the fields of a value in an entity property; each app may have declared another type.
func (s *schema) properties(name syntax.Field) []analysis.Field {
	var out []analysis.Field
	if len(name.Property) != 1 || !strings.EqualFold(name.Name, "issue.property") {
		return nil
	}
	for p := range s.st.IndexedProperties.All() {
		if p.Entity != "issue" || p.Key != name.Property[0].Key || p.Path != name.Property[0].Path {
			continue
		}
		f := propertyField(p)
		if s.field(f.ID).ID == "" {
			s.fields = append(s.fields, f)
		}
		if !slices.ContainsFunc(out, func(o analysis.Field) bool { return o.ID == f.ID && o.Kind == f.Kind }) {
			out = append(out, f.Field)
		}
	}
	return out
}

// field finds a field by its id; the zero value is none.
func (s *schema) field(id plan.FieldID) Field {
	for _, f := range s.fields {
		if f.ID == id {
			return f
		}
	}
	return Field{}
}
