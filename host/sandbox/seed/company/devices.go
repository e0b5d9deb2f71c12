package company

import (
	"fmt"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
)

// model is a device that one can buy. serial is how its numbers begin.
type model struct {
	maker, name, serial string
	price               int
	system              []string // operating system and release
}

var (
	laptopModels = []model{
		{"Lenovo", "ThinkPad X1 Carbon Gen 12", "PF4", 2149, []string{"Windows", "11 24H2"}}, {"Lenovo", "ThinkPad T14 Gen 5", "PF5", 1389, []string{"Windows", "11 23H2"}},
		{"Apple", "MacBook Pro 14 M4", "C02", 2492, []string{"macOS", "15 Sequoia"}}, {"Apple", "MacBook Air 13 M3", "C03", 1399, []string{"macOS", "14 Sonoma"}},
		{"Dell", "Latitude 7450", "7QJ", 1675, []string{"Windows", "11 23H2"}}, {"HP", "EliteBook 840 G11", "5CG", 1528, []string{"Windows", "11 24H2"}},
		{"Framework", "Framework Laptop 13", "FRAN", 1371, []string{"Linux", "Debian 13"}}, {"Dell", "Precision 5690", "8KL", 3240, []string{"Linux", "Ubuntu 24.04"}},
	}
	monitorModels = []model{
		{"Dell", "U2724DE 27\"", "CN0", 489, nil}, {"LG", "UltraFine 32\"", "LGU", 799, nil}, {"EIZO", "EV2795 27\"", "EZ2", 899, nil},
		{"Dell", "P2423 24\"", "CN1", 229, nil}, {"Samsung", "ViewFinity S8 27\"", "SV8", 379, nil},
	}
	phoneModels = []model{
		{"Apple", "iPhone 16", "F4L", 899, []string{"iOS", "18"}}, {"Apple", "iPhone 15", "F3K", 749, []string{"iOS", "18"}},
		{"Samsung", "Galaxy S24", "R5C", 799, []string{"Android", "15"}}, {"Fairphone", "Fairphone 5", "FP5", 649, []string{"Android", "14"}},
	}
	tabletModels = []model{
		{"Samsung", "Galaxy Tab Active5", "R9T", 589, []string{"Android", "14"}}, {"Apple", "iPad 11", "DMP", 429, []string{"iOS", "26"}},
	}
	serverModels = []model{
		{"Dell", "PowerEdge R760", "SRV", 9800, []string{"Linux", "Debian 12"}}, {"HPE", "ProLiant DL380", "CZJ", 7450, []string{"Windows", "Server 2025"}},
		{"Supermicro", "5019D", "SMC", 3100, []string{"Linux", "Debian 13"}}, {"Lenovo", "SE350", "J30", 2890, []string{"Windows", "Server 2022"}},
	}
	switchModels = []model{
		{"Cisco", "Catalyst 9200", "FCW", 2600, nil}, {"Ubiquiti", "UniFi U7 Pro", "UBQ", 189, nil}, {"Ubiquiti", "USW Pro 48", "UBS", 1090, nil}, {"Cisco", "ISR 1100", "FJC", 1450, nil},
	}
	printerModels = []model{
		{"Brother", "QL-820 label printer", "BRQ", 169, nil}, {"HP", "Color LaserJet M480", "PHB", 620, nil}, {"Brother", "HL-L9430", "BRH", 540, nil},
	}
	accessoryModels = []model{
		{"Dell", "WD22 dock", "DOC", 219, nil}, {"Lenovo", "ThinkPad USB-C dock", "TBD", 189, nil}, {"Jabra", "Evolve2 65 headset", "JBR", 179, nil}, {"Logitech", "MX Keys keyboard", "LGT", 99, nil}, {"Logitech", "Brio 500 camera", "LGB", 119, nil},
	}
	roleNames = []string{"db", "app", "build", "files", "mail", "proxy", "metrics", "backup", "auth", "lab"}
)

// employees makes a person for each who works in the unit. Beyond the first unit, most have no account: they are in production.
func (m *maker) employees() {
	first, count := 0, len(morePeople)
	if m.unit > 0 {
		first, count = len(morePeople)+peopleMore*(m.unit-1), people
	}
	heads := map[string]employee{}
	for n := range count {
		p, account := personAt(first+n), ""
		if index := firstStaff + first + n; (m.unit == 0 || n < peopleMore) && index < len(m.staff.users)-1 {
			account = m.staff.users[index].Account
		} else {
			p = personAt(len(morePeople) + (m.unit*people+n)*7%2500)
			p.department, p.title = "Production", pick(&m.dice, departments[1].titles)
		}
		if p.kind == seed.Customer {
			continue
		}
		m.employee(p, account, heads)
	}
}

func (m *maker) employee(p person, account string, heads map[string]employee) {
	started := m.ago(20, 2500)
	i := m.issue("HR", "Person", "Active", p.name+", "+strings.ToLower(p.title), started)
	i.Reporter, i.Assignee = "mia", ""
	switch {
	case m.chance(6):
		m.moves(i, "hanna", 400, "Active", "On leave")
		i.Description.Plain = pick(&m.dice, []string{"On parental leave until spring.", "On a sabbatical; devices stay here.", "Long-term sick leave."})
	case m.chance(4):
		m.moves(i, "hanna", 900, "Active", "Left")
		i.Resolution, i.Resolved = "Done", i.Updated
	}
	i.Fields = fields{}.text("Department", p.department).text("Job title", p.title).day("Start date", started).text("Location", m.site())
	if account != "" {
		i.Fields["Owner"] = quote(account)
	}
	e := employee{name: p.name, account: account, department: p.department}
	if head, ok := heads[p.department]; ok {
		link(i, "reports to", head.key)
		if head.account != "" {
			i.Fields["Manager"] = quote(head.account)
		}
	}
	if m.chance(40) {
		fields(i.Fields).list("Skills", pick(&m.dice, skills))
	}
	if p.department == "HR" {
		i.Security = "People team"
	}
	e.key = m.put(i)
	if _, ok := heads[p.department]; !ok {
		heads[p.department] = e
	}
	m.people = append(m.people, e)
}

var skills = []string{"first-aid", "forklift", "go", "python", "optics", "welding", "spanish", "mandarin", "fire-warden", "solidworks", "soldering", "sap"}

// buy begins the issue of a device, with everything that every device has.
func (m *maker) buy(kind, status string, md model, years int) *seed.Issue {
	bought := m.ago(5, years*365)
	tag := m.nextTag()
	i := m.issue("OPS", kind, status, fmt.Sprintf("%s (%s)", md.name, tag), bought)
	f := fields{}.text("Serial number", md.serial+m.code(12-len(md.serial))).text("Manufacturer", md.maker).text("Model", md.name).text("Asset tag", tag).
		day("Purchase date", bought).number("Purchase price", md.price*m.between(88, 112)/100).day("Warranty until", bought.AddDate(3, 0, 0)).
		text("Location", m.site()).text("Cost centre", pick(&m.dice, costCentres))
	if md.system != nil {
		f.list("Operating system", md.system...)
	}
	if m.chance(50) {
		f.text("Last inventory", m.after(bought, 300).Format(time.RFC3339))
	}
	i.Fields = f
	if m.chance(10) {
		i.Properties = seed.Properties{"inventory.scan": fmt.Appendf(nil, `{"round":%d,"seen":true}`, m.between(1, 9))}
	}
	f.text("Ownership", pick(&m.dice, []string{"Bought", "Bought", "Bought", "Leased", "Leased", "On loan"}))
	if m.chance(25) {
		f.list("Seen in round", pick(&m.dice, rounds))
	}
	if m.chance(4) {
		attach(i, tag+".png", "image/png", m.agent(), bought, m.photo())
	}
	link(i, "is covered by", m.some(m.hardwareContracts))
	if m.chance(60) {
		link(i, "was bought with", m.some(m.orders))
	}
	return i
}

// give hands a device to somebody.
func (m *maker) give(i *seed.Issue, e employee) device {
	by := m.agent()
	m.change(i, by, m.after(i.Created, 20), seed.ChangedField{Field: "status", From: "In stock", To: "In use"}, seed.ChangedField{Field: "Owner", To: e.name})
	i.Status = "In use"
	if e.account != "" {
		i.Assignee = e.account
		i.Fields["Owner"] = quote(e.account)
	}
	link(i, "is assigned to", e.key)
	if m.chance(7) {
		m.comment(i, by, pick(&m.dice, []string{"Battery was swapped under warranty.", "Keyboard layout changed to English.", "Handed out with the power supply and a sleeve.", "Scratch on the lid, noted with the owner.", "Screen protector replaced."}), 200)
	}
	if m.chance(4) {
		m.moveOn(i, by, "In use", "In repair")
	}
	m.emit(i)
	return device{key: i.Key, name: i.Summary, serial: serialOf(i), owner: e}
}

func serialOf(i *seed.Issue) string { return strings.Trim(string(i.Fields["Serial number"]), `"`) }

func (m *maker) moveOn(i *seed.Issue, by, from, to string) {
	m.change(i, by, m.after(i.Updated, 300), seed.ChangedField{Field: "status", From: from, To: to})
	i.Status = to
}

// workplaces makes what people work with, and what lies in stock.
func (m *maker) workplaces() {
	for _, e := range m.people {
		if e.department == "Production" && m.chance(55) {
			m.others = append(m.others, m.give(m.buy("Tablet", "In stock", pick(&m.dice, tabletModels), 4), e))
		} else {
			m.laptop(e)
		}
		if m.chance(60) {
			m.others = append(m.others, m.give(m.buy("Phone", "In stock", pick(&m.dice, phoneModels), 4), e))
		}
		for range m.between(0, 2) {
			i := m.buy("Monitor", "In stock", pick(&m.dice, monitorModels), 6)
			link(i, "is located in", m.some(m.rooms))
			m.others = append(m.others, m.give(i, e))
		}
		if m.chance(70) {
			m.others = append(m.others, m.give(m.buy("Accessory", "In stock", pick(&m.dice, accessoryModels), 4), e))
		}
	}
	for range 30 {
		i := m.buy("Laptop", "In stock", pick(&m.dice, laptopModels), 1)
		if m.chance(40) {
			i.Labels = []string{"loaner"}
		}
		m.emit(i)
	}
}

// laptop gives somebody a laptop; some had another one before.
func (m *maker) laptop(e employee) {
	before := ""
	if m.chance(25) {
		i := m.buy("Laptop", "In use", pick(&m.dice, laptopModels), 7)
		m.moveOn(i, m.agent(), "In use", "Retired")
		i.Resolution, i.Resolved = "Done", i.Updated
		i.Description.Plain = "Disk wiped and certificate filed."
		i.Archived = m.chance(40)
		before = m.put(i)
	}
	i := m.buy("Laptop", "In stock", pick(&m.dice, laptopModels), 4)
	i.Components = []string{"Workplace"}
	fields(i.Fields).number("Memory (GB)", 16<<m.n(3)).list("Uses", pick(&m.dice, []string{"Office work", "Development", "Field service"}))
	link(i, "replaces", before)
	m.laptops = append(m.laptops, m.give(i, e))
}

// dataCentre makes the network and the servers, which depend on each other.
func (m *maker) dataCentre() {
	town := plain(m.city)
	for n := range 24 {
		i := m.buy("Network device", "In use", pick(&m.dice, switchModels), 6)
		i.Summary = fmt.Sprintf("net-%s-%02d · %s", town, n+1, strings.Trim(string(i.Fields["Model"]), `"`))
		i.Components = []string{"Network"}
		fields(i.Fields).text("Host name", fmt.Sprintf("net-%s-%02d", town, n+1))
		link(i, "is located in", m.some(m.serverRooms))
		if n > 1 {
			link(i, "depends on", m.switches[m.n(min(n, 4))].key)
		}
		m.emit(i)
		m.switches = append(m.switches, device{key: i.Key, name: i.Summary, serial: serialOf(i)})
	}
	for n := range 44 {
		i := m.buy("Server", "In use", pick(&m.dice, serverModels), 6)
		host := fmt.Sprintf("%s-%s-%02d", pick(&m.dice, roleNames), town, n+1)
		i.Summary = host + " · " + strings.Trim(string(i.Fields["Model"]), `"`)
		i.Components, i.Labels = []string{"Data centre"}, []string{"rack"}
		fields(i.Fields).text("Host name", host).number("Memory (GB)", 64<<m.n(4)).list("Uses", "Hosting").list("Looked after by", m.agent(), m.agent())
		link(i, "is located in", m.some(m.serverRooms))
		link(i, "depends on", pick(&m.dice, m.switches).key)
		if n > 2 && m.chance(60) {
			link(i, "depends on", m.servers[m.n(n)].key)
		}
		if m.chance(50) {
			link(i, "has installed", m.some(m.serverLicences))
		}
		if m.chance(6) {
			m.moveOn(i, m.agent(), "In use", "In repair")
		}
		if m.chance(30) {
			i.RemoteLinks = []seed.RemoteLink{{
				URL: "https://metrics.pergola.example/hosts/" + host, Title: "Load of " + host, GlobalID: "metrics:" + host, Relationship: "watched by", Application: "Metrics",
			}}
		}
		m.emit(i)
		m.servers = append(m.servers, device{key: i.Key, name: host, serial: serialOf(i)})
	}
	for range 12 {
		i := m.buy("Printer", "In use", pick(&m.dice, printerModels), 6)
		link(i, "is located in", m.some(m.rooms))
		m.emit(i)
		m.printers = append(m.printers, device{key: i.Key, name: i.Summary, serial: serialOf(i)})
	}
}

// plain writes a name as a host's: lower-case letters and digits.
func plain(name string) string {
	fold := strings.NewReplacer("ń", "n", "ö", "o", "é", "e", "ü", "u", "ä", "ae")
	return strings.Map(func(r rune) rune {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return -1
		}
		return r
	}, fold.Replace(strings.ToLower(name)))
}
