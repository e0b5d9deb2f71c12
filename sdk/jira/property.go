package jira

import (
	"context"

	"github.com/pergola-platform/pergola/sdk/hostcall"
)

//go:generate msgp -tests=false -io=false -o zz_property_msgp.go

// Host call operations on the properties of issues.
const (
	OpGetProperty    = "jira.property.get"    // PropertyKey → PropertyValue
	OpSetProperties  = "jira.property.set"    // PropertyList → PropertyOutcome
	OpDeleteProperty = "jira.property.delete" // PropertyKey → nothing
)

// Bounds of the properties of one call.
const (
	MaxProperties    = 100       // of a call of [SetProperties]
	MaxPropertyValue = 32 * 1024 // bytes of JSON
)

// PropertyKey names a property of an issue.
//
// Since: v0.5
type PropertyKey struct {
	IssueID string `msg:"issue_id"`
	// Key is the plugin's own name for it, 1 to 80 of the characters a to z, 0 to 9, dot, dash and underscore, with a letter first. In Jira
	// it stands behind the plugin's id and a dot: links of acme.relations is acme.relations.links there, which is also what JQL calls it.
	Key string `msg:"key"`
}

// Property is a property of an issue, with its value.
//
// Since: v0.5
type Property struct {
	IssueID string `msg:"issue_id"`
	Key     string `msg:"key"`                 // as in [PropertyKey]
	Value   []byte `msg:"value,limit=4194304"` // JSON, at most [MaxPropertyValue] bytes
}

// PropertyValue is the value of a property.
//
// Since: v0.5
type PropertyValue struct {
	Value []byte `msg:"value,limit=4194304"` // JSON
}

// PropertyList is properties to be written.
//
// Since: v0.5
type PropertyList struct {
	Properties []Property `msg:"properties,limit=16384"`
}

// PropertyOutcome says what of a list was not written.
//
// Since: v0.5
type PropertyOutcome struct {
	// Refused are the issues that were passed over: they are gone, or the user may not see or edit them.
	Refused []string `msg:"refused,omitempty,limit=16384"`
}

// GetProperty returns the JSON of a property that the plugin has written. Needs the permission "jira:write". Errors: not_found where
// there is none, or the user may not see the issue.
//
// Since: v0.5
func GetProperty(ctx context.Context, issueID, key string) ([]byte, error) {
	q := PropertyKey{IssueID: issueID, Key: key}
	var out PropertyValue
	if err := hostcall.Exchange(ctx, OpGetProperty, q.MarshalMsg, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return out.Value, nil
}

// SetProperty writes a property of an issue, over the one that is there. Whoever sees the issue can read it, so it holds nothing that
// is not for them. Needs the permission "jira:write", and of the user [EditIssues]; where the call has no user, as in a job, the app
// itself writes. Errors: not_found, permission_denied.
//
// Since: v0.5
func SetProperty(ctx context.Context, issueID, key string, value []byte) error {
	q := PropertyList{Properties: []Property{{IssueID: issueID, Key: key, Value: value}}}
	var out PropertyOutcome
	return hostcall.Exchange(ctx, OpSetProperties, q.MarshalMsg, out.UnmarshalMsg)
}

// SetProperties writes up to [MaxProperties] properties, each with its own value, under the conditions of [SetProperty]. It is what indexing
// uses: Jira takes them all in one request. Issues that are refused do not stop the others; a single one that is refused is an
// error, as in [SetProperty]. After an error with the code deadline or unavailable Jira may still be writing. To write the same again
// does no harm.
//
// Since: v0.5
func SetProperties(ctx context.Context, properties []Property) (*PropertyOutcome, error) {
	q := PropertyList{Properties: properties}
	var out PropertyOutcome
	if err := hostcall.Exchange(ctx, OpSetProperties, q.MarshalMsg, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return &out, nil
}

// DeleteProperty removes a property of an issue, under the conditions of [SetProperty]. One that is not there is no error.
//
// Since: v0.5
func DeleteProperty(ctx context.Context, issueID, key string) error {
	q := PropertyKey{IssueID: issueID, Key: key}
	return hostcall.Exchange(ctx, OpDeleteProperty, q.MarshalMsg, nil)
}
