package world

import "time"

// Project is a project.
type Project struct {
	ID          ProjectID `json:"id"`
	Key         string    `json:"key"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	Kind        string    `json:"kind,omitempty"`  // "software", "service_desk"; "" is "business"
	Style       string    `json:"style,omitempty"` // "next-gen"; "" is "classic"
	Lead        AccountID `json:"lead"`
	Assign      string    `json:"assign,omitempty"` // "PROJECT_LEAD"; "" leaves new issues unassigned
	Category    string    `json:"category"`
	URL         string    `json:"url,omitempty"`
	Types       []TypeID  `json:"types"`
	NextKey     int64     `json:"nextKey"`

	Permissions SchemeID              `json:"permissions"`
	Security    SchemeID              `json:"security,omitempty"`
	Workflow    WorkflowID            `json:"workflow"`            // of the types that Workflows does not name
	Workflows   map[TypeID]WorkflowID `json:"workflows,omitempty"` // by issue type
	Actors      map[RoleID][]Holder   `json:"actors,omitempty"`
	OldKeys     []string              `json:"oldKeys,omitempty"` // that it had before; they lead here still
	Properties  Properties            `json:"properties,omitempty"`
	Features    map[string]string     `json:"features,omitempty"`

	Archived   bool      `json:"archived,omitempty"` // nothing in it can change, and no search finds it
	ArchivedBy AccountID `json:"archivedBy,omitempty"`
	ArchivedAt time.Time `json:"archivedAt,omitzero"`
	Trashed    bool      `json:"trashed,omitempty"` // deleted, and can be restored yet
	TrashedBy  AccountID `json:"trashedBy,omitempty"`
	TrashedAt  time.Time `json:"trashedAt,omitzero"`
}

// Version is a release of a project.
type Version struct {
	ID          VersionID `json:"id"`
	Project     ProjectID `json:"project"`
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Start       string    `json:"start,omitempty"`   // 2027-01-31
	Release     string    `json:"release,omitempty"` // 2027-01-31
	Released    bool      `json:"released,omitempty"`
	Archived    bool      `json:"archived,omitempty"`
	Order       int       `json:"order,omitempty"`
}

// Component is a part of what a project is about.
type Component struct {
	ID           ComponentID `json:"id"`
	Project      ProjectID   `json:"project"`
	Name         string      `json:"name"`
	Description  string      `json:"description,omitempty"`
	Lead         AccountID   `json:"lead,omitempty"`
	AssigneeType string      `json:"assigneeType,omitempty"` // "COMPONENT_LEAD", "PROJECT_LEAD", "UNASSIGNED"; "" is "PROJECT_DEFAULT"
}

// Role is a role that every project fills by itself with [Project.Actors].
type Role struct {
	ID          RoleID   `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Default     []Holder `json:"default,omitempty"` // actors of new projects
}

// HolderKind says how a [Holder] names people.
type HolderKind string

// The kinds of holders, with what their value is.
const (
	ByGroup      HolderKind = "group"           // name of a group
	ByUser       HolderKind = "user"            // account
	ByRole       HolderKind = "projectRole"     // id of a role
	ByLead       HolderKind = "projectLead"     // no value
	ByReporter   HolderKind = "reporter"        // no value
	ByAssignee   HolderKind = "assignee"        // no value
	ByAnyone     HolderKind = "anyone"          // no value
	ByMembership HolderKind = "applicationRole" // no value: everybody who logs in
	ByUserField  HolderKind = "userCustomField" // id of a user field
	ByPortal     HolderKind = "sd.customer.portal.only"
)

// Holder is somebody who may do something, or who fills a role.
type Holder struct {
	Kind  HolderKind `json:"kind"`
	Value string     `json:"value,omitempty"`
}

// Grant gives a project permission.
type Grant struct {
	ID         string `json:"id"`
	Permission string `json:"permission"`
	Holder     Holder `json:"holder"`
}

// PermissionScheme says who may do what in the projects that use it.
type PermissionScheme struct {
	ID          SchemeID `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Grants      []Grant  `json:"grants"`
}

// SecurityScheme has the levels by which single issues are hidden from those who see the project.
type SecurityScheme struct {
	ID          SchemeID        `json:"id"`
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Default     LevelID         `json:"default,omitempty"`
	Levels      []SecurityLevel `json:"levels"`
}

// SecurityLevel names who sees the issues that have it.
type SecurityLevel struct {
	ID          LevelID  `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Members     []Holder `json:"members"`
}

// Filter is a stored query.
type Filter struct {
	ID          FilterID    `json:"id"`
	Name        string      `json:"name"`
	Description string      `json:"description,omitempty"`
	Owner       AccountID   `json:"owner"`
	JQL         string      `json:"jql"`
	Shares      []Share     `json:"shares,omitempty"`
	Editors     []Share     `json:"editors,omitempty"`
	Favourite   []AccountID `json:"favourite,omitempty"` // who has marked it
	Columns     []string    `json:"columns,omitempty"`
}

// Share shows a filter to a group, a project, a role in it, a user, or with kind "authenticated" or "global" to many.
type Share struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"`
	Value   string    `json:"value,omitempty"`
	Project ProjectID `json:"project,omitempty"`
}
