package platform

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// editComment adds, changes or removes a comment once the issue is kept.
func editComment(e *edit, _ string, op operation) string {
	if op.verb == "add" {
		e.later = append(e.later, func() error { return e.api.addComment(e.tx, e.who, e.i.ID, op.value, nil) })
		return ""
	}
	ref, _ := referenceOf(op.value)
	on, k := e.tx.Comment(world.CommentID(ref.ID))
	if on == nil || on.ID != e.i.ID || !e.tx.SeesPart(e.who, e.i, k.Visibility) {
		return "Can not find a comment for the id: " + ref.ID + "."
	}
	all, own, word := world.EditAllComments, world.EditOwnComments, "edit"
	if op.verb == "remove" {
		all, own, word = world.DeleteAllComments, world.DeleteOwnComments, "delete"
	}
	if !e.may(all) && !(k.Author == e.who && e.may(own)) {
		return e.tx.User(e.who).Name + ", you do not have the permission to " + word + " this comment."
	}
	if op.verb == "remove" {
		e.later = append(e.later, func() error { return e.tx.DeleteComment(k.ID) })
		return ""
	}
	var in commentInput
	if json.Unmarshal(op.value, &in) != nil {
		return "Comment body can not be empty!"
	}
	e.later = append(e.later, func() error {
		next := *k
		if err := in.apply(e.tx.State, e.who, e.i, &next); err != nil {
			return err
		}
		return e.tx.PutComment(&next)
	})
	return ""
}

// addWork logs work once the issue is kept. What is left to do becomes less by it.
func addWork(e *edit, _ string, op operation) string {
	var in struct {
		Spent      string          `json:"timeSpent"`
		Seconds    int64           `json:"timeSpentSeconds"`
		Started    string          `json:"started"`
		Comment    json.RawMessage `json:"comment"`
		Visibility json.RawMessage `json:"visibility"`
	}
	if !e.may(world.WorkOnIssues) {
		return e.tx.User(e.who).Name + ", you do not have the permission to associate a worklog to this issue."
	}
	if json.Unmarshal(op.value, &in) != nil {
		return "Specify a valid value for worklog"
	}
	w := &world.Worklog{Seconds: in.Seconds, Started: e.tx.Now}
	if in.Spent != "" {
		n, ok := shape.ParseDuration(in.Spent)
		if !ok {
			e.wrong.field("timeLogged", "Invalid time duration entered.")
			return ""
		}
		w.Seconds = n
	}
	if w.Seconds <= 0 {
		e.wrong.field("timeLogged", "You must indicate the time spent working.")
		return ""
	}
	if in.Started != "" {
		at, err := time.Parse(shape.JiraTime, in.Started)
		if err != nil {
			return "Error parsing time: " + in.Started
		}
		w.Started = at
	}
	if !empty(in.Comment) {
		if problem := documentProblem(in.Comment); problem != "" {
			return problem
		}
		w.Comment = in.Comment
	}
	e.later = append(e.later, func() error {
		var err error
		if w.Visibility, err = visibilityOf(e.tx.State, e.who, e.i, in.Visibility); err != nil {
			return err
		}
		if err := e.tx.AddWorklog(e.i.ID, w); err != nil {
			return err
		}
		i := e.tx.EditIssue(string(e.i.ID))
		i.Remaining = max(0, i.Remaining-w.Seconds)
		return e.tx.PutIssue(i)
	})
	return ""
}

// addLink links the issue to another once it is kept.
func addLink(e *edit, _ string, op operation) string {
	var in struct {
		Type    json.RawMessage `json:"type"`
		Inward  json.RawMessage `json:"inwardIssue"`
		Outward json.RawMessage `json:"outwardIssue"`
	}
	if json.Unmarshal(op.value, &in) != nil {
		return "Specify a valid value for issuelinks"
	}
	ref, _ := referenceOf(in.Type)
	t := e.tx.LinkTypes.First(func(t *world.LinkType) bool {
		return ref.names(string(t.ID), t.Name) || ref.HasName && (strings.EqualFold(ref.Name, t.Inward) || strings.EqualFold(ref.Name, t.Outward))
	})
	if t == nil {
		return "No issue link type with name '" + ref.Name + "' found."
	}
	raw, out := in.Outward, true
	if empty(raw) {
		raw, out = in.Inward, false
	}
	other := issueRef(e.tx.State, e.who, raw)
	if other == nil {
		return "Issue does not exist or you do not have permission to see it."
	}
	e.later = append(e.later, func() error {
		if other.ID == e.i.ID {
			return rest.Fail(http.StatusBadRequest, "You cannot link an issue to itself.")
		}
		from, to := e.i.ID, other.ID
		if !out {
			from, to = to, from
		}
		_, err := e.tx.AddLink(t.ID, from, to)
		return err
	})
	return ""
}
