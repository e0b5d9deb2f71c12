package world

import (
	"encoding/json"
	"time"
)

// Issue is an issue. Its ID never changes; its key does when it moves to another project.
type Issue struct {
	ID          IssueID         `json:"id"`
	Key         string          `json:"-"` // from the project's key and Number
	Number      int64           `json:"number"`
	Project     ProjectID       `json:"project"`
	Type        TypeID          `json:"type"`
	Status      StatusID        `json:"status"`
	Summary     string          `json:"summary"`
	Description json.RawMessage `json:"description,omitempty"` // an ADF document
	Environment json.RawMessage `json:"environment,omitempty"` // an ADF document
	Reporter    AccountID       `json:"reporter,omitempty"`
	Creator     AccountID       `json:"creator,omitempty"`
	Assignee    AccountID       `json:"assignee,omitempty"`
	Priority    PriorityID      `json:"priority,omitempty"`
	Resolution  ResolutionID    `json:"resolution,omitempty"`
	Parent      IssueID         `json:"parent,omitempty"`
	Labels      []string        `json:"labels,omitempty"`
	Components  []ComponentID   `json:"components,omitempty"`
	Affects     []VersionID     `json:"affects,omitempty"`
	Fixes       []VersionID     `json:"fixes,omitempty"`
	Security    LevelID         `json:"security,omitempty"`
	Due         string          `json:"due,omitempty"`       // 2027-01-31
	Estimate    int64           `json:"estimate,omitempty"`  // seconds, as planned at first
	Remaining   int64           `json:"remaining,omitempty"` // seconds
	Spent       int64           `json:"spent,omitempty"`     // seconds
	Created     time.Time       `json:"created"`
	Updated     time.Time       `json:"updated"`
	Resolved    time.Time       `json:"resolved,omitzero"`
	StatusSince time.Time       `json:"statusSince,omitzero"`
	Watchers    []AccountID     `json:"watchers,omitempty"`
	Voters      []AccountID     `json:"voters,omitempty"`
	Archived    bool            `json:"archived,omitempty"`
	ArchivedBy  AccountID       `json:"archivedBy,omitempty"`
	ArchivedAt  time.Time       `json:"archivedAt,omitzero"`
	OldKeys     []string        `json:"oldKeys,omitempty"`
	Request     RequestTypeID   `json:"request,omitempty"` // what a customer asked for
	Orgs        []OrgID         `json:"organizations,omitempty"`

	Custom     map[FieldID]json.RawMessage `json:"custom,omitempty"`
	Properties Properties                  `json:"properties,omitempty"`
	Links      []Link                      `json:"links,omitempty"`
	Remote     []RemoteLink                `json:"remote,omitempty"`
	// Was are the values that the fields which JQL asks with WAS had before.
	Was map[string][]string `json:"was,omitempty"`

	// What is read on its own; see [State.Comments] and its like.
	Comments    []part `json:"comments,omitempty"`
	Worklogs    []part `json:"worklogs,omitempty"`
	Attachments []part `json:"attachments,omitempty"`
	Histories   []part `json:"histories,omitempty"`
}

// Link is an issue's end of a link.
type Link struct {
	ID    LinkID     `json:"id"`
	Type  LinkTypeID `json:"type"`
	Other IssueID    `json:"other"`
	Out   bool       `json:"out,omitempty"` // this issue "blocks" the other
}

// RemoteLink leads out of the site.
type RemoteLink struct {
	ID           string          `json:"id"`
	GlobalID     string          `json:"globalId,omitempty"`
	Relationship string          `json:"relationship,omitempty"`
	Application  json.RawMessage `json:"application,omitempty"`
	Object       json.RawMessage `json:"object"`
}

// Visibility hides a comment or worklog from all but a group or a role.
type Visibility struct {
	Kind  HolderKind `json:"kind"` // ByGroup or ByRole
	Value string     `json:"value"`
}

// Comment is a comment on an issue.
type Comment struct {
	ID         CommentID       `json:"id"`
	Author     AccountID       `json:"author"`
	Editor     AccountID       `json:"editor"`
	Body       json.RawMessage `json:"body"` // an ADF document
	Created    time.Time       `json:"created"`
	Updated    time.Time       `json:"updated"`
	Visibility *Visibility     `json:"visibility,omitempty"`
	Internal   bool            `json:"internal,omitempty"` // not for the customers of a service desk
	Parent     CommentID       `json:"parent,omitempty"`
	Properties Properties      `json:"properties,omitempty"`
}

// Worklog is time that was spent on an issue.
type Worklog struct {
	ID         WorklogID       `json:"id"`
	Author     AccountID       `json:"author"`
	Editor     AccountID       `json:"editor"`
	Comment    json.RawMessage `json:"comment,omitempty"` // an ADF document
	Started    time.Time       `json:"started"`
	Seconds    int64           `json:"seconds"`
	Created    time.Time       `json:"created"`
	Updated    time.Time       `json:"updated"`
	Visibility *Visibility     `json:"visibility,omitempty"`
	Properties Properties      `json:"properties,omitempty"`
}

// Attachment is a file at an issue. Its bytes are read with [State.Content].
type Attachment struct {
	ID      AttachmentID `json:"id"`
	Name    string       `json:"name"`
	Type    string       `json:"type"` // of media
	Size    int64        `json:"size"`
	Author  AccountID    `json:"author"`
	Created time.Time    `json:"created"`
	Bytes   part         `json:"bytes"`
}

// History is what one change did to the fields of an issue.
type History struct {
	ID      HistoryID    `json:"id"`
	Author  AccountID    `json:"author"`
	Created time.Time    `json:"created"`
	Items   []ChangeItem `json:"items"`
}

// ChangeItem is the change of one field, for programs and in words.
type ChangeItem struct {
	Field      string  `json:"field"`     // name
	FieldType  string  `json:"fieldtype"` // "jira" or "custom"
	FieldID    FieldID `json:"fieldId"`
	From       string  `json:"from,omitempty"`
	FromString string  `json:"fromString,omitempty"`
	To         string  `json:"to,omitempty"`
	ToString   string  `json:"toString,omitempty"`
}
