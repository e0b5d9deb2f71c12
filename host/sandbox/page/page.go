package page

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/avatar"
	"github.com/pergola-platform/pergola/host/sandbox/bridge"
	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/forge"
	"github.com/pergola-platform/pergola/host/sandbox/push"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/session"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// view is one request for a page. user is never nil: whoever has not logged in has no account.
type view struct {
	site *Pages
	w    http.ResponseWriter
	r    *http.Request
	st   *world.State
	user *world.User
}

// maxForm is how many bytes a form may have with its files. What each may have the REST interface says.
const maxForm = 60 << 20

// pageFunc answers a request for a page. A [rest.Error] becomes an error page with its status.
type pageFunc func(*view) error

// visitor is who has not logged in.
var visitor = &world.User{Name: "Anonymous", Role: "Has not logged in"}

// page serves a page to everybody. A visitor who may not see it is asked to log in.
func (s *Pages) page(serve pageFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		st := s.store.State()
		u := session.User(r, st)
		if u == nil {
			u = visitor
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		v := &view{site: s, w: w, r: r, st: st, user: u}
		err := serve(v)
		var e *rest.Error
		if errors.As(err, &e) && u == visitor && (e.Status == http.StatusNotFound || e.Status == http.StatusForbidden || e.Status == http.StatusUnauthorized) {
			dest := "/"
			if r.Method == http.MethodGet {
				dest = r.URL.RequestURI()
			}
			http.Redirect(w, r, "/login?dest="+url.QueryEscape(dest), http.StatusSeeOther)
			return
		}
		if err != nil {
			v.problem(err)
		}
	}
}

// members lets in only who has logged in.
func (s *Pages) members(serve pageFunc) pageFunc {
	return func(v *view) error {
		if v.user == visitor {
			return rest.Fail(http.StatusUnauthorized, "Log in first.")
		}
		return serve(v)
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
	Here   string // where the page is, for who comes back as somebody else
	People []kindOfPeople
	Create bool // may create issues somewhere
	CDN    string
	Frames bool // the page has app frames and loads the bridge
	Body   any
}

type menuItem struct {
	Name, App, Path string
	Current         bool
}

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"initials": avatar.Initials, "forgeSandbox": func() string { return forge.FrameSandbox }, "forgeScript": func() string { return forge.PageScriptPath },
	"shade":  avatar.Shade,
	"date":   func(t time.Time) string { return t.Format("2 Jan 2006") },
	"moment": func(t time.Time) string { return t.Format("2 Jan 2006, 15:04") },
	"iso":    func(t time.Time) string { return t.Format(time.RFC3339) },
	"clock":  func(t time.Time) string { return t.UTC().Format("15:04:05") },
	"outcome": func(o push.Outcome) string {
		return "lozenge lozenge-" + map[push.Outcome]string{push.Delivered: "done", push.Again: "indeterminate", push.Failed: "danger", push.Refused: "danger"}[o]
	},
	"methods":    func() []string { return []string{"GET", "POST", "PUT", "DELETE"} },
	"part":       func(versions bool) string { return part{versions: versions}.kind() + "s" },
	"link":       func(parts ...string) string { return strings.Join(parts, "") },
	"fourFifths": func(n int) int { return n / 5 * 4 },
	"lozenge":    func(category string) string { return "lozenge lozenge-" + category },
	"json": func(v any) (string, error) {
		raw, err := json.Marshal(v)
		return string(raw), err
	},
}).ParseFS(assets, "templates/*.html"))

// render writes a page. frames are the app frames on it: only their origins may be framed.
func (v *view) render(status int, name, title, active string, body any, frames ...connect.Frame) error {
	c := v.site.chrome(v.r, v.st, title, active, body)
	c.User, c.Admin, c.Frames = v.user, v.st.Can(v.user.Account, world.Administer), len(frames) > 0
	c.Here, c.People, c.Create = v.here(), kindsOfPeople(v.st), len(v.createProjects()) > 0
	var err error
	if c.Menu, err = v.site.appMenu(v.st, v.user); err != nil {
		return err
	}
	var origins []string
	for _, f := range frames {
		if u, err := url.Parse(f.URL); err == nil && u.Host != "" && !slices.Contains(origins, u.Scheme+"://"+u.Host) {
			origins = append(origins, u.Scheme+"://"+u.Host)
		}
	}
	// An app may open a dialog with another of its modules, which lies on the same origin.
	return v.site.writePage(v.w, status, name, c, origins)
}

func (s *Pages) chrome(r *http.Request, st *world.State, title, active string, body any) chrome {
	c := chrome{Title: title, Site: st.Title, Mode: "light", Auto: true, Active: active, CDN: cdnPath, Body: body}
	if cookie, err := r.Cookie("sandbox.theme"); err == nil && (cookie.Value == "light" || cookie.Value == "dark") {
		c.Mode, c.Auto = cookie.Value, false
	}
	return c
}

// writeFragment writes a part of a page for a script.
func (s *Pages) writeFragment(w http.ResponseWriter, status int, name string, body any) error {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, body); err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // the status is out
	return nil
}

func (s *Pages) writePage(w http.ResponseWriter, status int, name string, c chrome, frameOrigins []string) error {
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
	var e *rest.Error
	if !errors.As(err, &e) {
		v.site.log.ErrorContext(v.r.Context(), "page", "route", v.r.Pattern, "error", err)
		e = &rest.Error{Status: http.StatusInternalServerError, Messages: []string{"Something went wrong here. The sandbox's log says what."}}
	}
	text := strings.Join(e.Messages, " ")
	for _, name := range slices.Sorted(maps.Keys(e.Fields)) {
		text += " " + e.Fields[name]
	}
	if v.fragment() {
		rest.WriteJSON(v.w, e.Status, map[string]string{"message": text})
		return
	}
	body := struct {
		Status int
		Text   string
	}{e.Status, text}
	if err := v.render(e.Status, "problem.html", http.StatusText(e.Status), "", body); err != nil {
		v.site.log.ErrorContext(v.r.Context(), "error page", "error", err)
		http.Error(v.w, http.StatusText(e.Status), e.Status)
	}
}

func (s *Pages) noSuchPage(*view) error {
	return rest.Fail(http.StatusNotFound, "There is no page here.")
}

// appMenu lists the apps' pages for the top bar.
func (s *Pages) appMenu(st *world.State, u *world.User) (menu []menuItem, err error) {
	err = connect.Shown(st, connect.GeneralPage, connect.Surrounding{User: u}, func(app *world.App, d *connect.Descriptor, m *connect.Module) error {
		if m.Location != "none" {
			menu = append(menu, menuItem{Name: m.Name.Value, App: d.Name, Path: connect.ModulePath(app, m)})
		}
		return nil
	})
	for _, f := range s.forge.Frames(st, forge.GlobalPage, connect.Surrounding{User: u}) {
		menu = append(menu, menuItem{Name: f.Title, App: f.Name, Path: f.Path()})
	}
	return menu, err
}
