package jira

import (
	"context"

	"github.com/pergola-platform/pergola/sdk/hostcall"
)

//go:generate msgp -tests=false -io=false -o zz_lists_msgp.go

// Host call operations that list what a site is made of.
const (
	OpFields     = "jira.fields"     // nothing → FieldList
	OpLinkTypes  = "jira.linktypes"  // nothing → LinkTypeList
	OpIssueTypes = "jira.issuetypes" // IssueTypeQuery → IssueTypeList
)

// Field is a field of the site's issues.
//
// Since: v0.5
type Field struct {
	ID   string `msg:"id"`   // such as summary or customfield_10001
	Name string `msg:"name"` // what people read, in the user's language where Jira knows it
	// Type is the type of its value, such as string, number, date, user, option or array; empty for a few of Jira's own.
	Type string `msg:"type,omitempty"`
	// Items is the type of the members where Type is array.
	Items string `msg:"items,omitempty"`
	// Kind is what was chosen when a custom field was made, such as com.atlassian.jira.plugin.system.customfieldtypes:float.
	Kind       string `msg:"kind,omitempty"`
	Custom     bool   `msg:"custom,omitempty"`
	Orderable  bool   `msg:"orderable,omitempty"`  // stands in forms, where it can be moved
	Navigable  bool   `msg:"navigable,omitempty"`  // can be a column of a list
	Searchable bool   `msg:"searchable,omitempty"` // JQL finds and sorts by it
	// Clauses are the field's names in JQL, such as cf[10001]; empty where JQL does not know it.
	Clauses []string `msg:"clauses,omitempty,limit=16384"`
	// ProjectID is the one project that has the field; empty for a field of the whole site.
	ProjectID string `msg:"project_id,omitempty"`
}

// FieldList is all fields.
//
// Since: v0.5
type FieldList struct {
	Fields []Field `msg:"fields,limit=16384"`
}

// Fields lists the fields of the site, without those of projects that the user may not see. Names change: keep ids and ask for names when
// they are shown.
//
// Since: v0.5
func Fields(ctx context.Context) ([]Field, error) {
	var out FieldList
	if err := hostcall.Exchange(ctx, OpFields, nil, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return out.Fields, nil
}

// LinkType is a type of links between issues.
//
// Since: v0.5
type LinkType struct {
	ID      string `msg:"id"`
	Name    string `msg:"name"`    // such as Blocks
	Outward string `msg:"outward"` // what the one end does to the other, such as blocks
	Inward  string `msg:"inward"`  // what the other end suffers, such as is blocked by
}

// LinkTypeList is all types of links.
//
// Since: v0.5
type LinkTypeList struct {
	LinkTypes []LinkType `msg:"link_types,limit=16384"`
}

// LinkTypes lists the types of links between issues. The list is empty where an admin has switched links off.
//
// Since: v0.5
func LinkTypes(ctx context.Context) ([]LinkType, error) {
	var out LinkTypeList
	if err := hostcall.Exchange(ctx, OpLinkTypes, nil, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return out.LinkTypes, nil
}

// IssueTypeQuery asks for issue types.
//
// Since: v0.5
type IssueTypeQuery struct {
	ProjectID string `msg:"project_id,omitempty"` // only those that issues of this project can have; empty for all
}

// IssueType is a type that issues can have.
//
// Since: v0.5
type IssueType struct {
	ID      string `msg:"id"`
	Name    string `msg:"name"`
	Subtask bool   `msg:"subtask,omitempty"`
	// ProjectID is the one project that has the type; empty for a type of the whole site.
	ProjectID string `msg:"project_id,omitempty"`
}

// IssueTypeList is issue types.
//
// Since: v0.5
type IssueTypeList struct {
	IssueTypes []IssueType `msg:"issue_types,limit=16384"`
}

// IssueTypes lists the issue types of a project, or with "" those of the site, without those of projects that the user may not see.
// Errors: not_found where there is no such project or the user may not see it.
//
// Since: v0.5
func IssueTypes(ctx context.Context, projectID string) ([]IssueType, error) {
	q := IssueTypeQuery{ProjectID: projectID}
	var out IssueTypeList
	if err := hostcall.Exchange(ctx, OpIssueTypes, q.MarshalMsg, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return out.IssueTypes, nil
}
