package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// Function is a function that users write in JQL, see sdk/jqlfunc:
// https://developer.atlassian.com/cloud/jira/platform/modules/jql-functions/
type Function struct {
	Key     string `json:"key"`     // by which Jira keeps its answers; never changed
	Name    string `json:"name"`    // as users write it, in any case
	Handler string `json:"handler"` // in the code: a key of sdk.Plugin.Functions
	Reason  string `json:"reason"`  // what it finds, for the admin
	// Arguments are in the order in which they are written; those that are required come first.
	Arguments []Argument `json:"arguments"`
	Operators []string   `json:"operators"` // [OperatorIn], [OperatorNotIn]
	Types     []string   `json:"types"`     // of the fields that it is compared with: [TypeIssue]
}

// Argument is an argument of a function.
type Argument struct {
	Name     string `json:"name"` // what Jira shows while somebody types
	Required bool   `json:"required,omitempty"`
	// Config is a type of the plugin's configuration documents, one of which the argument names, by its label or its id.
	Config string `json:"config,omitempty"`
}

// What a function is used with. Jira has more, and Connect does not say how it spells them.
const (
	OperatorIn    = "in"
	OperatorNotIn = "not in"
	TypeIssue     = "issue"
)

// Required is how many arguments a function has at least.
func (f Function) Required() int {
	n := 0
	for _, a := range f.Arguments {
		if a.Required {
			n++
		}
	}
	return n
}

// ownFunctions are Jira's own functions in JQL, in lower case. Where an app has one of the same name, Jira calls its own:
// https://support.atlassian.com/jira-service-management-cloud/docs/advanced-search-reference-jql-functions/
var ownFunctions = []string{
	"aqlfunction", "approved", "approver", "breached", "cascadeoption", "choiceoption", "closedsprints", "completed", "componentsleadbyuser",
	"currentlogin", "currentuser", "customerdetail", "earliestunreleasedversion", "elapsed", "endofday", "endofmonth", "endofweek", "endofyear",
	"entitlementdetail", "entitlementproduct", "everbreached", "futuresprints", "issuehistory", "lastlogin", "latestreleasedversion",
	"linkedissues", "linkedworkitems", "membersof", "myapproval", "mypending", "now", "opensprints", "organizationdetail", "organizationmembers",
	"parentepic", "parentissue", "paused", "pending", "pendingapproval", "pendingby", "projectsleadbyuser", "projectswhereuserhaspermission",
	"projectswhereuserhasrole", "releasedversions", "remaining", "running", "standardissuetypes", "standardworktypes", "startofday", "startofmonth",
	"startofweek", "startofyear", "subtaskissuetypes", "subtaskworktypes", "unreleasedversions", "updatedby", "votedissues", "votedworkitems",
	"watchedissues", "watchedworkitems", "withincalendarhours", "workitemhistory",
}

// The functions of a manifest.
func (r *report) functions(m *Manifest) {
	keys, names := map[string]int{}, map[string]int{}
	for i, f := range m.Functions {
		path := fmt.Sprintf("$.jqlFunctions[%d]", i)
		r.unique(keys, f.Key, path+".key", i)
		r.unique(names, strings.ToLower(f.Name), path+".name", i)
		if slices.Contains(ownFunctions, strings.ToLower(f.Name)) {
			r.add(path+".name", fmt.Sprintf("Jira has a function %s of its own, and would call that", f.Name), "choose another one")
		}
		arguments, optional := map[string]int{}, -1
		for n, a := range f.Arguments {
			at := fmt.Sprintf("%s.arguments[%d]", path, n)
			r.unique(arguments, strings.ToLower(a.Name), at+".name", n)
			if a.Config != "" && !slices.ContainsFunc(m.Configs, func(c Config) bool { return c.Type == a.Config }) {
				r.add(at+".config", fmt.Sprintf("the plugin has no document %q", a.Config), "declare it in configs, or name one that is there")
			}
			if !a.Required && optional < 0 {
				optional = n
			}
			if a.Required && optional >= 0 {
				r.add(at, fmt.Sprintf("arguments are told apart by their places, and arguments[%d] before it can be left out", optional), "put those that are required first")
			}
		}
	}
}
