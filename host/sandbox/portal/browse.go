package portal

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/desk"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// offer is a request type as a list shows it.
type offer struct {
	Name, Description, Path, Portal, Glyph string
}

func (v *view) offer(t *world.RequestType) offer {
	d := v.st.Desks.Get(t.Desk)
	return offer{t.Name, t.Description, createPath(t), d.Portal, v.st.Type(t.Type).Glyph}
}

func createPath(t *world.RequestType) string {
	return home + "/portal/" + string(t.Desk) + "/create/" + string(t.ID)
}

// recent is how many of somebody's latest requests the help center shows.
const recent = 5

// helpCenter lists the portals, or with a question what fits it.
func helpCenter(v *view) error {
	v.on = "help_center"
	body := struct {
		Query  string
		Desks  []*world.Desk
		Found  []offer
		Recent []listed
	}{Query: strings.TrimSpace(v.r.URL.Query().Get("q")), Desks: desk.DesksOf(v.st, v.user.Account)}
	if body.Query != "" {
		for _, d := range body.Desks {
			for _, t := range desk.TypesOf(v.st, d) {
				if strings.Contains(strings.ToLower(t.Name+"\n"+t.Description), strings.ToLower(body.Query)) {
					body.Found = append(body.Found, v.offer(t))
				}
			}
		}
	}
	for _, i := range rest.Window(desk.Requests(v.st, v.user.Account, desk.Wanted{}), 0, recent) {
		body.Recent = append(body.Recent, v.listed(i))
	}
	return v.render(http.StatusOK, "portals.html", "Help center", "home", body)
}

// shelf is a group of request types.
type shelf struct {
	Name   string
	Offers []offer
}

func deskPage(v *view) error {
	v.on = "portal"
	d, err := v.findDesk()
	if err != nil {
		return err
	}
	body := struct {
		Desk    *world.Desk
		Shelves []shelf
	}{Desk: d}
	for _, g := range desk.GroupsOf(v.st, d) {
		s := shelf{Name: g.Name}
		for _, t := range g.Types {
			s.Offers = append(s.Offers, v.offer(t))
		}
		body.Shelves = append(body.Shelves, s)
	}
	return v.render(http.StatusOK, "desk.html", d.Portal, "home", body)
}

// pageSize is how many requests a page lists.
const pageSize = 20

// requestList lists somebody's requests, by what the form above the list says.
func requestList(v *view) error {
	v.on = "my_requests"
	q := v.r.URL.Query()
	body := struct {
		Term, Status, Whose string
		Desk                world.DeskID
		Desks               []*world.Desk
		Orgs                []*world.Organization
		Rows                []listed
		From, To, Total     int
		Prev, Next          string
	}{
		Term: q.Get("q"), Status: cmp.Or(q.Get("status"), "open"), Whose: cmp.Or(q.Get("whose"), "all"), Desk: world.DeskID(q.Get("portal")),
		Desks: desk.DesksOf(v.st, v.user.Account), Orgs: desk.OrgsOf(v.st, v.user.Account),
	}
	w := desk.Wanted{Term: body.Term, Desk: body.Desk}
	if open := body.Status == "open"; open || body.Status == "closed" {
		w.Open = &open
	}
	switch {
	case body.Whose == "mine":
		w.Ownership = []desk.Ownership{desk.Owned}
	case body.Whose == "shared":
		w.Ownership = []desk.Ownership{desk.Participated}
	case strings.HasPrefix(body.Whose, "org:"):
		w.Ownership, w.Org = []desk.Ownership{desk.Organized}, world.OrgID(body.Whose[4:])
	}
	all := desk.Requests(v.st, v.user.Account, w)
	start, err := rest.QueryInt(q.Get("start"), 0)
	if err != nil {
		start = 0
	}
	for _, i := range rest.Window(all, start, pageSize) {
		body.Rows = append(body.Rows, v.listed(i))
	}
	body.From, body.To, body.Total = start+1, start+len(body.Rows), len(all)
	body.Prev, body.Next = pagers(v.r.URL, start, len(all))
	return v.render(http.StatusOK, "requests.html", "Requests", "requests", body)
}

func profile(v *view) error {
	v.on = "profile"
	panels, err := v.panels(connect.PortalProfilePanel)
	if err != nil {
		return err
	}
	actions, err := v.actions(connect.PortalProfileAction)
	if err != nil {
		return err
	}
	body := struct {
		Orgs    []*world.Organization
		Panels  []slot
		Actions []link
	}{desk.OrgsOf(v.st, v.user.Account), panels, actions}
	return v.render(http.StatusOK, "profile.html", "Profile", "", body)
}

// appPage shows what an app's action leads to.
func appPage(v *view) error {
	app := v.st.App(world.AppKey(v.r.PathValue("appKey")))
	if key := v.r.URL.Query().Get("issue"); key != "" {
		i := v.st.FindIssue(key)
		if !desk.Sees(v.st, v.user.Account, i) {
			return desk.NoRequest()
		}
		v.where.Issue, v.where.Project = i, v.st.Project(i.Project)
		v.where.Type, v.where.Desk = desk.TypeOf(v.st, i)
	}
	var found *slot
	if app != nil {
		for _, kind := range []string{connect.PortalMenuAction, connect.PortalViewAction, connect.PortalProfileAction} {
			err := connect.Shown(v.st, kind, v.where, func(a *world.App, d *connect.Descriptor, m *connect.Module) error {
				if a.Key != app.Key || m.Key != v.r.PathValue("module") || found != nil {
					return nil
				}
				f, err := v.Apps.Frame(a, d, m, v.where)
				found = &slot{m.Name.Value, f}
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	if found == nil {
		return rest.Fail(http.StatusNotFound, "No app has a page here.")
	}
	v.apps = append(v.apps, found.Frame)
	body := struct {
		slot
		Back string
	}{*found, ""}
	if v.where.Issue != nil {
		body.Back = desk.Path(v.where.Desk, v.where.Issue)
	}
	return v.render(http.StatusOK, "app.html", found.Name, "", body)
}

// sharers lists with whom a request at a desk can be shared as a whole.
func sharers(st *world.State, who world.AccountID, d *world.Desk) []*world.Organization {
	return slices.DeleteFunc(desk.OrgsOf(st, who), func(o *world.Organization) bool { return !slices.Contains(d.Orgs, o.ID) })
}
