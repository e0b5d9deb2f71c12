package sandbox

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/bridge"
	"github.com/pergola-platform/pergola/host/sandbox/condition"
	"github.com/pergola-platform/pergola/host/sandbox/push"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

//go:embed templates static
var assets embed.FS

// cdnPath is where the site serves what Atlassian's CDN does. It must contain "/atlassian-connect": the bridge finds its
// own script element by that.
const cdnPath = "/connect-cdn/atlassian-connect"

// view is one request for a page by somebody who is logged in.
type view struct {
	site *Site
	w    http.ResponseWriter
	r    *http.Request
	st   *world.State
	user *world.User
}

// pageFunc answers a request for a page. A restError becomes an error page with its status.
type pageFunc func(*view) error

// page lets nobody in without a session.
func (s *Site) page(serve pageFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		st := s.store.State()
		u := sessionUser(r, st)
		if u == nil {
			dest := "/"
			if r.Method == http.MethodGet {
				dest = r.URL.RequestURI()
			}
			http.Redirect(w, r, "/login?dest="+url.QueryEscape(dest), http.StatusSeeOther)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		v := &view{site: s, w: w, r: r, st: st, user: u}
		if err := serve(v); err != nil {
			v.problem(err)
		}
	}
}

// chrome is what surrounds every page.
type chrome struct {
	Title  string
	Site   string
	User   *world.User
	Admin  bool
	Mode   string // "light" or "dark"
	Auto   bool   // the visitor has not chosen: the browser decides
	Active string // which entry of the top bar is marked
	Search string
	Menu   []menuItem
	CDN    string
	Frames bool // the page has app frames and loads the bridge
	Body   any
}

type menuItem struct {
	Name, App, Path string
	Current         bool
}

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"initials": initials,
	"shade":    shade,
	"date":     func(t time.Time) string { return t.Format("2 Jan 2006") },
	"moment":   func(t time.Time) string { return t.Format("2 Jan 2006, 15:04") },
	"iso":      func(t time.Time) string { return t.Format(time.RFC3339) },
	"clock":    func(t time.Time) string { return t.UTC().Format("15:04:05") },
	"outcome": func(o push.Outcome) string {
		return "lozenge lozenge-" + map[push.Outcome]string{push.Delivered: "done", push.Again: "indeterminate", push.Failed: "danger", push.Refused: "danger"}[o]
	},
	"fourFifths": func(n int) int { return n / 5 * 4 },
	"lozenge":    func(category string) string { return "lozenge lozenge-" + category },
	"json": func(v any) (string, error) {
		raw, err := json.Marshal(v)
		return string(raw), err
	},
}).ParseFS(assets, "templates/*.html"))

// initials are the first letters of the first and last word of a name.
func initials(name string) string {
	parts := strings.Fields(name)
	if len(parts) == 0 {
		return "?"
	}
	out := []rune(parts[0])[:1]
	if len(parts) > 1 {
		out = append(out, []rune(parts[len(parts)-1])[0])
	}
	return strings.ToUpper(string(out))
}

// shade picks one of six colours, always the same for the same text.
func shade(text string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(text))
	return h.Sum32() % 6
}

// render writes a page. frames are the app frames on it: only their origins may be framed.
func (v *view) render(status int, name, title, active string, body any, frames ...frame) error {
	c := v.site.chrome(v.r, v.st, title, active, body)
	c.User, c.Admin, c.Frames = v.user, v.st.Can(v.user.Account, world.Administer), len(frames) > 0
	var err error
	if c.Menu, err = v.site.appMenu(v.st, v.user); err != nil {
		return err
	}
	var origins []string
	for _, f := range frames {
		if u, err := url.Parse(f.URL); err == nil && !slices.Contains(origins, u.Scheme+"://"+u.Host) {
			origins = append(origins, u.Scheme+"://"+u.Host)
		}
	}
	// An app may open a dialog with another of its modules, which lies on the same origin.
	return v.site.writePage(v.w, status, name, c, origins)
}

func (s *Site) chrome(r *http.Request, st *world.State, title, active string, body any) chrome {
	c := chrome{Title: title, Site: st.Title, Mode: "light", Auto: true, Active: active, CDN: cdnPath, Body: body}
	if cookie, err := r.Cookie("sandbox.theme"); err == nil && (cookie.Value == "light" || cookie.Value == "dark") {
		c.Mode, c.Auto = cookie.Value, false
	}
	return c
}

func (s *Site) writePage(w http.ResponseWriter, status int, name string, c chrome, frameOrigins []string) error {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, c); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	frameSource, styleSource := "'none'", "'self'"
	if c.Frames {
		frameSource, styleSource = strings.Join(frameOrigins, " "), "'self' "+bridge.StyleHashes
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src "+styleSource+"; img-src 'self' data:; connect-src 'self'; font-src 'self'; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; frame-src "+frameSource)
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the status is out
	return nil
}

// problem shows an error page.
func (v *view) problem(err error) {
	var e *restError
	if !errors.As(err, &e) {
		v.site.log.ErrorContext(v.r.Context(), "page", "route", v.r.Pattern, "error", err)
		e = &restError{status: http.StatusInternalServerError, messages: []string{"Something went wrong here. The sandbox's log says what."}}
	}
	body := struct {
		Status int
		Text   string
	}{e.status, strings.Join(e.messages, " ")}
	if err := v.render(e.status, "problem.html", http.StatusText(e.status), "", body); err != nil {
		v.site.log.ErrorContext(v.r.Context(), "error page", "error", err)
		http.Error(v.w, http.StatusText(e.status), e.status)
	}
}

func (s *Site) noSuchPage(*view) error {
	return fail(http.StatusNotFound, "There is no page here.")
}

func (s *Site) renderLogin(w http.ResponseWriter, r *http.Request, st *world.State, dest, problem string) {
	people := slices.DeleteFunc(st.Users.List(), func(u *world.User) bool { return u.Login == "" })
	body := struct {
		Dest, Problem string
		People        []*world.User
	}{dest, problem, people}
	status := http.StatusOK
	if problem != "" {
		status = http.StatusNotFound
	}
	if err := s.writePage(w, status, "login.html", s.chrome(r, st, "Log in", "", body), nil); err != nil {
		s.log.ErrorContext(r.Context(), "login page", "error", err)
		http.Error(w, "Internal server error", http.StatusInternalServerError)
	}
}

// staticTypes are the content types of what the site serves besides pages.
var staticTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}

func (s *Site) staticFile(w http.ResponseWriter, r *http.Request) {
	body, err := fs.ReadFile(assets, "static/"+r.PathValue("file"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	serveAsset(w, r, r.PathValue("file"), body)
}

// cdnFile serves the bridge. Apps load it from other origins.
func (s *Site) cdnFile(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	body, ok := s.appScript, name == "all.js"
	if !ok {
		body, ok = bridge.File(name)
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	serveAsset(w, r, name, body)
}

func serveAsset(w http.ResponseWriter, r *http.Request, name string, body []byte) {
	w.Header().Set("Content-Type", staticTypes[path.Ext(name)])
	w.Header().Set("X-Content-Type-Options", "nosniff")
	h := fnv.New64a()
	h.Write(body)
	w.Header().Set("ETag", fmt.Sprintf(`"%x"`, h.Sum64()))
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
}

// place is what conditions can ask about a surrounding.
func place(st *world.State, app *world.App, p surrounding) condition.Place {
	who := p.user.Account
	return condition.Place{
		LoggedIn: true,
		Admin:    st.Can(who, world.Administer),
		Global:   func(permission string) bool { return st.Can(who, permission) },
		Project:  func(permission string) bool { return st.CanIn(who, permission, p.project) },
		Variable: p.variable,
		Property: func(entity, key string) (v json.RawMessage, ok bool) {
			switch {
			case entity == "addon":
				v, ok = app.Properties[key]
			case entity == "issue" && p.issue != nil:
				v, ok = p.issue.Properties[key]
			case entity == "project" && p.project != nil:
				v, ok = p.project.Properties[key]
			}
			return v, ok
		},
	}
}

// shown lists what the enabled apps show in a surrounding: their modules of a kind whose conditions hold.
func shown(st *world.State, kind string, p surrounding, do func(*world.App, *descriptor, *module) error) error {
	for _, app := range st.InstalledApps() {
		if app.State != world.AppEnabled {
			continue
		}
		d, err := parseDescriptor(app.Descriptor)
		if err != nil {
			return fmt.Errorf("read the descriptor of %s: %w", app.Key, err)
		}
		for _, m := range d.of(kind) {
			if !m.condition.Holds(place(st, app, p)) {
				continue
			}
			if err := do(app, d, m); err != nil {
				return err
			}
		}
	}
	return nil
}

func modulePath(app *world.App, m *module) string {
	return fmt.Sprintf("/plugins/servlet/ac/%s/%s", url.PathEscape(string(app.Key)), m.Key)
}

// appMenu lists the apps' pages for the top bar.
func (s *Site) appMenu(st *world.State, u *world.User) (menu []menuItem, err error) {
	err = shown(st, generalPage, surrounding{user: u}, func(app *world.App, d *descriptor, m *module) error {
		if m.Location != "none" {
			menu = append(menu, menuItem{Name: m.Name.Value, App: d.Name, Path: modulePath(app, m)})
		}
		return nil
	})
	return menu, err
}
