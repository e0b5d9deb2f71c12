// Package page has the site's pages: issues, projects and the admin area in a look of its own, with the modules of apps in real
// iframes on Atlassian's bridge. [Pages.Serve] is the table of all pages; each file has the pages of one topic.
package page

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/bridge"
	"github.com/pergola-platform/pergola/host/sandbox/calls"
	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/control"
	"github.com/pergola-platform/pergola/host/sandbox/fault"
	"github.com/pergola-platform/pergola/host/sandbox/forge"
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
	Forge   *forge.Forge
	REST    http.Handler // as which the pages change issues: without faults, and not recorded
	Calls   *calls.Log
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
	forge     *forge.Forge
	rest      http.Handler
	calls     *calls.Log
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
		sender: cfg.Sender, control: cfg.Control, forge: cfg.Forge, rest: cfg.REST, calls: cfg.Calls, appScript: script,
	}, nil
}

// Serve adds all pages, and what they load.
func (s *Pages) Serve(mux *http.ServeMux) {
	mux.HandleFunc("GET "+cdnPath+"/{file...}", s.cdnFile)
	mux.HandleFunc("GET /static/{file}", s.staticFile)
	mux.HandleFunc("GET /login", s.login)
	mux.HandleFunc("POST /logout", s.logout)
	for path, page := range map[string]pageFunc{
		"GET /{$}":                                      s.members(s.dashboard),
		"GET /projects":                                 s.projectList,
		"GET /projects/{project}":                       s.projectSummary,
		"GET /projects/{project}/issues":                s.issueList,
		"GET /projects/{project}/parts/{part}":          s.projectParts,
		"GET /projects/{project}/parts/{part}/add":      s.partPage,
		"POST /projects/{project}/parts/{part}/add":     s.partFromPage,
		"GET /projects/{project}/settings":              s.projectSettings,
		"POST /projects/{project}/settings":             s.projectDetailsFromPage,
		"GET /create":                                   s.createPage,
		"POST /create":                                  s.createFromPage,
		"GET /filters":                                  s.filterList,
		"POST /filters":                                 s.saveFilter,
		"POST /filters/{filter}/delete":                 s.deleteFilter,
		"GET /issues":                                   s.issueList,
		"GET /issues/{$}":                               s.issueList, // as links from elsewhere have it
		"GET /forge/apps/{appKey}/{module}":             s.forgePage,
		"GET /forge/apps/{appKey}/{module}/{route...}":  s.forgePage,
		"GET /browse/{issue}":                           s.issueView,
		"GET /plugins/servlet/ac/{appKey}/{module}":     s.members(s.appPage),
		"GET /admin":                                    s.admin,
		"GET /admin/apps":                               s.admin,
		"POST /admin/apps":                              s.installFromPage,
		"POST /admin/apps/{appKey}/{action}":            s.changeFromPage,
		"GET /admin/faults":                             s.faultPage,
		"POST /admin/faults":                            s.addFaultFromPage,
		"POST /admin/faults/{rule}/remove":              s.removeFaultFromPage,
		"POST /admin/limits":                            s.limitsFromPage,
		"GET /admin/users":                              s.userList,
		"GET /admin/fields":                             s.fieldList,
		"GET /admin/calls":                              s.callPage,
		"POST /admin/calls":                             s.callsFromPage,
		"GET /browse/{issue}/edit":                      s.editPage,
		"POST /browse/{issue}/edit":                     s.editFromPage,
		"GET /browse/{issue}/edit/{field}":              s.editPage,
		"POST /browse/{issue}/edit/{field}":             s.editFromPage,
		"GET /browse/{issue}/transition/{transition}":   s.transitionPage,
		"POST /browse/{issue}/transition/{transition}":  s.transitionFromPage,
		"POST /browse/{issue}/comment":                  s.commentFromPage,
		"GET /browse/{issue}/comment/{comment}":         s.commentPage,
		"POST /browse/{issue}/comment/{comment}":        s.changeCommentFromPage,
		"GET /browse/{issue}/link":                      s.linkPage,
		"POST /browse/{issue}/link":                     s.linkFromPage,
		"POST /browse/{issue}/link/{link}/delete":       s.linkFromPage,
		"GET /browse/{issue}/worklog":                   s.worklogPage,
		"POST /browse/{issue}/worklog":                  s.worklogFromPage,
		"POST /browse/{issue}/worklog/{worklog}/delete": s.worklogFromPage,
		"GET /browse/{issue}/attach":                    s.attachPage,
		"POST /browse/{issue}/attach":                   s.attachFromPage,
		"POST /browse/{issue}/attach/{file}/delete":     s.attachFromPage,
		"GET /attachment/{file}":                        s.attachment,
		"POST /browse/{issue}/watch":                    s.watchFromPage,
		"POST /browse/{issue}/vote":                     s.voteFromPage,
		"POST /browse/{issue}/delete":                   s.deleteFromPage,
		"POST /browse/{issue}/archive":                  s.archiveFromPage,
		"GET /browse/{issue}/move":                      s.movePage,
		"POST /browse/{issue}/move":                     s.moveFromPage,
		"GET /suggest/{what}":                           s.suggest,

		"GET /projects/{project}/parts/{part}/{id}/edit":         s.partPage,
		"POST /projects/{project}/parts/{part}/{id}/edit":        s.partFromPage,
		"GET /projects/{project}/parts/{part}/{id}/delete":       s.deletePartPage,
		"POST /projects/{project}/parts/{part}/{id}/delete":      s.deletePartFromPage,
		"POST /projects/{project}/parts/{part}/{id}/turn/{turn}": s.turnVersionFromPage,
		"POST /projects/{project}/archive":                       s.archiveProjectFromPage,
	} {
		mux.HandleFunc(path, s.page(page))
	}
	mux.HandleFunc("/", s.page(s.noSuchPage))
}
