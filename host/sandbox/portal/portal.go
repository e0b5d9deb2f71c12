// Package portal has the pages of the customer portal: the help center, what a service desk offers, the forms to ask for it, and
// what became of it, with the modules of apps in real iframes. What customers see and may do is the business of package desk;
// the look is that of the site's other pages.
//
// Forms work without scripts. Only apps' frames need them, and with them the properties that apps add to a request.
package portal

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/bridge"
	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/desk"
	"github.com/pergola-platform/pergola/host/sandbox/forge"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/session"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

//go:embed templates static
var assets embed.FS

// The paths of the portal, as in Jira.
const (
	home    = "/servicedesk/customer"
	statics = "/servicedesk/static/"
	cdn     = "/connect-cdn/atlassian-connect"
)

// maxForm is the size of a form in bytes, with its files.
const maxForm = 20 << 20

// Config is what the pages show and change. Everything is required.
type Config struct {
	Store  *world.Store
	Logger *slog.Logger
	Clock  func() time.Time
	Apps   *connect.Apps
	Desk   *desk.API
	Forge  *forge.Forge
}

// Portal has the pages of one site.
type Portal struct{ Config }

// New returns the pages of a site.
func New(cfg Config) *Portal { return &Portal{cfg} }

// pageFunc answers a request for a page. A [rest.Error] becomes an error page with its status.
type pageFunc func(*view) error

// Serve adds all pages, and what they load.
func (s *Portal) Serve(mux *http.ServeMux) {
	for pattern, page := range map[string]pageFunc{
		"GET " + home:                                                    func(v *view) error { return v.redirect(home + "/portals") },
		"GET " + home + "/{$}":                                           func(v *view) error { return v.redirect(home + "/portals") },
		"GET " + home + "/portals":                                       helpCenter,
		"GET " + home + "/portal/{desk}":                                 deskPage,
		"GET " + home + "/portal/{desk}/create/{type}":                   createPage,
		"POST " + home + "/portal/{desk}/create/{type}":                  create,
		"GET " + home + "/portal/{desk}/{issue}":                         requestPage,
		"POST " + home + "/portal/{desk}/{issue}":                        changeRequest,
		"GET " + home + "/portal/{desk}/{issue}/attachment/{attachment}": attachment,
		"GET " + home + "/user/requests":                                 requestList,
		"GET " + home + "/user/profile":                                  profile,
		"GET " + home + "/app/{appKey}/{module}":                         appPage,
		home + "/":                                                       func(*view) error { return rest.Fail(http.StatusNotFound, "There is no page here.") },
	} {
		mux.HandleFunc(pattern, s.page(page))
	}
	mux.HandleFunc("GET "+statics+"{file}", staticFile)
}

func staticFile(w http.ResponseWriter, r *http.Request) {
	body, err := assets.ReadFile("static/" + r.PathValue("file"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	types := map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
	w.Header().Set("Content-Type", types[path.Ext(r.PathValue("file"))])
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// view is one request for a page by somebody who is logged in.
type view struct {
	*Portal
	w     http.ResponseWriter
	r     *http.Request
	st    *world.State
	user  *world.User
	where connect.Surrounding
	on    string // the page, as modules name it in their "pages"
	apps  []connect.Frame
}

// page lets nobody in without a session.
func (s *Portal) page(serve pageFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		st := s.Store.State()
		u := session.User(r, st)
		if u == nil {
			dest := home + "/portals"
			if r.Method == http.MethodGet {
				dest = r.URL.RequestURI()
			}
			http.Redirect(w, r, "/login?dest="+url.QueryEscape(dest), http.StatusSeeOther)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		v := &view{Portal: s, w: w, r: r, st: st, user: u, where: connect.Surrounding{User: u}}
		if err := serve(v); err != nil {
			v.problem(err)
		}
	}
}

func (v *view) redirect(to string) error {
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	return nil
}

// parse reads a form, with or without files.
func (v *view) parse() error {
	err := v.r.ParseMultipartForm(maxForm)
	if errors.Is(err, http.ErrNotMultipart) {
		err = nil
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return rest.Fail(http.StatusRequestEntityTooLarge, "The files are larger than %d MB together. Go back and choose smaller ones.", maxForm>>20)
	}
	if err != nil {
		return rest.Fail(http.StatusBadRequest, "The form could not be read. Go back and send it again.")
	}
	return nil
}

// findDesk finds the desk of the path, and places apps there.
func (v *view) findDesk() (*world.Desk, error) {
	d := v.st.Desks.Get(world.DeskID(v.r.PathValue("desk")))
	if d == nil || !desk.MayAsk(v.st, v.user.Account, d) {
		return nil, rest.Fail(http.StatusNotFound, "There is no portal here that you may use.")
	}
	v.where.Desk, v.where.Project = d, v.st.Project(d.Project)
	return d, nil
}

// slot is an app's panel on a page.
type slot struct {
	Name  string
	Frame connect.Frame
}

// link is an app's action on a page.
type link struct{ Name, App, Path string }

// chrome is what surrounds every page.
type chrome struct {
	Title, Site, Mode, Active    string
	Auto, Frames, Agent          bool
	User                         *world.User
	Headers, Subheaders, Footers []slot
	Menu                         []link
	CDN                          string
	Body                         any
}

// panels makes the frames of what apps have of a kind on this page.
func (v *view) panels(kind string) (out []slot, err error) {
	err = connect.Shown(v.st, kind, v.where, func(app *world.App, d *connect.Descriptor, m *connect.Module) error {
		if len(m.Pages) > 0 && !slices.Contains(m.Pages, v.on) {
			return nil
		}
		f, err := v.Apps.Frame(app, d, m, v.where)
		if err != nil {
			return err
		}
		name := m.Name.Value
		if name == "" {
			name = d.Name
		}
		v.apps = append(v.apps, f)
		out = append(out, slot{name, f})
		return nil
	})
	return out, err
}

// actions lists what apps offer of a kind on this page, each with the page that shows it.
func (v *view) actions(kind string) (out []link, err error) {
	err = connect.Shown(v.st, kind, v.where, func(app *world.App, d *connect.Descriptor, m *connect.Module) error {
		if len(m.Pages) == 0 || slices.Contains(m.Pages, v.on) {
			to := fmt.Sprintf("%s/app/%s/%s", home, url.PathEscape(string(app.Key)), m.Key)
			if v.where.Issue != nil {
				to += "?issue=" + url.QueryEscape(v.where.Issue.Key)
			}
			out = append(out, link{m.Name.Value, d.Name, to})
		}
		return nil
	})
	return out, err
}

// render writes a page. Only the origins of its apps may be framed.
func (v *view) render(status int, name, title, active string, body any) (err error) {
	c := chrome{
		Title: title, Site: v.st.Title, Mode: "light", Auto: true, Active: active, User: v.user, Agent: !v.user.Customer, CDN: cdn, Body: body,
	}
	if cookie, err := v.r.Cookie("sandbox.theme"); err == nil && (cookie.Value == "light" || cookie.Value == "dark") {
		c.Mode, c.Auto = cookie.Value, false
	}
	for kind, into := range map[string]*[]slot{
		connect.PortalHeader: &c.Headers, connect.PortalSubheader: &c.Subheaders, connect.PortalFooter: &c.Footers,
	} {
		if *into, err = v.panels(kind); err != nil {
			return err
		}
	}
	if c.Menu, err = v.actions(connect.PortalMenuAction); err != nil {
		return err
	}
	c.Frames = len(v.apps) > 0
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, c); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Content-Security-Policy", policy(v.apps))
	v.w.WriteHeader(status)
	_, _ = b.WriteTo(v.w) // the status is out
	return nil
}

func policy(frames []connect.Frame) string {
	source, style := "'none'", "'self'"
	if len(frames) > 0 {
		var origins []string
		for _, f := range frames {
			if u, err := url.Parse(f.URL); err == nil && !slices.Contains(origins, u.Scheme+"://"+u.Host) {
				origins = append(origins, u.Scheme+"://"+u.Host)
			}
		}
		source, style = strings.Join(origins, " "), "'self' "+bridge.StyleHashes
	}
	return "default-src 'none'; script-src 'self'; style-src " + style + "; img-src 'self' data:; connect-src 'self'; font-src 'self'; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; frame-src " + source
}

// problem shows an error page.
func (v *view) problem(err error) {
	var e *rest.Error
	if !errors.As(err, &e) {
		v.Logger.ErrorContext(v.r.Context(), "portal page", "route", v.r.Pattern, "error", err)
		e = &rest.Error{Status: http.StatusInternalServerError, Messages: []string{"Something went wrong here. The sandbox's log says what."}}
	}
	v.where, v.on, v.apps = connect.Surrounding{User: v.user}, "problem", nil
	body := struct {
		Status int
		Text   string
	}{e.Status, strings.Join(e.Messages, " ")}
	if err := v.render(e.Status, "problem.html", http.StatusText(e.Status), "", body); err != nil {
		v.Logger.ErrorContext(v.r.Context(), "portal error page", "error", err)
		http.Error(v.w, http.StatusText(e.Status), e.Status)
	}
}

// listed is a request in a list.
type listed struct {
	Key, Summary, Path, Type, Portal string
	Status                           *world.Status
	Reporter                         *world.User
	Updated                          time.Time
}

func (v *view) listed(i *world.Issue) listed {
	t, d := desk.TypeOf(v.st, i)
	return listed{
		Key: i.Key, Summary: i.Summary, Path: desk.Path(d, i), Type: t.Name, Portal: d.Portal, Status: v.st.Status(i.Status),
		Reporter: v.st.User(i.Reporter), Updated: i.Updated,
	}
}

var templates = template.Must(template.New("").Funcs(functions).ParseFS(assets, "templates/*.html"))
