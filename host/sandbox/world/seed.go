package world

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
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

// Seed makes a site with a company's assets, as it stood at that moment, and a new signing key.
func Seed(now time.Time) (*State, error) {
	key, err := newSigningKey()
	if err != nil {
		return nil, err
	}
	s := &State{
		Title: "Pergola Sandbox", InstallKey: key, SessionKey: random(32), NextIssue: 10100,
		Issues: map[IssueID]*Issue{}, Moved: map[string]IssueID{}, Apps: map[AppKey]*App{},
		Users:  seedUsers(),
		Global: map[string][]string{Administer: {adminGroup}, BrowseUsers: {adminGroup, staffGroup, AppGroup}},
		Categories: []*Category{
			{ID: "10000", Name: "IT assets", Description: "What the IT department hands out and looks after"},
			{ID: "10001", Name: "Company", Description: "People, rooms and furniture"},
		},
		Types: []*IssueType{
			{ID: "10001", Name: "Laptop", Description: "A portable computer", Glyph: "laptop"},
			{ID: "10002", Name: "Server", Description: "A machine in a rack", Glyph: "server"},
			{ID: "10003", Name: "Monitor", Description: "A screen", Glyph: "monitor"},
			{ID: "10004", Name: "Software licence", Description: "The right to use a program", Glyph: "licence"},
			{ID: "10005", Name: "Person", Description: "Somebody who works here", Glyph: "person"},
			{ID: "10006", Name: "Room", Description: "A room", Glyph: "room"},
			{ID: "10007", Name: "Equipment", Description: "Furniture and what stands around", Glyph: "box"},
		},
		Statuses: []*Status{
			{ID: inStock, Name: "In stock", Category: "new"},
			{ID: inUse, Name: "In use", Category: "indeterminate"},
			{ID: inRepair, Name: "In repair", Category: "indeterminate"},
			{ID: retired, Name: "Retired", Category: "done"},
		},
		Fields: []*Field{
			{ID: Serial, Number: 10001, Name: "Serial number", Kind: Text},
			{ID: Location, Number: 10002, Name: "Location", Kind: Option, Options: []FieldOption{
				{"10010", "Berlin HQ"}, {"10011", "Hamburg office"}, {"10012", "Munich office"},
				{"10013", "Data centre Frankfurt"}, {"10014", "Home office"},
			}},
			{ID: Warranty, Number: 10003, Name: "Warranty until", Kind: Date},
			{ID: Price, Number: 10004, Name: "Purchase price", Kind: Number},
			{ID: Owner, Number: 10005, Name: "Owner", Kind: Person},
		},
		Projects: []*Project{
			{ID: "10000", Key: "OPS", Name: "IT assets", Description: "Every device and licence, from purchase to scrap", Lead: Mia,
				Category: "10000", Types: []TypeID{"10001", "10002", "10003", "10004"}, Grants: grants(staffGroup, guestGroup), NextKey: 1},
			{ID: "10001", Key: "HR", Name: "People", Description: "Who works here and since when; not for guests", Lead: Mia,
				Category: "10001", Types: []TypeID{"10005"}, Grants: grants(staffGroup), NextKey: 1},
			{ID: "10002", Key: "FAC", Name: "Facilities", Description: "Rooms and furniture", Lead: Jonas,
				Category: "10001", Types: []TypeID{"10006", "10007"}, Grants: grants(staffGroup, guestGroup), NextKey: 1},
		},
	}
	s.link()
	for n, row := range seedIssues {
		s.addSeed(row, n, now)
	}
	return s, nil
}

// grants is a permission scheme: admins and apps may do everything, staff may work on issues, the other groups may look.
func grants(staff string, lookers ...string) map[string][]string {
	g := map[string][]string{}
	for _, p := range ProjectPermissions {
		g[p] = []string{adminGroup, AppGroup}
	}
	for _, p := range []string{BrowseProjects, CreateIssues, EditIssues, TransitionIssues, AssignIssues, MoveIssues} {
		g[p] = append(g[p], staff)
	}
	g[BrowseProjects] = append(g[BrowseProjects], lookers...)
	return g
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

func (s *State) addSeed(row seedIssue, n int, now time.Time) {
	created := now.Add(-time.Duration(len(seedIssues)-n) * 67 * time.Hour).Truncate(time.Minute)
	p := s.FindProject(row.project)
	i := s.AddIssue(&Issue{
		Project: p.ID, Type: TypeID(strconv.Itoa(firstType + row.kind)), Status: row.status, Summary: row.summary,
		Reporter: Mia, Custom: map[FieldID]json.RawMessage{}, Labels: row.labels,
	}, created)
	// Spread the changes over the projects, so that the newest are not all of the last one.
	if changed := now.Add(-time.Duration(n*23%len(seedIssues)+1) * 11 * time.Hour).Truncate(time.Minute); changed.After(created) {
		i.Updated = changed
	}
	set := func(f FieldID, v any) { i.Custom[f], _ = json.Marshal(v) }
	if row.serial != "" {
		set(Serial, row.serial)
	}
	if row.location >= 0 {
		set(Location, s.Field(Location).Options[row.location].ID)
	}
	if row.warranty != 0 {
		set(Warranty, now.AddDate(0, row.warranty, 0).Format(time.DateOnly))
	}
	if row.price != 0 {
		set(Price, row.price)
	}
	if row.owner >= 0 {
		set(Owner, s.Users[row.owner].Account)
		i.Assignee = s.Users[row.owner].Account
	}
	if row.text != "" {
		i.Description = TextDocument(row.text)
	}
}

// TextDocument returns an ADF document with one paragraph for each line of text.
func TextDocument(lines ...string) json.RawMessage {
	type node map[string]any
	doc := node{"type": "doc", "version": 1}
	content := []node{}
	for _, l := range lines {
		content = append(content, node{"type": "paragraph", "content": []node{{"type": "text", "text": l}}})
	}
	doc["content"] = content
	raw, _ := json.Marshal(doc) // strings and maps always encode
	return raw
}

func newSigningKey() (SigningKey, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return SigningKey{}, fmt.Errorf("make the install key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return SigningKey{}, fmt.Errorf("encode the install key: %w", err)
	}
	return SigningKey{
		ID:  NewUUID(),
		PEM: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	}, nil
}

// NewUUID returns a random UUID of version 4.
func NewUUID() string {
	b := random(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// NewSecret returns a new shared secret, as long and as odd as Jira's.
func NewSecret() string { return fmt.Sprintf("ATCO%xSANDBOX", random(40)) }

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails, says crypto/rand
	return b
}
