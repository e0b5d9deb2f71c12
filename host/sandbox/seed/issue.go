package seed

import (
	"encoding/json"
	"time"
)

// Date is a day, written 2027-01-31; "" is none.
type Date string

// Issue is an issue. It names a project by key, or its own key does; everything else by name, people by login or account.
type Issue struct {
	ID            string                     `json:"id,omitempty"`
	Key           string                     `json:"key,omitempty"`     // none: the project's next
	Project       string                     `json:"project,omitempty"` // may be left out where there is a key
	Type          string                     `json:"type"`
	Status        string                     `json:"status,omitempty"` // none: the workflow's first
	Summary       string                     `json:"summary"`
	Description   Text                       `json:"description,omitzero"`
	Environment   Text                       `json:"environment,omitzero"`
	Parent        string                     `json:"parent,omitempty"` // key of an issue of a higher level
	Reporter      string                     `json:"reporter,omitempty"`
	Assignee      string                     `json:"assignee,omitempty"`
	Priority      string                     `json:"priority,omitempty"`
	Resolution    string                     `json:"resolution,omitempty"`
	Labels        []string                   `json:"labels,omitempty"`
	Components    []string                   `json:"components,omitempty"`
	Versions      []string                   `json:"affectsVersions,omitempty"`
	FixVersions   []string                   `json:"fixVersions,omitempty"`
	Security      string                     `json:"securityLevel,omitempty"`
	Due           Date                       `json:"due,omitempty"`
	Estimate      int                        `json:"originalEstimate,omitempty"`  // seconds
	Remaining     int                        `json:"remainingEstimate,omitempty"` // seconds
	Created       time.Time                  `json:"created,omitzero"`
	Updated       time.Time                  `json:"updated,omitzero"`
	Resolved      time.Time                  `json:"resolved,omitzero"`
	Archived      bool                       `json:"archived,omitempty"` // no search finds it
	Fields        map[string]json.RawMessage `json:"fields,omitempty"`   // custom fields by name or id; the JSON is that of their [Kind]
	RequestType   string                     `json:"requestType,omitempty"`
	Organizations []string                   `json:"organizations,omitempty"`
	Participants  []string                   `json:"participants,omitempty"`
	Watchers      []string                   `json:"watchers,omitempty"`
	Voters        []string                   `json:"voters,omitempty"`
	Links         []Link                     `json:"links,omitempty"`
	RemoteLinks   []RemoteLink               `json:"remoteLinks,omitempty"`
	Comments      []Comment                  `json:"comments,omitempty"`
	Worklogs      []Worklog                  `json:"worklogs,omitempty"`
	Attachments   []Attachment               `json:"attachments,omitempty"`
	History       []Change                   `json:"history,omitempty"`
	Properties    Properties                 `json:"properties,omitempty"`

	origin *origin // nil where the issue is not from a file
}

// Link leads from the issue it stands in to another one, which may also come later. Phrase is a link type's outward or
// inward phrase, or its name, which means the outward one.
type Link struct {
	Phrase string `json:"link"`
	To     string `json:"to"`
}

// RemoteLink leads out of the site. GlobalID, where there is one, is unique among the issue's.
type RemoteLink struct {
	URL          string `json:"url"`
	Title        string `json:"title"`
	Summary      string `json:"summary,omitempty"`
	GlobalID     string `json:"globalId,omitempty"`
	Relationship string `json:"relationship,omitempty"` // "documented by"
	Application  string `json:"application,omitempty"`  // name of the program that has it
}

// Comment is a comment. Internal ones are hidden from a service project's customers; VisibleTo hides it from all but a group
// or a role of the project: "group:NAME" or "role:NAME".
type Comment struct {
	Author    string    `json:"author"`
	Body      Text      `json:"body"`
	Created   time.Time `json:"created"`
	Updated   time.Time `json:"updated,omitzero"`
	Internal  bool      `json:"internal,omitempty"`
	VisibleTo string    `json:"visibleTo,omitempty"`
}

// Worklog is time that somebody spent. For VisibleTo see [Comment].
type Worklog struct {
	Author    string    `json:"author"`
	Started   time.Time `json:"started"`
	Seconds   int       `json:"seconds"`
	Comment   Text      `json:"comment,omitzero"`
	VisibleTo string    `json:"visibleTo,omitempty"`
}

// Attachment is a small file; MaxAttachment bounds it.
type Attachment struct {
	Name    string    `json:"name"`
	Type    string    `json:"mediaType"`
	Author  string    `json:"author"`
	Created time.Time `json:"created"`
	Content []byte    `json:"content"` // base64 in JSON
}

// MaxAttachment is the largest attachment in bytes; larger ones do not belong into a seed.
const MaxAttachment = 64 << 10

// Change is an entry of an issue's history.
type Change struct {
	Author string         `json:"author"`
	At     time.Time      `json:"at"`
	Items  []ChangedField `json:"items"`
}

// ChangedField is one field of a change, with the texts that a person reads; "" is no value.
type ChangedField struct {
	Field string `json:"field"` // system field by id or custom field by name
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
}

// ProjectKey is the project of a key such as OPS-12, or "" where it is none.
func ProjectKey(key string) string {
	project, _, ok := splitKey(key)
	if !ok {
		return ""
	}
	return project
}
