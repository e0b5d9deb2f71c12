package query

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/jql/analysis"
	"github.com/pergola-platform/pergola/host/sandbox/jql/syntax"
	"github.com/pergola-platform/pergola/host/sandbox/world"
	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// session is what functions in queries depend on.
type session struct {
	*schema
	now  time.Time
	apps Functions
}

var (
	_ analysis.Environment = session{}
	_ analysis.Filters     = session{}
	_ analysis.Fragments   = session{}
)

// Now is the present in the time zone of whoever asks; UTC for those who have none.
func (s session) Now() time.Time {
	if u := s.st.User(s.who); u != nil && u.TimeZone != "" {
		if zone, err := time.LoadLocation(u.TimeZone); err == nil {
			return s.now.In(zone)
		}
	}
	return s.now.UTC()
}

// Fragment is what an app answers.
func (s session) Fragment(field syntax.Field, op syntax.Operator, call syntax.Operand) (string, error) {
	if s.apps == nil {
		return "", analysis.ErrUnknown
	}
	return s.apps.Fragment(s.st, field, op, call)
}

// Me is the account of whoever asks.
func (s session) Me() string { return string(s.who) }

// calls are the functions that the site can answer, but those that analysis answers by itself.
var calls = map[string]func(s session, args []string) ([]string, error){
	"componentsLeadByUser":           session.componentsLed,
	"earliestUnreleasedVersion":      func(s session, args []string) ([]string, error) { return s.oneVersion(args, false) },
	"latestReleasedVersion":          func(s session, args []string) ([]string, error) { return s.oneVersion(args, true) },
	"linkedIssues":                   session.linked,
	"linkedWorkItems":                session.linked,
	"membersOf":                      session.members,
	"projectsLeadByUser":             session.projectsLed,
	"projectsWhereUserHasPermission": session.projectsPermitted,
	"projectsWhereUserHasRole":       session.projectsOfRole,
	"releasedVersions":               func(s session, args []string) ([]string, error) { return s.versionsOf(args, true) },
	"standardIssueTypes":             func(s session, _ []string) ([]string, error) { return s.types(false), nil },
	"standardWorkTypes":              func(s session, _ []string) ([]string, error) { return s.types(false), nil },
	"subtaskIssueTypes":              func(s session, _ []string) ([]string, error) { return s.types(true), nil },
	"subtaskWorkTypes":               func(s session, _ []string) ([]string, error) { return s.types(true), nil },
	"unreleasedVersions":             func(s session, args []string) ([]string, error) { return s.versionsOf(args, false) },
	"votedIssues":                    func(s session, _ []string) ([]string, error) { return s.mine("voter"), nil },
	"votedWorkItems":                 func(s session, _ []string) ([]string, error) { return s.mine("voter"), nil },
	"watchedIssues":                  func(s session, _ []string) ([]string, error) { return s.mine("watcher"), nil },
	"watchedWorkItems":               func(s session, _ []string) ([]string, error) { return s.mine("watcher"), nil },
}

// Call evaluates a function that depends on the site.
func (s session) Call(name string, args []string) ([]string, error) {
	call := calls[name]
	if call == nil {
		return nil, analysis.ErrUnknown
	}
	return call(s, args)
}

// Answers says whether the site knows a function of Jira's.
func Answers(f analysis.Function) bool {
	switch f.Name {
	case "currentUser", "now", "startOfDay", "startOfWeek", "startOfMonth", "startOfYear", "endOfDay", "endOfWeek", "endOfMonth", "endOfYear":
		return true
	}
	return calls[f.Name] != nil
}

func idsOf[T any](list iter.Seq[*T], id func(*T) string, wanted func(*T) bool) []string {
	out := []string{}
	for v := range list {
		if wanted(v) {
			out = append(out, id(v))
		}
	}
	return out
}

func projectID(p *world.Project) string { return string(p.ID) }

func versionID(v *world.Version) string { return string(v.ID) }

func (s session) members(args []string) ([]string, error) {
	g := s.st.Groups.First(func(g *world.Group) bool { return strings.EqualFold(string(g.Name), args[0]) || g.ID == args[0] })
	if g == nil {
		return nil, &analysis.ArgumentError{Index: 0}
	}
	out := []string{}
	for _, u := range s.st.Members(g.Name) {
		out = append(out, string(u.Account))
	}
	return out, nil
}

// people are those whom the first argument names, or whoever asks where there is none.
func (s session) people(args []string) ([]string, error) {
	if len(args) == 0 {
		return []string{string(s.who)}, nil
	}
	var out []string
	for _, v := range s.Values(analysis.Field{Kind: analysis.User}, analysis.Literal{Text: args[0]}) {
		out = append(out, v.Key)
	}
	if out == nil {
		return nil, &analysis.ArgumentError{Index: 0}
	}
	return out, nil
}

func (s session) componentsLed(args []string) ([]string, error) {
	who, err := s.people(args)
	return idsOf(s.st.Components.All(), func(c *world.Component) string { return string(c.ID) },
		func(c *world.Component) bool { return slices.Contains(who, string(c.Lead)) }), err
}

func (s session) projectsLed(args []string) ([]string, error) {
	who, err := s.people(args)
	return idsOf(s.st.Projects.All(), projectID, func(p *world.Project) bool { return slices.Contains(who, string(p.Lead)) }), err
}

// projectsPermitted takes EDIT_ISSUES as well as "Edit Issues".
func (s session) projectsPermitted(args []string) ([]string, error) {
	key := strings.ToUpper(strings.ReplaceAll(strings.TrimSpace(args[0]), " ", "_"))
	if !slices.Contains(world.ProjectPermissions, key) {
		return nil, &analysis.ArgumentError{Index: 0}
	}
	return idsOf(s.st.Projects.All(), projectID, func(p *world.Project) bool { return s.st.CanIn(s.who, key, p) }), nil
}

func (s session) projectsOfRole(args []string) ([]string, error) {
	r := s.st.Roles.First(func(r *world.Role) bool { return strings.EqualFold(r.Name, args[0]) || string(r.ID) == args[0] })
	if r == nil {
		return nil, &analysis.ArgumentError{Index: 0}
	}
	return idsOf(s.st.Projects.All(), projectID, func(p *world.Project) bool { return s.st.InRole(s.who, r.ID, p) }), nil
}

func (s session) types(subtasks bool) []string {
	return idsOf(s.st.Types.All(), func(t *world.IssueType) string { return string(t.ID) },
		func(t *world.IssueType) bool { return t.Subtask() == subtasks })
}

// mine are the issues that whoever asks watches, or votes for.
func (s session) mine(field string) []string {
	return issueIDs(s.st, s.st.Index().Equal(field, string(s.who)))
}

func issueIDs(st *world.State, set index.Set) []string {
	out := []string{}
	for n := range set.All() {
		out = append(out, string(st.IssueAt(n).ID))
	}
	return out
}

// linked are the issues to which links lead from one, all or those of some types or directions.
func (s session) linked(args []string) ([]string, error) {
	i := s.st.FindIssue(args[0])
	if !s.sees(i) {
		return nil, &analysis.ArgumentError{Index: 0}
	}
	var ends []string
	for n, text := range args[1:] {
		types := s.linkTypes(text)
		if types == nil {
			return nil, &analysis.ArgumentError{Index: n + 1}
		}
		for _, t := range types {
			ends = append(ends, t.Key)
		}
	}
	out := []string{}
	for _, l := range i.Links {
		end := string(l.Type) + ":in"
		if l.Out {
			end = string(l.Type) + ":out"
		}
		if len(args) == 1 || slices.Contains(ends, end) {
			out = append(out, string(l.Other))
		}
	}
	return out, nil
}

// versionsOf are the versions of the projects that arguments name, or of all, that are out or not.
func (s session) versionsOf(args []string, released bool) ([]string, error) {
	list, err := s.versionList(args, released)
	return idsOf(slices.Values(list), versionID, func(*world.Version) bool { return true }), err
}

// oneVersion is the latest of those that are out, or the earliest of those that are not.
func (s session) oneVersion(args []string, released bool) ([]string, error) {
	list, err := s.versionList(args, released)
	if len(list) == 0 {
		return nil, err
	}
	if released {
		return []string{versionID(list[len(list)-1])}, nil
	}
	return []string{versionID(list[0])}, nil
}

func (s session) versionList(args []string, released bool) ([]*world.Version, error) {
	var projects []string
	for n, text := range args {
		found := s.projects(text)
		if found == nil {
			return nil, &analysis.ArgumentError{Index: n}
		}
		for _, p := range found {
			projects = append(projects, p.Key)
		}
	}
	var out []*world.Version
	for _, p := range s.projectsByKey() {
		if len(args) > 0 && !slices.Contains(projects, string(p.ID)) {
			continue
		}
		for _, v := range s.st.VersionsOf(p.ID) {
			if v.Released == released && !v.Archived {
				out = append(out, v)
			}
		}
	}
	return out, nil
}

// Filter returns the query of a saved filter that whoever asks may see.
func (s session) Filter(l analysis.Literal) (string, bool) {
	var found []*world.Filter
	for f := range s.st.Filters.All() {
		if (string(f.ID) == l.Text || strings.EqualFold(f.Name, l.Text)) && (s.all || s.st.SeesFilter(s.who, f)) {
			found = append(found, f)
		}
	}
	if len(found) == 0 {
		return "", false
	}
	// A name goes before an id, and one's own before another's.
	rank := func(f *world.Filter) int {
		r := 0
		if string(f.ID) == l.Text {
			r += 2
		}
		if f.Owner != s.who {
			r++
		}
		return r
	}
	return slices.MinFunc(found, func(a, b *world.Filter) int { return cmp.Compare(rank(a), rank(b)) }).JQL, true
}
