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
	ops.Components = []seed.Component{{Name: "Workplace", Lead: "kofi"}, {Name: "Data centre", Lead: "jonas"}, {Name: "Network"}}
	hr.Roles = roles("user:mia", "user:hanna")
	hr.SecurityLevels = []seed.SecurityLevel{{Name: "People team", Description: "Only those who look after people", Holders: []string{"group:people-team", "group:site-admins", "reporter"}}}
	fac.Types = append(fac.Types, "Location", "Maintenance", "Sub-task")
	fac.Workflows = map[string]string{"Maintenance": "Task", "Sub-task": "Task"}
	fac.Roles = roles("user:jonas", "group:facilities")
	return append(all,
		seed.Project{ID: "10003", Key: "LIC", Name: "Licences and contracts", Description: "What was agreed with whom, and who uses it", Lead: "kofi",
			Category: "IT assets", Types: []string{"Contract", "Software licence", "Vendor", "Licence seat"}, Permissions: office.StaffOnly,
			Workflow: "Life of an asset", Workflows: map[string]string{"Contract": "Contract", "Vendor": "Contract"}, Roles: roles("user:kofi", "group:procurement")},
		seed.Project{ID: "10004", Key: "IT", Name: "IT service desk", Description: "Help with everything that has a plug", Lead: "ines",
			Category: "Service", Types: []string{"Incident", "Service request", "Change", "Problem", "Sub-task"}, Permissions: "Service desk",
			Workflow: "Service", Workflows: map[string]string{"Sub-task": "Task"}, Roles: serviceRoles(),
			Components: []seed.Component{{Name: "Hardware"}, {Name: "Accounts"}, {Name: "Network"}, {Name: "Software"}},
			Versions: []seed.ReleaseVersion{
				{Name: "Autumn patch day", Release: "2026-10-13", Released: true}, {Name: "Winter patch day", Start: "2026-12-01", Release: "2026-12-08"},
			},
			Properties: seed.Properties{"desk.hours": []byte(`{"from":"08:00","to":"18:00","zone":"Europe/Berlin"}`)},
			Service:    serviceDesk(st)},
		seed.Project{ID: "10005", Key: "PUR", Name: "Procurement", Description: "What shall be bought, and what has come", Lead: "mia",
			Category: "Company", Types: []string{"Purchase order"}, Permissions: office.StaffOnly, Workflow: "Order", Roles: roles("user:mia", "group:procurement")},
		seed.Project{ID: "10006", Key: "OLD", Name: "IT assets until 2019", Description: "The list that was kept before; nobody changes it any more", Lead: "mia",
			Category: "IT assets", Archived: true, Types: []string{"Laptop", "Monitor"}, Permissions: office.StaffOnly, Workflow: "Life of an asset"},
	)
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
