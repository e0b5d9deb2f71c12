package seed

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var projectKey = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,9}$`)

func (c *siteCheck) allProjects() {
	for i := range c.site.Projects {
		p := &c.site.Projects[i]
		for _, role := range sorted(p.Roles) {
			c.roles.add(role, &role)
		}
	}
	for i := range c.site.Projects {
		p, at := &c.site.Projects[i], place("projects", i)
		if !projectKey.MatchString(p.Key) {
			c.report(at+".key", fmt.Sprintf("%q is not a project key", p.Key), "write 2 to 10 capital letters, digits and _, beginning with a letter")
		}
		x := &projectIndex{Project: p, types: set(p.Types), workflows: map[string]*workflowIndex{}}
		register(c, &c.projects, at+".key", "project", p.Key, x)
		c.user(at+".lead", p.Lead)
		if p.Assignee != "" {
			c.oneOf(at+".assignee", string(p.Assignee), string(ToProjectLead), string(ToNobody))
		}
		if p.URL != "" && !address(p.URL) {
			c.report(at+".url", fmt.Sprintf("%.60q is not an address", p.URL), "write one with its scheme, such as https://intranet.example")
		}
		if p.Category != "" {
			known(c, &c.categories, at+".category", "category", p.Category)
		}
		if p.Permissions != "" {
			known(c, &c.schemes, at+".permissionScheme", "permission scheme", p.Permissions)
		}
		eachKnown(c, &c.types, at+".issueTypes", "issue type", p.Types)
		if len(p.Types) == 0 {
			c.report(at+".issueTypes", "is empty", "name the issue types that can be created there")
		}
		c.workflowsOf(x, at)
		for _, role := range sorted(p.Roles) {
			for n, h := range p.Roles[role] {
				c.holder(place(at+".roles"+member(role), n), h, true)
			}
		}
		c.parts(x, at)
		if p.Service != nil {
			c.service(x, at+".service")
		}
	}
}

func (c *siteCheck) workflowsOf(x *projectIndex, at string) {
	if x.Workflow != "" {
		if w := known(c, &c.workflows, at+".workflow", "workflow", x.Workflow); w != nil {
			index := indexWorkflow(w)
			for _, t := range x.Types {
				x.workflows[t] = index
			}
		}
	}
	for _, t := range sorted(x.Workflows) {
		here := at + ".workflows" + member(t)
		if !x.types[t] {
			c.report(here, fmt.Sprintf("the project has no issue type %q", t), suggest(t, x.Types))
		}
		if w := known(c, &c.workflows, here, "workflow", x.Workflows[t]); w != nil {
			x.workflows[t] = indexWorkflow(w)
		}
	}
}

func (c *siteCheck) parts(x *projectIndex, at string) {
	var components, versions, levels []string
	for i, v := range x.Components {
		components = append(components, v.Name)
		if v.Lead != "" {
			c.user(place(at+".components", i)+".lead", v.Lead)
		}
		if v.Assignee != "" {
			c.oneOf(place(at+".components", i)+".assignee", string(v.Assignee), string(ToComponentLead), string(ToProjectLead), string(ToNobody))
		}
		if v.Assignee == ToComponentLead && v.Lead == "" {
			c.report(place(at+".components", i)+".assignee", "there is no lead", `add "lead", or write another one who gets new issues`)
		}
	}
	for _, v := range x.Versions {
		versions = append(versions, v.Name)
	}
	for i, v := range x.SecurityLevels {
		levels = append(levels, v.Name)
		c.holders(place(at+".securityLevels", i)+".holders", v.Holders)
		if v.Default && slices.ContainsFunc(x.SecurityLevels[:i], func(l SecurityLevel) bool { return l.Default }) {
			c.report(place(at+".securityLevels", i)+".default", "is the second one that is the default", "leave it out of all but one")
		}
	}
	x.components = c.unique(at+".components", components)
	x.versions = c.unique(at+".versions", versions)
	x.levels = c.unique(at+".securityLevels", levels)
}

// unique reports names that stand twice and returns them as a set.
func (c *siteCheck) unique(path string, names []string) map[string]bool {
	for i, n := range names {
		if slices.Index(names, n) < i {
			c.report(place(path, i)+".name", fmt.Sprintf("%q stands here a second time", n), "give each its own name")
		}
	}
	return set(names)
}

func (c *siteCheck) service(x *projectIndex, at string) {
	s := x.Service
	var names []string
	for i, r := range s.RequestTypes {
		at := place(at+".requestTypes", i)
		names = append(names, r.Name)
		if !x.types[r.Type] {
			c.report(at+".issueType", fmt.Sprintf("the project has no issue type %q", r.Type), suggest(r.Type, x.Types))
		}
		for n, f := range r.Fields {
			c.field(place(at+".fields", n)+".field", f.Field)
		}
	}
	x.requests = c.unique(at+".requestTypes", names)
	c.eachUser(at+".customers", s.Customers)
	eachKnown(c, &c.organizations, at+".organizations", "organization", s.Organizations)
}

// field checks the field of a screen or form.
func (c *siteCheck) field(path, name string) {
	if c.fields.by[name] == nil && !slices.Contains(systemFields, name) {
		c.report(path, fmt.Sprintf("there is no field %q", name), suggest(name, append(slices.Clone(systemFields), c.fields.names...)))
	}
}

// later checks what refers to projects and roles.
func (c *siteCheck) later() {
	s := c.site
	numbered(c, "categories", s.Categories, func(v *Category) string { return v.ID })
	numbered(c, "issueTypes", s.Types, func(v *IssueType) string { return v.ID })
	numbered(c, "statuses", s.Statuses, func(v *Status) string { return v.ID })
	numbered(c, "priorities", s.Priorities, func(v *Priority) string { return v.ID })
	numbered(c, "resolutions", s.Resolutions, func(v *Resolution) string { return v.ID })
	numbered(c, "linkTypes", s.LinkTypes, func(v *LinkType) string { return v.ID })
	numbered(c, "projects", s.Projects, func(v *Project) string { return v.ID })
	numbered(c, "filters", s.Filters, func(v *Filter) string { return v.ID })
	c.grants("globalPermissions", c.site.Permissions)
	for i, s := range c.site.Schemes {
		c.grants(place("permissionSchemes", i)+".grants", s.Grants)
	}
	for i, f := range c.site.Fields {
		for n, context := range f.Contexts {
			at := place(place("fields", i)+".contexts", n)
			eachKnown(c, &c.projects, at+".projects", "project", context.Projects)
			eachKnown(c, &c.types, at+".issueTypes", "issue type", context.Types)
		}
	}
	for i, s := range c.site.Screens {
		at := place("screens", i)
		eachKnown(c, &c.projects, at+".projects", "project", s.Projects)
		eachKnown(c, &c.types, at+".issueTypes", "issue type", s.Types)
		for n, o := range s.Operations {
			c.oneOf(place(at+".operations", n), o, "create", "edit", "view")
		}
		for n, f := range s.Fields {
			c.field(place(at+".fields", n)+".field", f.Field)
		}
	}
	for i, f := range c.site.Filters {
		at := place("filters", i)
		c.user(at+".owner", f.Owner)
		c.shares(at+".shared", f.Shared)
		c.shares(at+".editors", f.Editors)
		c.eachUser(at+".favourites", f.Favourites)
		if slices.ContainsFunc(c.site.Filters[:i], func(o Filter) bool { return o.Name == f.Name && o.Owner == f.Owner }) {
			c.report(at+".name", fmt.Sprintf("%s has another filter %q", f.Owner, f.Name), "give each its own name")
		}
	}
}

// shares checks with whom a filter is shared.
func (c *siteCheck) shares(path string, shares []string) {
	for i, share := range shares {
		at := place(path, i)
		project, role, inRole := strings.Cut(strings.TrimPrefix(share, "project:"), "/")
		switch {
		case strings.HasPrefix(share, "project:"):
			known(c, &c.projects, at, "project", project)
			if inRole {
				known(c, &c.roles, at, "role", role)
			}
		case strings.HasPrefix(share, "group:"), strings.HasPrefix(share, "user:"):
			c.holder(at, share, true)
		case share != "logged in" && share != "anyone":
			c.report(at, fmt.Sprintf("a filter cannot be shared with %q", share), `write "group:NAME", "user:LOGIN", "project:KEY", "project:KEY/ROLE", "logged in" or "anyone"`)
		}
	}
}

// numbered checks the ids of a section: numbers, each there once.
func numbered[T any](c *siteCheck, section string, elements []T, id func(*T) string) {
	seen := map[string]bool{}
	for i := range elements {
		n := id(&elements[i])
		switch at := place(section, i) + ".id"; {
		case n == "":
		case len(n) > 15 || strings.Trim(n, "0123456789") != "" || n[0] == '0':
			c.report(at, fmt.Sprintf("%.40q is not an id", n), "write a whole number in quotes, or leave it out")
		case seen[n]:
			c.report(at, fmt.Sprintf("there is another %s in this section", n), "give each its own id, or leave it out")
		}
		seen[n] = true
	}
}
