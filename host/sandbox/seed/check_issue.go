package seed

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxSummary is Jira's bound of a summary in characters.
const maxSummary = 255

// issueCheck checks one issue after the other and brings references into one spelling.
type issueCheck struct {
	*Index
	keys     keyBook
	origin   *origin
	current  string // key of the issue, for messages of streams that are not from a file
	problems Problems
}

func (c *issueCheck) report(rel, wrong, write string) {
	p := c.origin.problem(rel, wrong, write)
	if c.origin == nil {
		p.Path = c.current + rel
	}
	c.problems = append(c.problems, p)
}

// exists says whether an issue with that key has come.
func (c *issueCheck) exists(key string) bool {
	project, number, ok := splitKey(key)
	if ok {
		_, ok = c.keys.level(project, number)
	}
	return ok
}

func (c *issueCheck) issue(i *Issue) error {
	c.origin, c.current, c.problems = i.origin, cmp.Or(i.Key, i.Project), nil
	p := c.project(i)
	if p == nil {
		return c.problems.err()
	}
	level := c.class(i, p)
	c.content(i, p)
	c.people(i)
	c.times(i)
	c.values(i)
	c.attached(i)
	c.links(i)
	c.remote(i)
	c.id(i)
	c.key(i, level) // last: a refused issue takes no key
	return c.problems.err()
}

func (c *issueCheck) project(i *Issue) *projectIndex {
	if i.Key != "" {
		project, _, ok := splitKey(i.Key)
		switch {
		case !ok:
			c.report(".key", fmt.Sprintf("%q is not a key", i.Key), "write a project's key, a dash and a number, such as OPS-12, or leave it out")
			return nil
		case i.Project != "" && i.Project != project:
			c.report(".project", fmt.Sprintf("is %s, and the key is %s", i.Project, i.Key), "leave the project out, or correct one of the two")
			return nil
		}
		i.Project = project
	}
	p := c.projects.by[i.Project]
	switch {
	case i.Project == "":
		c.report("", "has no project", `add "project" or "key"`)
	case p == nil:
		c.report(map[bool]string{true: ".key", false: ".project"}[i.Key != ""], fmt.Sprintf("there is no project %q", i.Project), suggest(i.Project, c.projects.names))
	}
	return p
}

// class checks type, status and parent, and returns the level of the type.
func (c *issueCheck) class(i *Issue, p *projectIndex) int {
	level := 0
	t := c.types.by[i.Type]
	if t == nil || !p.types[i.Type] {
		c.report(".type", fmt.Sprintf("project %s has no issue type %q", p.Key, i.Type), suggest(i.Type, p.Types))
		return level
	}
	level = t.Level
	w := p.workflows[i.Type]
	switch {
	case i.Status == "" && w != nil:
		i.Status = w.initial
	case i.Status == "" && len(c.statuses.names) > 0:
		i.Status = c.statuses.names[0]
	case i.Status == "":
		c.report("", "has no status, and the site has none", `add "statuses" to the site`)
	case c.statuses.by[i.Status] == nil:
		c.report(".status", fmt.Sprintf("there is no status %q", i.Status), suggest(i.Status, c.statuses.names))
	case w != nil && !w.statuses[i.Status]:
		c.report(".status", fmt.Sprintf("the workflow of %q in %s has no status %q", i.Type, p.Key, i.Status), suggest(i.Status, w.names))
	}
	if i.Parent == "" {
		if level < 0 {
			c.report("", fmt.Sprintf("has no parent, and %q is a sub-task", i.Type), `add "parent" with the key of an issue above`)
		}
		return level
	}
	project, number, ok := splitKey(i.Parent)
	above, there := c.keys.level(project, number)
	switch {
	case !ok || !there:
		c.report(".parent", fmt.Sprintf("there is no issue %q", i.Parent), "write the key of an issue of this seed, such as OPS-12")
	case above <= level:
		c.report(".parent", fmt.Sprintf("%s stands at level %d and this issue at %d", i.Parent, above, level), "write an issue of a higher level, or link the two")
	}
	return level
}

func (c *issueCheck) content(i *Issue, p *projectIndex) {
	if strings.TrimSpace(i.Summary) == "" || strings.ContainsAny(i.Summary, "\r\n") || utf8.RuneCountInString(i.Summary) > maxSummary {
		c.report(".summary", "is not a summary", fmt.Sprintf("write one line of 1 to %d characters", maxSummary))
	}
	if i.Priority != "" && c.priorities.by[i.Priority] == nil {
		c.report(".priority", fmt.Sprintf("there is no priority %q", i.Priority), suggest(i.Priority, c.priorities.names))
	}
	if i.Resolution != "" && c.resolutions.by[i.Resolution] == nil {
		c.report(".resolution", fmt.Sprintf("there is no resolution %q", i.Resolution), suggest(i.Resolution, c.resolutions.names))
	}
	c.words(".labels", i.Labels)
	c.members(".components", "component", i.Components, p, p.components)
	c.members(".affectsVersions", "version", i.Versions, p, p.versions)
	c.members(".fixVersions", "version", i.FixVersions, p, p.versions)
	if i.Security != "" && !p.levels[i.Security] {
		c.report(".securityLevel", fmt.Sprintf("project %s has no security level %q", p.Key, i.Security), suggest(i.Security, sorted(p.levels)))
	}
	if i.RequestType != "" && !p.requests[i.RequestType] {
		c.report(".requestType", fmt.Sprintf("project %s has no request type %q", p.Key, i.RequestType), suggest(i.RequestType, sorted(p.requests)))
	}
	if i.Estimate < 0 || i.Remaining < 0 {
		c.report(map[bool]string{true: ".originalEstimate", false: ".remainingEstimate"}[i.Estimate < 0], "is less than nothing", "write the seconds, 3600 for an hour, or leave it out")
	}
	for n, o := range i.Organizations {
		if c.organizations.by[o] == nil {
			c.report(place(".organizations", n), fmt.Sprintf("there is no organization %q", o), suggest(o, c.organizations.names))
		}
	}
}

func (c *issueCheck) members(path, what string, names []string, p *projectIndex, known map[string]bool) {
	for n, name := range names {
		if !known[name] {
			c.report(place(path, n), fmt.Sprintf("project %s has no %s %q", p.Key, what, name), suggest(name, sorted(known)))
		}
	}
}

// words checks labels.
func (c *issueCheck) words(path string, labels []string) {
	for n, l := range labels {
		if l == "" || strings.ContainsAny(l, " \t\r\n") || len(l) > 255 {
			c.report(place(path, n), fmt.Sprintf("%.40q is not a label", l), "write one word")
		}
	}
}

// user replaces a login by the account.
func (c *issueCheck) user(path string, ref *string) {
	if u := c.accounts.by[*ref]; u != nil {
		*ref = u.Account
		return
	}
	c.report(path, fmt.Sprintf("there is no user %q", *ref), suggest(*ref, c.logins))
}

func (c *issueCheck) people(i *Issue) {
	if i.Reporter != "" {
		c.user(".reporter", &i.Reporter)
	}
	if i.Assignee != "" {
		c.user(".assignee", &i.Assignee)
	}
	for n := range i.Participants {
		c.user(place(".participants", n), &i.Participants[n])
	}
	for n := range i.Watchers {
		c.user(place(".watchers", n), &i.Watchers[n])
	}
	for n := range i.Voters {
		c.user(place(".voters", n), &i.Voters[n])
		if i.Voters[n] == i.Reporter {
			c.report(place(".voters", n), "reported the issue, and nobody votes for an own one", "leave the voter out")
		}
	}
}

func (c *issueCheck) times(i *Issue) {
	c.day(".due", i.Due)
	if !i.Updated.IsZero() && i.Updated.Before(i.Created) {
		c.report(".updated", "is before the issue was created", "write a later time, or leave it out")
	}
	newest := i.Created
	for n := range i.Comments {
		newest = c.event(place(".comments", n)+".created", i, i.Comments[n].Created, newest)
	}
	for n := range i.History {
		newest = c.event(place(".history", n)+".at", i, i.History[n].At, newest)
	}
	if i.Updated.IsZero() {
		i.Updated = newest
	}
	if !i.Resolved.IsZero() && i.Resolved.Before(i.Created) {
		c.report(".resolved", "is before the issue was created", "write a later time, or leave it out")
	}
}

// event checks the time of a comment or change and returns it, or newest where that is later.
func (c *issueCheck) event(path string, i *Issue, at, newest time.Time) time.Time {
	switch {
	case at.Before(i.Created):
		c.report(path, "is before the issue was created", "write a later time, or an earlier one for the issue")
	case !i.Updated.IsZero() && at.After(i.Updated):
		i.Updated = at // Jira's own exports round to minutes
	}
	if at.After(newest) {
		return at
	}
	return newest
}

func (c *issueCheck) day(path string, d Date) {
	if d == "" {
		return
	}
	if _, err := time.Parse(time.DateOnly, string(d)); err != nil {
		c.report(path, fmt.Sprintf("%.40q is not a day", d), "write "+string(day))
	}
}

// ids is a project of the key book that no project's key can be.
const ids = "#"

func (c *issueCheck) id(i *Issue) {
	if i.ID == "" {
		return
	}
	n, err := strconv.ParseUint(i.ID, 10, 31)
	switch {
	case err != nil || i.ID[0] == '0' || i.ID[0] == '+':
		c.report(".id", fmt.Sprintf("%.40q is not an id", i.ID), "write a whole number in quotes, or leave it out")
	case len(c.problems) == 0 && !c.keys.take(ids, uint32(n), 0): // #nosec G115 -- it has 31 bits
		c.report(".id", fmt.Sprintf("there is another issue %d", n), "give each its own id, or leave it out")
	}
}

func (c *issueCheck) key(i *Issue, level int) {
	if len(c.problems) > 0 {
		return
	}
	if i.Key == "" {
		i.Key = joinKey(i.Project, c.keys.free(i.Project))
	}
	project, number, _ := splitKey(i.Key)
	if !c.keys.take(project, number, level) {
		c.report(".key", fmt.Sprintf("there is an issue %s before this one", i.Key), "give each its own key, or leave it out")
	}
}
