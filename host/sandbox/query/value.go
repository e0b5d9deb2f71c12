package query

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/jql/analysis"
	"github.com/pergola-platform/pergola/host/sandbox/jql/plan"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// placesOf is how far apart the places of the projects' things lie: more than a project has issues, or versions.
const placesOf = 1 << 32

// Values are what a literal means for a field, by its id or by its name.
func (s *schema) Values(f analysis.Field, l analysis.Literal) []analysis.Value {
	switch f.Kind {
	case analysis.Labels, analysis.Keyword:
		return []analysis.Value{{Key: l.Text}}
	case analysis.Issue, analysis.Parent:
		return s.issues(l.Text)
	case analysis.Project:
		return s.projects(l.Text)
	case analysis.Link:
		return s.linkTypes(l.Text)
	case analysis.User:
		if u := s.st.User(world.AccountID(l.Text)); u != nil {
			return []analysis.Value{{Key: l.Text}}
		}
	case analysis.Version:
		return s.versions(func(v *world.Version) bool { return strings.EqualFold(v.Name, l.Text) || string(v.ID) == l.Text })
	}
	var byID, byName []analysis.Value
	for v := range s.choices(f) {
		if strings.EqualFold(v.name, l.Text) {
			byName = append(byName, v.Value)
		} else if v.Key == l.Text {
			byID = append(byID, v.Value)
		}
	}
	if byName != nil {
		return byName
	}
	return byID
}

// choice is a value with its name.
type choice struct {
	analysis.Value
	name string
}

// choices are what a field can have, in order, where that is a list of the site.
func (s *schema) choices(f analysis.Field) iter.Seq[choice] {
	return func(yield func(choice) bool) {
		more, place := true, 0.0
		add := func(key, name string) {
			place++
			more = more && yield(choice{analysis.Value{Key: key, Place: place}, name})
		}
		switch f.Kind {
		case analysis.Category:
			for c := range s.st.Categories.All() {
				add(c.ID, c.Name)
			}
		case analysis.IssueType:
			for t := range s.st.Types.All() {
				add(string(t.ID), t.Name)
			}
		case analysis.Status:
			for t := range s.st.Statuses.All() {
				add(string(t.ID), t.Name)
			}
		case analysis.StatusCategory:
			for _, key := range []string{"new", "indeterminate", "done"} {
				add(key, shape.StatusCategories[key]["name"].(string))
			}
		case analysis.Priority:
			list := s.st.Priorities.List() // the most urgent one has the lowest number and the highest place
			slices.SortStableFunc(list, func(a, b *world.Priority) int { return cmp.Compare(b.Order, a.Order) })
			for _, p := range list {
				add(string(p.ID), p.Name)
			}
		case analysis.Resolution:
			for r := range s.st.Resolutions.All() {
				add(string(r.ID), r.Name)
			}
		case analysis.User:
			for u := range s.st.Users.All() {
				add(string(u.Account), u.Name)
			}
		case analysis.Group:
			for g := range s.st.Groups.All() {
				add(string(g.Name), string(g.Name))
			}
		case analysis.Option:
			if custom := s.field(f.ID).Custom; custom != nil {
				for _, o := range custom.AllOptions() {
					add(o.ID, o.Value)
				}
			}
		case analysis.Component:
			for c := range s.st.Components.All() {
				if s.browses(s.st.Project(c.Project)) {
					add(string(c.ID), c.Name)
				}
			}
		case analysis.SecurityLevel:
			for scheme := range s.st.SecuritySchemes.All() {
				for _, l := range scheme.Levels {
					add(string(l.ID), l.Name)
				}
			}
		case analysis.Project:
			for _, p := range s.projectsByKey() {
				add(string(p.ID), p.Name)
			}
		}
	}
}

func (s *schema) browses(p *world.Project) bool {
	return p != nil && (s.all || s.st.CanIn(s.who, world.BrowseProjects, p))
}

func (s *schema) sees(i *world.Issue) bool { return i != nil && (s.all || s.st.Sees(s.who, i)) }

// projectsByKey are the projects in the order of their issues' keys.
func (s *schema) projectsByKey() []*world.Project {
	return slices.SortedFunc(s.st.Projects.All(), func(a, b *world.Project) int { return cmp.Compare(a.Key, b.Key) })
}

// first is where the places of a project's things begin.
func (s *schema) first(id world.ProjectID) float64 {
	at := slices.IndexFunc(s.projectsByKey(), func(p *world.Project) bool { return p.ID == id })
	return float64(at+1) * placesOf
}

func (s *schema) issues(text string) []analysis.Value {
	i := s.st.FindIssue(text)
	if !s.sees(i) {
		return nil
	}
	first := s.first(i.Project)
	return []analysis.Value{{Key: string(i.ID), Place: first + float64(i.Number), First: first, Last: first + placesOf - 1}}
}

func (s *schema) projects(text string) []analysis.Value {
	var out []analysis.Value
	if p := s.st.FindProject(text); s.browses(p) {
		return []analysis.Value{{Key: string(p.ID)}}
	}
	for p := range s.st.Projects.All() {
		if strings.EqualFold(p.Name, text) && s.browses(p) {
			out = append(out, analysis.Value{Key: string(p.ID)})
		}
	}
	return out
}

// linkTypes are types of links by name, or by what they say in one direction.
func (s *schema) linkTypes(text string) []analysis.Value {
	var out []analysis.Value
	for t := range s.st.LinkTypes.All() {
		both := strings.EqualFold(t.Name, text) || string(t.ID) == text
		if both || strings.EqualFold(t.Outward, text) {
			out = append(out, analysis.Value{Key: string(t.ID) + ":out"})
		}
		if both || strings.EqualFold(t.Inward, text) {
			out = append(out, analysis.Value{Key: string(t.ID) + ":in"})
		}
	}
	return out
}

// Matching are the versions whose names fit.
func (s *schema) Matching(_ analysis.Field, fits func(string) bool) []analysis.Value {
	return s.versions(func(v *world.Version) bool { return fits(v.Name) })
}

// versions are those of all projects, compared with others of their project.
func (s *schema) versions(wanted func(*world.Version) bool) []analysis.Value {
	var out []analysis.Value
	for n, p := range s.projectsByKey() {
		if !s.browses(p) {
			continue
		}
		first := float64(n+1) * placesOf
		for at, v := range s.st.VersionsOf(p.ID) {
			if wanted(v) {
				out = append(out, analysis.Value{Key: string(v.ID), Place: first + float64(at), First: first, Last: first + placesOf - 1})
			}
		}
	}
	return out
}

// places are the places of a field's values in its order; nil for a field without.
func (s *schema) places(f Field) map[string]float64 {
	out := map[string]float64{}
	switch f.Kind {
	case analysis.Priority, analysis.Resolution:
		for c := range s.choices(f.Field) {
			out[c.Key] = c.Place
		}
	case analysis.Version:
		all := &schema{st: s.st, all: true}
		for _, v := range all.versions(func(*world.Version) bool { return true }) {
			out[v.Key] = v.Place
		}
	default:
		return nil
	}
	return out
}

// names are the names of a field's values by their ids, where the site has a list of them.
func (s *schema) names(id plan.FieldID) map[string]string {
	all := &schema{st: s.st, all: true, fields: s.fields}
	out := map[string]string{}
	for c := range all.choices(s.field(id).Field) {
		out[c.Key] = c.name
	}
	return out
}
