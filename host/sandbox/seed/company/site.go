package company

import "github.com/pergola-platform/pergola/host/sandbox/seed"

// locations are the options of the field Location; the first five are the small site's.
var locations = []seed.Option{
	{ID: "10010", Value: "Berlin HQ"}, {ID: "10011", Value: "Hamburg office"}, {ID: "10012", Value: "Munich office"},
	{ID: "10013", Value: "Data centre Frankfurt"}, {ID: "10014", Value: "Home office"},
	{Value: "Lisbon office"}, {Value: "Warsaw plant"}, {Value: "Toronto office"}, {Value: "Singapore office"}, {Value: "Nairobi office"},
}

// officeTypes and officeStatuses are those of the small site; tests know their ids.
var (
	officeTypes = []seed.IssueType{
		{ID: "10001", Name: "Laptop", Description: "A portable computer", Glyph: "laptop"},
		{ID: "10002", Name: "Server", Description: "A machine in a rack", Glyph: "server"},
		{ID: "10003", Name: "Monitor", Description: "A screen", Glyph: "monitor"},
		{ID: "10004", Name: "Software licence", Description: "The right to use a program", Glyph: "licence"},
		{ID: "10005", Name: "Person", Description: "Somebody who works here", Glyph: "person"},
		{ID: "10006", Name: "Room", Description: "A room", Glyph: "room"},
		{ID: "10007", Name: "Equipment", Description: "Furniture and what stands around", Glyph: "box"},
	}
	officeStatuses = []seed.Status{
		{ID: "10000", Name: "In stock", Category: "new"}, {ID: "10001", Name: "In use", Category: "indeterminate"},
		{ID: "10002", Name: "In repair", Category: "indeterminate"}, {ID: "10003", Name: "Retired", Category: "done"},
	}
	officeCategories = []seed.Category{
		{ID: "10000", Name: "IT assets", Description: "What the IT department hands out and looks after"},
		{ID: "10001", Name: "Company", Description: "People, rooms and furniture"},
	}
)

func officeFields(places []seed.Option) []seed.Field {
	return []seed.Field{
		{ID: "customfield_10001", Name: "Serial number", Kind: seed.KindText},
		{ID: "customfield_10002", Name: "Location", Kind: seed.KindOption, Contexts: []seed.FieldContext{{Options: places}}},
		{ID: "customfield_10003", Name: "Warranty until", Kind: seed.KindDate},
		{ID: "customfield_10004", Name: "Purchase price", Kind: seed.KindNumber},
		{ID: "customfield_10005", Name: "Owner", Kind: seed.KindUser},
	}
}

func officeProjects() []seed.Project {
	return []seed.Project{
		{ID: "10000", Key: "OPS", Name: "IT assets", Description: "Every device and licence, from purchase to scrap", Lead: "mia",
			Category: "IT assets", Types: []string{"Laptop", "Server", "Monitor", "Software licence"}, Permissions: "Open to guests"},
		{ID: "10001", Key: "HR", Name: "People", Description: "Who works here and since when; not for guests", Lead: "mia",
			Category: "Company", Types: []string{"Person"}, Permissions: "Staff only"},
		{ID: "10002", Key: "FAC", Name: "Facilities", Description: "Rooms and furniture", Lead: "jonas",
			Category: "Company", Types: []string{"Room", "Equipment"}, Permissions: "Open to guests"},
	}
}

func officeSite() *seed.Site {
	s := &seed.Site{
		Format: seed.Version, Title: "Pergola Sandbox",
		Groups:      officeGroups,
		Permissions: globalGrants(),
		Schemes:     []seed.PermissionScheme{grants("Open to guests", "guests"), grants("Staff only")},
		Categories:  officeCategories, Types: officeTypes, Statuses: officeStatuses,
		Fields: officeFields(locations[:5]), Projects: officeProjects(),
	}
	for _, u := range firstStaff {
		u.TimeZone = berlin
		s.Users = append(s.Users, u)
	}
	return s
}

var officeGroups = []seed.Group{
	{Name: "site-admins", Description: "Administer the site"}, {Name: "jira-users", Description: "Everybody who works here"},
	{Name: "guests", Description: "Look, and change nothing"}, {Name: "atlassian-addons", Description: "The accounts of apps"},
}

func globalGrants() seed.Grants {
	return seed.Grants{
		"ADMINISTER":  {"group:site-admins"},
		"USER_PICKER": {"group:site-admins", "group:jira-users", "group:atlassian-addons"},
	}
}

// grants is a permission scheme: admins and apps may do everything, staff may work on issues, the other groups may look.
func grants(name string, lookers ...string) seed.PermissionScheme {
	g := seed.Grants{}
	for _, p := range []string{"BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "DELETE_ISSUES", "MOVE_ISSUES", "TRANSITION_ISSUES", "ASSIGN_ISSUES", "ADMINISTER_PROJECTS"} {
		g[p] = []string{"group:site-admins", "group:atlassian-addons"}
	}
	for _, p := range []string{"BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "TRANSITION_ISSUES", "ASSIGN_ISSUES", "MOVE_ISSUES"} {
		g[p] = append(g[p], "group:jira-users")
	}
	for _, l := range lookers {
		g["BROWSE_PROJECTS"] = append(g["BROWSE_PROJECTS"], "group:"+l)
	}
	return seed.PermissionScheme{Name: name, Grants: g}
}

// companyScheme is [grants] with what only the large site needs: comments, links, work, and a role that administers.
func companyScheme(name, description string, lookers ...string) seed.PermissionScheme {
	s := grants(name, lookers...)
	s.Description = description
	for _, p := range []string{"ADD_COMMENTS", "CREATE_ATTACHMENTS", "LINK_ISSUES", "WORK_ON_ISSUES", "SCHEDULE_ISSUES", "RESOLVE_ISSUES", "CLOSE_ISSUES", "VIEW_VOTERS_AND_WATCHERS"} {
		s.Grants[p] = []string{"group:site-admins", "group:atlassian-addons", "group:jira-users"}
	}
	s.Grants["ADMINISTER_PROJECTS"] = append(s.Grants["ADMINISTER_PROJECTS"], "role:Administrators")
	s.Grants["DELETE_ISSUES"] = append(s.Grants["DELETE_ISSUES"], "role:Administrators")
	s.Grants["SET_ISSUE_SECURITY"] = []string{"group:site-admins", "role:Administrators"}
	return s
}

// serviceScheme lets nobody browse who is a customer only: they have the portal.
func serviceScheme() seed.PermissionScheme {
	s := companyScheme("Service desk", "Staff work, customers see what they asked for on the portal")
	s.Grants["SERVICEDESK_AGENT"] = []string{"group:site-admins", "group:atlassian-addons", "role:Service Desk Team"}
	return s
}

func site(st *staff) *seed.Site {
	return &seed.Site{
		Format: seed.Version, Title: "Pergola Instruments",
		Groups: append(officeGroups[:len(officeGroups):len(officeGroups)], []seed.Group{
			{Name: "it-agents", Description: "Work on the service desk"}, {Name: "people-team", Description: "Look after people"},
			{Name: "facilities", Description: "Look after rooms"}, {Name: "procurement", Description: "Buy"},
			{Name: "customers", Description: "Write to the service desk from outside"},
		}...),
		Users: st.users,
		Organizations: []seed.Organization{
			{Name: "Northlight Optics", Members: pickEvery(st.customers, 0, 2)}, {Name: "Harbour Logistics", Members: pickEvery(st.customers, 2, 4)},
			{Name: "Fjordlab", Members: pickEvery(st.customers, 4, 6)},
		},
		Permissions: globalGrants(),
		Schemes: []seed.PermissionScheme{
			companyScheme("Open to guests", "Staff work, guests look", "guests"), companyScheme("Staff only", "Staff work, nobody else looks"),
			serviceScheme(),
		},
		Categories: append(officeCategories[:2:2], seed.Category{ID: "10002", Name: "Service", Description: "What people ask for"}),
		Types:      append(officeTypes[:len(officeTypes):len(officeTypes)], moreTypes...),
		Statuses:   append(officeStatuses[:len(officeStatuses):len(officeStatuses)], moreStatuses...),
		Workflows:  workflows, Priorities: priorities, Resolutions: resolutions, LinkTypes: linkTypes,
		Fields: append(officeFields(locations), moreFields...), Screens: screens, Projects: projects(st), Filters: filters,
	}
}

func pickEvery(from []string, low, high int) []string {
	return from[min(low, len(from)):min(high, len(from))]
}

var filters = []seed.Filter{
	{ID: "10000", Name: "Devices in stock", JQL: `project = OPS AND status = "In stock" ORDER BY created DESC`, Owner: "mia", Shared: []string{"group:jira-users"}},
	{ID: "10001", Name: "Warranty ends this quarter", JQL: `"Warranty until" >= startOfMonth() AND "Warranty until" <= endOfMonth("+2M")`, Owner: "kofi", Shared: []string{"group:jira-users"}},
	{ID: "10002", Name: "Loaners", JQL: `labels = loaner`, Owner: "jonas"},
	{ID: "10003", Name: "Open incidents", JQL: `project = IT AND type = Incident AND statusCategory != Done`, Owner: "ines", Shared: []string{"group:it-agents"}},
	{ID: "10004", Name: "Contracts to renew", JQL: `type = Contract AND status = Active ORDER BY "Renewal date"`, Owner: "kofi", Shared: []string{"group:procurement"}},
}
