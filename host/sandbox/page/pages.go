// Package page has the site's pages: issues, projects and the admin area in a look of its own, with the modules of apps in real
// iframes on Atlassian's bridge. [Pages.Serve] is the table of all pages; each file has the pages of one topic.
package page

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/bridge"
	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/control"
	"github.com/pergola-platform/pergola/host/sandbox/fault"
	"github.com/pergola-platform/pergola/host/sandbox/limit"
	"github.com/pergola-platform/pergola/host/sandbox/push"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// Config is what the pages show and change. Everything is required.
type Config struct {
	Store   *world.Store
	Base    string // the site's address, without a trailing slash
	Logger  *slog.Logger
	Clock   func() time.Time
	Apps    *connect.Apps
	Limits  *limit.Limiter
	Faults  *fault.Set
	Sender  *push.Sender
	Control *control.Control
}

// Pages are the pages of one site.
type Pages struct {
	store     *world.Store
	baseURL   string
	log       *slog.Logger
	now       func() time.Time
	apps      *connect.Apps
	limits    *limit.Limiter
	faults    *fault.Set
	sender    *push.Sender
	control   *control.Control
	appScript []byte // Atlassian's all.js for this site
}

// New returns the pages of a site.
func New(cfg Config) (*Pages, error) {
	script, err := bridge.AppScript(cfg.Base + cdnPath)
	if err != nil {
		return nil, err
	}
	return &Pages{
		store: cfg.Store, baseURL: cfg.Base, log: cfg.Logger, now: cfg.Clock, apps: cfg.Apps, limits: cfg.Limits, faults: cfg.Faults,
		sender: cfg.Sender, control: cfg.Control, appScript: script,
	}, nil
}

// Serve adds all pages, and what they load.
func (s *Pages) Serve(mux *http.ServeMux) {
	mux.HandleFunc("GET "+cdnPath+"/{file...}", s.cdnFile)
	mux.HandleFunc("GET /static/{file}", s.staticFile)
	mux.HandleFunc("GET /login", s.login)
	mux.HandleFunc("POST /logout", s.logout)
	for path, page := range map[string]pageFunc{
		"GET /{$}":                s.dashboard,
		"GET /projects":           s.projectList,
		"GET /projects/{project}": s.issueList,
		"GET /issues":             s.issueList,
		"GET /browse/{issue}":     s.issueView,
		"GET /plugins/servlet/ac/{appKey}/{module}": s.appPage,
		"GET /admin":                         s.admin,
		"GET /admin/apps":                    s.admin,
		"POST /admin/apps":                   s.installFromPage,
		"POST /admin/apps/{appKey}/{action}": s.changeFromPage,
		"GET /admin/faults":                  s.faultPage,
		"POST /admin/faults":                 s.addFaultFromPage,
		"POST /admin/faults/{rule}/remove":   s.removeFaultFromPage,
		"POST /admin/limits":                 s.limitsFromPage,
		"POST /browse/{issue}/rename":        s.renameFromPage,
		"POST /browse/{issue}/move":          s.moveFromPage,
		"POST /browse/{issue}/status":        s.statusFromPage,
	} {
		mux.HandleFunc(path, s.page(page))
	}
	mux.HandleFunc("/", s.page(s.noSuchPage))
}
