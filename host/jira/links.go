package jira

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

const issueLinks = "/rest/api/3/issueLink"

type ref struct {
	ID string `json:"id"`
}

// link is a link as REST has it: whole, it has both ends; among an issue's links, only the other one.
type link struct {
	ID      string `json:"id,omitempty"`
	Type    ref    `json:"type"`
	Inward  ref    `json:"inwardIssue"`
	Outward ref    `json:"outwardIssue"`
}

func (l link) flat() jira.IssueLink {
	return jira.IssueLink{ID: l.ID, TypeID: l.Type.ID, FromID: l.Inward.ID, ToID: l.Outward.ID}
}

// IssueLinks lists the links of an issue, as the app sees them. Errors: not_found.
func (c *Client) IssueLinks(ctx context.Context, t tenant.Tenant, id string) (*jira.IssueLinkList, error) {
	const what = "list the links of an issue"
	var got struct {
		ID     string `json:"id"`
		Fields struct {
			Links []link `json:"issuelinks"`
		} `json:"fields"`
	}
	err := c.do(ctx, t, call{
		what: what, method: http.MethodGet, path: "/rest/api/3/issue/" + url.PathEscape(id), again: true, out: &got, query: url.Values{"fields": {"issuelinks"}},
	})
	if err != nil {
		return nil, err
	}
	out := &jira.IssueLinkList{Links: make([]jira.IssueLink, 0, len(got.Fields.Links))}
	for _, l := range got.Fields.Links {
		out.Links = append(out.Links, l.of(got.ID))
	}
	return out, nil
}

// of is a link among those of an issue.
func (l link) of(issue string) jira.IssueLink {
	if l.Outward.ID == "" {
		l.Outward.ID = issue
	} else {
		l.Inward.ID = issue
	}
	return l.flat()
}

// LinksOf lists the links of up to MaxFetched issues, by numeric id, each link once, as [Client.Issues] reads issues. Those that are not there
// have none.
func (c *Client) LinksOf(ctx context.Context, t tenant.Tenant, ids []string) (*jira.IssueLinkList, error) {
	const what = "list the links of issues"
	found, err := c.several(ctx, t, what, ids, []string{"issuelinks"})
	if err != nil {
		return nil, err
	}
	out, seen := &jira.IssueLinkList{}, map[string]bool{}
	for _, i := range found {
		var links []link
		if raw := i.Fields["issuelinks"]; len(raw) > 0 {
			if err := json.Unmarshal(raw, &links); err != nil {
				return nil, failed(what, unreadable, nil)
			}
		}
		for _, l := range links {
			if !seen[l.ID] {
				seen[l.ID] = true
				out.Links = append(out.Links, l.of(i.ID))
			}
		}
	}
	return out, nil
}

// IssueLink returns a link. Errors: not_found.
func (c *Client) IssueLink(ctx context.Context, t tenant.Tenant, id string) (*jira.IssueLink, error) {
	var got link
	err := c.do(ctx, t, call{what: "read a link", method: http.MethodGet, path: issueLinks + "/" + url.PathEscape(id), again: true, out: &got})
	if err != nil {
		return nil, err
	}
	out := got.flat()
	return &out, nil
}

// LinkIssues makes a link, and returns it with its id. A link that is there already stays alone and is returned, which is why a call may be
// made again. Errors: not_found where an issue or the type is not there.
func (c *Client) LinkIssues(ctx context.Context, t tenant.Tenant, l jira.NewLink) (*jira.IssueLink, error) {
	const what = "link issues"
	in := link{Type: ref{l.TypeID}, Inward: ref{l.FromID}, Outward: ref{l.ToID}}
	err := c.do(ctx, t, call{what: what, method: http.MethodPost, path: issueLinks, body: in, again: true, words: true})
	if err != nil {
		return nil, err
	}
	// Jira answers without the link's id.
	list, err := c.IssueLinks(ctx, t, l.FromID)
	if err != nil {
		return nil, err
	}
	for i := range list.Links {
		if made := &list.Links[i]; made.TypeID == l.TypeID && made.FromID == l.FromID && made.ToID == l.ToID {
			return made, nil
		}
	}
	return nil, failed(what, notFound, nil) // somebody removed it at once
}

// UnlinkIssues removes a link. One that is gone is no error.
func (c *Client) UnlinkIssues(ctx context.Context, t tenant.Tenant, id string) error {
	err := c.do(ctx, t, call{what: "remove a link", method: http.MethodDelete, path: issueLinks + "/" + url.PathEscape(id), again: true})
	if gone(err) {
		return nil
	}
	return err
}

func gone(err error) bool { return sdk.CodeOf(err) == sdk.NotFound }
