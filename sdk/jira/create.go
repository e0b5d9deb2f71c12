package jira

import (
	"context"

	"github.com/pergola-platform/pergola/sdk/hostcall"
)

//go:generate msgp -tests=false -io=false -o zz_create_msgp.go

// OpCreate is a host call operation: New → Created.
const OpCreate = "jira.create"

// New is an issue to be made.
//
// Since: v0.5
type New struct {
	ProjectID   string `msg:"project_id"`    // numeric, in decimal
	IssueTypeID string `msg:"issue_type_id"` // numeric, in decimal
	Summary     string `msg:"summary"`       // one line of at most 255 characters
	// Fields are the values of other fields by id, each the JSON that Jira's REST API (version 3) takes for it, such as "2027-01-31" with
	// its quotes for a date. At most 50 fields and 64 KiB. Without a reporter the issue is reported by the app.
	Fields map[string][]byte `msg:"fields,omitempty,limit=16384"`
}

// Created is an issue that was made.
//
// Since: v0.5
type Created struct {
	ID  string `msg:"id"`  // numeric, in decimal
	Key string `msg:"key"` // such as OPS-7
}

// Create makes an issue. Needs the permission "jira:write", and of the user [CreateIssues] in the project. It is never tried again by
// itself: after an error with the code unavailable or deadline the issue may have been made. Errors: invalid where Jira refuses a value,
// in Jira's words, with the field's id in Field; not_found where there is no such project or the user may not see it.
//
// Since: v0.5
func Create(ctx context.Context, n New) (*Created, error) {
	var out Created
	if err := hostcall.Exchange(ctx, OpCreate, n.MarshalMsg, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return &out, nil
}
