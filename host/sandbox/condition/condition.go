// Package condition evaluates the conditions of Connect modules: which of an app's panels and pages a user meets in a
// place. Conditions only hide; they protect nothing. Start with [Parse].
//
// Rules after Atlassian's "Connect conditions" pages. Property conditions compare JSON: a parameter that is itself JSON
// ("true", "7", "[1,2]") stands for that value, anything else for the string it is.
package condition

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Condition is a parsed list of conditions; all must hold. The zero value always holds.
type Condition struct{ all []node }

// Place is what a condition can ask about. Every function must be set.
type Place struct {
	// Property returns a property of "addon", "issue", "project" or "user", false where there is none.
	Property func(entity, key string) (json.RawMessage, bool)
	// Variable returns a context parameter such as "issue.id" or "project.key", false where the place has none.
	Variable func(name string) (string, bool)
	LoggedIn bool
	Admin    bool
	// Global, Project and Issue say whether the user has a permission.
	Global  func(permission string) bool
	Project func(permission string) bool
	Issue   func(permission string) bool
	// Is says whether one of [Facts] is so in the place.
	Is          func(fact string) bool
	ProjectType string // "business", "software", "service_desk"; "" where there is no project
}

// Facts are the conditions that only ask how things are.
var Facts = []string{
	"has_selected_project", "has_sub_tasks_available", "has_voted_for_issue", "is_issue_assigned_to_current_user", "is_issue_reported_by_current_user",
	"is_issue_unresolved", "is_sub_task", "is_watching_issue", "user_has_issue_history",
}

// settings are features that every site has switched on.
var settings = []string{"linking_enabled", "sub_tasks_enabled", "time_tracking_enabled", "voting_enabled", "watching_enabled"}

// node is a single condition, or a group of them where Group is set.
type node struct {
	name   string
	invert bool
	params map[string]string
	or     bool
	group  []node
}

// Parse reads the value of a module's "conditions". It refuses names that Connect does not know, or that this package
// does not evaluate: a panel that shows because its condition was ignored is a bug nobody finds.
func Parse(raw json.RawMessage) (Condition, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return Condition{}, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return Condition{}, fmt.Errorf("conditions: want a list: %w", err)
	}
	all, err := parseList(list, 0)
	return Condition{all}, err
}

// Holds evaluates the condition in a place.
func (c Condition) Holds(p Place) bool {
	return !slices.ContainsFunc(c.all, func(n node) bool { return !n.holds(p) })
}

func parseList(list []json.RawMessage, depth int) ([]node, error) {
	if depth > 10 {
		return nil, fmt.Errorf("conditions: nested too deeply")
	}
	var out []node
	for _, raw := range list {
		n, err := parseOne(raw, depth)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}

func parseOne(raw json.RawMessage, depth int) (node, error) {
	var in struct {
		Condition string                     `json:"condition"`
		Invert    json.RawMessage            `json:"invert"`
		Params    map[string]json.RawMessage `json:"params"`
		And       []json.RawMessage          `json:"and"`
		Or        []json.RawMessage          `json:"or"`
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return node{}, fmt.Errorf("condition: %w", err)
	}
	n := node{name: in.Condition, invert: strings.Trim(string(in.Invert), `"`) == "true", params: map[string]string{}}
	var err error
	switch {
	case in.And != nil && in.Or == nil && in.Condition == "":
		n.group, err = parseList(in.And, depth+1)
		return n, err
	case in.Or != nil && in.And == nil && in.Condition == "":
		n.or = true
		n.group, err = parseList(in.Or, depth+1)
		return n, err
	case in.And != nil || in.Or != nil || in.Condition == "":
		return node{}, fmt.Errorf("condition: want exactly one of condition, and, or")
	}
	for k, v := range in.Params {
		var s string
		if json.Unmarshal(v, &s) != nil {
			s = string(v)
		}
		n.params[k] = s
	}
	return n, n.check()
}

// predefined are the conditions without properties, with the parameters they need.
var predefined = map[string]struct {
	needs []string
	holds func(n node, p Place) bool
}{
	"user_is_logged_in":        {nil, func(_ node, p Place) bool { return p.LoggedIn }},
	"user_is_admin":            {nil, func(_ node, p Place) bool { return p.Admin }},
	"user_is_sysadmin":         {nil, func(_ node, p Place) bool { return p.Admin }},
	"user_is_project_admin":    {nil, func(_ node, p Place) bool { return p.Project("ADMINISTER_PROJECTS") }},
	"addon_is_licensed":        {nil, func(node, Place) bool { return true }},
	"is_issue_editable":        {nil, func(_ node, p Place) bool { return p.Issue("EDIT_ISSUES") }},
	"can_attach_file_to_issue": {nil, func(_ node, p Place) bool { return p.Issue("CREATE_ATTACHMENTS") }},
	"can_manage_attachments":   {nil, func(_ node, p Place) bool { return p.Issue("CREATE_ATTACHMENTS") || p.Issue("DELETE_ALL_ATTACHMENTS") }},
	"can_use_application": {[]string{"applicationKey"}, func(n node, p Place) bool {
		return p.LoggedIn && slices.Contains([]string{"jira-core", "jira-software", "jira-servicedesk"}, n.params["applicationKey"])
	}},
	"project_type":           {[]string{"projectTypeKey"}, func(n node, p Place) bool { return p.ProjectType == n.params["projectTypeKey"] }},
	"has_global_permission":  {[]string{"permission"}, func(n node, p Place) bool { return p.Global(strings.ToUpper(n.params["permission"])) }},
	"has_project_permission": {[]string{"permission"}, func(n node, p Place) bool { return p.Project(permission(n.params["permission"])) }},
	"has_issue_permission":   {[]string{"permission"}, func(n node, p Place) bool { return p.Issue(permission(n.params["permission"])) }},
}

// permission translates the names of old permissions.
func permission(name string) string {
	name = strings.ToUpper(name)
	switch name {
	case "BROWSE":
		return "BROWSE_PROJECTS"
	case "EDIT_ISSUE", "CREATE_ISSUE", "DELETE_ISSUE", "MOVE_ISSUE", "ASSIGN_ISSUE", "TRANSITION_ISSUE":
		return name + "S"
	}
	return name
}

func (n node) holds(p Place) bool {
	if n.name == "" {
		fails := func(c node) bool { return !c.holds(p) }
		if n.or {
			return slices.ContainsFunc(n.group, func(c node) bool { return c.holds(p) }) != n.invert
		}
		return slices.ContainsFunc(n.group, fails) == n.invert
	}
	if slices.Contains(Facts, n.name) {
		return p.Is(n.name) != n.invert
	}
	if slices.Contains(settings, n.name) {
		return !n.invert
	}
	if pre, ok := predefined[n.name]; ok {
		return pre.holds(n, p) != n.invert
	}
	return n.property(p) != n.invert
}

// check refuses unknown names and missing parameters.
func (n node) check() error {
	if slices.Contains(Facts, n.name) || slices.Contains(settings, n.name) {
		return nil
	}
	needs := predefined[n.name].needs
	if _, ok := predefined[n.name]; !ok {
		entity, test, ok := n.split()
		if !ok {
			return fmt.Errorf("condition %q is not known", n.name)
		}
		needs = append([]string{"propertyKey"}, propertyTests[test].needs...)
		if entity == "" {
			needs = append(needs, "entity")
		}
	}
	for _, name := range needs {
		if _, ok := n.params[name]; !ok {
			return fmt.Errorf("condition %q needs the parameter %q", n.name, name)
		}
	}
	return nil
}
