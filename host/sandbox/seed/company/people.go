package company

import (
	"fmt"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
	"github.com/pergola-platform/pergola/host/sandbox/seed/office"
)

// person is somebody who works here or is a customer.
type person struct {
	name, department, title, zone string
	kind                          seed.UserKind
	login                         string
}

// firstStaff is how many people come from the office.
var firstStaff = len(office.Users())

const berlin = office.TimeZone

// morePeople are who works in the company besides; the last ones are customers.
var morePeople = []person{
	{"Ines Carvalho", "IT", "Service desk lead", "Europe/Lisbon", seed.Agent, "ines"},
	{"Kofi Mensah", "IT", "Asset manager", "Africa/Accra", seed.ProjectAdmin, "kofi"},
	{"Clara Vogt", "IT", "Apprentice", berlin, seed.Agent, ""},
	{"Yusuf Demir", "IT", "Network engineer", "Europe/Istanbul", seed.Agent, ""},
	{"Marta Kowalska", "IT", "Service desk agent", "Europe/Warsaw", seed.Agent, ""},
	{"Rohan Iyer", "IT", "Systems administrator", "Asia/Kolkata", seed.Agent, ""},
	{"Siobhán Doyle", "IT", "Security officer", "Europe/Dublin", seed.Agent, ""},
	{"Mateo Giménez", "IT", "Service desk agent", "America/Argentina/Buenos_Aires", seed.Agent, ""},
	{"Hanna Weiß", "HR", "Head of people", berlin, seed.ProjectAdmin, "hanna"},
	{"Élodie Marchand", "HR", "Recruiter", "Europe/Paris", seed.Member, ""},
	{"Tariq Al-Sayed", "HR", "Payroll", "Africa/Cairo", seed.Member, ""},
	{"Bjørn Halvorsen", "Facilities", "Head of facilities", "Europe/Oslo", seed.ProjectAdmin, ""},
	{"Ilse de Vries", "Facilities", "Office manager", "Europe/Amsterdam", seed.Agent, ""},
	{"Giorgos Pappas", "Facilities", "Caretaker", "Europe/Athens", seed.Member, ""},
	{"Wei Zhang", "Procurement", "Head of procurement", "Asia/Shanghai", seed.ProjectAdmin, ""},
	{"Aoife Brennan", "Procurement", "Buyer", "Europe/Dublin", seed.Member, ""},
	{"Dmytro Bondarenko", "Procurement", "Contract manager", "Europe/Kyiv", seed.Member, ""},
	{"Amara Okafor", "Development", "Firmware engineer", "Africa/Lagos", seed.Member, ""},
	{"Jan Peeters", "Development", "Software engineer", "Europe/Brussels", seed.Member, ""},
	{"Priya Nair", "Development", "Test engineer", "Asia/Kolkata", seed.Member, ""},
	{"Lukas Steiner", "Development", "Optics engineer", "Europe/Vienna", seed.Member, ""},
	{"Chiara Bianchi", "Development", "Electronics engineer", "Europe/Rome", seed.Member, ""},
	{"Nguyễn Minh Anh", "Development", "Software engineer", "Asia/Ho_Chi_Minh", seed.Member, ""},
	{"Oskar Nyström", "Development", "Head of development", "Europe/Stockholm", seed.Member, ""},
	{"Fatima Zahra Benali", "Development", "Data engineer", "Africa/Casablanca", seed.Member, ""},
	{"Kenji Watanabe", "Production", "Calibration lead", "Asia/Tokyo", seed.Member, ""},
	{"Anna Horváth", "Production", "Assembly", "Europe/Budapest", seed.Member, ""},
	{"Tomasz Zieliński", "Production", "Quality inspector", "Europe/Warsaw", seed.Member, ""},
	{"Leilani Kahale", "Production", "Shift lead", "Pacific/Honolulu", seed.Member, ""},
	{"Ricardo Souza", "Production", "Assembly", "America/Sao_Paulo", seed.Member, ""},
	{"Mirjam Kask", "Production", "Warehouse", "Europe/Tallinn", seed.Member, ""},
	{"Andrei Popescu", "Production", "Maintenance", "Europe/Bucharest", seed.Member, ""},
	{"Grace Wanjiru", "Sales", "Account manager", "Africa/Nairobi", seed.Member, ""},
	{"Diego Herrera", "Sales", "Account manager", "America/Mexico_City", seed.Member, ""},
	{"Saskia Brandt", "Sales", "Head of sales", berlin, seed.Member, ""},
	{"Tan Mei Ling", "Sales", "Regional manager", "Asia/Singapore", seed.Member, ""},
	{"William Fraser", "Sales", "Account manager", "Europe/London", seed.Member, ""},
	{"Chloé Tremblay", "Sales", "Inside sales", "America/Toronto", seed.Member, ""},
	{"Katarína Kováčová", "Finance", "Controller", "Europe/Bratislava", seed.Member, ""},
	{"Henrik Sørensen", "Finance", "Head of finance", "Europe/Copenhagen", seed.Member, ""},
	{"Layla Haidari", "Finance", "Accountant", "Asia/Kabul", seed.Member, ""},
	{"Ji-woo Park", "Marketing", "Designer", "Asia/Seoul", seed.Member, ""},
	{"Noa Levi", "Marketing", "Content", "Asia/Jerusalem", seed.Member, ""},
	{"Samuel Adeyemi", "Marketing", "Head of marketing", "Africa/Lagos", seed.Member, ""},
	{"Carl Ashworth", "", "Buyer at Northlight Optics", "Europe/London", seed.Customer, "carl"},
	{"Maja Petrović", "", "Laboratory at Northlight Optics", "Europe/Belgrade", seed.Customer, ""},
	{"Ravi Chandran", "", "Operations at Harbour Logistics", "Asia/Singapore", seed.Customer, ""},
	{"Esther van Dijk", "", "Service at Harbour Logistics", "Europe/Amsterdam", seed.Customer, ""},
	{"Ola Nordmann", "", "Technician at Fjordlab", "Europe/Oslo", seed.Customer, ""},
	{"Zanele Dube", "", "Researcher at Fjordlab", "Africa/Johannesburg", seed.Customer, ""},
}

var (
	givenNames  = []string{"Ada", "Bilal", "Carmen", "Daniel", "Eszter", "Farid", "Gudrun", "Hiroshi", "Isabel", "Jakub", "Kamila", "Liam", "Mónica", "Nils", "Oluwaseun", "Paula", "Quentin", "Rania", "Stefan", "Thandi", "Ulrike", "Viktor", "Wanda", "Ximena", "Yara", "Zoltán", "Aylin", "Boris", "Cécile", "Deepak", "Elin", "Finn", "Hyun-ju", "Ivan", "Júlia", "Karim", "Lucía", "Mehmet", "Nadia", "Olena", "Pedro", "Ruth", "Sven", "Tereza", "Umar", "Vera", "Xin", "Yannick", "Zsófia", "Anders"}
	familyNames = []string{"Abebe", "Bauer", "Castillo", "Dimitrov", "Eriksen", "Fontaine", "García", "Hansen", "Ivanova", "Jensen", "Khan", "Lopes", "Müller", "Nagy", "O'Neill", "Pereira", "Quispe", "Rossi", "Schneider", "Tanaka", "Usman", "Vasić", "Weber", "Xu", "Yılmaz", "Zimmermann", "Ahmed", "Bakker", "Conti", "Dubois", "Endo", "Farkas", "Gruber", "Hakimi", "Ito", "Janssen", "Kim", "Larsen", "Moreau", "Nowak", "Okoye", "Patel", "Reyes", "Silva", "Tóth", "Virtanen", "Wójcik", "Yeo", "Zhao", "Andersson"}
	zones       = []string{berlin, "Europe/Lisbon", "Europe/Warsaw", "America/Toronto", "Asia/Singapore", "Africa/Nairobi", "Europe/Paris", "Asia/Tokyo", "America/Sao_Paulo", "Asia/Kolkata"}
)

// departments and what people do there, with the group that works on the department's issues.
var departments = []struct {
	name, group string
	titles      []string
}{
	{"Development", "", []string{"Software engineer", "Firmware engineer", "Optics engineer", "Test engineer", "Technical writer"}},
	{"Production", "", []string{"Assembly", "Calibration", "Quality inspector", "Warehouse", "Maintenance"}},
	{"Sales", "", []string{"Account manager", "Inside sales", "Field service"}},
	{"IT", "it-agents", []string{"Systems administrator", "Service desk agent", "Network engineer"}},
	{"Facilities", "facilities", []string{"Caretaker", "Office manager"}},
	{"Finance", "", []string{"Accountant", "Controller"}},
	{"HR", "people-team", []string{"Recruiter", "Payroll"}},
	{"Procurement", "procurement", []string{"Buyer", "Contract manager"}},
	{"Marketing", "", []string{"Designer", "Content", "Events"}},
}

// staff are the company's accounts.
type staff struct {
	users     []seed.User
	employees []person // with a department, in the order of users
	accounts  []string // of employees
	agents    []string // accounts
	customers []string
}

func staffOf(scale int) *staff {
	s := &staff{}
	s.users = append(s.users, office.Users()...)
	count := min(people+peopleMore*(scale-1), maxPeople)
	for n := firstStaff; n < count; n++ {
		p := personAt(n - firstStaff)
		u := office.Colleague(n-2, p.name) // the three who log in are not counted as colleagues
		u.Login, u.Kind, u.TimeZone, u.Role = p.login, p.kind, p.zone, ""
		u.Mail, u.ShowsMail = mail(p, n), n%3 == 0
		if p.login != "" {
			u.Role = p.title
		}
		u.Groups = groupsOf(p)
		s.users = append(s.users, u)
		switch p.kind {
		case seed.Customer:
			s.customers = append(s.customers, u.Account)
			continue
		case seed.Agent:
			s.agents = append(s.agents, u.Account)
		}
		s.employees = append(s.employees, p)
		s.accounts = append(s.accounts, u.Account)
	}
	s.users = append(s.users, seed.User{Account: "557058:11111111-site-automation", Name: "Site automation", Kind: seed.AppUser, Groups: []string{"atlassian-addons"}})
	return s
}

// personAt returns somebody by number: those above first, then further ones made of given and family names. Names repeat after
// 2,500.
func personAt(n int) person {
	if n < len(morePeople) {
		return morePeople[n]
	}
	d := dice(n) // #nosec G115 -- n is positive
	n -= len(morePeople)
	given := n % len(givenNames)
	department := pick(&d, departments)
	p := person{
		name:       givenNames[given] + " " + familyNames[(n/len(givenNames)+given)%len(familyNames)],
		department: department.name, title: pick(&d, department.titles), zone: pick(&d, zones), kind: seed.Member,
	}
	if department.name == "IT" {
		p.kind = seed.Agent
	}
	return p
}

func groupsOf(p person) []string {
	if p.kind == seed.Customer {
		return []string{"customers"}
	}
	out := []string{"jira-users"}
	for _, d := range departments {
		if d.name == p.department && d.group != "" {
			out = append(out, d.group)
		}
	}
	return out
}

// mail writes an address of plain letters; n keeps it unique.
func mail(p person, n int) string {
	domain := "pergola.example"
	if _, firm, ok := strings.Cut(p.title, " at "); ok {
		domain = strings.ToLower(strings.ReplaceAll(firm, " ", "-")) + ".example"
	}
	given, _, _ := strings.Cut(strings.ToLower(p.name), " ")
	plain := strings.Map(func(r rune) rune {
		if r < 'a' || r > 'z' {
			return -1
		}
		return r
	}, given)
	return fmt.Sprintf("%s.%d@%s", plain, n, domain)
}
