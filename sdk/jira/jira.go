// Package jira reads Jira through the host: as the tenant's app, and never more than the user of the call may see.
// Needs the permission "jira:read" in plugin.json.
//
// With the permission "jira:write" it links issues, creates them and keeps properties on them, where the user of the call may do the same in
// Jira: see [Link], [Create] and [SetProperty]. Only properties can be written by a call without a user, such as a job's.
//
// Where Jira is asked too often, the error has the code exhausted, and RetryAfter says how many seconds to wait.
//
// With the permission "jira:search-as" a question can be answered by the rights of another account, its As, where an admin has named that very
// account in a setting of a configuration document of the plugin, one with "x-jira": "user". The plugin then shows a user what they may not see
// themselves, as the admin wanted it, and should show no more of it than that. There is no user behind a job or an event: with As they can ask
// too. A visitor who is not logged in cannot. Errors, with the field as: permission_denied where no document names the account, not_found where
// it is closed or deactivated, so that the admin has to choose another one. In JQL currentUser() is nobody in particular: write the account.
//
// Synchronizers, whose calls have no user, list projects as the app sees them: see [Projects].
//
// Nothing that is read may be kept: sdk/store takes identifiers only.
package jira

import (
	"context"

	"github.com/pergola-platform/pergola/sdk/hostcall"
)

//go:generate msgp -tests=false -io=false -o zz_jira_msgp.go

// Host call operations.
const (
	OpIssue  = "jira.issue"  // IssueQuery → Issue
	OpSearch = "jira.search" // Search → Found
)

// Issue is an issue with the fields that were asked for.
//
// Since: v0.1
type Issue struct {
	ID          string           `msg:"id"`  // numeric, in decimal; never changes
	Key         string           `msg:"key"` // such as OPS-7; changes when the issue moves
	ProjectID   string           `msg:"project_id"`
	IssueTypeID string           `msg:"issue_type_id"`
	Fields      map[string]Value `msg:"fields,omitempty,limit=16384"` // by field id; a field that is empty or unknown is absent
}

// Value is a field's value, flattened.
//
// Since: v0.1
type Value struct {
	// Text is the value as a person would read it: rich text without its marks, a list joined by ", ", an option's or
	// user's name, a number in its shortest decimal form.
	Text string `msg:"text"`
	// ID is the value's own identifier where it has one: an option, a status, an account.
	ID string `msg:"id,omitempty"`
	// Items are the members of a list.
	Items []Value `msg:"items,omitempty,limit=16384"`
	// Kind says what the value is, where Text alone does not: by it a number or a moment can be compared. Since: v0.5
	Kind ValueKind `msg:"kind,omitempty"`
	// At is the moment that a time or a date is, in milliseconds since 1970; a date begins at midnight UTC. Since: v0.5
	At int64 `msg:"at,omitempty"`
	// Category is how far a status is: one of StatusToDo, StatusInProgress and StatusDone. Since: v0.5
	Category string `msg:"category,omitempty"`
}

// ValueKind is what a value is.
//
// Since: v0.5
type ValueKind string

// The kinds of value. Everything else, such as text, options, versions and lists, has none.
const (
	NumberValue ValueKind = "number" // Text is a decimal number
	DateValue   ValueKind = "date"   // Text is 2026-03-01; a text that reads so is taken for one
	MomentValue ValueKind = "moment" // Text is 2026-03-01 12:30 +01:00
	UserValue   ValueKind = "user"   // ID is an account id
	StatusValue ValueKind = "status" // Category says how far it is
)

// The categories of statuses, by Jira's own keys.
const (
	StatusToDo       = "new"
	StatusInProgress = "indeterminate"
	StatusDone       = "done"
)

// IssueQuery asks for one issue.
type IssueQuery struct {
	ID     string   `msg:"id"`
	Fields []string `msg:"fields,omitempty,limit=16384"`
}

// Get returns the issue with that numeric id. Errors: not_found where there is no such issue or the user may not see it.
//
// Since: v0.1
func Get(ctx context.Context, id string, fields ...string) (*Issue, error) {
	q := IssueQuery{ID: id, Fields: fields}
	var out Issue
	if err := hostcall.Exchange(ctx, OpIssue, q.MarshalMsg, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return &out, nil
}

// Search asks for the issues that a JQL query finds, a page at a time.
//
// Since: v0.1
type Search struct {
	JQL    string   `msg:"jql"` // must be bounded, such as project = OPS
	Fields []string `msg:"fields,omitempty,limit=16384"`
	Limit  int      `msg:"limit,omitempty"`  // issues a page, 1 to 100; 0 means 50
	Cursor string   `msg:"cursor,omitempty"` // Found.Next of the page before, empty for the first
	// As is an account by whose rights is searched, in the place of the user's; empty for the user. See the package about who that can be.
	//
	// Since: v0.5
	As string `msg:"as,omitempty"`
}

// Found is a page of issues. A page can be shorter than the limit, even empty, and not be the last: issues that the user
// may not see are left out.
//
// Since: v0.1
type Found struct {
	Issues []Issue `msg:"issues,limit=16384"`
	Next   string  `msg:"next,omitempty"` // empty on the last page
}

// Find runs a search. Errors: invalid where Jira refuses the JQL, with Jira's own words.
//
// Since: v0.1
func Find(ctx context.Context, s Search) (*Found, error) {
	var out Found
	if err := hostcall.Exchange(ctx, OpSearch, s.MarshalMsg, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return &out, nil
}
