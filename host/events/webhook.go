package events

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/event"
)

// id is an identifier in a webhook, which Jira writes as a number or as text. What is no number is left out, so that nothing else gets in.
type id string

func (i *id) UnmarshalJSON(raw []byte) error {
	text := string(bytes.Trim(raw, `"`))
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
		*i = id(strconv.FormatInt(n, 10))
	}
	return nil
}

// webhook is what is read of one.
type webhook struct {
	Timestamp int64 `json:"timestamp"` // milliseconds
	User      struct {
		AccountID string `json:"accountId"`
	} `json:"user"`
	Issue struct {
		ID     id `json:"id"`
		Fields struct {
			Project struct {
				ID id `json:"id"`
			} `json:"project"`
			IssueType struct {
				ID id `json:"id"`
			} `json:"issuetype"`
		} `json:"fields"`
	} `json:"issue"`
	Changelog struct {
		ID    id `json:"id"`
		Items []struct {
			FieldID string `json:"fieldId"`
			From    id     `json:"from"` // read of projects and types alone, where it is one's id
		} `json:"items"`
	} `json:"changelog"`
	Link struct {
		ID   id `json:"id"`
		From id `json:"sourceIssueId"`
		To   id `json:"destinationIssueId"`
		Type struct {
			ID id `json:"id"`
		} `json:"issueLinkType"`
	} `json:"issueLink"`
}

// happening is an event as it is kept until it was told: ids alone. Who did it is kept beside it, as the account that began the run.
type happening struct {
	Kind    string   `json:"kind"`
	At      int64    `json:"at"` // milliseconds
	Issue   id       `json:"issue,omitempty"`
	Project id       `json:"project,omitempty"`
	Type    id       `json:"type,omitempty"`
	Changed []string `json:"changed,omitempty"`
	Link    id       `json:"link,omitempty"`
	Of      id       `json:"of,omitempty"` // the type of the link
	From    id       `json:"from,omitempty"`
	To      id       `json:"to,omitempty"`
}

// heardOf is a webhook that was read.
type heardOf struct {
	happening
	account string // who did it
	same    string // what makes it the same as other tellings of it
	by      feature.Happening
}

// normalize reads a webhook, of which told is the identifier.
func normalize(kind, told string, body []byte) (heardOf, error) {
	var w webhook
	if err := json.Unmarshal(body, &w); err != nil {
		return heardOf{}, unreadable(kind) // the error may quote the body
	}
	var h happening
	h.Kind = kind
	if strings.HasPrefix(kind, "issuelink.") {
		h.Link, h.Of, h.From, h.To = w.Link.ID, w.Link.Type.ID, w.Link.From, w.Link.To
	} else {
		h.Issue, h.Project, h.Type = w.Issue.ID, w.Issue.Fields.Project.ID, w.Issue.Fields.IssueType.ID
	}
	if h.Issue == "" && (h.From == "" || h.To == "") {
		return heardOf{}, unreadable(kind)
	}
	if kind == event.IssueUpdated {
		for _, i := range w.Changelog.Items {
			if fieldID(i.FieldID) && !slices.Contains(h.Changed, i.FieldID) && len(h.Changed) < event.MaxChanged {
				h.Changed = append(h.Changed, i.FieldID)
			}
		}
	}
	return heardOf{h, w.User.AccountID, w.same(h, told), w.chosenBy(h)}, nil
}

// chosenBy is by what plugins choose whether they are told. A former project or type that is not told leaves the list empty.
func (w webhook) chosenBy(h happening) feature.Happening {
	out := feature.Happening{AnyField: h.Kind != event.IssueUpdated || len(w.Changelog.Items) == 0}
	projects, types := []id{h.Project}, []id{h.Type}
	if h.Kind == event.IssueUpdated {
		for _, i := range w.Changelog.Items {
			switch i.FieldID {
			case "project":
				projects = append(projects, i.From)
			case "issuetype":
				types = append(types, i.From)
			}
			if fieldID(i.FieldID) { // the others are no fields, such as links
				out.Changed = append(out.Changed, i.FieldID)
			}
		}
	}
	out.Projects, out.IssueTypes = known(projects), known(types)
	return out
}

// known is a list of ids, empty where one of them is not known.
func known(list []id) (out []string) {
	for _, i := range list {
		if i == "" {
			return nil
		}
		out = append(out, string(i))
	}
	return out
}

func unreadable(kind string) error {
	return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Message: "This is no webhook of " + kind + ": it names no issue."}
}

// maxFieldID is how long the id of a field is at most: customfield_ and a number, or a word of Jira's own. With event.MaxChanged of them an
// event is within jobs.MaxInput.
const maxFieldID = 40

// fieldID says whether something is the id of a field: letters, digits and underscores, as no text that a person wrote.
func fieldID(s string) bool {
	letters := func(r rune) bool {
		return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
	}
	return s != "" && len(s) <= maxFieldID && strings.IndexFunc(s, func(r rune) bool { return !letters(r) }) < 0
}

// about is of what an event has to come after the one before.
func (h happening) about() string {
	if h.Issue != "" {
		return string(h.Issue)
	}
	return string(h.From) // a link's own order is that of the issue at its outward end
}

// event is what a plugin is told.
func (h happening) event() event.Event {
	return event.Event{
		Kind: h.Kind, At: h.At, IssueID: string(h.Issue), ProjectID: string(h.Project), IssueTypeID: string(h.Type), Changed: h.Changed,
		LinkID: string(h.Link), LinkTypeID: string(h.Of), FromID: string(h.From), ToID: string(h.To),
	}
}
