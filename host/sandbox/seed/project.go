package seed

// Kind is what a custom field holds.
type Kind string

// The kinds of custom fields, each with the JSON of a value.
const (
	KindText      Kind = "text"          // string of one line
	KindTextarea  Kind = "textarea"      // string, or an ADF document
	KindNumber    Kind = "number"        // number
	KindDate      Kind = "date"          // "2027-01-31"
	KindDateTime  Kind = "datetime"      // "2027-01-31T08:00:00Z"
	KindUser      Kind = "user"          // login or account
	KindUsers     Kind = "multi user"    // list of those
	KindOption    Kind = "option"        // value of an option
	KindOptions   Kind = "multi option"  // list of those
	KindCascading Kind = "cascading"     // list of one value, or of it and one below it
	KindLabels    Kind = "labels"        // list of words
	KindURL       Kind = "url"           // address
	KindRadio     Kind = "radio"         // value of an option
	KindGroup     Kind = "group"         // name of a group
	KindGroups    Kind = "multi group"   // list of those
	KindVersions  Kind = "multi version" // list of names of versions of the project
	KindProject   Kind = "project"       // key
	KindObject    Kind = "object"        // any object
)

// Kinds lists the kinds of custom fields.
func Kinds() []Kind {
	return []Kind{
		KindText, KindTextarea, KindNumber, KindDate, KindDateTime, KindUser, KindUsers, KindOption, KindOptions,
		KindCascading, KindLabels, KindURL, KindRadio, KindGroup, KindGroups, KindVersions, KindProject, KindObject,
	}
}

// choice says whether values of the kind are options of the field.
func (k Kind) choice() bool {
	return k == KindOption || k == KindOptions || k == KindRadio || k == KindCascading
}

// Field is a custom field.
type Field struct {
	ID          string         `json:"id,omitempty"` // customfield_10001
	Name        string         `json:"name"`
	Description string         `json:"description,omitempty"`
	Kind        Kind           `json:"kind"`
	Contexts    []FieldContext `json:"contexts,omitempty"` // none: everywhere, without options
}

// FieldContext says where a field is, and with which options there. No Projects means all, no Types means all.
type FieldContext struct {
	Name     string   `json:"name,omitempty"`
	Projects []string `json:"projects,omitempty"` // keys
	Types    []string `json:"issueTypes,omitempty"`
	Options  []Option `json:"options,omitempty"`
}

// Option is a choice of a field. Only a cascading field's options have some below them.
type Option struct {
	ID       string   `json:"id,omitempty"`
	Value    string   `json:"value"`
	Disabled bool     `json:"disabled,omitempty"`
	Options  []Option `json:"options,omitempty"`
}

// Screen is what is shown when an issue is created, edited or viewed. No Projects means all, no Types means all, no
// Operations means all.
type Screen struct {
	Name       string        `json:"name"`
	Projects   []string      `json:"projects,omitempty"`
	Types      []string      `json:"issueTypes,omitempty"`
	Operations []string      `json:"operations,omitempty"` // create, edit, view
	Fields     []ScreenField `json:"fields"`
}

// ScreenField is a field on a screen: a system field by its id, such as "summary", or a custom field by name or id.
type ScreenField struct {
	Field    string `json:"field"`
	Required bool   `json:"required,omitempty"`
}

// Project is a project. Everything else names it by key.
type Project struct {
	ID             string              `json:"id,omitempty"`
	Key            string              `json:"key"`
	Name           string              `json:"name"`
	Description    string              `json:"description,omitempty"`
	Lead           string              `json:"lead"`
	Assignee       Assignee            `json:"assignee,omitempty"` // who gets new issues; none: nobody
	Category       string              `json:"category,omitempty"`
	URL            string              `json:"url,omitempty"`
	Archived       bool                `json:"archived,omitempty"`
	Types          []string            `json:"issueTypes"`
	Workflow       string              `json:"workflow,omitempty"`  // none: any status at any time
	Workflows      map[string]string   `json:"workflows,omitempty"` // issue type → workflow, before Workflow
	Permissions    string              `json:"permissionScheme,omitempty"`
	Roles          map[string][]string `json:"roles,omitempty"` // role → holders, "group:NAME" or "user:LOGIN"
	Components     []Component         `json:"components,omitempty"`
	Versions       []ReleaseVersion    `json:"versions,omitempty"`
	SecurityLevels []SecurityLevel     `json:"securityLevels,omitempty"`
	Properties     Properties          `json:"properties,omitempty"`
	Service        *Service            `json:"service,omitempty"` // what makes it a service project
}

// Assignee says who gets new issues.
type Assignee string

// Who gets new issues of a project or component. A component that says nothing means its lead where it has one, else what the
// project says.
const (
	ToComponentLead Assignee = "component lead"
	ToProjectLead   Assignee = "project lead"
	ToNobody        Assignee = "nobody"
)

// Component is a part of a project.
type Component struct {
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Lead        string   `json:"lead,omitempty"`
	Assignee    Assignee `json:"assignee,omitempty"`
}

// ReleaseVersion is a version of a project.
type ReleaseVersion struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Start       Date   `json:"start,omitempty"`
	Release     Date   `json:"release,omitempty"`
	Released    bool   `json:"released,omitempty"`
	Archived    bool   `json:"archived,omitempty"`
}

// SecurityLevel narrows who sees an issue; for the holders see [Grants]. New issues get the default one, of which there is one at
// most.
type SecurityLevel struct {
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Holders     []string `json:"holders"`
	Default     bool     `json:"default,omitempty"`
}

// Service is the customer's side of a service project.
type Service struct {
	Portal        string        `json:"portal"` // name of the portal
	Introduction  string        `json:"introduction,omitempty"`
	Open          bool          `json:"open,omitempty"` // everybody is a customer
	RequestTypes  []RequestType `json:"requestTypes"`
	Customers     []string      `json:"customers,omitempty"`
	Organizations []string      `json:"organizations,omitempty"`
	Queues        []Queue       `json:"queues,omitempty"`
}

// RequestType is a form of the portal; what is sent becomes an issue of its type.
type RequestType struct {
	ID          string         `json:"id,omitempty"`
	Name        string         `json:"name"`
	Type        string         `json:"issueType"`
	Description string         `json:"description,omitempty"`
	Help        string         `json:"help,omitempty"`
	Groups      []string       `json:"groups,omitempty"` // headings of the portal under which it stands
	Fields      []RequestField `json:"fields"`
}

// RequestField is a field of a form; Label is what customers read instead of the field's name.
type RequestField struct {
	Field    string `json:"field"`
	Label    string `json:"label,omitempty"`
	Help     string `json:"help,omitempty"`
	Required bool   `json:"required,omitempty"`
}

// Queue is a list of issues that agents work on.
type Queue struct {
	Name string `json:"name"`
	JQL  string `json:"jql"`
}
