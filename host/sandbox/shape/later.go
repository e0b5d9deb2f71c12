package shape

import (
	"fmt"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

const (
	workday  = 8 * time.Hour
	workweek = 5 * workday
)

// Duration writes a time of work.
func Duration(seconds int64) string {
	left, parts := time.Duration(seconds)*time.Second, []string(nil)
	for _, unit := range []struct {
		length time.Duration
		letter string
	}{{workweek, "w"}, {workday, "d"}, {time.Hour, "h"}, {time.Minute, "m"}} {
		if n := left / unit.length; n > 0 {
			parts = append(parts, fmt.Sprint(int64(n), unit.letter))
			left -= n * unit.length
		}
	}
	if parts == nil {
		return "0m"
	}
	return strings.Join(parts, " ")
}

// ParseDuration reads a time of work.
func ParseDuration(text string) (seconds int64, ok bool) {
	units := map[string]time.Duration{"w": workweek, "d": workday, "h": time.Hour, "m": time.Minute, "": time.Minute}
	var total float64
	words := strings.Fields(strings.ToLower(text))
	for _, w := range words {
		number := strings.TrimRight(w, "wdhm")
		unit, known := units[w[len(number):]]
		var n float64
		if rest, err := fmt.Sscanf(number+" ", "%g", &n); !known || err != nil || rest != 1 || n < 0 || n > 1e6 || strings.Trim(number, "0123456789.") != "" {
			return 0, false
		}
		total += n * unit.Seconds()
	}
	return int64(total), len(words) > 0
}

// WorklogJSON is.
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

// AttachmentJSON is.
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

// ComponentRef is.
func (s Shape) ComponentRef(c *world.Component) Object {
	out := Object{"self": s.Link("/rest/api/3/component/%s", c.ID), "id": c.ID, "name": c.Name}
	if c.Description != "" {
		out["description"] = c.Description
	}
	return out
}

// VersionRef is.
func (s Shape) VersionRef(t *world.Version) Object {
	out := Object{"self": s.Link("/rest/api/3/version/%s", t.ID), "id": t.ID, "name": t.Name, "archived": t.Archived, "released": t.Released}
	if t.Description != "" {
		out["description"] = t.Description
	}
	if t.Release != "" {
		out["releaseDate"] = t.Release
	}
	return out
}

// GroupRef is.
func (s Shape) GroupRef(g *world.Group) Object {
	return Object{"self": s.Link("/rest/api/3/group?groupId=%s", g.ID), "name": g.Name, "groupId": g.ID}
}
