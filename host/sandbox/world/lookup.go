package world

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// User returns the account's user, nil where there is none.
func (s *State) User(a AccountID) *User { return s.Users.Get(a) }

// Login returns the person who logs in under that name, nil where there is none.
func (s *State) Login(name string) *User {
	a, ok := s.logins.Get(name)
	if !ok {
		return nil
	}
	return s.Users.Get(a)
}

// Called are the people, no apps and nobody who is gone, whom a text means: by account, mail address or login, which is one at
// most, or by a name, which several may have.
func (s *State) Called(text string) []*User {
	text = strings.TrimSpace(text)
	var named []*User
	for u := range s.Users.All() {
		switch {
		case text == "" || u.App || u.Closed:
		case string(u.Account) == text, u.Login == text, strings.EqualFold(u.Email, text):
			return []*User{u}
		case strings.EqualFold(u.Name, text):
			named = append(named, u)
		}
	}
	return named
}

// Members lists the users of a group by account.
func (s *State) Members(g GroupName) []*User {
	var out []*User
	for u := range s.Users.All() {
		if slices.Contains(u.Groups, string(g)) {
			out = append(out, u)
		}
	}
	return out
}

// Project returns a project by its id.
func (s *State) Project(id ProjectID) *Project { return s.Projects.Get(id) }

// FindProject returns a project by id, by key, or by a key that it had before; nil where there is none.
func (s *State) FindProject(idOrKey string) *Project {
	if p := s.Projects.Get(ProjectID(idOrKey)); p != nil {
		return p
	}
	id, ok := s.projectKeys.Get(strings.ToUpper(idOrKey))
	if !ok {
		return nil
	}
	return s.Projects.Get(id)
}

// Issue returns an issue by its id, nil where there is none.
func (s *State) Issue(id IssueID) *Issue { return s.IssueAt(id.Number()) }

// FindIssue returns an issue by id, by key, or by a key that it had before; nil where there is none.
func (s *State) FindIssue(idOrKey string) *Issue {
	if n := number(idOrKey); n != 0 {
		return s.IssueAt(n)
	}
	if n := s.byKey(idOrKey); n != 0 {
		return s.IssueAt(n)
	}
	return nil
}

// byKey returns the number of the issue to which a key leads, 0 for none.
func (s *State) byKey(key string) uint32 {
	key = strings.ToUpper(key)
	project, text, ok := strings.Cut(key, "-")
	if !ok {
		return 0
	}
	if p := s.FindProject(project); p != nil {
		if n := s.inProject(p.ID, number(text)); n != 0 {
			return n
		}
		key = p.Key + "-" + text
	}
	if m := s.moved.Get(key); m != nil {
		return m.Issue.Number()
	}
	return 0
}

func (s *State) inProject(p ProjectID, numberInProject uint32) uint32 {
	a, _ := s.keys.Get(p)
	return a.At(numberInProject)
}

// InOrderOfKeys lists a set of issues by project key, then by number in the project.
func (s *State) InOrderOfKeys(set index.Set) []index.Set {
	var out []index.Set
	for _, p := range s.projectsByKey() {
		out = append(out, s.index.Equal("project", string(p.ID)).And(set))
	}
	return out
}

func (s *State) projectsByKey() []*Project {
	list := s.Projects.List()
	slices.SortFunc(list, func(a, b *Project) int { return cmp.Compare(a.Key, b.Key) })
	return list
}

// Type returns an issue type by its id, nil where there is none.
func (s *State) Type(id TypeID) *IssueType { return s.Types.Get(id) }

// Status returns a status by its id.
func (s *State) Status(id StatusID) *Status { return s.Statuses.Get(id) }

// Category returns a project category by its id.
func (s *State) Category(id string) *Category { return s.Categories.Get(id) }

// Field returns a custom field by its id.
func (s *State) Field(id FieldID) *Field { return s.Fields.Get(id) }

// AllOptions are the field's options in all contexts.
func (f *Field) AllOptions() []FieldOption {
	all := slices.Clip(f.Options)
	for _, c := range f.Contexts {
		all = append(all, c.Options...)
	}
	return all
}

// Option returns the field's option with that id, or one with an empty value.
func (f *Field) Option(id string) FieldOption {
	for _, o := range f.AllOptions() {
		if o.ID == id {
			return o
		}
	}
	return FieldOption{}
}

// ContextOf returns the context in which issues of the type in the project have the field, the one that names more first;
// ok is false where they do not have it. A field without contexts is everywhere, unless the last one was deleted.
func (f *Field) ContextOf(p ProjectID, t TypeID) (c Context, ok bool) {
	if len(f.Contexts) == 0 {
		return Context{}, !f.Nowhere
	}
	best := -1
	for _, each := range f.Contexts {
		if len(each.Projects) > 0 && !slices.Contains(each.Projects, p) || len(each.Types) > 0 && !slices.Contains(each.Types, t) {
			continue
		}
		if rank := 2*min(1, len(each.Projects)) + min(1, len(each.Types)); rank > best {
			best, c = rank, each
		}
	}
	return c, best >= 0
}

// OptionsOf are the options from which issues of the type in the project choose, disabled ones too.
func (f *Field) OptionsOf(p ProjectID, t TypeID) []FieldOption {
	c, ok := f.ContextOf(p, t)
	if !ok {
		return nil
	}
	if len(c.Options) > 0 {
		return c.Options
	}
	return f.Options
}

// ScreenFor returns the fields that the operation shows for issues of the type in the project, in order; nil where no screen
// is in use, which means all fields.
func (s *State) ScreenFor(p ProjectID, t TypeID, op Operation) []ScreenField {
	best, screen := -1, ScreenID("")
	fits := func(want, have string) bool { return want == "" || want == have }
	for u := range s.ScreenUses.All() {
		if !fits(string(u.Project), string(p)) || !fits(string(u.Type), string(t)) || !fits(string(u.Operation), string(op)) {
			continue
		}
		rank := 4*min(1, len(u.Project)) + 2*min(1, len(u.Type)) + min(1, len(u.Operation))
		if rank > best {
			best, screen = rank, u.Screen
		}
	}
	if best < 0 || s.Screens.Get(screen) == nil {
		return nil
	}
	out := []ScreenField{}
	for _, tab := range s.Screens.Get(screen).Tabs {
		out = append(out, tab.Fields...)
	}
	return out
}

// WorkflowOf returns the workflow of issues of the type in the project, nil where there is none.
func (s *State) WorkflowOf(p *Project, t TypeID) *Workflow {
	if w := s.Workflows.Get(p.Workflows[t]); w != nil {
		return w
	}
	return s.Workflows.Get(p.Workflow)
}

// TransitionsOf returns what somebody can do with the issue's status, in the order of the workflow.
func (s *State) TransitionsOf(i *Issue, who AccountID) []Transition {
	p := s.Project(i.Project)
	w := s.WorkflowOf(p, i.Type)
	if w == nil || !s.CanDo(who, TransitionIssues, i) {
		return nil
	}
	var out []Transition
	for _, t := range w.Transitions {
		if len(t.From) > 0 && !slices.Contains(t.From, i.Status) {
			continue
		}
		if t.Permission == "" || s.CanDo(who, t.Permission, i) {
			out = append(out, t)
		}
	}
	return out
}

// VersionsOf lists the versions of a project in their order.
func (s *State) VersionsOf(p ProjectID) []*Version {
	var out []*Version
	for v := range s.Versions.All() {
		if v.Project == p {
			out = append(out, v)
		}
	}
	slices.SortStableFunc(out, func(a, b *Version) int { return cmp.Compare(a.Order, b.Order) })
	return out
}

// ComponentsOf lists the components of a project.
func (s *State) ComponentsOf(p ProjectID) []*Component {
	var out []*Component
	for c := range s.Components.All() {
		if c.Project == p {
			out = append(out, c)
		}
	}
	return out
}

// App returns the app while it is installed, nil otherwise.
func (s *State) App(key AppKey) *App {
	if a := s.Apps.Get(key); a != nil && a.State != AppUninstalled {
		return a
	}
	return nil
}

// InstalledApps lists the installed apps by key.
func (s *State) InstalledApps() []*App {
	return slices.DeleteFunc(s.Apps.List(), func(a *App) bool { return a.State == AppUninstalled })
}

// Reports are the accounts of which apps said that they store something about them.
func (s *State) Reports() map[AppKey]map[AccountID]Report {
	out := map[AppKey]map[AccountID]Report{}
	for r := range s.reports.All() {
		if out[r.App] == nil {
			out[r.App] = map[AccountID]Report{}
		}
		out[r.App][r.Account] = r.Report
	}
	return out
}

// CompareIDs orders decimal ids by number, before others, which are ordered as text.
func CompareIDs[T ~string](a, b T) int {
	x, y := decimal(string(a)), decimal(string(b))
	switch {
	case x && y:
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	case x != y:
		return boolCompare(y, x)
	}
	return cmp.Compare(a, b)
}

func decimal(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != "" && (s[0] != '0' || len(s) == 1)
}

// boolCompare puts false before true.
func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// CompareKeys orders issue keys by project key, then by number.
func CompareKeys(a, b string) int {
	pa, na, _ := strings.Cut(a, "-")
	pb, nb, _ := strings.Cut(b, "-")
	return cmp.Or(cmp.Compare(pa, pb), CompareIDs(na, nb))
}

// text is a whole number as text.
func text[N ~int64 | ~uint32](n N) string { return strconv.FormatInt(int64(n), 10) }
