// Package world holds what the stand-in site knows: people, projects, issues, fields and installed apps, with the rules
// of who may see and do what. It knows nothing of HTTP. Start with [Open]; read through [Store.State], write through
// [Store.Change].
package world

import (
	"encoding/json"
	"time"
)

// Identifiers. All are what the REST interface shows: decimal numbers for Jira's own things, opaque for accounts.
type (
	AccountID string
	ProjectID string
	IssueID   string
	TypeID    string
	StatusID  string
	FieldID   string // "summary", "customfield_10001"
	AppKey    string
)

// State is everything the site knows at one moment. It is immutable once [Store.State] returned it: change a copy with
// [Store.Change].
type State struct {
	Format     int                 `json:"format"`
	Title      string              `json:"title"`
	Users      []*User             `json:"users"`
	Global     map[string][]string `json:"global"` // global permission → groups that have it
	Categories []*Category         `json:"categories"`
	Types      []*IssueType        `json:"issueTypes"`
	Statuses   []*Status           `json:"statuses"`
	Projects   []*Project          `json:"projects"`
	Fields     []*Field            `json:"fields"` // custom ones; the system fields are fixed
	Issues     map[IssueID]*Issue  `json:"issues"`
	Moved      map[string]IssueID  `json:"moved"` // keys that issues had before they moved
	NextIssue  int64               `json:"nextIssue"`
	Apps       map[AppKey]*App     `json:"apps"`
	InstallKey SigningKey          `json:"installKey"`
	SessionKey []byte              `json:"sessionKey"`
	index      map[string]IssueID  // by current key
	accounts   map[AccountID]*User // by account
	projects   map[ProjectID]*Project

	// Reports are the accounts of which apps said that they store something about them. They outlive the app.
	Reports map[AppKey]map[AccountID]Report `json:"reports,omitempty"`
	// ReportCycle is after how many days apps shall report again; 0 means 7.
	ReportCycle int `json:"reportCycle,omitempty"`
}

// User is a person, or the account of an app.
type User struct {
	Account    AccountID `json:"account"`
	Login      string    `json:"login,omitempty"` // empty where nobody can log in as this user
	Name       string    `json:"name"`
	Email      string    `json:"email,omitempty"`
	ShowsEmail bool      `json:"showsEmail,omitempty"` // Jira hides addresses unless their owner says otherwise
	App        bool      `json:"app,omitempty"`
	Groups     []string  `json:"groups"`
	TimeZone   string    `json:"timeZone,omitempty"`
	Role       string    `json:"role,omitempty"` // what the login page says about this person
	Changed    time.Time `json:"changed,omitzero"`
	Closed     bool      `json:"closed,omitempty"`
}

// Category groups projects.
type Category struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

// IssueType is a kind of issue.
type IssueType struct {
	ID          TypeID `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Glyph       string `json:"glyph"` // name of the drawing that the pages show
}

// Status is where an issue stands. Category is "new", "indeterminate" or "done".
type Status struct {
	ID       StatusID `json:"id"`
	Name     string   `json:"name"`
	Category string   `json:"category"`
}

// Project is a project with its permission scheme.
type Project struct {
	ID          ProjectID                  `json:"id"`
	Key         string                     `json:"key"`
	Name        string                     `json:"name"`
	Description string                     `json:"description"`
	Lead        AccountID                  `json:"lead"`
	Category    string                     `json:"category"`
	Types       []TypeID                   `json:"types"`
	Grants      map[string][]string        `json:"grants"` // project permission → groups
	NextKey     int64                      `json:"nextKey"`
	Properties  map[string]json.RawMessage `json:"properties,omitempty"`
}

// Kind is what a custom field holds.
type Kind string

// The kinds of custom fields, each with the JSON that [Issue.Custom] keeps for it.
const (
	Text   Kind = "text"   // string
	Option Kind = "option" // id of an option
	Date   Kind = "date"   // 2027-01-31
	Number Kind = "number" // number
	Person Kind = "person" // account
)

// Field is a custom field.
type Field struct {
	ID      FieldID       `json:"id"`
	Number  int64         `json:"number"` // 10001 of customfield_10001
	Name    string        `json:"name"`
	Kind    Kind          `json:"kind"`
	Options []FieldOption `json:"options,omitempty"`
}

// FieldOption is a choice of a select field.
type FieldOption struct {
	ID    string `json:"id"`
	Value string `json:"value"`
}

// Issue is an issue. Its ID never changes; its key does when it moves to another project.
type Issue struct {
	ID          IssueID                     `json:"id"`
	Key         string                      `json:"key"`
	Project     ProjectID                   `json:"project"`
	Type        TypeID                      `json:"type"`
	Status      StatusID                    `json:"status"`
	Summary     string                      `json:"summary"`
	Description json.RawMessage             `json:"description,omitempty"` // an ADF document
	Reporter    AccountID                   `json:"reporter"`
	Assignee    AccountID                   `json:"assignee,omitempty"`
	Labels      []string                    `json:"labels,omitempty"`
	Created     time.Time                   `json:"created"`
	Updated     time.Time                   `json:"updated"`
	Custom      map[FieldID]json.RawMessage `json:"custom,omitempty"`
	Properties  map[string]json.RawMessage  `json:"properties,omitempty"`
}

// AppState is where an app stands.
type AppState string

// The states of an app. An uninstalled one keeps its client key and properties, so that a reinstall finds them.
const (
	AppEnabled     AppState = "enabled"
	AppDisabled    AppState = "disabled"
	AppUninstalled AppState = "uninstalled"
)

// App is a Connect app that was installed here.
type App struct {
	Key           AppKey                     `json:"key"`
	DescriptorURL string                     `json:"descriptorUrl"`
	Descriptor    json.RawMessage            `json:"descriptor"`
	ClientKey     string                     `json:"clientKey"`
	SharedSecret  string                     `json:"sharedSecret"`
	Account       AccountID                  `json:"account"`
	State         AppState                   `json:"state"`
	Installed     time.Time                  `json:"installed"`
	Properties    map[string]json.RawMessage `json:"properties,omitempty"`
}

// SigningKey is the site's RSA key pair for lifecycle calls.
type SigningKey struct {
	ID  string `json:"id"`
	PEM string `json:"pem"` // PKCS #8
}
