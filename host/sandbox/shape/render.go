package shape

import (
	"fmt"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/adf"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// How Jira writes times and days for people, unless the site has another form.
const (
	momentForPeople = "02/Jan/06 3:04 PM"
	dayForPeople    = "02/Jan/06"
)

// Rendered are an issue's fields as people read them: texts as HTML, times and sizes in words; nil for those that have no such form.
func (s Shape) Rendered(st *world.State, who world.AccountID, i *world.Issue, show []Field) Object {
	v := view{Shape: s, st: st, who: who}
	out := Object{}
	for _, f := range v.present(i, show) {
		out[string(f.ID)] = v.rendered(f, i)
	}
	return out
}

func (v view) rendered(f Field, i *world.Issue) any {
	if f.Custom != nil {
		return renderedCustom(f.Custom, i)
	}
	at := func(t time.Time) any {
		if t.IsZero() {
			return nil
		}
		return t.Format(momentForPeople)
	}
	spent := func(n int64) any {
		if n == 0 {
			return nil
		}
		return Duration(n)
	}
	switch f.ID {
	case "description":
		return string(adf.HTML(i.Description))
	case "environment":
		return string(adf.HTML(i.Environment))
	case "created":
		return at(i.Created)
	case "updated":
		return at(i.Updated)
	case "resolutiondate":
		return at(i.Resolved)
	case "statuscategorychangedate":
		return at(i.StatusSince)
	case "duedate":
		return day(i.Due)
	case "timeoriginalestimate":
		return spent(i.Estimate)
	case "timeestimate":
		return spent(i.Remaining)
	case "timespent":
		return spent(i.Spent)
	case "timetracking":
		return timeTracking(i)
	case "comment":
		return v.renderedComments(i)
	case "worklog":
		return v.renderedWorklogs(i)
	case "attachment":
		return v.renderedAttachments(i)
	}
	return nil
}

func day(date string) any {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return nil
	}
	return t.Format(dayForPeople)
}

func renderedCustom(f *world.Field, i *world.Issue) any {
	raw := i.Custom[f.ID]
	if len(raw) == 0 {
		return nil
	}
	switch f.Kind {
	case world.TextArea:
		return string(adf.HTML(raw))
	case world.Date:
		return day(Plain(raw))
	case world.DateTime:
		if t, err := time.Parse(time.RFC3339, Plain(raw)); err == nil {
			return t.Format(momentForPeople)
		}
	}
	return nil
}

func (v view) renderedComments(i *world.Issue) any {
	page := v.comments(i).(Object)
	for n, k := range SeenComments(v.st, v.who, i) {
		one := page["comments"].([]Object)[n]
		one["body"] = string(adf.HTML(k.Body))
		one["created"], one["updated"] = k.Created.Format(momentForPeople), k.Updated.Format(momentForPeople)
	}
	return page
}

func (v view) renderedWorklogs(i *world.Issue) any {
	page := v.worklogs(i).(Object)
	for n, one := range page["worklogs"].([]Object) {
		w := v.seenWorklogs(i)[n]
		one["comment"] = string(adf.HTML(w.Comment))
		one["created"], one["updated"], one["started"] = w.Created.Format(momentForPeople), w.Updated.Format(momentForPeople), w.Started.Format(momentForPeople)
	}
	return page
}

func (v view) renderedAttachments(i *world.Issue) any {
	list := v.attachments(i).([]Object)
	for n, a := range v.st.Attachments(i) {
		list[n]["created"], list[n]["size"] = a.Created.Format(momentForPeople), size(a.Size)
	}
	return list
}

// size is a number of bytes in words.
func size(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d bytes", n)
	case n < 1<<20:
		return fmt.Sprintf("%d kB", n>>10)
	}
	return fmt.Sprintf("%.2f MB", float64(n)/(1<<20))
}
