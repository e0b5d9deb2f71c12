package seed

import "encoding/json"

// Version is the version of the format that this package reads and writes.
const Version = 1

// Site is everything but the issues. What has an optional id is numbered by the sink where there is none.
type Site struct {
	Schema        string             `json:"$schema,omitempty"`
	Format        int                `json:"format"`
	Title         string             `json:"title,omitempty"`
	Groups        []Group            `json:"groups,omitempty"`
	Users         []User             `json:"users,omitempty"`
	Organizations []Organization     `json:"organizations,omitempty"`
	Permissions   Grants             `json:"globalPermissions,omitempty"`
	Schemes       []PermissionScheme `json:"permissionSchemes,omitempty"`
	Categories    []Category         `json:"categories,omitempty"`
	Types         []IssueType        `json:"issueTypes,omitempty"`
	Statuses      []Status           `json:"statuses,omitempty"`
	Workflows     []Workflow         `json:"workflows,omitempty"`
	Priorities    []Priority         `json:"priorities,omitempty"`
	Resolutions   []Resolution       `json:"resolutions,omitempty"`
	LinkTypes     []LinkType         `json:"linkTypes,omitempty"`
	Fields        []Field            `json:"fields,omitempty"`
	Screens       []Screen           `json:"screens,omitempty"`
	Projects      []Project          `json:"projects,omitempty"`
	Filters       []Filter           `json:"filters,omitempty"`

	origins map[string]*origin // of the elements of the sections, by path; nil where the site is not from a file
}

// Group is a group of users, who name it.
type Group struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

// UserKind says what a user is to the site. Groups and roles decide what somebody may do; only a site that does not say who has
// the permission ADMINISTER gives it to those of the kind Admin.
type UserKind string

// The kinds of users; none means Member.
const (
	Admin        UserKind = "admin"
	ProjectAdmin UserKind = "project admin"
	Agent        UserKind = "agent"
	Member       UserKind = "user"
	Customer     UserKind = "customer"
	AppUser      UserKind = "app"
)

// User is a person or an app's account. Everything else names users by login or account.
type User struct {
	Account   string   `json:"account"`
	Login     string   `json:"login,omitempty"` // none: nobody can log in as this user
	Name      string   `json:"name"`
	Mail      string   `json:"mail,omitempty"`
	ShowsMail bool     `json:"showsMail,omitempty"` // Jira hides addresses unless their owner says otherwise
	Kind      UserKind `json:"kind,omitempty"`
	Groups    []string `json:"groups,omitempty"`
	TimeZone  string   `json:"timeZone,omitempty"`
	Role      string   `json:"role,omitempty"` // what the login page says about this person
	Closed    bool     `json:"closed,omitempty"`
}

// Organization is a set of customers of service projects.
type Organization struct {
	Name    string   `json:"name"`
	Members []string `json:"members,omitempty"`
}

// Grants are permissions and who holds them. A holder is "group:NAME", "user:LOGIN", "role:NAME" of the issue's project,
// or one of "lead", "reporter", "assignee", "anyone", "logged in".
type Grants map[string][]string

// PermissionScheme is what projects share of who may do what.
type PermissionScheme struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Grants      Grants `json:"grants"`
}

// Category groups projects.
type Category struct {
	ID          string `json:"id,omitempty"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

// IssueType is a kind of issue. Level is Jira's: -1 is a sub-task, 0 the usual, 1 an epic.
type IssueType struct {
	ID          string `json:"id,omitempty"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Level       int    `json:"level,omitempty"`
	Glyph       string `json:"glyph,omitempty"` // name of the drawing that pages show
}

// Status is where an issue stands. Category is "new", "indeterminate" or "done".
type Status struct {
	ID          string `json:"id,omitempty"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Category    string `json:"category"`
}

// Workflow says from which status an issue may go to which.
type Workflow struct {
	Name        string       `json:"name"`
	Initial     string       `json:"initial"` // status of a new issue
	Transitions []Transition `json:"transitions,omitempty"`
}

// Transition is a step of a workflow. With no From it starts anywhere.
type Transition struct {
	ID     string   `json:"id,omitempty"`
	Name   string   `json:"name"`
	From   []string `json:"from,omitempty"`
	To     string   `json:"to"`
	Screen string   `json:"screen,omitempty"`
	// Customers says that whoever asked for an issue can do this on the portal.
	Customers bool `json:"customers,omitempty"`
}

// Priority is how urgent an issue is; the first of the site is the highest.
type Priority struct {
	ID          string `json:"id,omitempty"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Color       string `json:"color,omitempty"`
}

// Resolution is how an issue ended.
type Resolution struct {
	ID          string `json:"id,omitempty"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

// LinkType is a kind of link. An issue's link is written with one of the two phrases, which also tells the direction.
type LinkType struct {
	ID      string `json:"id,omitempty"`
	Name    string `json:"name"`
	Outward string `json:"outward"`
	Inward  string `json:"inward"`
}

// Filter is a saved search. The JQL is not looked into. It is shared with "group:NAME", "user:LOGIN", "project:KEY", a role in a
// project as "project:KEY/ROLE", "logged in", or "anyone".
type Filter struct {
	ID          string   `json:"id,omitempty"`
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	JQL         string   `json:"jql"`
	Owner       string   `json:"owner"`
	Shared      []string `json:"shared,omitempty"`
	Editors     []string `json:"editors,omitempty"`    // likewise, who may change it
	Favourites  []string `json:"favourites,omitempty"` // people who marked it
}

// Properties are entity properties: any JSON by key.
type Properties map[string]json.RawMessage
