package analysis

import (
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
)

// Kind is what sort of values a field has. It decides which operators and functions fit.
type Kind string

// The kinds.
const (
	Text           Kind = "text"    // words are searched
	Keyword        Kind = "keyword" // compared as a whole: URLs, strings in entity properties
	Number         Kind = "number"
	Date           Kind = "date"     // a day; the index has it as its midnight in UTC
	DateTime       Kind = "datetime" // a moment, in milliseconds
	Duration       Kind = "duration" // in seconds
	User           Kind = "user"
	Group          Kind = "group"
	Option         Kind = "option"
	Labels         Kind = "labels"
	Project        Kind = "project"
	Category       Kind = "category"
	IssueType      Kind = "issuetype"
	Status         Kind = "status"
	StatusCategory Kind = "statuscategory"
	Priority       Kind = "priority"
	Resolution     Kind = "resolution"
	Version        Kind = "version"
	Component      Kind = "component"
	Issue          Kind = "issue" // the issue itself
	Parent         Kind = "parent"
	Link           Kind = "link"
	SecurityLevel  Kind = "securitylevel"
	Attachments    Kind = "attachments"
	Filter         Kind = "filter" // a saved filter stands for its query
)

var (
	equality = []syntax.Operator{syntax.Equals, syntax.NotEquals}
	inList   = []syntax.Operator{syntax.In, syntax.NotIn}
	presence = []syntax.Operator{syntax.Is, syntax.IsNot}
	ordering = []syntax.Operator{syntax.Greater, syntax.GreaterEqual, syntax.Less, syntax.LessEqual}
	wordy    = []syntax.Operator{syntax.Contains, syntax.NotContains}
	history  = []syntax.Operator{syntax.Was, syntax.WasIn, syntax.WasNot, syntax.WasNotIn, syntax.Changed}

	discrete = slices.Concat(equality, inList, presence)
	ordered  = slices.Concat(equality, ordering, inList, presence)
	textual  = slices.Concat(wordy, presence)
)

// kinds is what each kind allows, and the Java type by which /jql/autocompletedata calls it.
var kinds = map[Kind]struct {
	operators []syntax.Operator
	java      string
}{
	Text:           {textual, "java.lang.String"},
	Keyword:        {discrete, "java.lang.String"},
	Number:         {ordered, "java.lang.Number"},
	Date:           {ordered, "java.util.Date"},
	DateTime:       {ordered, "java.util.Date"},
	Duration:       {ordered, "com.atlassian.jira.jql.util.JqlDurationSupport"},
	User:           {discrete, "com.atlassian.jira.user.ApplicationUser"},
	Group:          {discrete, "com.atlassian.crowd.embedded.api.Group"},
	Option:         {discrete, "com.atlassian.jira.issue.customfields.option.Option"},
	Labels:         {discrete, "com.atlassian.jira.issue.label.Label"},
	Project:        {discrete, "com.atlassian.jira.project.Project"},
	Category:       {discrete, "com.atlassian.jira.project.ProjectCategory"},
	IssueType:      {discrete, "com.atlassian.jira.issue.issuetype.IssueType"},
	Status:         {discrete, "com.atlassian.jira.issue.status.Status"},
	StatusCategory: {discrete, "com.atlassian.jira.issue.status.category.StatusCategory"},
	Priority:       {ordered, "com.atlassian.jira.issue.priority.Priority"},
	Resolution:     {ordered, "com.atlassian.jira.issue.resolution.Resolution"},
	Version:        {slices.Concat(ordered, wordy), "com.atlassian.jira.project.version.Version"},
	Component:      {discrete, "com.atlassian.jira.bc.project.component.ProjectComponent"},
	Issue:          {ordered, "com.atlassian.jira.issue.Issue"},
	Parent:         {discrete, "com.atlassian.jira.issue.Issue"},
	Link:           {discrete, "com.atlassian.jira.issue.link.IssueLinkType"},
	SecurityLevel:  {discrete, "com.atlassian.jira.issue.security.IssueSecurityLevel"},
	Attachments:    {presence, "com.atlassian.jira.issue.attachment.Attachment"},
	Filter:         {slices.Concat(equality, inList), "com.atlassian.jira.issue.search.SearchRequest"},
}

// JavaType is how /jql/autocompletedata names the kind.
func (k Kind) JavaType() string { return kinds[k].java }

// AllowedOperators are the operators that may be used with the field.
func (f Field) AllowedOperators() []syntax.Operator {
	out := f.Operators
	if out == nil {
		out = kinds[f.Kind].operators
	}
	if f.History {
		out = slices.Concat(out, history)
	}
	return out
}
