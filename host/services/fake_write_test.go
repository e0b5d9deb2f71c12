package services_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
)

// lack takes a permission from an account, on an issue or in a project; from "" it is taken from the app.
func (j *fakeJira) lack(account, permission, id string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.lacks == nil {
		j.lacks = map[string]bool{}
	}
	j.lacks[account+" "+permission+" "+id] = true
}

// do notes a call that is no check of rights.
func (j *fakeJira) do(ctx context.Context, format string, args ...any) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.did = append(j.did, fmt.Sprintf(format, args...))
	return cmpErr(ctx, j.err)
}

func (j *fakeJira) ByKeys(ctx context.Context, t capability.TenantID, keys, fields []string) ([]jira.Issue, error) {
	var ids []string
	for _, key := range keys {
		for id, issue := range j.issues {
			if issue.Key == key {
				ids = append(ids, id)
			}
		}
	}
	return j.Issues(ctx, t, ids, fields)
}

func (j *fakeJira) Issues(ctx context.Context, _ capability.TenantID, ids, _ []string) ([]jira.Issue, error) {
	if err := j.do(ctx, "issues %v", ids); err != nil {
		return nil, err
	}
	var out []jira.Issue
	for _, id := range ids {
		if i, ok := j.issues[id]; ok {
			out = append(out, *clone(i)) // with all fields, whatever was asked for
		}
	}
	return out, nil
}

func (j *fakeJira) Fields(ctx context.Context, _ capability.TenantID, locale string) (*jira.FieldList, error) {
	return &jira.FieldList{Fields: []jira.Field{{ID: "summary", Name: locale}, {ID: "customfield_1", Name: "Team's own", ProjectID: "10009"}}}, j.do(ctx, "fields")
}

func (j *fakeJira) LinkTypes(ctx context.Context, _ capability.TenantID, _ string) (*jira.LinkTypeList, error) {
	return &jira.LinkTypeList{LinkTypes: []jira.LinkType{{ID: "1", Name: "Blocks"}}}, j.do(ctx, "linktypes")
}

func (j *fakeJira) IssueTypes(ctx context.Context, _ capability.TenantID, _, project string) (*jira.IssueTypeList, error) {
	return &jira.IssueTypeList{IssueTypes: []jira.IssueType{{ID: "1"}, {ID: "2", ProjectID: "10009"}}}, j.do(ctx, "issuetypes %s", project)
}

func (j *fakeJira) Rights(ctx context.Context, t capability.TenantID, account string, q jira.RightsQuery) (*jira.Rights, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.rights = append(j.rights, q)
	if err := cmpErr(ctx, j.err); err != nil {
		return nil, err
	}
	out := &jira.Rights{}
	for _, p := range q.Permissions {
		lacks := func(id string) bool { return j.lacks[account+" "+p+" "+id] }
		hidden := func(id string) bool {
			_, ok := j.issues[id]
			return !ok || lacks(id) || j.hidden[fmt.Sprint(t, " ", account, " ", id)]
		}
		out.Rights = append(out.Rights, jira.Right{
			Permission: p, Global: p == jira.Administer && !lacks(""),
			IssueIDs:   slices.DeleteFunc(slices.Clone(q.IssueIDs), hidden),
			ProjectIDs: slices.DeleteFunc(slices.Clone(q.ProjectIDs), lacks),
		})
	}
	return out, nil
}

func (j *fakeJira) Active(ctx context.Context, _ capability.TenantID, account string) (bool, error) {
	return !j.closed[account], cmpErr(ctx, j.err)
}

func (j *fakeJira) Links(ctx context.Context, _ capability.TenantID, issue string) (*jira.IssueLinkList, error) {
	return &jira.IssueLinkList{Links: []jira.IssueLink{
		{ID: "1", TypeID: "1", FromID: issue, ToID: "10002"}, {ID: "2", TypeID: "1", FromID: "10003", ToID: issue},
	}}, j.do(ctx, "links %s", issue)
}

func (j *fakeJira) LinksOf(ctx context.Context, _ capability.TenantID, issues []string) (*jira.IssueLinkList, error) {
	out := &jira.IssueLinkList{}
	for n, issue := range issues {
		out.Links = append(out.Links, jira.IssueLink{ID: strconv.Itoa(10*n + 1), TypeID: "1", FromID: issue, ToID: "10002"}, jira.IssueLink{ID: strconv.Itoa(10*n + 2), TypeID: "1", FromID: "10003", ToID: issue})
	}
	return out, j.do(ctx, "links of %v", issues)
}

func (j *fakeJira) Link(ctx context.Context, _ capability.TenantID, id string) (*jira.IssueLink, error) {
	if id != "1" {
		return nil, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream, Message: "No issue link with id exists."}
	}
	return &jira.IssueLink{ID: id, TypeID: "1", FromID: "10001", ToID: "10002"}, cmpErr(ctx, j.err)
}

func (j *fakeJira) AddLink(ctx context.Context, _ capability.TenantID, l jira.NewLink) (*jira.IssueLink, error) {
	return &jira.IssueLink{ID: "9", TypeID: l.TypeID, FromID: l.FromID, ToID: l.ToID}, j.do(ctx, "link %+v", l)
}

func (j *fakeJira) RemoveLink(ctx context.Context, _ capability.TenantID, id string) error {
	return j.do(ctx, "unlink %s", id)
}

func (j *fakeJira) Create(ctx context.Context, _ capability.TenantID, n jira.New) (*jira.Created, error) {
	return &jira.Created{ID: "20000", Key: "OPS-900"}, j.do(ctx, "create %s in %s", n.IssueTypeID, n.ProjectID)
}

func (j *fakeJira) Property(ctx context.Context, _ capability.TenantID, issue, key string) ([]byte, error) {
	return []byte("1"), j.do(ctx, "get %s of %s", key, issue)
}

// SetProperties takes all or nothing, as Jira does.
func (j *fakeJira) SetProperties(ctx context.Context, _ capability.TenantID, list []jira.Property) error {
	var written []string
	for _, p := range list {
		written = append(written, p.IssueID+":"+p.Key)
		if j.lacks[" EDIT_ISSUES "+p.IssueID] {
			return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromDownstream, Message: "Jira does not understand the request."}
		}
	}
	return j.do(ctx, "set %v", written)
}

func (j *fakeJira) DeleteProperty(ctx context.Context, _ capability.TenantID, issue, key string) error {
	return j.do(ctx, "delete %s of %s", key, issue)
}
