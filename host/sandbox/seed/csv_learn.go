package seed

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// learner reads the rows once for what base does not have.
type learner struct {
	file   *csvFile
	site   *Site
	users  map[string]string // id, login, name or mail → account
	custom map[string]*guess
	keys   keyBook
	byID   map[string]string // issue id → key, where parents are given by id
	typeOf map[string]string // key → issue type, where there are parents
	below  [][2]string       // issue type, and key or id of the parent
}

// defaultStatus is that of a site which names none.
const defaultStatus = "Open"

// guess is what the values of an unknown field have in common.
type guess struct {
	number, date, moment, url, line, word, several bool
}

func learn(f *csvFile, base *Site) (*learner, error) {
	site := *base
	site.origins = nil
	site.Users, site.Projects, site.Types = slices.Clone(base.Users), slices.Clone(base.Projects), slices.Clone(base.Types) // base keeps its own
	l := &learner{file: f, site: &site, users: map[string]string{}, custom: map[string]*guess{}, byID: map[string]string{}, typeOf: map[string]string{}}
	for _, u := range base.Users {
		for _, ref := range []string{u.Account, u.Login, u.Name, u.Mail} {
			if ref != "" && l.users[ref] == "" {
				l.users[ref] = u.Account
			}
		}
	}
	for r, err := range f.rows() {
		if err != nil {
			return nil, err
		}
		if err := l.row(r); err != nil {
			return nil, err
		}
	}
	lacks(&l.site.Statuses, defaultStatus, func(*Status) string { return defaultStatus }, Status{Name: defaultStatus, Category: "new"})
	l.links()
	l.fields()
	l.levels()
	return l, nil
}

func (l *learner) row(r row) error {
	f := l.file
	key := f.one(r, "key")
	project, number, ok := splitKey(key)
	if key != "" && !ok {
		return f.problem(r.line, f.title(".key"), fmt.Sprintf("%.40q is not a key", key), "write a project's key, a dash and a number, such as OPS-12")
	}
	if ok && !l.keys.take(project, number, 0) {
		return f.problem(r.line, f.title(".key"), fmt.Sprintf("there is an issue %s above", key), "give each its own key")
	}
	if project = cmp.Or(project, f.one(r, "project")); project == "" {
		return f.problem(r.line, "row", "has no project", "fill in the issue's key or the project's")
	}
	issueType := f.one(r, "type")
	if issueType == "" {
		return f.problem(r.line, f.title(".type"), "is empty", "fill in the issue type")
	}
	l.people(r)
	l.classes(r, issueType)
	l.project(r, project, issueType)
	if id := f.one(r, "id"); id != "" && f.has("parentID", "") && !f.has("parent", "") {
		l.byID[id] = key
	}
	if f.has("parentID", "") || f.has("parent", "") {
		l.typeOf[key] = issueType
		if p := cmp.Or(f.one(r, "parent"), f.one(r, "parentID")); p != "" {
			l.below = append(l.below, [2]string{issueType, p})
		}
	}
	names, values := f.pairs(r, customColumn)
	for _, n := range names {
		g := l.custom[n]
		if g == nil {
			g = &guess{true, true, true, true, true, true, false}
			l.custom[n] = g
		}
		g.add(values[n])
	}
	return nil
}

func (l *learner) people(r row) {
	f := l.file
	for _, p := range []struct{ name, id string }{{f.one(r, "lead"), f.one(r, "leadID")}, {f.one(r, "reporter"), f.one(r, "reporterID")}, {f.one(r, "assignee"), f.one(r, "assigneeID")}} {
		l.person(p.name, p.id)
	}
	names, ids := f.all(r, "watchers"), f.all(r, "watcherIDs")
	for n, name := range names {
		id := ""
		if len(ids) == len(names) {
			id = ids[n]
		}
		l.person(name, id)
	}
	for _, is := range []string{"comments", "worklogs"} {
		for _, cell := range f.all(r, is) {
			if _, author, _, ok := signed(cell, is); ok {
				l.person("", author)
			}
		}
	}
}

// person adds somebody and returns the account.
func (l *learner) person(name, id string) string {
	ref := cmp.Or(id, name)
	if ref == "" {
		return ""
	}
	if account := cmp.Or(l.users[ref], l.users[name]); account != "" {
		if name != "" && id != "" {
			l.rename(account, name)
		}
		l.users[ref] = account
		return account
	}
	l.users[ref] = ref
	if name != "" && l.users[name] == "" {
		l.users[name] = ref
	}
	l.site.Users = append(slices.Clip(l.site.Users), User{Account: ref, Name: cmp.Or(name, id)})
	return ref
}

// rename names an account of which only the id was known.
func (l *learner) rename(account, name string) {
	for n := range l.site.Users {
		if u := &l.site.Users[n]; u.Account == account && u.Name == account {
			u.Name = name
			if l.users[name] == "" {
				l.users[name] = account
			}
		}
	}
}

// lacks adds v unless there is one of that name.
func lacks[T any](list *[]T, name string, of func(*T) string, v T) {
	if name == "" {
		return
	}
	for n := range *list {
		if of(&(*list)[n]) == name {
			return
		}
	}
	*list = append(slices.Clip(*list), v)
}

func (l *learner) classes(r row, issueType string) {
	f, s := l.file, l.site
	level := 0
	if plain := strings.ReplaceAll(strings.ToLower(issueType), "-", ""); plain == "subtask" {
		level = -1
	} else if plain == "epic" {
		level = 1
	}
	lacks(&s.Types, issueType, func(t *IssueType) string { return t.Name }, IssueType{Name: issueType, Level: level})
	status := f.one(r, "status")
	category := map[string]string{"to do": "new", "done": "done"}[strings.ToLower(f.one(r, "category"))]
	lacks(&s.Statuses, status, func(t *Status) string { return t.Name }, Status{Name: status, Category: cmp.Or(category, "indeterminate")})
	priority, resolution := f.one(r, "priority"), f.one(r, "resolution")
	lacks(&s.Priorities, priority, func(p *Priority) string { return p.Name }, Priority{Name: priority})
	if !unresolved(resolution) {
		lacks(&s.Resolutions, resolution, func(p *Resolution) string { return p.Name }, Resolution{Name: resolution})
	}
}

// unresolved says whether a resolution is none; Server's exports write it out.
func unresolved(resolution string) bool { return resolution == "" || resolution == "Unresolved" }

func (l *learner) project(r row, key, issueType string) {
	f, s := l.file, l.site
	at := slices.IndexFunc(s.Projects, func(p Project) bool { return p.Key == key })
	if at < 0 {
		lead := l.person(f.one(r, "lead"), f.one(r, "leadID"))
		if lead == "" {
			if len(s.Users) == 0 {
				l.person("Admin", "admin")
			}
			lead = s.Users[0].Account
		}
		s.Projects = append(s.Projects, Project{Key: key, Name: cmp.Or(f.one(r, "projectName"), key), Description: f.one(r, "projectDescription"), Lead: lead})
		at = len(s.Projects) - 1
	}
	p := &s.Projects[at]
	if !slices.Contains(p.Types, issueType) {
		p.Types = append(slices.Clip(p.Types), issueType)
	}
	for _, c := range f.all(r, "components") {
		lacks(&p.Components, c, func(c *Component) string { return c.Name }, Component{Name: c})
	}
	for _, v := range append(f.all(r, "versions"), f.all(r, "fixVersions")...) {
		lacks(&p.Versions, v, func(v *ReleaseVersion) string { return v.Name }, ReleaseVersion{Name: v})
	}
	level := f.one(r, "security")
	lacks(&p.SecurityLevels, level, func(v *SecurityLevel) string { return v.Name }, SecurityLevel{Name: level, Holders: []string{"logged in"}})
	// A workflow of base may not know the status; whoever brings own issues brings own habits.
	if status := f.one(r, "status"); p.Workflow != "" && status != "" && !l.reaches(p, issueType, status) {
		p.Workflow, p.Workflows = "", nil
	}
}

func (l *learner) reaches(p *Project, issueType, status string) bool {
	name := cmp.Or(p.Workflows[issueType], p.Workflow)
	for n := range l.site.Workflows {
		if w := &l.site.Workflows[n]; w.Name == name {
			return indexWorkflow(w).statuses[status]
		}
	}
	return false
}

func (l *learner) links() {
	for _, c := range l.file.columns {
		if c.is == outwardColumn || c.is == inwardColumn {
			lacks(&l.site.LinkTypes, c.name, func(t *LinkType) string { return t.Name },
				LinkType{Name: c.name, Outward: c.name + " (outward)", Inward: c.name + " (inward)"})
		}
	}
}

func (l *learner) fields() {
	for _, name := range sorted(l.custom) {
		lacks(&l.site.Fields, name, func(f *Field) string { return f.Name }, Field{Name: name, Kind: l.custom[name].kind()})
	}
}

// levels lifts types above those of their children.
func (l *learner) levels() {
	level := map[string]*int{}
	for n := range l.site.Types {
		level[l.site.Types[n].Name] = &l.site.Types[n].Level
	}
	for range 10 { // as many as there are levels
		for _, b := range l.below {
			above := level[l.typeOf[cmp.Or(l.byID[b[1]], b[1])]]
			if child := level[b[0]]; above != nil && *above <= *child && *above < 10 {
				*above = *child + 1
			}
		}
	}
}

var plainNumber = regexp.MustCompile(`^-?[0-9]{1,15}(\.[0-9]{1,10})?$`)

func (g *guess) add(values []string) {
	g.several = g.several || len(values) > 1
	for _, v := range values {
		_, clock, ok := parseTime(v)
		g.number = g.number && plainNumber.MatchString(v)
		g.date = g.date && ok && !clock
		g.moment = g.moment && ok
		g.url = g.url && (strings.HasPrefix(v, "https://") || strings.HasPrefix(v, "http://")) && !strings.ContainsAny(v, " \n")
		g.line = g.line && len(v) < 256 && !strings.ContainsAny(v, "\r\n")
		g.word = g.word && len(v) < 256 && !strings.ContainsFunc(v, unicode.IsSpace)
	}
}

func (g *guess) kind() Kind {
	switch {
	case g.several && g.word:
		return KindLabels
	case g.several:
		return KindTextarea
	case g.number:
		return KindNumber
	case g.date:
		return KindDate
	case g.moment:
		return KindDateTime
	case g.url:
		return KindURL
	case g.line:
		return KindText
	}
	return KindTextarea
}
