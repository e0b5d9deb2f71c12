package company

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
)

var vendorNames = []string{"Nordwind Systems", "Papierhaus Krüger", "Cloudbridge", "Tessera Software", "Hafen Telecom", "Brightleaf Leasing", "Argo Networks", "Silverfern Security", "Kontor 24", "Meridian Hosting", "Lumen & Sons", "Optiparts", "Vela Insurance", "Quarry Data", "Bluebird Mobile", "Steady Power", "Castor Cleaning", "Pixelworks", "Redwood Training", "Hinterland IT"}

var licenceModels = []struct {
	name         string
	seats, price int // price of a seat and year
	onServers    bool
}{
	{"JetBrains All Products Pack", 10, 649, false}, {"Microsoft 365 E3", 60, 432, false}, {"Adobe Creative Cloud", 4, 835, false},
	{"Figma Organization", 8, 540, false}, {"MATLAB", 6, 860, false}, {"SolidWorks Professional", 5, 2100, false}, {"Altium Designer", 4, 3900, false},
	{"Zemax OpticStudio", 3, 7400, false}, {"1Password Business", 80, 96, false}, {"Slack Business+", 80, 150, false}, {"DeepL Pro", 20, 240, false},
	{"Windows Server Datacenter", 32, 370, true}, {"VMware vSphere Standard", 16, 600, true}, {"Veeam Backup", 10, 445, true}, {"Red Hat Enterprise Linux", 12, 349, true},
	{"Oracle Database SE2", 2, 5800, true}, {"Splunk Enterprise", 1, 9800, true}, {"Ivanti Endpoint Manager", 90, 42, false}, {"Sophos Intercept X", 120, 38, false}, {"AutoCAD LT", 6, 510, false},
}

var contractKinds = []struct {
	name, terms string
	hardware    bool
	cost        int
}{
	{"Lease of workplaces", "Devices go back after 36 months; wiping is on us.", true, 48000},
	{"On-site repair of laptops", "Next working day, parts included.", true, 9400},
	{"Repair of servers, four hours", "Around the clock; disks stay with us.", true, 15800},
	{"Managed print", "By the page; toner and repair included.", true, 5200},
	{"Mobile phones and data", "Pool of 400 GB; devices every 24 months.", true, 21600},
	{"Software maintenance", "Updates and support by mail within eight hours.", false, 12400},
	{"Enterprise agreement", "True-up each spring; prices hold for three years.", false, 61000},
	{"Hosting and housing", "Two racks, 8 kW, two lines.", false, 33000},
	{"Insurance of electronics", "Theft and drops; own share of 150 euros.", true, 7100},
}

// contracts makes vendors, what was agreed with them, and the licences below.
func (m *maker) contracts() {
	vendors := vendorNames
	if m.unit > 0 {
		vendors = []string{"Stadtwerke " + m.city, m.city + " Office Supplies"}
	}
	for _, name := range vendors {
		i := m.issue("LIC", "Vendor", "Active", name, m.ago(300, 1400))
		i.Description.Plain = "Customer number " + m.code(7) + ". Invoices go to procurement."
		site := "https://" + plain(name) + ".example"
		i.Fields = fields{}.text("Website", site)
		i.RemoteLinks = []seed.RemoteLink{{URL: site + "/support", Title: name + ": support", Summary: "Hours, numbers and the form for faults"}}
		if k := m.put(i); m.unit == 0 {
			m.vendors = append(m.vendors, k)
		}
	}
	for n := range 36 {
		c, created := contractKinds[n%len(contractKinds)], m.ago(40, 1000)
		renewal := created.AddDate(m.between(1, 4), 0, 0)
		i := m.issue("LIC", "Contract", "Draft", fmt.Sprintf("%s, %s %d", c.name, m.city, renewal.Year()), created)
		if renewal.Before(m.now) {
			m.moves(i, m.colleague(), 20, "Draft", "Active", "Expired")
		} else {
			m.moves(i, m.colleague(), 20, "Draft", "Active")
		}
		i.Fields = fields{}.text("Contract number", fmt.Sprintf("C-%d-%s", created.Year(), m.code(5))).day("Renewal date", renewal).
			number("Yearly cost", c.cost*m.between(60, 140)/100).text("Terms", c.terms).list("Looked after by", m.colleague())
		if m.chance(25) {
			i.Fields["Terms"] = generalTerms.Document
		}
		number := strings.Trim(string(i.Fields["Contract number"]), `"`)
		i.RemoteLinks = []seed.RemoteLink{{
			URL: "https://archive.pergola.example/contracts/" + number, Title: "Signed copy of " + number, GlobalID: "system=https://archive.pergola.example&id=" + number,
			Relationship: "documented by", Application: "Archive",
		}}
		i.Components = []string{"Contracts"}
		i.Due = m.day(renewal.AddDate(0, -3, 0))
		link(i, "is supplied by", m.some(m.vendors))
		if k := m.put(i); c.hardware {
			m.hardwareContracts = append(m.hardwareContracts, k)
		} else {
			m.supportContracts = append(m.supportContracts, k)
		}
	}
	for n := range 40 {
		l := licenceModels[n%len(licenceModels)]
		seats := max(1, l.seats*m.between(60, 160)/100)
		until := m.date(-60, 700)
		i := m.issue("LIC", "Software licence", "In use", fmt.Sprintf("%s, %d seats, %s", l.name, seats, m.city), m.ago(30, 900))
		if until.Before(m.now) {
			m.moves(i, m.colleague(), 300, "In use", "Retired")
		}
		i.Parent, i.Labels = m.some(m.supportContracts), []string{"subscription"}
		i.Fields = fields{}.number("Seats", seats).number("Yearly cost", seats*l.price).day("Renewal date", until).text("Contract number", "L-"+m.code(8))
		i.Components = []string{"Licences"}
		k := m.put(i)
		if l.onServers {
			m.serverLicences = append(m.serverLicences, k)
			continue
		}
		m.licences = append(m.licences, k)
	}
}

var goods = []thing{
	{"Laptops for new colleagues", 16400}, {"Monitors, 27\"", 5800}, {"Spare parts for the racks", 2300}, {"Phones for the field", 7200}, {"Desks and chairs", 9100},
	{"Docking stations", 3400}, {"Headsets", 1900}, {"Access points", 4100}, {"Disks for the storage", 8800}, {"Toner and paper", 640}, {"Tablets for assembly", 5600}, {"Cables and adapters", 420},
}

// purchases makes what was ordered; devices are linked to it.
func (m *maker) purchases() {
	for range 100 {
		g, created := pick(&m.dice, goods), m.ago(3, 900)
		i := m.issue("PUR", "Purchase order", "Draft", fmt.Sprintf("%s, %s, %s", g.name, m.city, created.Format("2 January 2006")), created)
		buyer := m.colleague()
		switch {
		case created.Before(m.now.AddDate(0, 0, -60)) && m.chance(92):
			m.moves(i, buyer, 14, "Draft", "Waiting for approval", "Ordered", "Delivered")
			i.Resolution, i.Resolved = "Done", i.Updated
		case m.chance(30):
			m.moves(i, buyer, 9, "Draft", "Waiting for approval", "Cancelled")
			i.Resolution, i.Resolved = "Declined", i.Updated
		case m.chance(50):
			m.moves(i, buyer, 9, "Draft", "Waiting for approval")
		}
		i.Assignee, i.Due = buyer, m.day(created.AddDate(0, 0, m.between(14, 60)))
		i.Fields = fields{}.number("Amount", g.price*m.between(40, 180)/100).text("Order number", fmt.Sprintf("PO-%d-%05d", created.Year(), m.n(100000))).
			text("Cost centre", pick(&m.dice, costCentres)).list("Approvers", "mia", m.colleague()).text("Charged to", pick(&m.dice, []string{"OPS", "OPS", "FAC", "IT"}))
		i.Components = []string{pick(&m.dice, []string{"Hardware", "Consumables", "Services"})}
		if i.Status == "Delivered" && m.chance(60) {
			number := strings.Trim(string(i.Fields["Order number"]), `"`)
			amount, _ := strconv.Atoi(string(i.Fields["Amount"])) // it was written above
			attach(i, "invoice-"+number+".txt", "text/plain", buyer, i.Updated, invoice(number, pick(&m.dice, vendorNames), g.name, amount, i.Updated))
		}
		if m.chance(4) {
			i.Security = "Board"
		}
		if m.chance(25) {
			m.comment(i, buyer, pick(&m.dice, []string{"The vendor promises delivery within two weeks.", "Two offers are on file; this one was cheaper.", "Approved by mail, the copy is with the invoice.", "Delivery in two parts, the second follows."}), 20)
		}
		link(i, "is supplied by", m.some(m.vendors))
		m.orders = append(m.orders, m.put(i))
	}
}

var costCentres = []string{"1000 Management", "2000 IT", "2100 Facilities", "3000 Development", "4000 Production", "5000 Sales", "6000 Finance", "7000 People"}

// seats gives people their share of licences.
func (m *maker) seats() {
	for n := 0; n < 100 && len(m.laptops) > 0; n++ {
		d := m.laptops[n%len(m.laptops)]
		i := m.issue("LIC", "Licence seat", "In use", "Seat of "+d.owner.name, m.ago(10, 400))
		i.Parent = m.licences[(n/len(m.laptops)+n)%len(m.licences)]
		if d.owner.account != "" {
			i.Fields = fields{}.text("Owner", d.owner.account)
		}
		link(i, "is assigned to", d.owner.key)
		link(i, "is installed on", d.key)
		if m.chance(5) {
			m.change(i, m.colleague(), m.after(i.Created, 60), seed.ChangedField{Field: "Owner", From: "nobody", To: d.owner.name})
		}
		m.emit(i)
	}
}
