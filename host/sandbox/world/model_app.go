package world

import (
	"encoding/json"
	"time"
)

// AppState is where an app stands.
type AppState string

// The states of an app. An uninstalled one keeps its client key and properties, so that a reinstall finds them.
const (
	AppEnabled     AppState = "enabled"
	AppDisabled    AppState = "disabled"
	AppUninstalled AppState = "uninstalled"
)

// App is an app that was installed here: a Connect app, a Forge app, or one that is both.
type App struct {
	Key           AppKey          `json:"key"`
	DescriptorURL string          `json:"descriptorUrl"`
	Descriptor    json.RawMessage `json:"descriptor"`
	ClientKey     string          `json:"clientKey"`
	SharedSecret  string          `json:"sharedSecret"`
	Account       AccountID       `json:"account"`
	State         AppState        `json:"state"`
	Installed     time.Time       `json:"installed"`
	Properties    Properties      `json:"properties,omitempty"`
	// Modules are those that the app registered at run time, as they came.
	Modules json.RawMessage `json:"modules,omitempty"`
	// MigrationHooks are the addresses that the app registered to hear of migrations.
	MigrationHooks []string `json:"migrationHooks,omitempty"`
	Forge          *Forge   `json:"forge,omitempty"` // nil for one that is Connect only
}

// Forge is what an app that was installed from a Forge manifest has beside its Connect half.
type Forge struct {
	ID           string               `json:"id"`           // ari:cloud:ecosystem::app/…
	Installation string               `json:"installation"` // ari:cloud:ecosystem::installation/…, another one for each installation
	Environment  string               `json:"environment"`  // ari:cloud:ecosystem::environment/…
	Version      string               `json:"version"`      // "2.0.0"
	Source       string               `json:"source,omitempty"`
	Manifest     string               `json:"manifest"`            // YAML, as it came
	Resources    map[string]string    `json:"resources,omitempty"` // where the files of a resource are, by its key
	Properties   Properties           `json:"properties,omitempty"`
	Triggered    map[string]time.Time `json:"triggered,omitempty"` // when a scheduled trigger runs next, by its key
}

// IndexedProperty makes a value inside an entity property searchable. Apps declare them in their descriptors.
type IndexedProperty struct {
	ID     string `json:"id"` // "app/entity/key/path"
	App    AppKey `json:"app"`
	Entity string `json:"entity"` // "issue", "project", "user", "comment"
	Key    string `json:"key"`
	Path   string `json:"path"` // "a.b"
	Type   string `json:"type"` // "number", "text", "string", "user", "date"
	Alias  string `json:"alias,omitempty"`
}

// Report is what an app said of an account that it stores something about. Reports outlive the app.
type Report struct {
	UpdatedAt time.Time `json:"updatedAt"` // when the app last got the account's data from the site
	At        time.Time `json:"at"`        // when it said so
}

// reportRow is a report as its table keeps it.
type reportRow struct {
	ID      string    `json:"id"` // "app account"
	App     AppKey    `json:"app"`
	Account AccountID `json:"account"`
	Report
}

// Webhook is registered by an app at run time, or static from its descriptor.
type Webhook struct {
	ID         WebhookID `json:"id"`
	App        AppKey    `json:"app"`
	URL        string    `json:"url"`
	JQL        string    `json:"jql,omitempty"`
	Events     []string  `json:"events"`
	Fields     []FieldID `json:"fields,omitempty"`     // only changes of these
	Properties []string  `json:"properties,omitempty"` // only changes of these properties
	Expires    time.Time `json:"expires,omitzero"`     // zero for one of a descriptor
	NoBody     bool      `json:"noBody,omitempty"`     // it is told of events, and not what they say
}

// FailedWebhook is a delivery that nobody took.
type FailedWebhook struct {
	ID       string          `json:"id"`
	Delivery string          `json:"delivery,omitempty"` // the identifier that the app reads; copies of one delivery share it
	App      AppKey          `json:"app"`
	URL      string          `json:"url"`
	Body     json.RawMessage `json:"body,omitempty"`
	At       time.Time       `json:"at"`
}

// Task is work that goes on after its request was answered.
type Task struct {
	ID          TaskID          `json:"id"`
	Description string          `json:"description"`
	By          AccountID       `json:"by"`
	Status      string          `json:"status"`   // "ENQUEUED", "RUNNING", "COMPLETE", "FAILED", "CANCEL_REQUESTED", "CANCELLED", "DEAD"
	Progress    int             `json:"progress"` // percent
	Message     string          `json:"message,omitempty"`
	Result      json.RawMessage `json:"result,omitempty"`
	Submitted   time.Time       `json:"submitted"`
	Started     time.Time       `json:"started,omitzero"`
	Finished    time.Time       `json:"finished,omitzero"`
}

// Transfer is an app's part in the migration of another site into this one.
type Transfer struct {
	ID         string          `json:"id"`
	App        AppKey          `json:"app"`
	Migration  string          `json:"migration"`
	Containers json.RawMessage `json:"containers,omitempty"`
	Status     string          `json:"status"`
	Message    string          `json:"message,omitempty"`
	Percent    int             `json:"percent,omitempty"`
	At         time.Time       `json:"at"`
	Name       string          `json:"name,omitempty"` // of the migration
	Files      []TransferFile  `json:"files,omitempty"`
	Feedback   json.RawMessage `json:"feedback,omitempty"` // what the app last told its other half
	Log        string          `json:"log,omitempty"`
}

// TransferFile is a file that the app's other half exported.
type TransferFile struct {
	Key     string `json:"key"`
	Label   string `json:"label"`
	Bytes   []byte `json:"bytes"`
	Message string `json:"message,omitempty"` // id of the message that told of it
	State   string `json:"state,omitempty"`   // what a Forge app said of the message: "SUCCESS", "FAILED"
}

// Mapping says what a thing of the migrated site is here.
type Mapping struct {
	ID        string `json:"id"` // "migration namespace source"
	Migration string `json:"migration"`
	Namespace string `json:"namespace"`
	Source    string `json:"source"`
	Target    string `json:"target"`
}

// Desk is a service desk with its portal.
type Desk struct {
	ID           DeskID      `json:"id"`
	Project      ProjectID   `json:"project"`
	Portal       string      `json:"portal"` // name
	Introduction string      `json:"introduction,omitempty"`
	Open         bool        `json:"open,omitempty"` // everybody is a customer
	Customers    []AccountID `json:"customers,omitempty"`
	Orgs         []OrgID     `json:"organizations,omitempty"`
	Queues       []Queue     `json:"queues,omitempty"`
}

// Queue is a list of issues that the agents of a desk work on.
type Queue struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	JQL  string `json:"jql"`
}

// RequestType is what customers can ask for at a desk.
type RequestType struct {
	ID          RequestTypeID  `json:"id"`
	Desk        DeskID         `json:"desk"`
	Type        TypeID         `json:"type"`
	Name        string         `json:"name"`
	Description string         `json:"description,omitempty"`
	Help        string         `json:"help,omitempty"`
	Groups      []string       `json:"groups,omitempty"`
	Fields      []RequestField `json:"fields"`
	Properties  Properties     `json:"properties,omitempty"`
}

// RequestField is a field of a request, in words for customers.
type RequestField struct {
	Field    FieldID         `json:"field"`
	Label    string          `json:"label"`
	Help     string          `json:"help,omitempty"`
	Required bool            `json:"required,omitempty"`
	Hidden   bool            `json:"hidden,omitempty"`
	Preset   json.RawMessage `json:"preset,omitempty"`
}

// Organization is a customers' company.
type Organization struct {
	ID         OrgID       `json:"id"`
	UUID       string      `json:"uuid"`
	Name       string      `json:"name"`
	Members    []AccountID `json:"members,omitempty"`
	Properties Properties  `json:"properties,omitempty"`
}

// movedKey is a key that an issue had before it moved.
type movedKey struct {
	Key   string  `json:"key"`
	Issue IssueID `json:"issue"`
}

// counter is the next id of a kind.
type counter struct {
	Kind string `json:"kind"`
	Next int64  `json:"next"`
}
