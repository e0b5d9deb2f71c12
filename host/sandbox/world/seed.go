package world

import (
	"fmt"

	"github.com/pergola-platform/pergola/host/sandbox/seed/office"
)

// The people of the seeded site who can log in.
const (
	Mia   AccountID = office.Mia
	Jonas AccountID = office.Jonas
	Ada   AccountID = office.Ada
)

// AppGroup is the group that every app's account joins. AppAdminGroup is that of apps with the scope ADMIN; a site has it with the
// first of them.
const (
	AppGroup      = office.Apps
	AppAdminGroup = "atlassian-addons-admin"
)

// The custom fields of the seeded site.
const (
	Serial   FieldID = "customfield_10001"
	Location FieldID = "customfield_10002"
	Warranty FieldID = "customfield_10003"
	Price    FieldID = "customfield_10004"
	Owner    FieldID = "customfield_10005"
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

// Seed makes the small site of package office, as it stands at the moment of the change, with a new signing key.
func Seed(tx *Tx) error {
	site, err := NewSite("Pergola Sandbox", map[string][]string{
		Administer: {office.Admins}, SystemAdmin: {office.Admins}, BrowseUsers: {office.Admins, office.Staff, office.Apps},
		BulkChange: {office.Admins, office.Staff}, CreateShared: {office.Admins, office.Staff}, ManageFilterSubs: {office.Admins, office.Staff},
		CreateProjects: {office.Admins},
	})
	if err != nil {
		return err
	}
	o := newOfficeNames()
	things := append([]Entity{site}, o.people()...)
	things = append(things, o.kinds()...)
	things = append(things, seedDefaults()...)
	things = append(things, o.customFields()...)
	things = append(things, tx.grants("10000", office.OpenToGuests, office.Staff, office.Guests), tx.grants("10001", office.StaffOnly, office.Staff))
	things = append(things, o.projects()...)
	if err := tx.putAll(things); err != nil {
		return err
	}
	for _, i := range office.Issues(tx.Now) {
		if err := o.addIssue(tx, i); err != nil {
			return fmt.Errorf("issue %s: %w", i.Key, err)
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
		&Role{ID: "10002", Name: "Administrators", Description: "Who looks after a project", Default: []Holder{{ByGroup, office.Admins}}},
		&Role{ID: "10003", Name: "Members", Description: "Who works in a project", Default: []Holder{{ByGroup, office.Staff}}},
	}
}

// grants is a permission scheme: admins and apps may do everything, staff may work on issues, the other groups may look, and who leads a
// project administers it.
func (tx *Tx) grants(id SchemeID, name, staff string, lookers ...string) *PermissionScheme {
	s := &PermissionScheme{ID: id, Name: name}
	add := func(permission string, groups ...string) {
		for _, g := range groups {
			s.Grants = append(s.Grants, Grant{tx.NewGrantID(), permission, Holder{ByGroup, g}})
		}
	}
	add(BrowseProjects, lookers...)
	for _, p := range ProjectPermissions {
		add(p, office.Admins, AppGroup)
	}
	for _, p := range []string{
		BrowseProjects, CreateIssues, EditIssues, TransitionIssues, AssignIssues, MoveIssues, AssignableUser, LinkIssues, AddComments, EditOwnComments,
		DeleteOwnComments, CreateAttachments, DeleteOwnAttachments, WorkOnIssues, EditOwnWorklogs, DeleteOwnWorklogs, ResolveIssues, CloseIssues,
		ScheduleIssues, ViewVotersWatchers, ManageWatchers, ViewWorkflow, ViewDevTools,
	} {
		add(p, staff)
	}
	s.Grants = append(s.Grants, Grant{tx.NewGrantID(), AdministerProject, Holder{Kind: ByLead}})
	return s
}
