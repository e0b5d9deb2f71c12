package seed

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// siteCheck fills an index and collects what is wrong on the way.
type siteCheck struct {
	*Index
	problems Problems
}

// report takes a path such as users[3].groups[0].
func (c *siteCheck) report(path, wrong, write string) {
	section, rel := path, ""
	if cut := strings.IndexAny(path, ".["); cut >= 0 {
		section, rel = path[:cut], path[cut:]
	}
	if o := c.site.origins[section]; o != nil {
		c.problems = append(c.problems, o.problem(rel, wrong, write))
		return
	}
	c.problems = append(c.problems, Problem{Path: "$." + path, Wrong: wrong, Write: write})
}

func place(section string, i int) string { return section + "[" + strconv.Itoa(i) + "]" }

// register adds an element under its name.
func register[T any](c *siteCheck, t *table[T], path, what, name string, v *T) {
	switch {
	case name == "" || strings.TrimSpace(name) != name || strings.ContainsAny(name, "\r\n"):
		c.report(path, fmt.Sprintf("%q is not the name of a %s", name, what), "write one line without spaces at its ends")
	case !t.add(name, v):
		c.report(path, fmt.Sprintf("there is another %s %q", what, name), "give each its own name")
	}
}

// known reports a name that is not in the table.
func known[T any](c *siteCheck, t *table[T], path, what, name string) *T {
	v := t.by[name]
	if v == nil {
		c.report(path, fmt.Sprintf("there is no %s %q", what, name), suggest(name, t.names))
	}
	return v
}

func eachKnown[T any](c *siteCheck, t *table[T], path, what string, names []string) {
	for i, n := range names {
		known(c, t, place(path, i), what, n)
	}
}

func (c *siteCheck) oneOf(path, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		c.report(path, fmt.Sprintf("%q does not exist", value), suggest(value, allowed))
	}
}

func (c *siteCheck) user(path, ref string) {
	if c.accounts.by[ref] == nil {
		c.report(path, fmt.Sprintf("there is no user %q", ref), suggest(ref, c.logins))
	}
}

func (c *siteCheck) eachUser(path string, refs []string) {
	for i, r := range refs {
		c.user(place(path, i), r)
	}
}

// holder checks who has a permission; see [Grants]. In a role there are only groups and users.
func (c *siteCheck) holder(path, holder string, inRole bool) {
	kind, name, _ := strings.Cut(holder, ":")
	switch {
	case kind == "group":
		known(c, &c.groups, path, "group", name)
	case kind == "user":
		c.user(path, name)
	case inRole:
		c.report(path, fmt.Sprintf("%q cannot be in a role", holder), `write "group:NAME" or "user:LOGIN"`)
	case kind == "role":
		known(c, &c.roles, path, "role", name)
	case !slices.Contains([]string{"lead", "reporter", "assignee", "anyone", "logged in"}, holder):
		c.report(path, fmt.Sprintf("%q is not a holder", holder), `write "group:NAME", "user:LOGIN", "role:NAME", "lead", "reporter", "assignee", "anyone" or "logged in"`)
	}
}

func (c *siteCheck) holders(path string, holders []string) {
	for i, h := range holders {
		c.holder(place(path, i), h, false)
	}
}

func (c *siteCheck) grants(path string, g Grants) {
	for _, permission := range sorted(g) {
		c.holders(path+member(permission), g[permission])
	}
}

func (c *siteCheck) people() {
	for i := range c.site.Groups {
		g := &c.site.Groups[i]
		register(c, &c.groups, place("groups", i)+".name", "group", g.Name, g)
	}
	for i := range c.site.Users {
		u, at := &c.site.Users[i], place("users", i)
		register(c, &c.accounts, at+".account", "user", u.Account, u)
		if u.Login != "" && u.Login != u.Account {
			register(c, &c.accounts, at+".login", "user", u.Login, u)
			c.logins = append(c.logins, u.Login)
		}
		if u.Kind != "" {
			c.oneOf(at+".kind", string(u.Kind), string(Admin), string(ProjectAdmin), string(Agent), string(Member), string(Customer), string(AppUser))
		}
		eachKnown(c, &c.groups, at+".groups", "group", u.Groups)
	}
	for i := range c.site.Organizations {
		o, at := &c.site.Organizations[i], place("organizations", i)
		register(c, &c.organizations, at+".name", "organization", o.Name, o)
		c.eachUser(at+".members", o.Members)
	}
}

func (c *siteCheck) classes() {
	s := c.site
	for i := range s.Schemes {
		register(c, &c.schemes, place("permissionSchemes", i)+".name", "permission scheme", s.Schemes[i].Name, &s.Schemes[i])
	}
	for i := range s.Categories {
		register(c, &c.categories, place("categories", i)+".name", "category", s.Categories[i].Name, &s.Categories[i])
	}
	for i := range s.Types {
		register(c, &c.types, place("issueTypes", i)+".name", "issue type", s.Types[i].Name, &s.Types[i])
		if l := s.Types[i].Level; l < -1 || l > 10 {
			c.report(place("issueTypes", i)+".level", fmt.Sprintf("is %d", l), "write -1 for a sub-task, 0, or 1 to 10 for what stands above")
		}
	}
	for i := range s.Statuses {
		register(c, &c.statuses, place("statuses", i)+".name", "status", s.Statuses[i].Name, &s.Statuses[i])
		c.oneOf(place("statuses", i)+".category", s.Statuses[i].Category, "new", "indeterminate", "done")
	}
	for i := range s.Priorities {
		register(c, &c.priorities, place("priorities", i)+".name", "priority", s.Priorities[i].Name, &s.Priorities[i])
	}
	for i := range s.Resolutions {
		register(c, &c.resolutions, place("resolutions", i)+".name", "resolution", s.Resolutions[i].Name, &s.Resolutions[i])
	}
	c.links()
}

// links makes the phrases: a phrase must say which type is meant.
func (c *siteCheck) links() {
	for i := range c.site.LinkTypes {
		l, at := &c.site.LinkTypes[i], place("linkTypes", i)
		register(c, &c.linkTypes, at+".name", "link type", l.Name, l)
		register(c, &c.phrases, at+".outward", "link phrase", l.Outward, &phrase{linkType: l})
		if l.Inward != l.Outward {
			register(c, &c.phrases, at+".inward", "link phrase", l.Inward, &phrase{linkType: l, inward: true})
		}
	}
	for i := range c.site.LinkTypes {
		l := &c.site.LinkTypes[i]
		c.phrases.add(l.Name, &phrase{linkType: l}) // where it is a phrase already, that one counts
	}
}

func (c *siteCheck) fieldsAndScreens() {
	for i := range c.site.Fields {
		f, at := &c.site.Fields[i], place("fields", i)
		x := indexField(f)
		register(c, &c.fields, at+".name", "field", f.Name, x)
		if f.ID != "" {
			if n, ok := strings.CutPrefix(f.ID, "customfield_"); !ok || n == "" || strings.Trim(n, "0123456789") != "" {
				c.report(at+".id", fmt.Sprintf("%q is not the id of a custom field", f.ID), `write "customfield_10001" with a number of your own, or leave it out`)
			} else {
				register(c, &c.fields, at+".id", "field", f.ID, x)
			}
		}
		kinds := make([]string, 0, len(Kinds()))
		for _, k := range Kinds() {
			kinds = append(kinds, string(k))
		}
		c.oneOf(at+".kind", string(f.Kind), kinds...)
		for n, context := range f.Contexts {
			c.options(place(at+".contexts", n)+".options", f.Kind, context.Options, 0)
		}
	}
	for i := range c.site.Screens {
		s := &c.site.Screens[i]
		register(c, &c.screens, place("screens", i)+".name", "screen", s.Name, s)
	}
	for i := range c.site.Workflows {
		w, at := &c.site.Workflows[i], place("workflows", i)
		register(c, &c.workflows, at+".name", "workflow", w.Name, w)
		known(c, &c.statuses, at+".initial", "status", w.Initial)
		for n, t := range w.Transitions {
			at := place(at+".transitions", n)
			eachKnown(c, &c.statuses, at+".from", "status", t.From)
			known(c, &c.statuses, at+".to", "status", t.To)
			if t.Screen != "" {
				known(c, &c.screens, at+".screen", "screen", t.Screen)
			}
		}
	}
}

func (c *siteCheck) options(path string, kind Kind, options []Option, depth int) {
	seen := map[string]bool{}
	for i, o := range options {
		at := place(path, i)
		switch {
		case !kind.choice():
			c.report(path, fmt.Sprintf("a field of kind %q has no options", kind), "leave them out, or make it an option field")
			return
		case seen[o.Value]:
			c.report(at+".value", fmt.Sprintf("%q stands here a second time", o.Value), "leave one of the two out")
		case len(o.Options) > 0 && (kind != KindCascading || depth > 0):
			c.report(at+".options", "there can be none below this option", `make the field one of kind "cascading"; it has two levels`)
		}
		seen[o.Value] = true
		c.options(at+".options", kind, o.Options, depth+1)
	}
}
