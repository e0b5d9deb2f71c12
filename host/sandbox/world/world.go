// Package world holds what the stand-in site knows, with the rules of who may see and do what and of what follows from a
// change. It knows nothing of HTTP.
//
// Start with [Open]. Read through [Store.State], which is one immutable moment that nobody waits for; write through
// [Store.Change], whose [Tx] keeps what it is given and writes the changelog, the indexes and the events by itself:
//
//	err := store.Change(func(tx *world.Tx) error {
//		i := tx.EditIssue("10100") // a copy of one's own
//		i.Summary = "Renamed"
//		return tx.PutIssue(i)
//	})
//
// Small things (projects, fields, users …) lie in a [Table] each and are written with [Tx.Put]. Whatever a State returns is
// shared with all readers: copy it with [Edit] before changing it.
//
// Package index has the sets that queries are made of, package disk the file.
package world

import (
	"encoding/json"
	"time"
)

// Identifiers. All are what the REST interface shows: decimal numbers for Jira's own things, opaque for accounts.
type (
	AccountID     string
	GroupName     string
	ProjectID     string
	IssueID       string
	TypeID        string
	StatusID      string
	PriorityID    string
	ResolutionID  string
	FieldID       string // "summary", "customfield_10001"
	ContextID     string
	ScreenID      string
	WorkflowID    string
	LinkTypeID    string
	VersionID     string
	ComponentID   string
	RoleID        string
	SchemeID      string
	LevelID       string
	FilterID      string
	CommentID     string
	WorklogID     string
	AttachmentID  string
	LinkID        string
	HistoryID     string
	AppKey        string
	TaskID        string
	WebhookID     string
	DeskID        string
	RequestTypeID string
	OrgID         string
)

// Properties are an entity's properties: JSON by key.
type Properties = map[string]json.RawMessage

// User is a person, or the account of an app.
type User struct {
	Account    AccountID  `json:"account"`
	Login      string     `json:"login,omitempty"` // empty where nobody can log in as this user
	Name       string     `json:"name"`
	Email      string     `json:"email,omitempty"`
	ShowsEmail bool       `json:"showsEmail,omitempty"` // Jira hides addresses unless their owner says otherwise
	App        bool       `json:"app,omitempty"`
	Customer   bool       `json:"customer,omitempty"` // of service desks only: sees portals, no projects
	Inactive   bool       `json:"inactive,omitempty"`
	Groups     []string   `json:"groups"`
	TimeZone   string     `json:"timeZone,omitempty"`
	Locale     string     `json:"locale,omitempty"`
	Role       string     `json:"role,omitempty"` // what the login page says about this person
	Changed    time.Time  `json:"changed,omitzero"`
	Closed     bool       `json:"closed,omitempty"`
	Deleted    bool       `json:"deleted,omitempty"` // removed from the site, and kept for what issues say of the account
	Properties Properties `json:"properties,omitempty"`
	// Preferences are what /mypreferences keeps.
	Preferences map[string]string `json:"preferences,omitempty"`
}

// Group is a group of users; who is in it stands with each [User].
type Group struct {
	Name GroupName `json:"name"`
	ID   string    `json:"id"` // a UUID
}

// Category groups projects.
type Category struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

// IssueType is a kind of issue.
type IssueType struct {
	ID          TypeID     `json:"id"`
	Name        string     `json:"name"`
	Description string     `json:"description"`
	Glyph       string     `json:"glyph"`           // name of the drawing that the pages show
	Level       int        `json:"level,omitempty"` // -1 is a subtask, 0 an issue, 1 an epic
	Project     ProjectID  `json:"project,omitempty"`
	Properties  Properties `json:"properties,omitempty"`
}

// Subtask says whether issues of the type need a parent.
func (t *IssueType) Subtask() bool { return t.Level < 0 }

// Status is where an issue stands. Category is "new", "indeterminate" or "done".
type Status struct {
	ID          StatusID `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Category    string   `json:"category"`
}

// Priority is how urgent an issue is; the first one is the most urgent.
type Priority struct {
	ID          PriorityID `json:"id"`
	Name        string     `json:"name"`
	Description string     `json:"description,omitempty"`
	Color       string     `json:"color,omitempty"`
	Default     bool       `json:"default,omitempty"`
	Order       int        `json:"order"`
}

// Resolution is why an issue was closed.
type Resolution struct {
	ID          ResolutionID `json:"id"`
	Name        string       `json:"name"`
	Description string       `json:"description,omitempty"`
	Default     bool         `json:"default,omitempty"`
}

// LinkType is a way in which one issue stands to another.
type LinkType struct {
	ID      LinkTypeID `json:"id"`
	Name    string     `json:"name"`
	Inward  string     `json:"inward"`  // "is blocked by"
	Outward string     `json:"outward"` // "blocks"
}

// SigningKey is an RSA key pair of the site's.
type SigningKey struct {
	ID  string `json:"id"`
	PEM string `json:"pem"` // PKCS #8
}

// Site is what there is once.
type Site struct {
	ID         string              `json:"id"`
	Title      string              `json:"title"`
	Global     map[string][]string `json:"global"` // global permission → groups that have it
	InstallKey SigningKey          `json:"installKey"`
	SessionKey []byte              `json:"sessionKey"`
	ForgeKey   SigningKey          `json:"forgeKey,omitzero"` // of invocation tokens; made with the first Forge app
	// ReportCycle is after how many days apps shall report accounts again; 0 means 7.
	ReportCycle int `json:"reportCycle,omitempty"`
	// Settings are what /configuration and the like keep.
	Settings   map[string]json.RawMessage `json:"settings,omitempty"`
	Properties Properties                 `json:"properties,omitempty"`
}
