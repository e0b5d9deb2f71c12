package company

import (
	"github.com/pergola-platform/pergola/host/sandbox/seed"
	"github.com/pergola-platform/pergola/host/sandbox/seed/office"
)

// moreLocations are options of the field Location beside those of the office.
var moreLocations = []seed.Option{
	{Value: "Lisbon office"}, {Value: "Warsaw plant"}, {Value: "Toronto office"}, {Value: "Singapore office"}, {Value: "Nairobi office"},
}

// plant is where the sites of further units count to.
const plant = "Warsaw plant"

var locations = append(office.Locations(), moreLocations...)

func globalGrants() seed.Grants {
	return seed.Grants{
		"ADMINISTER":  {"group:" + office.Admins},
		"USER_PICKER": {"group:" + office.Admins, "group:" + office.Staff, "group:" + office.Apps},
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
		Groups: append(office.Groups(), []seed.Group{
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
			companyScheme(office.OpenToGuests, "Staff work, guests look", "guests"), companyScheme(office.StaffOnly, "Staff work, nobody else looks"),
			serviceScheme(),
		},
		Categories: append(office.Categories(), seed.Category{ID: "10002", Name: "Service", Description: "What people ask for"}),
		Types:      append(office.Types(), moreTypes...),
		Statuses:   append(office.Statuses(), moreStatuses...),
		Workflows:  workflows, Priorities: priorities, Resolutions: resolutions, LinkTypes: linkTypes,
		Fields: append(office.Fields(moreLocations...), moreFields...), Screens: screens, Projects: projects(st), Filters: filters,
	}
}

func pickEvery(from []string, low, high int) []string {
	return from[min(low, len(from)):min(high, len(from))]
}

var filters = []seed.Filter{
	{ID: "10000", Name: "Devices in stock", JQL: `project = OPS AND status = "In stock" ORDER BY created DESC`, Owner: "mia", Shared: []string{"group:jira-users"}},
	{ID: "10001", Name: "Warranty ends this quarter", JQL: `"Warranty until" >= startOfMonth() AND "Warranty until" <= endOfMonth("+2M")`, Owner: "kofi", Shared: []string{"group:jira-users"}},
	{ID: "10002", Name: "Loaners", Description: "What can be lent today", JQL: `labels = loaner`, Owner: "jonas", Favourites: []string{"jonas", "ines"}},
	{ID: "10003", Name: "Open incidents", JQL: `project = IT AND type = Incident AND statusCategory != Done`, Owner: "ines", Shared: []string{"group:it-agents"}},
	{ID: "10004", Name: "Contracts to renew", JQL: `type = Contract AND status = Active ORDER BY "Renewal date"`, Owner: "kofi", Shared: []string{"group:procurement"}, Editors: []string{"user:mia"}},
	{ID: "10005", Name: "My devices", JQL: `project = OPS AND assignee = currentUser()`, Owner: "mia", Shared: []string{"logged in"}, Favourites: []string{"mia", "jonas", "kofi", "ines"}},
	{ID: "10006", Name: "Stolen or lost", JQL: `level = "Security incidents"`, Owner: "ines", Shared: []string{"project:IT/Service Desk Team"}},
	{ID: "10007", Name: "Next patch day", JQL: `fixVersion = "Winter patch day 2026" ORDER BY priority DESC`, Owner: "ines", Shared: []string{"project:IT"}, Favourites: []string{"ines"}},
	{ID: "10008", Name: "Not seen this year", JQL: `project = OPS AND statusCategory != Done AND ("Seen in round" is EMPTY OR "Seen in round" != "Inventory 2026")`, Owner: "kofi", Shared: []string{"project:OPS/Administrators"}, Editors: []string{"project:OPS/Administrators"}},
	{ID: "10009", Name: "What people want most", JQL: `votes > 2 ORDER BY votes DESC`, Owner: "mia", Shared: []string{"anyone"}},
	{ID: "10010", Name: "Orders without invoice", JQL: `project = PUR AND status = Delivered AND attachments is EMPTY`, Owner: "kofi", Shared: []string{"group:procurement"}, Favourites: []string{"kofi", "mia"}},
	{ID: "10011", Name: "Rooms with a plan", JQL: `type = Room AND attachments is not EMPTY`, Owner: "jonas"},
}
