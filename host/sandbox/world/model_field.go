package world

import "encoding/json"

// Kind is what a custom field holds.
type Kind string

// The kinds of custom fields, each with the JSON that [Issue.Custom] keeps for it.
const (
	Text      Kind = "text"      // string
	TextArea  Kind = "textarea"  // an ADF document
	URL       Kind = "url"       // string
	Option    Kind = "option"    // id of an option
	Options   Kind = "options"   // list of ids
	Radio     Kind = "radio"     // id of an option
	Cascading Kind = "cascading" // list of one or two ids: the parent, and its child
	Date      Kind = "date"      // 2027-01-31
	DateTime  Kind = "datetime"  // RFC 3339
	Number    Kind = "number"    // number
	Labels    Kind = "labels"    // list of strings
	Person    Kind = "person"    // account
	People    Kind = "people"    // list of accounts
	GroupOf   Kind = "group"     // name of a group
	GroupsOf  Kind = "groups"    // list of names
	VersionOf Kind = "versions"  // list of ids
	ProjectOf Kind = "project"   // id
	Object    Kind = "object"    // whatever a Forge field of type object is given
)

// Field is a custom field.
type Field struct {
	ID          FieldID `json:"id"`
	Number      int64   `json:"number"` // 10001 of customfield_10001
	Name        string  `json:"name"`
	Description string  `json:"description,omitempty"`
	Kind        Kind    `json:"kind"`
	// Type is the full name of the type where it is not Jira's own for the kind, as of Forge and Connect fields.
	Type     string          `json:"type,omitempty"`
	Searcher string          `json:"searcher,omitempty"`
	App      AppKey          `json:"app,omitempty"`    // the app whose module it is
	Module   string          `json:"module,omitempty"` // key of the module
	Schema   json.RawMessage `json:"schema,omitempty"` // of a Forge field of type object
	ReadOnly bool            `json:"readOnly,omitempty"`
	Locked   bool            `json:"locked,omitempty"`
	Trashed  bool            `json:"trashed,omitempty"`
	Nowhere  bool            `json:"nowhere,omitempty"` // its last context was deleted: no issue has it
	// Options are those of every context; a context with options of its own has only those.
	Options  []FieldOption `json:"options,omitempty"`
	Contexts []Context     `json:"contexts,omitempty"`
}

// FieldOption is a choice of a select field.
type FieldOption struct {
	ID       string `json:"id"`
	Value    string `json:"value"`
	Parent   string `json:"parent,omitempty"` // id of the option below which it stands in a cascading field
	Disabled bool   `json:"disabled,omitempty"`
	// App options carry what a Connect select field keeps with them.
	Properties json.RawMessage `json:"properties,omitempty"`
	Config     json.RawMessage `json:"config,omitempty"`
}

// Context says where a field exists and what it starts with. One without projects is global, one without types is for all.
type Context struct {
	ID          ContextID       `json:"id"`
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Projects    []ProjectID     `json:"projects,omitempty"`
	Types       []TypeID        `json:"types,omitempty"`
	Options     []FieldOption   `json:"options,omitempty"`
	Default     json.RawMessage `json:"default,omitempty"`
	Config      json.RawMessage `json:"config,omitempty"` // of a Forge field
}

// Operation is what a screen is shown for.
type Operation string

// The operations.
const (
	OnCreate Operation = "create"
	OnEdit   Operation = "edit"
	OnView   Operation = "view"
)

// Screen is a list of fields in tabs.
type Screen struct {
	ID          ScreenID `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Tabs        []Tab    `json:"tabs"`
}

// Tab is a part of a screen.
type Tab struct {
	ID     string        `json:"id"`
	Name   string        `json:"name"`
	Fields []ScreenField `json:"fields"`
}

// ScreenField is a field on a screen.
type ScreenField struct {
	Field    FieldID `json:"field"`
	Required bool    `json:"required,omitempty"`
}

// ScreenUse says which screen is shown where. An empty project, type or operation stands for all; the use that names more
// counts, the project before the type before the operation.
type ScreenUse struct {
	ID        string    `json:"id"`
	Project   ProjectID `json:"project,omitempty"`
	Type      TypeID    `json:"type,omitempty"`
	Operation Operation `json:"operation,omitempty"`
	Screen    ScreenID  `json:"screen"`
}

// Workflow says which statuses issues have and how they get from one to another.
type Workflow struct {
	ID          WorkflowID   `json:"id"`
	Name        string       `json:"name"`
	Description string       `json:"description,omitempty"`
	Statuses    []StatusID   `json:"statuses"` // the first one is that of new issues
	Transitions []Transition `json:"transitions"`
	Properties  Properties   `json:"properties,omitempty"`
}

// Transition leads to a status. One without From is global.
type Transition struct {
	ID          string        `json:"id"`
	Name        string        `json:"name"`
	Description string        `json:"description,omitempty"`
	From        []StatusID    `json:"from,omitempty"`
	To          StatusID      `json:"to"`
	Screen      []ScreenField `json:"screen,omitempty"`     // fields that it asks for
	Permission  string        `json:"permission,omitempty"` // that it needs beyond TRANSITION_ISSUES
	Resolution  ResolutionID  `json:"resolution,omitempty"` // that it sets; "none" clears it
	Properties  Properties    `json:"properties,omitempty"`
}
