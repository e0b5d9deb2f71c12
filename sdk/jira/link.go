package jira

import (
	"context"

	"github.com/pergola-platform/pergola/sdk/hostcall"
)

//go:generate msgp -tests=false -io=false -o zz_link_msgp.go

// Host call operations on the links between issues.
const (
	OpLinks  = "jira.links"  // LinksQuery → IssueLinkList
	OpLink   = "jira.link"   // NewLink → IssueLink
	OpUnlink = "jira.unlink" // UnlinkQuery → nothing
)

// IssueLink is a link of Jira's own between two issues. It reads "from, outward words of its type, to": OPS-1 blocks OPS-2. Jira's REST
// API calls From the inward and To the outward issue.
//
// Since: v0.5
type IssueLink struct {
	ID     string `msg:"id"` // numeric, in decimal
	TypeID string `msg:"type_id"`
	FromID string `msg:"from_id"` // issue, numeric
	ToID   string `msg:"to_id"`   // issue, numeric
}

// LinksQuery asks for the links of an issue, or of several.
//
// Since: v0.5
type LinksQuery struct {
	IssueID string `msg:"issue_id,omitempty"`
	// IssueIDs are several issues, at most [MaxIssues], in the place of one.
	IssueIDs []string `msg:"issue_ids,omitempty,limit=16384"`
}

// IssueLinkList is the links of an issue, whichever end it is. A link between two of several issues is in it once.
//
// Since: v0.5
type IssueLinkList struct {
	Links []IssueLink `msg:"links,limit=16384"`
	// Hidden is how many links are left out because the user may not see the other end.
	Hidden int `msg:"hidden,omitempty"`
}

// Links lists the links of Jira's own that an issue has. Needs the permission "jira:read". Errors: not_found where there is no such
// issue or the user may not see it.
//
// Since: v0.5
func Links(ctx context.Context, issueID string) (*IssueLinkList, error) {
	q := LinksQuery{IssueID: issueID}
	var out IssueLinkList
	if err := hostcall.Exchange(ctx, OpLinks, q.MarshalMsg, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return &out, nil
}

// LinksOf lists the links of up to [MaxIssues] issues. The host asks Jira once, whatever their number. Issues that the user may not see are left out.
//
// Since: v0.5
func LinksOf(ctx context.Context, issueIDs ...string) (*IssueLinkList, error) {
	q := LinksQuery{IssueIDs: issueIDs}
	var out IssueLinkList
	if err := hostcall.Exchange(ctx, OpLinks, q.MarshalMsg, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return &out, nil
}

// NewLink is a link to be made; see [IssueLink] for which end is which.
//
// Since: v0.5
type NewLink struct {
	TypeID string `msg:"type_id"`
	FromID string `msg:"from_id"`
	ToID   string `msg:"to_id"`
}

// Link links two issues with a link of Jira's own, and returns it. Of a link that is there already Jira makes no second one; it is
// returned as it is. Needs the permission "jira:write", and of the user [LinkIssues] on both issues. Errors: not_found where the user
// may not see one of the issues, permission_denied where they may not link one.
//
// Since: v0.5
func Link(ctx context.Context, l NewLink) (*IssueLink, error) {
	var out IssueLink
	if err := hostcall.Exchange(ctx, OpLink, l.MarshalMsg, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return &out, nil
}

// UnlinkQuery names a link to be removed.
//
// Since: v0.5
type UnlinkQuery struct {
	LinkID string `msg:"link_id"`
}

// Unlink removes a link of Jira's own, under the conditions of [Link]. Errors: not_found where there is no such link or the user may not
// see one of its ends.
//
// Since: v0.5
func Unlink(ctx context.Context, linkID string) error {
	q := UnlinkQuery{LinkID: linkID}
	return hostcall.Exchange(ctx, OpUnlink, q.MarshalMsg, nil)
}
