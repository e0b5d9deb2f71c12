package jira

import (
	"context"

	"github.com/pergola-platform/pergola/sdk/hostcall"
)

//go:generate msgp -tests=false -io=false -o zz_issues_msgp.go

// OpIssues is a host call operation: IssuesQuery → IssueList.
const OpIssues = "jira.issues"

// MaxIssues is how many issues one call of [Issues] or [May] can name.
const MaxIssues = 100

// IssuesQuery asks for several issues at once.
//
// Since: v0.5
type IssuesQuery struct {
	IDs    []string `msg:"ids,limit=16384"` // numeric, at most [MaxIssues]; one that is named twice counts once
	Fields []string `msg:"fields,omitempty,limit=16384"`
	As     string   `msg:"as,omitempty"` // an account by whose rights they are read, see [Search]
	// Keys name issues by their keys, in the place of IDs; at most [MaxIssues].
	Keys []string `msg:"keys,omitempty,limit=16384"`
}

// IssueList is the issues that were found, in the order in which they were asked for.
//
// Since: v0.5
type IssueList struct {
	Issues []Issue `msg:"issues,limit=16384"`
	// Hidden is how many of the issues are left out: they are gone, or the user may not see them. Nobody learns which of both.
	Hidden int `msg:"hidden,omitempty"`
}

// Issues returns up to [MaxIssues] issues by their numeric ids. The host asks Jira once, whatever their number, so this is what a list or
// a panel should use. Issues that the user may not see are no error; they are counted in Hidden.
//
// Since: v0.5
func Issues(ctx context.Context, ids []string, fields ...string) (*IssueList, error) {
	return IssuesAs(ctx, "", ids, fields...)
}

// ByKey is [Issues] for who knows keys and no ids, such as a program that people write. A key changes when its issue moves to another project; by a
// former one an issue is found only where it is asked for alone.
//
// Since: v0.5
func ByKey(ctx context.Context, keys []string, fields ...string) (*IssueList, error) {
	q := IssuesQuery{Keys: keys, Fields: fields}
	var out IssueList
	if err := hostcall.Exchange(ctx, OpIssues, q.MarshalMsg, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return &out, nil
}

// IssuesAs is [Issues] by the rights of an account that an admin named, see [Search].
//
// Since: v0.5
func IssuesAs(ctx context.Context, account string, ids []string, fields ...string) (*IssueList, error) {
	q := IssuesQuery{IDs: ids, Fields: fields, As: account}
	var out IssueList
	if err := hostcall.Exchange(ctx, OpIssues, q.MarshalMsg, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return &out, nil
}
