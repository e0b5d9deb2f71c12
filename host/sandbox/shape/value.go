package shape

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// moment is a time as a value of a field; nil for none.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Format(JiraTime)
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func document(raw json.RawMessage) any {
	if len(raw) == 0 {
		return nil
	}
	return raw
}

func seconds(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

// A day and a week of work, as Jira counts them.
const (
	workday  = 8 * time.Hour
	workweek = 5 * workday
)

// Duration writes working time as Jira does, such as "1w 2d 3h 5m".
func Duration(seconds int64) string {
	left, parts := seconds, []string(nil)
	for _, unit := range []struct {
		length time.Duration
		letter string
	}{{workweek, "w"}, {workday, "d"}, {time.Hour, "h"}, {time.Minute, "m"}} {
		length := int64(unit.length / time.Second)
		if n := left / length; n > 0 {
			parts = append(parts, fmt.Sprint(n, unit.letter))
			left -= n * length
		}
	}
	if parts == nil {
		return "0m"
	}
	return strings.Join(parts, " ")
}

// ParseDuration reads what Jira takes for working time: "1w 2d 3.5h 20m" in any case, a bare number being minutes. ok is false for
// anything else.
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

func timeTracking(i *world.Issue) Object {
	out := Object{}
	for name, n := range map[string]int64{"originalEstimate": i.Estimate, "timeSpent": i.Spent} {
		if n != 0 {
			out[name], out[name+"Seconds"] = Duration(n), n
		}
	}
	if i.Estimate != 0 || i.Spent != 0 || i.Remaining != 0 {
		out["remainingEstimate"], out["remainingEstimateSeconds"] = Duration(i.Remaining), i.Remaining
	}
	return out
}

// total has the times of an issue and of its subtasks.
func (v view) total(i *world.Issue) *world.Issue {
	out := &world.Issue{Estimate: i.Estimate, Remaining: i.Remaining, Spent: i.Spent}
	for _, sub := range v.subtasksOf(i) {
		out.Estimate, out.Remaining, out.Spent = out.Estimate+sub.Estimate, out.Remaining+sub.Remaining, out.Spent+sub.Spent
	}
	return out
}

func progress(i *world.Issue) Object {
	out := Object{"progress": i.Spent, "total": i.Spent + i.Remaining}
	if i.Spent+i.Remaining > 0 {
		out["percent"] = 100 * i.Spent / (i.Spent + i.Remaining)
	}
	return out
}

// workRatio is how many percent of the estimate were spent; -1 without an estimate.
func workRatio(i *world.Issue) int64 {
	if i.Estimate == 0 {
		return -1
	}
	return 100 * i.Spent / i.Estimate
}

func (v view) parent(i *world.Issue) any {
	if p := v.st.Issue(i.Parent); p != nil {
		return v.RelatedJSON(v.st, p)
	}
	return nil
}

func (v view) statusCategory(i *world.Issue) any {
	if t := v.st.Status(i.Status); t != nil {
		return v.StatusJSON(t)["statusCategory"]
	}
	return nil
}

func (v view) resolution(i *world.Issue) any {
	if r := v.st.Resolutions.Get(i.Resolution); r != nil {
		return v.ResolutionJSON(r)
	}
	return nil
}

func (v view) priority(i *world.Issue) any {
	if p := v.st.Priorities.Get(i.Priority); p != nil {
		return v.PriorityRef(p)
	}
	return nil
}

func (v view) components(i *world.Issue) any {
	out := []Object{}
	for _, id := range i.Components {
		if c := v.st.Components.Get(id); c != nil {
			out = append(out, v.ComponentRef(c))
		}
	}
	return out
}

func (v view) versions(ids []world.VersionID) any {
	out := []Object{}
	for _, id := range ids {
		if t := v.st.Versions.Get(id); t != nil {
			out = append(out, v.VersionRef(t))
		}
	}
	return out
}

func (v view) security(i *world.Issue) any {
	if _, l := v.st.Level(i.Security); l != nil {
		return v.LevelRef(l)
	}
	return nil
}

func (v view) votes(i *world.Issue) any {
	return Object{
		"self": v.Link("/rest/api/3/issue/%s/votes", i.Key), "votes": len(i.Voters), "hasVoted": slices.Contains(i.Voters, v.who),
	}
}

func (v view) watches(i *world.Issue) any {
	return Object{
		"self": v.Link("/rest/api/3/issue/%s/watchers", i.Key), "watchCount": len(i.Watchers), "isWatching": slices.Contains(i.Watchers, v.who),
	}
}

// PriorityRef is a priority as the value of a field.
func (s Shape) PriorityRef(p *world.Priority) Object {
	return Object{"self": s.Link("/rest/api/3/priority/%s", p.ID), "id": p.ID, "name": p.Name, "iconUrl": s.Link("/static/status.svg")}
}

// ComponentRef is a component as the value of a field.
func (s Shape) ComponentRef(c *world.Component) Object {
	out := Object{"self": s.Link("/rest/api/3/component/%s", c.ID), "id": c.ID, "name": c.Name}
	if c.Description != "" {
		out["description"] = c.Description
	}
	return out
}

// VersionRef is a version as the value of a field.
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

// LevelRef is a security level as the value of a field.
func (s Shape) LevelRef(l *world.SecurityLevel) Object {
	return Object{"self": s.Link("/rest/api/3/securitylevel/%s", l.ID), "id": l.ID, "name": l.Name, "description": l.Description}
}

// GroupRef is a group as the value of a field.
func (s Shape) GroupRef(g *world.Group) Object {
	return Object{"self": s.Link("/rest/api/3/group?groupId=%s", g.ID), "name": g.Name, "groupId": g.ID}
}
