package seeding

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// What a seed gets that says nothing of it.
const (
	defaultTitle  = "Pergola Sandbox"
	defaultAdmins = "site-admins"
	defaultZone   = "Europe/Berlin"
)

// siteWriter writes everything but the issues, in the order in which things name one another.
type siteWriter struct {
	*names
	tx     *world.Tx
	site   *seed.Site
	any    *world.Workflow      // of projects that name none
	free   world.SchemeID       // of projects that name none
	shot   map[string]*seedShot // screens by name
	queues int                  // how many there are so far
}

// seedShot is a screen with its fields as the site has them.
type seedShot struct {
	fields []world.ScreenField
	step   bool // a transition asks for it
}

func (w *siteWriter) write() error {
	for _, step := range []func() error{
		w.global, w.people, w.classes, w.classesOfSite, w.rolesAndSchemes, w.projectKeys, w.customFields, w.screens, w.workflowsOfSite, w.screenUses,
		w.organizations, w.allProjects, w.filters,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// global writes what there is once. What nobody is named for, the administrators may do.
func (w *siteWriter) global() error {
	groups := map[string][]string{}
	for permission, holders := range w.site.Permissions {
		for _, h := range holders {
			g, ok := strings.CutPrefix(h, "group:")
			if !ok {
				return fmt.Errorf("$.globalPermissions.%s: %q cannot have a global permission; write group:NAME", permission, h)
			}
			groups[permission] = append(groups[permission], g)
		}
	}
	if len(groups[world.Administer]) == 0 {
		groups[world.Administer] = []string{defaultAdmins}
	}
	for _, p := range world.GlobalPermissions {
		if len(groups[p]) == 0 {
			groups[p] = groups[world.Administer]
			if p == world.BrowseUsers {
				groups[p] = append(slices.Clip(groups[p]), world.AppGroup)
			}
		}
	}
	title := w.site.Title
	if title == "" {
		title = defaultTitle
	}
	site, err := world.NewSite(title, groups)
	if err != nil {
		return err
	}
	return w.tx.Put(site)
}

func (w *siteWriter) people() error {
	for _, g := range w.site.Groups {
		if err := w.tx.Put(&world.Group{Name: world.GroupName(g.Name), ID: world.NewUUID()}); err != nil {
			return err
		}
	}
	for _, u := range w.site.Users {
		account := world.AccountID(u.Account)
		user := &world.User{
			Account: account, Login: u.Login, Name: u.Name, Email: u.Mail, ShowsEmail: u.ShowsMail, App: u.Kind == seed.AppUser,
			Customer: u.Kind == seed.Customer, Groups: slices.Clone(u.Groups), TimeZone: u.TimeZone, Role: u.Role,
		}
		if user.TimeZone == "" {
			user.TimeZone = defaultZone
		}
		// A seed that names no administrators means those whom it calls so.
		if u.Kind == seed.Admin && len(w.site.Permissions[world.Administer]) == 0 && !slices.Contains(user.Groups, defaultAdmins) {
			user.Groups = append(user.Groups, defaultAdmins)
		}
		if u.Closed {
			user = &world.User{Account: account, Name: u.Name, Closed: true, Changed: w.tx.Now}
		}
		if err := w.tx.Put(user); err != nil {
			return err
		}
		w.users[u.Account] = account
		if u.Login != "" {
			w.users[u.Login] = account
		}
		if w.names.people[u.Name] == "" {
			w.names.people[u.Name] = account
		}
	}
	return nil
}

// classes writes what a site has without anybody's doing, where the seed has nothing of the kind.
func (w *siteWriter) classes() error {
	for _, e := range world.Defaults() {
		switch e := e.(type) {
		case *world.Priority:
			if len(w.site.Priorities) > 0 {
				continue
			}
			w.priorities[e.Name] = e.ID
			if e.Default {
				w.usual = e.ID
			}
		case *world.Resolution:
			if len(w.site.Resolutions) > 0 {
				continue
			}
			w.resolutions[e.Name] = e.ID
		case *world.LinkType:
			if len(w.site.LinkTypes) > 0 {
				continue
			}
			w.linkTypes[e.Name] = e.ID
		case *world.Role:
			w.roles[e.Name] = e.ID
		}
		if err := w.tx.Put(e); err != nil {
			return err
		}
	}
	return nil
}

func (w *siteWriter) classesOfSite() error {
	var things []world.Entity
	ids := numbered(w.site.Categories, "", 10000, func(c *seed.Category) string { return c.ID })
	for n, c := range w.site.Categories {
		w.categories[c.Name] = ids[n]
		things = append(things, &world.Category{ID: ids[n], Name: c.Name, Description: c.Description})
	}
	ids = numbered(w.site.Types, "", 10001, func(t *seed.IssueType) string { return t.ID })
	for n, t := range w.site.Types {
		w.types[t.Name] = world.TypeID(ids[n])
		things = append(things, &world.IssueType{ID: world.TypeID(ids[n]), Name: t.Name, Description: t.Description, Level: t.Level, Glyph: glyph(t)})
	}
	ids = numbered(w.site.Statuses, "", 10000, func(s *seed.Status) string { return s.ID })
	for n, s := range w.site.Statuses {
		w.statuses[s.Name] = world.StatusID(ids[n])
		things = append(things, &world.Status{ID: world.StatusID(ids[n]), Name: s.Name, Description: s.Description, Category: s.Category})
	}
	ids = numbered(w.site.Priorities, "", 1, func(p *seed.Priority) string { return p.ID })
	for n, p := range w.site.Priorities {
		id, middle := world.PriorityID(ids[n]), n == len(ids)/2
		w.priorities[p.Name] = id
		if middle {
			w.usual = id
		}
		things = append(things, &world.Priority{ID: id, Name: p.Name, Description: p.Description, Color: p.Color, Order: n + 1, Default: middle})
	}
	ids = numbered(w.site.Resolutions, "", 10000, func(r *seed.Resolution) string { return r.ID })
	for n, r := range w.site.Resolutions {
		w.resolutions[r.Name] = world.ResolutionID(ids[n])
		things = append(things, &world.Resolution{ID: world.ResolutionID(ids[n]), Name: r.Name, Description: r.Description, Default: n == 0})
	}
	ids = numbered(w.site.LinkTypes, "", 10000, func(t *seed.LinkType) string { return t.ID })
	for n, t := range w.site.LinkTypes {
		w.linkTypes[t.Name] = world.LinkTypeID(ids[n])
		things = append(things, &world.LinkType{ID: world.LinkTypeID(ids[n]), Name: t.Name, Inward: t.Inward, Outward: t.Outward})
	}
	return w.put(things)
}

// glyphs are the drawings that the pages have; other types get the box.
var glyphs = []string{"box", "laptop", "licence", "monitor", "person", "room", "server"}

func glyph(t seed.IssueType) string {
	if slices.Contains(glyphs, t.Glyph) {
		return t.Glyph
	}
	return glyphs[0]
}

func (w *siteWriter) put(things []world.Entity) error {
	for _, e := range things {
		if err := w.tx.Put(e); err != nil {
			return err
		}
	}
	return nil
}

// rolesAndSchemes writes the roles that anything names, and the permission schemes. Apps may do everything in a scheme that
// does not name them, as on a real site.
func (w *siteWriter) rolesAndSchemes() error {
	named := map[string]bool{}
	note := func(holders []string) {
		for _, h := range holders {
			if r, ok := strings.CutPrefix(h, "role:"); ok {
				named[r] = true
			}
		}
	}
	for _, s := range w.site.Schemes {
		for _, holders := range s.Grants {
			note(holders)
		}
	}
	for _, p := range w.site.Projects {
		for role, holders := range p.Roles {
			named[role] = true
			note(holders)
		}
		for _, l := range p.SecurityLevels {
			note(l.Holders)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if w.roles[name] == "" {
			r := &world.Role{Name: name}
			if err := w.tx.Put(r); err != nil {
				return err
			}
			w.roles[name] = r.ID
		}
	}
	for _, s := range w.site.Schemes {
		scheme := &world.PermissionScheme{Name: s.Name, Description: s.Description}
		apps := false
		for _, permission := range slices.Sorted(maps.Keys(s.Grants)) {
			for _, text := range s.Grants[permission] {
				h, err := w.holder(text)
				if err != nil {
					return fmt.Errorf("permission scheme %s, %s: %w", s.Name, permission, err)
				}
				apps = apps || h.Value == world.AppGroup
				scheme.Grants = append(scheme.Grants, world.Grant{ID: w.tx.NewGrantID(), Permission: permission, Holder: h})
			}
		}
		if !apps {
			w.grantAll(scheme, world.Holder{Kind: world.ByGroup, Value: world.AppGroup})
		}
		if err := w.tx.Put(scheme); err != nil {
			return err
		}
		w.schemes[s.Name] = scheme.ID
	}
	if !slices.ContainsFunc(w.site.Projects, func(p seed.Project) bool { return p.Permissions == "" }) {
		return nil
	}
	scheme := &world.PermissionScheme{Name: "Everybody works", Description: "Of projects whose seed names no scheme"}
	w.grantAll(scheme, world.Holder{Kind: world.ByMembership})
	if err := w.tx.Put(scheme); err != nil {
		return err
	}
	w.free = scheme.ID
	return nil
}

func (w *siteWriter) grantAll(s *world.PermissionScheme, to world.Holder) {
	for _, p := range world.ProjectPermissions {
		s.Grants = append(s.Grants, world.Grant{ID: w.tx.NewGrantID(), Permission: p, Holder: to})
	}
}

func (w *siteWriter) organizations() error {
	for _, o := range w.site.Organizations {
		org := &world.Organization{UUID: world.NewUUID(), Name: o.Name, Members: w.accounts(o.Members)}
		if err := w.tx.Put(org); err != nil {
			return err
		}
		w.orgs[o.Name] = org.ID
	}
	return nil
}

func (w *siteWriter) filters() error {
	ids := numbered(w.site.Filters, "", 10000, func(f *seed.Filter) string { return f.ID })
	for n, f := range w.site.Filters {
		filter := &world.Filter{ID: world.FilterID(ids[n]), Name: f.Name, Description: f.Description, Owner: w.users[f.Owner], JQL: f.JQL}
		for _, text := range f.Shared {
			h, err := w.holder(text)
			if err != nil {
				return fmt.Errorf("filter %s: %w", f.Name, err)
			}
			share := world.Share{ID: w.tx.NewGrantID(), Kind: string(h.Kind), Value: h.Value}
			switch h.Kind {
			case world.ByGroup, world.ByUser:
			case world.ByMembership:
				share.Kind = "authenticated"
			case world.ByAnyone:
				share.Kind = "global"
			default:
				return fmt.Errorf("filter %s is shared with %q; write group:NAME, user:LOGIN, logged in or anyone", f.Name, text)
			}
			filter.Shares = append(filter.Shares, share)
		}
		if err := w.tx.Put(filter); err != nil {
			return err
		}
	}
	return nil
}
