// Package office is the small site with which a sandbox begins unless it is told otherwise: the assets of a company in three
// projects with sixty issues. It is plain content, here and nowhere else: [world.Seed] makes a site of it and adds who may do
// what, and package company grows a larger one around it. Tests know what is in it, by id, key and text; add, and change nothing.
//
// Each function returns a copy of its own. Start with [Projects] and [Issues].
//
// [world.Seed]: https://pkg.go.dev/github.com/pergola-platform/pergola/host/sandbox/world#Seed
package office

import (
	"fmt"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
)

// The accounts of those who can log in: an administrator, somebody who works here, and a guest.
const (
	Mia   = "712020:5f3c1e0a-mia-admin"
	Jonas = "712020:8b21d7c4-jonas-user"
	Ada   = "712020:c09e4a52-ada-guest"
)

// The names of the custom fields.
const (
	SerialNumber  = "Serial number"
	Location      = "Location"
	WarrantyUntil = "Warranty until"
	PurchasePrice = "Purchase price"
	Owner         = "Owner"
)

// The groups. Apps is the one that every app's account joins.
const (
	Admins = "site-admins"
	Staff  = "jira-users"
	Guests = "guests"
	Apps   = "atlassian-addons"
)

// TimeZone is that of everybody here.
const TimeZone = "Europe/Berlin"

// Groups says what the groups are for.
func Groups() []seed.Group {
	return []seed.Group{
		{Name: Admins, Description: "Administer the site"}, {Name: Staff, Description: "Everybody who works here"},
		{Name: Guests, Description: "Look, and change nothing"}, {Name: Apps, Description: "The accounts of apps"},
	}
}

// Users are the people, those who can log in first.
func Users() []seed.User {
	users := []seed.User{
		{Account: Mia, Login: "mia", Name: "Mia Admin", Mail: "mia@pergola.example", Kind: seed.Admin, Groups: []string{Admins, Staff},
			Role: "Administers the site and its apps"},
		{Account: Jonas, Login: "jonas", Name: "Jonas User", Mail: "jonas@pergola.example", ShowsMail: true, Kind: seed.Member,
			Groups: []string{Staff}, Role: "Works on issues in every project"},
		{Account: Ada, Login: "ada", Name: "Ada Guest", Mail: "ada@partner.example", Kind: seed.Member, Groups: []string{Guests},
			Role: "Looks at IT assets and facilities, may not see people"},
	}
	for n, name := range []string{"Lena Fischer", "Tom Berger", "Noor Haddad", "Pavel Novák", "Sofía Ruiz", "Akira Sato", "Emma Lindqvist"} {
		users = append(users, Colleague(n+1, name))
	}
	for n := range users {
		users[n].TimeZone = TimeZone
	}
	return users
}

// Colleague is somebody who works here and cannot log in; n is counted from 1.
func Colleague(n int, name string) seed.User {
	return seed.User{Account: fmt.Sprintf("712020:00000000-colleague-%d", n), Name: name, Groups: []string{Staff}}
}

// Categories are the categories of projects.
func Categories() []seed.Category {
	return []seed.Category{
		{ID: "10000", Name: "IT assets", Description: "What the IT department hands out and looks after"},
		{ID: "10001", Name: "Company", Description: "People, rooms and furniture"},
	}
}

// Types are the issue types.
func Types() []seed.IssueType {
	return []seed.IssueType{
		{ID: "10001", Name: "Laptop", Description: "A portable computer", Glyph: "laptop"},
		{ID: "10002", Name: "Server", Description: "A machine in a rack", Glyph: "server"},
		{ID: "10003", Name: "Monitor", Description: "A screen", Glyph: "monitor"},
		{ID: "10004", Name: "Software licence", Description: "The right to use a program", Glyph: "licence"},
		{ID: "10005", Name: "Person", Description: "Somebody who works here", Glyph: "person"},
		{ID: "10006", Name: "Room", Description: "A room", Glyph: "room"},
		{ID: "10007", Name: "Equipment", Description: "Furniture and what stands around", Glyph: "box"},
	}
}

// Statuses are the places where an asset stands, the first one when it is new.
func Statuses() []seed.Status {
	return []seed.Status{
		{ID: "10000", Name: "In stock", Category: "new"}, {ID: "10001", Name: "In use", Category: "indeterminate"},
		{ID: "10002", Name: "In repair", Category: "indeterminate"}, {ID: "10003", Name: "Retired", Category: "done"},
	}
}

// Locations are the options of the field Location.
func Locations() []seed.Option {
	return []seed.Option{
		{ID: "10010", Value: "Berlin HQ"}, {ID: "10011", Value: "Hamburg office"}, {ID: "10012", Value: "Munich office"},
		{ID: "10013", Value: "Data centre Frankfurt"}, {ID: "10014", Value: "Home office"},
	}
}

// Fields are the custom fields. more are locations beside those of the office.
func Fields(more ...seed.Option) []seed.Field {
	return []seed.Field{
		{ID: "customfield_10001", Name: SerialNumber, Kind: seed.KindText},
		{ID: "customfield_10002", Name: Location, Kind: seed.KindOption, Contexts: []seed.FieldContext{{Options: append(Locations(), more...)}}},
		{ID: "customfield_10003", Name: WarrantyUntil, Kind: seed.KindDate},
		{ID: "customfield_10004", Name: PurchasePrice, Kind: seed.KindNumber},
		{ID: "customfield_10005", Name: Owner, Kind: seed.KindUser},
	}
}

// The permission schemes of the projects. What they grant says who makes the site.
const (
	OpenToGuests = "Staff works, guests look"
	StaffOnly    = "Staff only"
)

// Projects are the projects.
func Projects() []seed.Project {
	return []seed.Project{
		{ID: "10000", Key: "OPS", Name: "IT assets", Description: "Every device and licence, from purchase to scrap", Lead: "mia",
			Category: "IT assets", Types: []string{"Laptop", "Server", "Monitor", "Software licence"}, Permissions: OpenToGuests},
		{ID: "10001", Key: "HR", Name: "People", Description: "Who works here and since when; not for guests", Lead: "mia",
			Category: "Company", Types: []string{"Person"}, Permissions: StaffOnly},
		{ID: "10002", Key: "FAC", Name: "Facilities", Description: "Rooms and furniture", Lead: "jonas",
			Category: "Company", Types: []string{"Room", "Equipment"}, Permissions: OpenToGuests},
	}
}
