package company

import "github.com/pergola-platform/pergola/host/sandbox/seed"

var moreTypes = []seed.IssueType{
	{ID: "10008", Name: "Phone", Description: "A mobile phone", Glyph: "phone"},
	{ID: "10009", Name: "Tablet", Description: "A tablet of production or field service", Glyph: "tablet"},
	{ID: "10010", Name: "Network device", Description: "A switch, router or access point", Glyph: "network"},
	{ID: "10011", Name: "Printer", Description: "A printer or scanner", Glyph: "printer"},
	{ID: "10012", Name: "Accessory", Description: "Docks, headsets and what else goes with a device", Glyph: "box"},
	{ID: "10013", Name: "Location", Description: "A site of the company; rooms belong to it", Level: 1, Glyph: "building"},
	{ID: "10014", Name: "Contract", Description: "What was agreed with a vendor; licences belong to it", Level: 1, Glyph: "contract"},
	{ID: "10015", Name: "Vendor", Description: "A company that sells to this one", Glyph: "vendor"},
	{ID: "10016", Name: "Licence seat", Description: "One person's share of a licence", Level: -1, Glyph: "licence"},
	{ID: "10017", Name: "Purchase order", Description: "Something to be bought", Glyph: "order"},
	{ID: "10018", Name: "Incident", Description: "Something does not work", Glyph: "incident"},
	{ID: "10019", Name: "Service request", Description: "Somebody needs something", Glyph: "request"},
	{ID: "10020", Name: "Change", Description: "A planned change of systems", Glyph: "change"},
	{ID: "10021", Name: "Problem", Description: "What lies behind incidents", Glyph: "problem"},
	{ID: "10022", Name: "Maintenance", Description: "Work that returns, such as inspections", Glyph: "wrench"},
	{ID: "10023", Name: "Sub-task", Description: "A part of the work", Level: -1, Glyph: "subtask"},
}

var moreStatuses = []seed.Status{
	{Name: "Ordered", Category: "new"}, {Name: "Lost", Category: "done"},
	{Name: "Starting", Category: "new"}, {Name: "Active", Category: "indeterminate"}, {Name: "On leave", Category: "indeterminate"}, {Name: "Left", Category: "done"},
	{Name: "Draft", Category: "new"}, {Name: "Expired", Category: "done"},
	{Name: "Open", Category: "new"}, {Name: "In progress", Category: "indeterminate"}, {Name: "Waiting for customer", Category: "indeterminate"},
	{Name: "Waiting for approval", Category: "indeterminate"}, {Name: "Resolved", Category: "done"}, {Name: "Closed", Category: "done"},
	{Name: "Delivered", Category: "done"}, {Name: "Cancelled", Category: "done"}, {Name: "Done", Category: "done"},
}

func step(name, to string, from ...string) seed.Transition {
	return seed.Transition{Name: name, From: from, To: to}
}

// forCustomers puts a step on the portal.
func forCustomers(t seed.Transition) seed.Transition {
	t.Customers = true
	return t
}

var workflows = []seed.Workflow{
	{Name: "Life of an asset", Initial: "In stock", Transitions: []seed.Transition{
		step("Receive", "In stock"), step("Hand out", "In use"), step("Send to repair", "In repair"), step("Retire", "Retired"),
		step("Order", "Ordered", "In stock"), step("Report lost", "Lost", "In use", "In repair"),
	}},
	{Name: "Contract", Initial: "Draft", Transitions: []seed.Transition{
		step("Sign", "Active", "Draft", "Expired"), step("Expire", "Expired", "Active"), step("Cancel", "Cancelled", "Draft", "Active"),
	}},
	{Name: "Order", Initial: "Draft", Transitions: []seed.Transition{
		step("Ask for approval", "Waiting for approval", "Draft"), step("Order", "Ordered", "Waiting for approval"),
		step("Send back", "Draft", "Waiting for approval"), step("Receive", "Delivered", "Ordered"), step("Cancel", "Cancelled"),
	}},
	{Name: "Service", Initial: "Open", Transitions: []seed.Transition{
		step("Start work", "In progress", "Open", "Waiting for customer", "Waiting for approval"),
		step("Ask the customer", "Waiting for customer", "In progress"), step("Ask for approval", "Waiting for approval", "Open", "In progress"),
		{Name: "Resolve", From: []string{"In progress", "Waiting for customer"}, To: "Resolved", Screen: "Resolve"},
		forCustomers(step("Close", "Closed", "Resolved")), forCustomers(step("Reopen", "Open", "Resolved", "Closed")),
		forCustomers(step("Cancel", "Cancelled", "Open", "Waiting for approval")),
	}},
	{Name: "Task", Initial: "Open", Transitions: []seed.Transition{
		step("Start", "In progress", "Open"), step("Finish", "Done", "Open", "In progress"), step("Reopen", "Open", "Done"),
	}},
}

var priorities = []seed.Priority{
	{ID: "1", Name: "Highest", Color: "#d04437", Description: "Work stands still for many"}, {ID: "2", Name: "High", Color: "#f15c75", Description: "Work stands still for one"},
	{ID: "3", Name: "Medium", Color: "#f79232", Description: "Work is slower"}, {ID: "4", Name: "Low", Color: "#707070", Description: "It can wait"},
	{ID: "5", Name: "Lowest", Color: "#999999", Description: "Whenever there is time"},
}

var resolutions = []seed.Resolution{
	{ID: "10000", Name: "Done", Description: "It is done"}, {ID: "10001", Name: "Won't do", Description: "It will not be done"},
	{ID: "10002", Name: "Duplicate", Description: "It is the same as another one"}, {ID: "10003", Name: "Cannot reproduce", Description: "It did not happen again"},
	{ID: "10004", Name: "Declined", Description: "It was not approved"},
}

var linkTypes = []seed.LinkType{
	{ID: "10000", Name: "Relates", Outward: "relates to", Inward: "relates to"},
	{ID: "10001", Name: "Blocks", Outward: "blocks", Inward: "is blocked by"},
	{ID: "10002", Name: "Assignment", Outward: "is assigned to", Inward: "has been given"},
	{ID: "10003", Name: "Place", Outward: "is located in", Inward: "houses"},
	{ID: "10004", Name: "Dependency", Outward: "depends on", Inward: "is needed by"},
	{ID: "10005", Name: "Coverage", Outward: "is covered by", Inward: "covers"},
	{ID: "10006", Name: "Supply", Outward: "is supplied by", Inward: "supplies"},
	{ID: "10007", Name: "Installation", Outward: "is installed on", Inward: "has installed"},
	{ID: "10008", Name: "Order", Outward: "was bought with", Inward: "bought"},
	{ID: "10009", Name: "Effect", Outward: "affects", Inward: "is affected by"},
	{ID: "10010", Name: "Cause", Outward: "is caused by", Inward: "causes"},
	{ID: "10011", Name: "Line", Outward: "reports to", Inward: "leads"},
	{ID: "10012", Name: "Replacement", Outward: "replaces", Inward: "is replaced by"},
}

// on is a context for one project.
func on(project string, options ...seed.Option) []seed.FieldContext {
	return []seed.FieldContext{{Name: project, Projects: []string{project}, Options: options}}
}

func values(names ...string) []seed.Option {
	out := make([]seed.Option, len(names))
	for i, n := range names {
		out[i] = seed.Option{Value: n}
	}
	return out
}

func everywhere(names ...string) []seed.FieldContext {
	return []seed.FieldContext{{Options: values(names...)}}
}

var moreFields = []seed.Field{
	{ID: "customfield_10006", Name: "Manufacturer", Kind: seed.KindOption, Contexts: everywhere("Apple", "Brother", "Cisco", "Dell", "EIZO", "Fairphone", "Framework", "HP", "HPE", "Jabra", "Lenovo", "LG", "Logitech", "Samsung", "Supermicro", "Ubiquiti")},
	{ID: "customfield_10007", Name: "Model", Kind: seed.KindText},
	{ID: "customfield_10008", Name: "Purchase date", Kind: seed.KindDate},
	{ID: "customfield_10009", Name: "Cost centre", Kind: seed.KindOption, Contexts: everywhere("1000 Management", "2000 IT", "2100 Facilities", "3000 Development", "4000 Production", "5000 Sales", "6000 Finance", "7000 People")},
	{ID: "customfield_10010", Name: "Asset tag", Kind: seed.KindText},
	{ID: "customfield_10011", Name: "Last inventory", Kind: seed.KindDateTime},
	{ID: "customfield_10012", Name: "Operating system", Kind: seed.KindCascading, Contexts: on("OPS",
		seed.Option{Value: "Windows", Options: values("11 23H2", "11 24H2", "Server 2022", "Server 2025")},
		seed.Option{Value: "macOS", Options: values("14 Sonoma", "15 Sequoia", "26 Tahoe")},
		seed.Option{Value: "Linux", Options: values("Debian 12", "Debian 13", "Ubuntu 24.04")},
		seed.Option{Value: "Android", Options: values("14", "15")}, seed.Option{Value: "iOS", Options: values("18", "26")})},
	{ID: "customfield_10013", Name: "Host name", Kind: seed.KindText, Contexts: on("OPS")},
	{ID: "customfield_10014", Name: "Memory (GB)", Kind: seed.KindNumber, Contexts: on("OPS")},
	{ID: "customfield_10015", Name: "Uses", Kind: seed.KindOptions, Contexts: on("OPS", values("Office work", "Development", "Production", "Field service", "Hosting", "Backup")...)},
	{ID: "customfield_10016", Name: "Looked after by", Kind: seed.KindUsers},
	{ID: "customfield_10017", Name: "Seats", Kind: seed.KindNumber, Contexts: on("LIC")},
	{ID: "customfield_10018", Name: "Renewal date", Kind: seed.KindDate, Contexts: on("LIC")},
	{ID: "customfield_10019", Name: "Contract number", Kind: seed.KindText, Contexts: on("LIC")},
	{ID: "customfield_10020", Name: "Yearly cost", Kind: seed.KindNumber, Contexts: on("LIC")},
	{ID: "customfield_10021", Name: "Website", Kind: seed.KindURL, Contexts: on("LIC")},
	{ID: "customfield_10022", Name: "Terms", Kind: seed.KindTextarea, Contexts: on("LIC")},
	{ID: "customfield_10023", Name: "Department", Kind: seed.KindOption, Contexts: on("HR", values("Development", "Facilities", "Finance", "HR", "IT", "Marketing", "Procurement", "Production", "Sales")...)},
	{ID: "customfield_10024", Name: "Job title", Kind: seed.KindText, Contexts: on("HR")},
	{ID: "customfield_10025", Name: "Start date", Kind: seed.KindDate, Contexts: on("HR")},
	{ID: "customfield_10026", Name: "Skills", Kind: seed.KindLabels, Contexts: on("HR")},
	{ID: "customfield_10027", Name: "Manager", Kind: seed.KindUser, Contexts: on("HR")},
	{ID: "customfield_10028", Name: "Area (m²)", Kind: seed.KindNumber, Contexts: on("FAC")},
	{ID: "customfield_10029", Name: "Floor", Kind: seed.KindOption, Contexts: on("FAC", values("Basement", "Ground floor", "First floor", "Second floor", "Third floor")...)},
	{ID: "customfield_10030", Name: "Impact", Kind: seed.KindOption, Contexts: on("IT", values("One person", "A team", "A site", "Everybody")...)},
	{ID: "customfield_10031", Name: "Approvers", Kind: seed.KindUsers},
	{ID: "customfield_10032", Name: "Needed by", Kind: seed.KindDateTime},
	{ID: "customfield_10033", Name: "Amount", Kind: seed.KindNumber, Contexts: on("PUR")},
	{ID: "customfield_10034", Name: "Order number", Kind: seed.KindText, Contexts: on("PUR")},
	{ID: "customfield_10035", Name: "Ownership", Kind: seed.KindRadio, Contexts: on("OPS", values("Bought", "Leased", "On loan")...)},
	{ID: "customfield_10036", Name: "Support group", Kind: seed.KindGroup, Contexts: on("IT")},
	{ID: "customfield_10037", Name: "Teams informed", Kind: seed.KindGroups, Contexts: on("IT")},
	{ID: "customfield_10038", Name: "Tested with", Kind: seed.KindVersions, Contexts: on("IT")},
	{ID: "customfield_10039", Name: "Seen in round", Kind: seed.KindVersions, Contexts: on("OPS")},
	{ID: "customfield_10040", Name: "Charged to", Kind: seed.KindProject, Contexts: on("PUR")},
}

func shown(fields ...string) []seed.ScreenField {
	out := make([]seed.ScreenField, len(fields))
	for i, f := range fields {
		if f[len(f)-1] == '!' {
			out[i] = seed.ScreenField{Field: f[:len(f)-1], Required: true}
			continue
		}
		out[i].Field = f
	}
	return out
}

var screens = []seed.Screen{
	{Name: "Asset", Projects: []string{"OPS"}, Fields: shown("summary!", "Serial number", "Asset tag", "Manufacturer", "Model", "Location", "Owner", "assignee", "Purchase date", "Purchase price", "Warranty until", "Cost centre", "Operating system", "labels", "description")},
	{Name: "Person", Projects: []string{"HR"}, Operations: []string{"create", "edit"}, Fields: shown("summary!", "Department!", "Job title", "Start date", "Manager", "Skills", "Location", "description")},
	{Name: "Contract", Projects: []string{"LIC"}, Types: []string{"Contract"}, Fields: shown("summary!", "Contract number!", "Renewal date!", "Yearly cost", "Terms", "description")},
	{Name: "Order", Projects: []string{"PUR"}, Fields: shown("summary!", "Amount!", "Cost centre!", "Approvers", "Needed by", "duedate", "description")},
	{Name: "Resolve", Operations: []string{"edit"}, Fields: shown("resolution!", "assignee")},
}
