package page

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/calls"
	"github.com/pergola-platform/pergola/host/sandbox/push"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// needAdmin refuses everybody who does not administer the site.
func (v *view) needAdmin() error {
	if !v.st.Can(v.user.Account, world.Administer) {
		return rest.Fail(http.StatusForbidden, "Only a site admin can open the admin area.")
	}
	return nil
}

// usersShown is how many users a page lists.
const usersShown = 200

func (s *Pages) userList(v *view) error {
	if err := v.needAdmin(); err != nil {
		return err
	}
	body := struct {
		Side   []menuItem
		Search string
		Users  []*world.User
		Total  int
	}{Search: v.r.URL.Query().Get("q"), Total: v.st.Users.Len()}
	for u := range v.st.Users.All() {
		if len(body.Users) < usersShown && strings.Contains(strings.ToLower(u.Name+" "+u.Email+" "+u.Login), strings.ToLower(body.Search)) {
			body.Users = append(body.Users, u)
		}
	}
	slices.SortFunc(body.Users, func(a, b *world.User) int { return strings.Compare(a.Name, b.Name) })
	var err error
	if body.Side, err = s.adminMenu(v, "/admin/users"); err != nil {
		return err
	}
	return v.render(http.StatusOK, "users.html", "Users", "admin", body)
}

// shownField is a custom field with where it exists.
type shownField struct {
	*world.Field
	Kind     string
	Contexts []shownContext
}

type shownContext struct {
	Name, Projects, Types string
	Options               []string
}

func (s *Pages) fieldList(v *view) error {
	if err := v.needAdmin(); err != nil {
		return err
	}
	body := struct {
		Side   []menuItem
		Fields []shownField
	}{}
	for f := range v.st.Fields.All() {
		one := shownField{Field: f, Kind: shape.TypeOf(f).Name}
		one.Kind = one.Kind[strings.LastIndexByte(one.Kind, ':')+1:]
		contexts := f.Contexts
		if len(contexts) == 0 {
			contexts = []world.Context{{Name: "Everywhere"}}
		}
		for _, c := range contexts {
			one.Contexts = append(one.Contexts, v.context(f, c))
		}
		body.Fields = append(body.Fields, one)
	}
	var err error
	if body.Side, err = s.adminMenu(v, "/admin/fields"); err != nil {
		return err
	}
	return v.render(http.StatusOK, "fields.html", "Fields", "admin", body)
}

func (v *view) context(f *world.Field, c world.Context) shownContext {
	out := shownContext{Name: c.Name, Projects: "all projects", Types: "all types"}
	var projects, types []string
	for _, id := range c.Projects {
		if p := v.st.Project(id); p != nil {
			projects = append(projects, p.Key)
		}
	}
	for _, id := range c.Types {
		if t := v.st.Type(id); t != nil {
			types = append(types, t.Name)
		}
	}
	if projects != nil {
		out.Projects = strings.Join(projects, ", ")
	}
	if types != nil {
		out.Types = strings.Join(types, ", ")
	}
	options := c.Options
	if len(options) == 0 {
		options = f.Options
	}
	for _, o := range options {
		out.Options = append(out.Options, o.Value)
	}
	return out
}

// shownCalls is how many calls the page lists.
const shownCalls = 200

// line is a call of an app or a webhook to one, in the order of time.
type line struct {
	Time            time.Time
	Who             string
	Method, Path    string
	Status          int
	Took            string
	Fine            bool
	Note            string
	Request, Answer string
	Webhook         bool
}

// callPage shows what apps and people asked of the REST interface, and what the site sent to apps.
func (s *Pages) callPage(v *view) error {
	if err := v.needAdmin(); err != nil {
		return err
	}
	q := v.r.URL.Query()
	body := struct {
		Side   []menuItem
		Filter calls.Filter
		Hooks  string
		Lines  []line
		Apps   []*world.App
		Bodies bool
	}{
		Filter: calls.Filter{App: q.Get("app"), Method: q.Get("method"), Path: q.Get("path"), Status: q.Get("status")}, Hooks: q.Get("hooks"),
		Apps: v.st.InstalledApps(), Bodies: s.calls.Bodies(),
	}
	for _, c := range s.calls.Find(body.Filter, shownCalls) {
		who := string(c.App)
		if u := v.st.User(c.Account); who == "" && u != nil {
			who = u.Name
		}
		body.Lines = append(body.Lines, line{
			Time: c.Time, Who: cmp.Or(who, "nobody"), Method: c.Method, Path: c.Path, Status: c.Status, Took: c.Took.Round(100 * time.Microsecond).String(),
			Fine: c.Status >= 200 && c.Status < 400, Note: cmp.Or(c.Refused, map[bool]string{true: "the connection was cut"}[c.Status == 0]),
			Request: c.Request, Answer: c.Answer,
		})
	}
	if body.Hooks != "no" && body.Filter.Method == "" {
		body.Lines = append(body.Lines, s.hookLines(body.Filter)...)
		slices.SortStableFunc(body.Lines, func(a, b line) int { return b.Time.Compare(a.Time) })
		body.Lines = body.Lines[:min(len(body.Lines), shownCalls)]
	}
	var err error
	if body.Side, err = s.adminMenu(v, "/admin/calls"); err != nil {
		return err
	}
	return v.render(http.StatusOK, "calls.html", "Call log", "admin", body)
}

// hookLines are the attempts to deliver webhooks that fit.
func (s *Pages) hookLines(f calls.Filter) (out []line) {
	for _, a := range s.sender.Log() {
		fine := a.Outcome == push.Delivered
		if f.App != "" && f.App != a.App || f.Status == "ok" && !fine || f.Status == "refused" && fine || !strings.Contains(a.URL+" "+a.Event, f.Path) {
			continue
		}
		out = append(out, line{
			Time: a.Time, Who: a.App, Method: "webhook", Path: a.Event + " → " + a.URL, Status: a.Status, Fine: fine,
			Note: strings.TrimSpace(string(a.Outcome) + " " + a.Problem), Webhook: true,
		})
	}
	return out
}

func (s *Pages) callsFromPage(v *view) error {
	if err := v.needAdmin(); err != nil {
		return err
	}
	switch v.r.PostFormValue("do") {
	case "clear":
		s.calls.Clear()
	case "bodies":
		s.calls.KeepBodies(true)
	case "no bodies":
		s.calls.KeepBodies(false)
	}
	return v.done("/admin/calls", nil)
}
