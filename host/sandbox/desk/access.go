package desk

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/world"
	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// The roles that Jira gives every service project.
const (
	teamRole     = "Service Desk Team"
	customerRole = "Service Desk Customers"
)

// participantsType is Jira's name for the type of the field in which issues keep who else takes part.
const participantsType = "com.atlassian.servicedesk:sd-request-participants"

// Agent says whether somebody works on the requests of a project: by the permission, as one of its team, or as an app that may
// browse it. Whoever has an account for portals only never does.
func Agent(st *world.State, who world.AccountID, p *world.Project) bool {
	u := st.User(who)
	if u == nil || u.Customer || p == nil {
		return false
	}
	return st.CanIn(who, world.ServiceDeskAgent, p) || inRole(st, who, teamRole, p) || u.App && st.CanIn(who, world.BrowseProjects, p)
}

// anyAgent says whether somebody works at any desk.
func anyAgent(st *world.State, who world.AccountID) bool {
	return st.Desks.First(func(d *world.Desk) bool { return Agent(st, who, st.Project(d.Project)) }) != nil
}

func inRole(st *world.State, who world.AccountID, name string, p *world.Project) bool {
	r := st.Roles.First(func(r *world.Role) bool { return strings.EqualFold(r.Name, name) })
	return r != nil && st.InRole(who, r.ID, p)
}

// MayAsk says whether somebody may use the portal of a desk: as an agent, as one of its customers, or because everybody is one.
func MayAsk(st *world.State, who world.AccountID, d *world.Desk) bool {
	p, u := st.Project(d.Project), st.User(who)
	if p == nil || p.Trashed || p.Archived || u == nil || u.Closed || u.Inactive {
		return false
	}
	return d.Open || slices.Contains(d.Customers, who) || Agent(st, who, p) || inRole(st, who, customerRole, p) ||
		slices.ContainsFunc(OrgsOf(st, who), func(o *world.Organization) bool { return slices.Contains(d.Orgs, o.ID) })
}

// DesksOf lists the desks whose portal somebody may use.
func DesksOf(st *world.State, who world.AccountID) []*world.Desk {
	return slices.DeleteFunc(st.Desks.List(), func(d *world.Desk) bool { return !MayAsk(st, who, d) })
}

// OrgsOf lists the organizations of which somebody is a member.
func OrgsOf(st *world.State, who world.AccountID) []*world.Organization {
	return slices.DeleteFunc(st.Organizations.List(), func(o *world.Organization) bool { return !slices.Contains(o.Members, who) })
}

// TypeOf is what a customer asked for with an issue, and where; nil for an issue that nobody asked for.
func TypeOf(st *world.State, i *world.Issue) (*world.RequestType, *world.Desk) {
	if i == nil || i.Request == "" {
		return nil, nil
	}
	t := st.RequestTypes.Get(i.Request)
	if t == nil {
		return nil, nil
	}
	d := st.Desks.Get(t.Desk)
	if d == nil || d.Project != i.Project {
		return nil, nil
	}
	return t, d
}

// Sees says whether somebody may see a request: agents each that the project's security levels show them, others those that
// are theirs, that they take part in, or that are shared with their organization.
func Sees(st *world.State, who world.AccountID, i *world.Issue) bool {
	t, d := TypeOf(st, i)
	if t == nil || i.Archived {
		return false
	}
	p, u := st.Project(d.Project), st.User(who)
	if u == nil || p.Trashed || p.Archived {
		return false
	}
	if Agent(st, who, p) {
		return st.Sees(who, i) || i.Security == ""
	}
	return Own(st, who, i) || slices.ContainsFunc(OrgsOf(st, who), func(o *world.Organization) bool { return slices.Contains(i.Orgs, o.ID) })
}

// Own says whether a request is somebody's: as who asked, or as one who takes part.
func Own(st *world.State, who world.AccountID, i *world.Issue) bool {
	return i.Reporter == who || slices.Contains(Participants(st, i), who)
}

// participantsField is the field in which issues keep who takes part; nil on a site without one.
func participantsField(st *world.State) *world.Field {
	return st.Fields.First(func(f *world.Field) bool { return f.Type == participantsType && !f.Trashed })
}

// Participants are the accounts of those who take part in a request besides the reporter.
func Participants(st *world.State, i *world.Issue) []world.AccountID {
	f := participantsField(st)
	if f == nil {
		return nil
	}
	var out []world.AccountID
	_ = json.Unmarshal(i.Custom[f.ID], &out) // nothing, or what this package and seeds wrote
	return out
}

// setParticipants writes who takes part into an issue that is being made or changed. A site without the field gets it.
func setParticipants(tx *world.Tx, i *world.Issue, who []world.AccountID) error {
	f := participantsField(tx.State)
	if f == nil {
		f = tx.NewField()
		f.Name, f.Kind, f.Type = "Request participants", world.People, participantsType
		if err := tx.Put(f); err != nil {
			return err
		}
	}
	if i.Custom == nil {
		i.Custom = map[world.FieldID]json.RawMessage{}
	}
	if len(who) == 0 {
		delete(i.Custom, f.ID)
		return nil
	}
	raw, err := json.Marshal(who)
	i.Custom[f.ID] = raw
	return err
}

// Ownership is why a request is on somebody's list.
type Ownership string

// The reasons. There are no approvals on a site, so nobody is an [Approver].
const (
	Owned        Ownership = "OWNED_REQUESTS"
	Participated Ownership = "PARTICIPATED_REQUESTS"
	Organized    Ownership = "ORGANIZATION"
	AllOrganized Ownership = "ALL_ORGANIZATIONS"
	Approver     Ownership = "APPROVER"
	Everything   Ownership = "ALL_REQUESTS"
)

// Wanted says which requests a list shall have. The zero value is what somebody is asked about without a further word: one's own,
// those one takes part in, and those of one's organizations.
type Wanted struct {
	Ownership []Ownership
	Org       world.OrgID
	Desk      world.DeskID
	Type      world.RequestTypeID
	Open      *bool // nil for both
	Term      string
}

// Requests lists what somebody sees of what is wanted, the latest activity first.
func Requests(st *world.State, who world.AccountID, w Wanted) []*world.Issue {
	x := st.Index()
	why := w.Ownership
	if len(why) == 0 {
		why = []Ownership{Owned, Participated, AllOrganized}
	}
	var set index.Set
	for _, o := range why {
		set = set.Or(ownedBy(st, who, o, w.Org))
	}
	set = set.And(ofTypes(st, who, w))
	if w.Open != nil {
		done := x.Equal("statusCategory", "done")
		if *w.Open {
			set = set.Without(done)
		} else {
			set = set.And(done)
		}
	}
	term := strings.ToLower(strings.Trim(strings.TrimSpace(w.Term), "*"))
	var out []*world.Issue
	for _, n := range index.Sort(set, -1, index.Key{Column: x.Column("updated"), Desc: true}) {
		i := st.IssueAt(n)
		if Sees(st, who, i) && (term == "" || strings.Contains(strings.ToLower(i.Summary), term) || strings.EqualFold(i.Key, term)) {
			out = append(out, i)
		}
	}
	return out
}

func ownedBy(st *world.State, who world.AccountID, o Ownership, org world.OrgID) (set index.Set) {
	x := st.Index()
	switch o {
	case Owned:
		return x.Equal("reporter", string(who))
	case Participated:
		if f := participantsField(st); f != nil {
			return x.Equal(string(f.ID), string(who))
		}
	case Organized, AllOrganized:
		for _, each := range OrgsOf(st, who) {
			if o == AllOrganized || each.ID == org {
				set = set.Or(x.Equal("organization", string(each.ID)))
			}
		}
	case Everything:
		return x.All()
	case Approver:
	}
	return set
}

// ofTypes are the requests of a kind at the desks that somebody may use.
func ofTypes(st *world.State, who world.AccountID, w Wanted) (set index.Set) {
	desks := map[world.DeskID]bool{}
	for _, d := range DesksOf(st, who) {
		desks[d.ID] = w.Desk == "" || w.Desk == d.ID
	}
	for t := range st.RequestTypes.All() {
		if desks[t.Desk] && (w.Type == "" || w.Type == t.ID) {
			set = set.Or(st.Index().Equal("request", string(t.ID)))
		}
	}
	return set
}
