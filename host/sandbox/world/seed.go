package world

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// The people of the seeded site who can log in.
const (
	Mia   AccountID = "712020:5f3c1e0a-mia-admin"
	Jonas AccountID = "712020:8b21d7c4-jonas-user"
	Ada   AccountID = "712020:c09e4a52-ada-guest"
)

// The groups of the seeded site. AppGroup is the one that every app's account joins.
const (
	adminGroup = "site-admins"
	staffGroup = "jira-users"
	guestGroup = "guests"
	AppGroup   = "atlassian-addons"
	// AppAdminGroup is that of apps with the scope ADMIN. A site has it with the first of them.
	AppAdminGroup = "atlassian-addons-admin"
)

// The custom fields of the seeded site.
const (
	Serial    FieldID = "customfield_10001"
	Location  FieldID = "customfield_10002"
	Warranty  FieldID = "customfield_10003"
	Price     FieldID = "customfield_10004"
	Owner     FieldID = "customfield_10005"
	firstType         = 10001
)

// The statuses of the seeded site.
const (
	inStock  StatusID = "10000"
	inUse    StatusID = "10001"
	inRepair StatusID = "10002"
	retired  StatusID = "10003"
)

// siteID is the id of the one [Site].
const siteID = "site"

// Seed makes a site with a company's assets, as it stands at the moment of the change, and a new signing key.
func Seed(tx *Tx) error {
	site, err := NewSite("Pergola Sandbox", map[string][]string{
		Administer: {adminGroup}, SystemAdmin: {adminGroup}, BrowseUsers: {adminGroup, staffGroup, AppGroup}, BulkChange: {adminGroup, staffGroup},
		CreateShared: {adminGroup, staffGroup}, ManageFilterSubs: {adminGroup, staffGroup}, CreateProjects: {adminGroup},
	})
	if err != nil {
		return err
	}
	things := []Entity{site}
	for _, u := range seedUsers() {
		things = append(things, u)
	}
	things = append(things, seedKinds()...)
	things = append(things,
		&Field{ID: Serial, Number: 10001, Name: "Serial number", Kind: Text},
		&Field{ID: Location, Number: 10002, Name: "Location", Kind: Option, Options: []FieldOption{
			{ID: "10010", Value: "Berlin HQ"}, {ID: "10011", Value: "Hamburg office"}, {ID: "10012", Value: "Munich office"},
			{ID: "10013", Value: "Data centre Frankfurt"}, {ID: "10014", Value: "Home office"},
		}},
		&Field{ID: Warranty, Number: 10003, Name: "Warranty until", Kind: Date},
		&Field{ID: Price, Number: 10004, Name: "Purchase price", Kind: Number},
		&Field{ID: Owner, Number: 10005, Name: "Owner", Kind: Person},
		tx.grants("10000", "Staff works, guests look", staffGroup, guestGroup),
		tx.grants("10001", "Staff only", staffGroup),
		&Project{ID: "10000", Key: "OPS", Name: "IT assets", Description: "Every device and licence, from purchase to scrap", Lead: Mia,
			Category: "10000", Types: []TypeID{"10001", "10002", "10003", "10004"}, Permissions: "10000", Workflow: "10000"},
		&Project{ID: "10001", Key: "HR", Name: "People", Description: "Who works here and since when; not for guests", Lead: Mia,
			Category: "10001", Types: []TypeID{"10005"}, Permissions: "10001", Workflow: "10000"},
		&Project{ID: "10002", Key: "FAC", Name: "Facilities", Description: "Rooms and furniture", Lead: Jonas,
			Category: "10001", Types: []TypeID{"10006", "10007"}, Permissions: "10000", Workflow: "10000"},
	)
	if err := tx.putAll(things); err != nil {
		return err
	}
	users := seedUsers()
	for n, row := range seedIssues {
		if err := tx.addSeed(row, n, users); err != nil {
			return err
		}
	}
	return nil
}

// NewSite returns what there is once, with new keys. global says which groups have each global permission.
func NewSite(title string, global map[string][]string) (*Site, error) {
	key, err := NewSigningKey()
	if err != nil {
		return nil, err
	}
	return &Site{ID: siteID, Title: title, Global: global, InstallKey: key, SessionKey: random(32)}, nil
}

func (tx *Tx) putAll(things []Entity) error {
	for _, e := range things {
		if err := tx.Put(e); err != nil {
			return err
		}
	}
	return nil
}

// seedKinds are the kinds of things, as every new site has them.
func seedKinds() []Entity {
	return append([]Entity{
		&Category{ID: "10000", Name: "IT assets", Description: "What the IT department hands out and looks after"},
		&Category{ID: "10001", Name: "Company", Description: "People, rooms and furniture"},
		&IssueType{ID: "10001", Name: "Laptop", Description: "A portable computer", Glyph: "laptop"},
		&IssueType{ID: "10002", Name: "Server", Description: "A machine in a rack", Glyph: "server"},
		&IssueType{ID: "10003", Name: "Monitor", Description: "A screen", Glyph: "monitor"},
		&IssueType{ID: "10004", Name: "Software licence", Description: "The right to use a program", Glyph: "licence"},
		&IssueType{ID: "10005", Name: "Person", Description: "Somebody who works here", Glyph: "person"},
		&IssueType{ID: "10006", Name: "Room", Description: "A room", Glyph: "room"},
		&IssueType{ID: "10007", Name: "Equipment", Description: "Furniture and what stands around", Glyph: "box"},
		&Status{ID: inStock, Name: "In stock", Category: "new"},
		&Status{ID: inUse, Name: "In use", Category: "indeterminate"},
		&Status{ID: inRepair, Name: "In repair", Category: "indeterminate"},
		&Status{ID: retired, Name: "Retired", Category: "done"},
	}, seedDefaults()...)
}

// seedDefaults are the things that a site of Jira has without anybody's doing, and the workflow of the seeded projects.
func seedDefaults() []Entity {
	return append(Defaults(),
		&Workflow{ID: "10000", Name: "Life of an asset", Statuses: []StatusID{inStock, inUse, inRepair, retired}, Transitions: []Transition{
			{ID: "11", Name: "Put in stock", To: inStock},
			{ID: "21", Name: "Hand out", To: inUse},
			{ID: "31", Name: "Send to repair", To: inRepair},
			{ID: "41", Name: "Retire", To: retired},
		}},
	)
}

// Defaults are the things that a site of Jira has without anybody's doing: priorities, resolutions, link types and roles.
func Defaults() []Entity {
	return []Entity{
		&Priority{ID: "1", Name: "Highest", Color: "#d04437", Order: 1},
		&Priority{ID: "2", Name: "High", Color: "#f15c75", Order: 2},
		&Priority{ID: "3", Name: "Medium", Color: "#f79232", Order: 3, Default: true},
		&Priority{ID: "4", Name: "Low", Color: "#707070", Order: 4},
		&Priority{ID: "5", Name: "Lowest", Color: "#999999", Order: 5},
		&Resolution{ID: "10000", Name: "Done", Default: true},
		&Resolution{ID: "10001", Name: "Won't Do"},
		&Resolution{ID: "10002", Name: "Duplicate"},
		&LinkType{ID: "10000", Name: "Blocks", Inward: "is blocked by", Outward: "blocks"},
		&LinkType{ID: "10001", Name: "Cloners", Inward: "is cloned by", Outward: "clones"},
		&LinkType{ID: "10002", Name: "Duplicate", Inward: "is duplicated by", Outward: "duplicates"},
		&LinkType{ID: "10003", Name: "Relates", Inward: "relates to", Outward: "relates to"},
		&Role{ID: "10002", Name: "Administrators", Description: "Who looks after a project", Default: []Holder{{ByGroup, adminGroup}}},
		&Role{ID: "10003", Name: "Members", Description: "Who works in a project", Default: []Holder{{ByGroup, staffGroup}}},
	}
}

// grants is a permission scheme: admins and apps may do everything, staff may work on issues, the other groups may look.
func (tx *Tx) grants(id SchemeID, name, staff string, lookers ...string) *PermissionScheme {
	s := &PermissionScheme{ID: id, Name: name}
	add := func(permission string, groups ...string) {
		for _, g := range groups {
			s.Grants = append(s.Grants, Grant{tx.NewGrantID(), permission, Holder{ByGroup, g}})
		}
	}
	add(BrowseProjects, lookers...)
	for _, p := range ProjectPermissions {
		add(p, adminGroup, AppGroup)
	}
	for _, p := range []string{
		BrowseProjects, CreateIssues, EditIssues, TransitionIssues, AssignIssues, MoveIssues, AssignableUser, LinkIssues, AddComments, EditOwnComments,
		DeleteOwnComments, CreateAttachments, DeleteOwnAttachments, WorkOnIssues, EditOwnWorklogs, DeleteOwnWorklogs, ResolveIssues, CloseIssues,
		ScheduleIssues, ViewVotersWatchers, ManageWatchers, ViewWorkflow, ViewDevTools,
	} {
		add(p, staff)
	}
	return s
}

func seedUsers() []*User {
	users := []*User{
		{Account: Mia, Login: "mia", Name: "Mia Admin", Email: "mia@pergola.example", Groups: []string{adminGroup, staffGroup},
			Role: "Administers the site and its apps"},
		{Account: Jonas, Login: "jonas", Name: "Jonas User", Email: "jonas@pergola.example", ShowsEmail: true, Groups: []string{staffGroup},
			Role: "Works on issues in every project"},
		{Account: Ada, Login: "ada", Name: "Ada Guest", Email: "ada@partner.example", Groups: []string{guestGroup},
			Role: "Looks at IT assets and facilities, may not see people"},
	}
	for n, name := range []string{"Lena Fischer", "Tom Berger", "Noor Haddad", "Pavel Novák", "Sofía Ruiz", "Akira Sato", "Emma Lindqvist"} {
		users = append(users, &User{
			Account: AccountID(fmt.Sprintf("712020:00000000-colleague-%d", n+1)), Name: name, Groups: []string{staffGroup},
		})
	}
	for _, u := range users {
		u.TimeZone = "Europe/Berlin"
	}
	return users
}

func (tx *Tx) addSeed(row seedIssue, n int, users []*User) error {
	created := tx.Now.Add(-time.Duration(len(seedIssues)-n) * 67 * time.Hour).Truncate(time.Minute)
	i := &Issue{
		Project: tx.FindProject(row.project).ID, Type: TypeID(strconv.Itoa(firstType + row.kind)), Status: row.status, Summary: row.summary,
		Reporter: Mia, Custom: map[FieldID]json.RawMessage{}, Labels: row.labels, Created: created, Updated: created,
	}
	// Spread the changes over the projects, so that the newest are not all of the last one.
	if changed := tx.Now.Add(-time.Duration(n*23%len(seedIssues)+1) * 11 * time.Hour).Truncate(time.Minute); changed.After(created) {
		i.Updated = changed
	}
	set := func(f FieldID, v any) { i.Custom[f], _ = json.Marshal(v) }
	if row.serial != "" {
		set(Serial, row.serial)
	}
	if row.location >= 0 {
		set(Location, tx.Field(Location).Options[row.location].ID)
	}
	if row.warranty != 0 {
		set(Warranty, tx.Now.AddDate(0, row.warranty, 0).Format(time.DateOnly))
	}
	if row.price != 0 {
		set(Price, row.price)
	}
	if row.owner >= 0 {
		set(Owner, users[row.owner].Account)
		i.Assignee = users[row.owner].Account
	}
	if row.text != "" {
		i.Description = TextDocument(row.text)
	}
	_, err := tx.AddIssue(i)
	return err
}
