package jira

import (
	"context"
	"slices"

	"github.com/pergola-platform/pergola/sdk/hostcall"
)

//go:generate msgp -tests=false -io=false -o zz_rights_msgp.go

// OpMay is a host call operation: RightsQuery → Rights.
const OpMay = "jira.may"

// Jira's own names of what a user can be allowed. Administer is about the site, all others about an issue or a project.
const (
	BrowseProjects     = "BROWSE_PROJECTS"
	CreateIssues       = "CREATE_ISSUES"
	EditIssues         = "EDIT_ISSUES"
	LinkIssues         = "LINK_ISSUES"
	AdministerProjects = "ADMINISTER_PROJECTS"
	Administer         = "ADMINISTER"
)

// RightsQuery asks what the user may do.
//
// Since: v0.5
type RightsQuery struct {
	Permissions []string `msg:"permissions,limit=16384"`           // of the names above
	IssueIDs    []string `msg:"issue_ids,omitempty,limit=16384"`   // at most [MaxIssues]
	ProjectIDs  []string `msg:"project_ids,omitempty,limit=16384"` // at most [MaxProjects]
	As          string   `msg:"as,omitempty"`                      // an account that is asked about in the place of the user, see [Search]
}

// Right is a permission and where the user has it.
//
// Since: v0.5
type Right struct {
	Permission string   `msg:"permission"`
	Global     bool     `msg:"global,omitempty"` // in the whole site
	IssueIDs   []string `msg:"issue_ids,omitempty,limit=16384"`
	ProjectIDs []string `msg:"project_ids,omitempty,limit=16384"`
}

// Rights is what the user may do, of what was asked. Of an issue or a project that is not there nobody may do anything.
//
// Since: v0.5
type Rights struct {
	Rights []Right `msg:"rights,limit=16384"`
}

// Globally says whether the user has a permission in the whole site.
//
// Since: v0.5
func (r *Rights) Globally(permission string) bool {
	return slices.ContainsFunc(r.Rights, func(at Right) bool { return at.Permission == permission && at.Global })
}

// OnIssue says whether the user has a permission on an issue that was asked about.
//
// Since: v0.5
func (r *Rights) OnIssue(permission, issueID string) bool {
	return slices.ContainsFunc(r.Rights, func(at Right) bool {
		return at.Permission == permission && slices.Contains(at.IssueIDs, issueID)
	})
}

// InProject says whether the user has a permission in a project that was asked about.
//
// Since: v0.5
func (r *Rights) InProject(permission, projectID string) bool {
	return slices.ContainsFunc(r.Rights, func(at Right) bool {
		return at.Permission == permission && slices.Contains(at.ProjectIDs, projectID)
	})
}

// May asks what the user of the call may do, all in one question to Jira. Use it to leave out buttons that would be refused; whatever is
// written is checked again. Errors: permission_denied where nobody is logged in.
//
// Since: v0.5
func May(ctx context.Context, q RightsQuery) (*Rights, error) {
	var out Rights
	if err := hostcall.Exchange(ctx, OpMay, q.MarshalMsg, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return &out, nil
}
