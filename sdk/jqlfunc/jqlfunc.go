// Package jqlfunc has a plugin answer functions of its own in JQL, so that users write
//
//	project = OPS AND issue in printedLabels("A4")
//
// in Jira's own search. "jqlFunctions" of plugin.json declare them; Jira knows them from there, offers them while somebody types and checks how many
// arguments they have.
//
// Jira asks once for each combination of field, operator and arguments, keeps the answer, and puts it in the place of the clause whenever
// anybody searches, until nobody has for seven days. So an answer is for everybody: it says which issues are meant, and Jira shows of them what whoever
// searches may see. It is JQL, made of the clauses of sdk/jql, and best a condition that stays right by itself, such as one on a property
// that Jira indexes (see "properties" of plugin.json); a list of issues would be old with the next change. Jira takes 1000 values in it at most.
//
// Where an answer does change, such as when an admin renames what an argument names, [Stale] has the host ask for all answers of a function anew and
// tell Jira. The host does so by itself after an admin has changed the settings or a configuration document of the plugin, or has switched it on.
// An error is not kept by Jira for more than a minute.
//
// Nobody's rights bound a handler, and it knows no user: of sdk/jira it can ask for the link types of the site alone, and for the ids of issues with
// [Issues]. An answer that depends on an issue which some of those who search may not see has to name it by its key, so that Jira refuses them.
package jqlfunc

import (
	"context"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/jql"
)

//go:generate msgp -tests=false -io=false -o zz_jqlfunc_msgp.go

// The host calls.
const (
	OpIssues = "jqlfunc.issues" // Keys → Found
	OpStale  = "jqlfunc.stale"  // Functions → nothing
)

// The operators that functions are used with.
const (
	In    = "in"
	NotIn = "not in"
)

// MaxKeys bounds Keys.
const MaxKeys = 20

// Question is a clause of somebody's query, with a function of the plugin.
//
// Since: v0.5
type Question struct {
	Name     string `msg:"name"`     // of the handler in the code: a key of sdk.Plugin.Functions
	Function string `msg:"function"` // as users write it
	// Arguments are what they wrote: any text. As many as plugin.json requires, and no more than it declares.
	Arguments []string `msg:"arguments,omitempty,limit=16384"`
	Operator  string   `msg:"operator"` // one that plugin.json declares
	// Context is that of no page and no user: of the site alone.
	Context sdk.Context `msg:"context"`
}

// Argument returns an argument, counted from 0, "" where there is none.
//
// Since: v0.5
func (q *Question) Argument(i int) string {
	if i < len(q.Arguments) {
		return q.Arguments[i]
	}
	return ""
}

// Negated says whether the clause asks for the issues that are not meant.
//
// Since: v0.5
func (q *Question) Negated() bool { return q.Operator == NotIn }

// Answer is what Jira puts in the place of the clause.
//
// Since: v0.5
type Answer struct {
	JQL string `msg:"jql"`
}

// Handler answers a function: one for sdk.Plugin.Functions. The clause holds for the issues that the question asks for, those of the operator "not in"
// too; its zero value means all. What an error says, the user reads, at most 400 bytes of it.
//
// Since: v0.5
type Handler func(ctx context.Context, q *Question) (jql.Clause, error)

var _ sdk.Function = Handler(nil)

// Answer implements sdk.Function.
func (h Handler) Answer(ctx context.Context, question []byte) ([]byte, error) {
	var q Question
	if _, err := q.UnmarshalMsg(question); err != nil {
		return nil, sdk.Errorf(sdk.Invalid, "decode a question: %v", err)
	}
	clause, err := h(ctx, &q)
	if err != nil {
		return nil, err
	}
	if clause.String() == "" {
		clause = jql.Field("created").NotEmpty()
	}
	a := Answer{JQL: clause.String()}
	return a.MarshalMsg(nil)
}

// Keys names issues by their keys, up to MaxKeys.
//
// Since: v0.5
type Keys struct {
	Keys []string `msg:"keys,limit=16384"`
}

// Found are the ids of issues by the keys that were asked for. Those that are not there, or that the app does not see, are absent.
//
// Since: v0.5
type Found struct {
	IDs map[string]string `msg:"ids,omitempty,limit=16384"`
}

// Issues returns the ids of issues by their keys, whoever may see them; codes: permission_denied outside of a handler of this package, invalid for
// more than MaxKeys. Needs the permission jira:read.
//
// Since: v0.5
func Issues(ctx context.Context, keys ...string) (map[string]string, error) {
	in, out := Keys{Keys: keys}, Found{}
	if err := hostcall.Exchange(ctx, OpIssues, in.MarshalMsg, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return out.IDs, nil
}

// Functions names functions as plugin.json does.
//
// Since: v0.5
type Functions struct {
	Keys []string `msg:"keys,omitempty,limit=16384"` // none means all
}

// Stale says that the answers of functions, named by their keys in plugin.json, may be other ones now: all functions, without any. Within some seconds
// the host asks the plugin for each that Jira keeps, and tells Jira what changed. It is cheap to say so often.
//
// Since: v0.5
func Stale(ctx context.Context, keys ...string) error {
	in := Functions{Keys: keys}
	return hostcall.Exchange(ctx, OpStale, in.MarshalMsg, nil)
}
