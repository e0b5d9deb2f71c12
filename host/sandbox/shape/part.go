package shape

import (
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// shownWorklogs is how many worklogs an issue's field has; the rest have an operation of their own.
const shownWorklogs = 20

func (v view) seenWorklogs(i *world.Issue) []*world.Worklog {
	return slices.DeleteFunc(v.st.Worklogs(i), func(w *world.Worklog) bool { return !v.seesPart(i, w.Visibility) })
}

func (v view) worklogs(i *world.Issue) any {
	all := v.seenWorklogs(i)
	list := []Object{}
	for _, w := range all[:min(len(all), shownWorklogs)] {
		list = append(list, v.WorklogJSON(v.st, i, w))
	}
	return Object{"startAt": 0, "maxResults": shownWorklogs, "total": len(all), "worklogs": list}
}

// WorklogJSON is time that was logged on an issue.
func (s Shape) WorklogJSON(st *world.State, i *world.Issue, w *world.Worklog) Object {
	out := Object{
		"self": s.Link("/rest/api/3/issue/%s/worklog/%s", i.ID, w.ID), "id": w.ID, "issueId": i.ID,
		"author": s.UserOrNil(st, w.Author), "updateAuthor": s.UserOrNil(st, w.Editor),
		"created": w.Created.Format(JiraTime), "updated": w.Updated.Format(JiraTime), "started": w.Started.Format(JiraTime),
		"timeSpent": Duration(w.Seconds), "timeSpentSeconds": w.Seconds,
	}
	if len(w.Comment) > 0 {
		out["comment"] = w.Comment
	}
	if w.Visibility != nil {
		out["visibility"] = visibilityJSON(st, w.Visibility)
	}
	return out
}

func (v view) attachments(i *world.Issue) any {
	list := []Object{}
	for _, a := range v.st.Attachments(i) {
		list = append(list, v.AttachmentJSON(v.st, a))
	}
	return list
}

// AttachmentJSON is what is known of a file at an issue.
func (s Shape) AttachmentJSON(st *world.State, a *world.Attachment) Object {
	out := Object{
		"self": s.Link("/rest/api/3/attachment/%s", a.ID), "id": a.ID, "filename": a.Name, "author": s.UserOrNil(st, a.Author),
		"created": a.Created.Format(JiraTime), "size": a.Size, "mimeType": a.Type, "content": s.Link("/rest/api/3/attachment/content/%s", a.ID),
	}
	if strings.HasPrefix(a.Type, "image/") {
		out["thumbnail"] = s.Link("/rest/api/3/attachment/thumbnail/%s", a.ID)
	}
	return out
}

func (v view) comments(i *world.Issue) any {
	seen := slices.DeleteFunc(v.st.Comments(i), func(k *world.Comment) bool { return !v.seesPart(i, k.Visibility) })
	return v.commentField(v.st, i, seen)
}

// links are an issue's links to those issues that are shown.
func (v view) links(i *world.Issue) any {
	out := []Object{}
	for _, l := range i.Links {
		other, t := v.st.Issue(l.Other), v.st.LinkTypes.Get(l.Type)
		if other == nil || t == nil || !v.sees(other) {
			continue
		}
		end := "inwardIssue"
		if l.Out {
			end = "outwardIssue"
		}
		out = append(out, Object{
			"id": l.ID, "self": v.Link("/rest/api/3/issueLink/%s", l.ID), "type": v.LinkTypeJSON(t), end: v.RelatedJSON(v.st, other),
		})
	}
	return out
}

// subtasksOf are an issue's subtasks that are shown, in the order of their keys.
func (v view) subtasksOf(i *world.Issue) []*world.Issue {
	var subs []*world.Issue
	for n := range v.st.Children(i.ID).All() {
		if sub := v.st.IssueAt(n); sub != nil && v.st.Type(sub.Type).Subtask() && v.sees(sub) {
			subs = append(subs, sub)
		}
	}
	slices.SortFunc(subs, func(a, b *world.Issue) int { return world.CompareKeys(a.Key, b.Key) })
	return subs
}

func (v view) subtasks(i *world.Issue) any {
	out := []Object{}
	for _, sub := range v.subtasksOf(i) {
		out = append(out, v.RelatedJSON(v.st, sub))
	}
	return out
}
