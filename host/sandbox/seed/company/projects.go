package company

import (
	"github.com/pergola-platform/pergola/host/sandbox/seed"
	"github.com/pergola-platform/pergola/host/sandbox/seed/office"
)

// projects returns the office's three projects, grown, and the others.
func projects(st *staff) []seed.Project {
	all := office.Projects()
	ops, hr, fac := &all[0], &all[1], &all[2]
	ops.Types = append(ops.Types, "Phone", "Tablet", "Network device", "Printer", "Accessory")
	ops.Workflow = "Life of an asset"
	ops.Roles = roles("user:mia", "user:kofi")
	ops.Assignee, ops.URL = seed.ToProjectLead, "https://intranet.pergola.example/assets"
	ops.Components = []seed.Component{
		{Name: "Workplace", Description: "What people sit in front of", Lead: "kofi"}, {Name: "Data centre", Description: "What stands in racks", Lead: "jonas"},
		{Name: "Network", Lead: "jonas", Assignee: seed.ToNobody}, {Name: "On loan", Description: "What is lent for a day", Assignee: seed.ToProjectLead},
	}
	ops.Versions = roundVersions()
	hr.Roles = roles("user:mia", "user:hanna")
	hr.SecurityLevels = []seed.SecurityLevel{{Name: "People team", Description: "Only those who look after people", Holders: []string{"group:people-team", "group:site-admins", "reporter"}}}
	hr.Components = []seed.Component{{Name: "Recruiting", Lead: "hanna"}, {Name: "Payroll", Assignee: seed.ToNobody}}
	fac.Types = append(fac.Types, "Location", "Maintenance", "Sub-task")
	fac.Workflows = map[string]string{"Maintenance": "Task", "Sub-task": "Task"}
	fac.Roles = roles("user:jonas", "group:facilities")
	fac.Components = []seed.Component{{Name: "Buildings", Lead: "jonas"}, {Name: "Furniture"}}
	return append(all,
		seed.Project{ID: "10003", Key: "LIC", Name: "Licences and contracts", Description: "What was agreed with whom, and who uses it", Lead: "kofi",
			Category: "IT assets", Types: []string{"Contract", "Software licence", "Vendor", "Licence seat"}, Permissions: office.StaffOnly,
			Workflow: "Life of an asset", Workflows: map[string]string{"Contract": "Contract", "Vendor": "Contract"}, Roles: roles("user:kofi", "group:procurement"),
			Components: []seed.Component{{Name: "Contracts", Lead: "kofi"}, {Name: "Licences", Lead: "kofi", Assignee: seed.ToProjectLead}}},
		seed.Project{ID: "10004", Key: "IT", Name: "IT service desk", Description: "Help with everything that has a plug", Lead: "ines",
			Category: "Service", Types: []string{"Incident", "Service request", "Change", "Problem", "Sub-task"}, Permissions: "Service desk",
			Workflow: "Service", Workflows: map[string]string{"Sub-task": "Task"}, Roles: serviceRoles(),
			Components: []seed.Component{{Name: "Hardware", Lead: "ines"}, {Name: "Accounts", Assignee: seed.ToNobody}, {Name: "Network", Lead: "jonas"}, {Name: "Software"}},
			Versions:   patchVersions(),
			SecurityLevels: []seed.SecurityLevel{{Name: "Security incidents", Description: "Until it is known what was lost",
				Holders: []string{"role:Service Desk Team", "group:site-admins", "reporter"}}},
			Properties: seed.Properties{"desk.hours": []byte(`{"from":"08:00","to":"18:00","zone":"Europe/Berlin"}`)},
			Service:    serviceDesk(st)},
		seed.Project{ID: "10005", Key: "PUR", Name: "Procurement", Description: "What shall be bought, and what has come", Lead: "mia",
			Category: "Company", Types: []string{"Purchase order"}, Permissions: office.StaffOnly, Workflow: "Order", Roles: roles("user:mia", "group:procurement"),
			Components:     []seed.Component{{Name: "Hardware", Lead: "kofi"}, {Name: "Consumables"}, {Name: "Services", Assignee: seed.ToProjectLead}},
			SecurityLevels: []seed.SecurityLevel{{Name: "Board", Description: "What is not announced yet", Holders: []string{"group:procurement", "group:site-admins", "reporter"}}}},
		seed.Project{ID: "10006", Key: "OLD", Name: "IT assets until 2019", Description: "The list that was kept before; nobody changes it any more", Lead: "mia",
			Category: "IT assets", Archived: true, Types: []string{"Laptop", "Monitor"}, Roles: roles("user:mia"), Permissions: office.StaffOnly, Workflow: "Life of an asset"},
	)
}

// patchDays are the versions of the service desk, and rounds those of the inventory: the older ones are over, the last is to come.
var (
	patchDays = []string{"Spring patch day 2025", "Autumn patch day 2025", "Spring patch day 2026", "Summer patch day 2026", "Autumn patch day 2026", "Winter patch day 2026"}
	rounds    = []string{"Inventory 2023", "Inventory 2024", "Inventory 2025", "Inventory 2026"}
)

func patchVersions() []seed.ReleaseVersion {
	days := []seed.Date{"2025-04-08", "2025-10-14", "2026-04-14", "2026-07-14", "2026-10-13", "2026-12-08"}
	out := make([]seed.ReleaseVersion, len(days))
	for n, day := range days {
		out[n] = seed.ReleaseVersion{Name: patchDays[n], Release: day, Released: n < len(days)-1, Archived: n < 2}
	}
	out[len(out)-1].Start, out[len(out)-1].Description = "2026-12-01", "Servers first, then everything with a screen"
	return out
}

func roundVersions() []seed.ReleaseVersion {
	out := make([]seed.ReleaseVersion, len(rounds))
	for n, name := range rounds {
		year := name[len(name)-4:]
		out[n] = seed.ReleaseVersion{Name: name, Start: seed.Date(year + "-09-01"), Release: seed.Date(year + "-11-30"), Released: n < len(rounds)-1, Archived: n == 0}
	}
	return out
}

func roles(admins ...string) map[string][]string {
	return map[string][]string{"Administrators": admins, "Members": {"group:jira-users"}}
}

func serviceRoles() map[string][]string {
	return map[string][]string{
		"Administrators": {"user:mia", "user:ines"}, "Service Desk Team": {"group:it-agents", "user:mia"},
		"Service Desk Customers": {"group:jira-users", "group:customers"},
	}
}

func serviceDesk(st *staff) *seed.Service {
	form := func(name, issueType, group, description string, fields ...seed.RequestField) seed.RequestType {
		return seed.RequestType{Name: name, Type: issueType, Groups: []string{group}, Description: description,
			Fields: append([]seed.RequestField{{Field: "summary", Label: "In a few words", Required: true}}, fields...)}
	}
	details := seed.RequestField{Field: "description", Label: "What happened, or what for", Required: true}
	when := seed.RequestField{Field: "Needed by", Label: "Until when"}
	where := seed.RequestField{Field: "Location", Label: "Where you are"}
	return &seed.Service{
		Portal: "Ask IT", Introduction: "Somebody answers between 8 and 18 o'clock, Berlin time.",
		RequestTypes: []seed.RequestType{
			form("Report a fault", "Incident", "Something is broken", "A device, a program or the network does not work", details, where,
				seed.RequestField{Field: "Serial number", Help: "On the sticker below the device"}, seed.RequestField{Field: "Impact", Label: "Who is affected", Required: true}),
			form("Lost or stolen device", "Incident", "Something is broken", "Tell us at once; the device is locked within minutes", details,
				seed.RequestField{Field: "Serial number", Required: true}),
			form("Order a device", "Service request", "I need something", "A laptop, a phone, a monitor or what goes with them", details, when,
				seed.RequestField{Field: "Cost centre", Required: true}),
			form("Get access", "Service request", "I need something", "To a program, a folder or a room", details, seed.RequestField{Field: "Approvers", Label: "Who can approve"}),
			form("Install software", "Service request", "I need something", "A program that is not on your device yet", details),
			form("New colleague", "Service request", "People", "Devices, accounts and a badge for somebody who starts", details,
				seed.RequestField{Field: "Needed by", Label: "First day", Required: true}, where),
			form("Colleague leaves", "Service request", "People", "Take devices back and close accounts", details,
				seed.RequestField{Field: "Needed by", Label: "Last day", Required: true}),
			form("Ask a question", "Service request", "Anything else", "Whatever does not fit above", details),
		},
		Customers: st.customers, Organizations: []string{"Northlight Optics", "Harbour Logistics", "Fjordlab"},
		Queues: []seed.Queue{
			{Name: "Unassigned", JQL: "project = IT AND assignee is EMPTY AND statusCategory != Done ORDER BY priority DESC, created ASC"},
			{Name: "Incidents", JQL: "project = IT AND type = Incident AND statusCategory != Done"},
			{Name: "Waiting for approval", JQL: `project = IT AND status = "Waiting for approval"`},
			{Name: "Starters and leavers", JQL: `project = IT AND "Request Type" in ("New colleague", "Colleague leaves")`},
		},
	}
}
