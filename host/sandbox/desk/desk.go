// Package desk has the operations of Jira Service Management, /rest/servicedeskapi: service desks, what customers can ask for, what
// they asked, and who they are. It also says what a customer may see and do, which the portal's pages ask: see [Sees] and
// [API.Create].
//
// Agents see every request of their desk. Customers see their own, those that they take part in and those that are shared with
// their organizations, and no internal comments. Approvals, service level agreements and articles of a knowledge base are not
// on a site: their lists are empty.
package desk

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/query"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

type object = map[string]any

const root = "/rest/servicedeskapi"

// Config is what the operations work on. Everything is required.
type Config struct {
	Store *world.Store
	Base  string // the site's address, without a trailing slash
	Clock func() time.Time
	Apps  query.Functions // nil where nobody asks queues
}

// API has the operations of one site. It is safe for concurrent use.
type API struct {
	shape.Shape
	store *world.Store
	now   func() time.Time
	files tray
	apps  query.Functions
}

// New returns the operations of a site.
func New(cfg Config) *API {
	return &API{Shape: shape.Shape{Base: cfg.Base}, store: cfg.Store, now: cfg.Clock, apps: cfg.Apps}
}

// Operations lists what is served.
func (s *API) Operations() []rest.Operation {
	return slices.Concat(
		s.siteOperations(),
		s.deskOperations(),
		s.typeOperations(),
		s.typePropertyOperations(),
		s.requestOperations(),
		s.commentOperations(),
		s.attachmentOperations(),
		s.followOperations(),
		s.feedbackOperations(),
		s.customerOperations(),
		s.organizationOperations(),
		s.organizationPropertyOperations(),
		s.queueOperations(),
	)
}

// keyed is an error under the name that Jira's translations have for it.
func keyed(status int, key, message string) error {
	return &rest.Error{Status: status, Key: key, Messages: []string{message}}
}

func noDesk() error {
	return keyed(http.StatusNotFound, "sd.agent.servicedesk.error.servicedesk.missing", "The Service Desk you are trying to view does not exist.")
}

// NoRequest is the answer to a request that is not there or not to be seen; it must not tell which.
func NoRequest() error {
	return rest.Fail(http.StatusNotFound, "The request does not exist, or you do not have permission to see it.")
}

func forbidden(what string) error {
	return rest.Fail(http.StatusForbidden, "You do not have permission to %s.", what)
}

// desk returns the desk of the path, if the caller may use its portal. The path has the desk's id, or names its project as
// "projectKey:HELP" or "projectId:10000".
func (s *API) desk(c *rest.Call, st *world.State) (*world.Desk, error) {
	d := FindDesk(st, c.PathValue("serviceDeskId"))
	if d == nil || !MayAsk(st, c.Who.Account, d) {
		return nil, noDesk()
	}
	return d, nil
}

// FindDesk returns the desk that a name in a path means, nil where there is none.
func FindDesk(st *world.State, name string) *world.Desk {
	if d := st.Desks.Get(world.DeskID(name)); d != nil {
		return d
	}
	kind, ref, _ := strings.Cut(name, ":")
	if kind != "projectKey" && kind != "projectId" {
		return nil
	}
	p := st.FindProject(ref)
	if p == nil {
		return nil
	}
	return st.Desks.First(func(d *world.Desk) bool { return d.Project == p.ID })
}

// request returns the request of the path, if the caller may see it.
func (s *API) request(c *rest.Call, st *world.State) (*world.Issue, error) {
	i := st.FindIssue(c.PathValue("issueIdOrKey") + c.PathValue("requestIdOrKey"))
	if !Sees(st, c.Who.Account, i) {
		return nil, NoRequest()
	}
	return i, nil
}

// changeRequest changes the request of the path, if the caller may see it.
func (s *API) changeRequest(c *rest.Call, change func(*world.Tx, *world.Issue) error) error {
	return s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		i, err := s.request(c, tx.State)
		if err != nil {
			return err
		}
		return change(tx, i)
	})
}

// changeDesk changes the desk of the path, if may lets the caller.
func (s *API) changeDesk(c *rest.Call, may func(*world.State, *world.Desk) bool, change func(*world.Tx, *world.Desk) error) error {
	return s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		d, err := s.desk(c, tx.State)
		if err != nil {
			return err
		}
		if !may(tx.State, d) {
			return forbidden("change this service desk")
		}
		return change(tx, d)
	})
}

func agents(c *rest.Call) func(*world.State, *world.Desk) bool {
	return func(st *world.State, d *world.Desk) bool { return Agent(st, c.Who.Account, st.Project(d.Project)) }
}

func administrators(c *rest.Call) func(*world.State, *world.Desk) bool {
	return func(st *world.State, d *world.Desk) bool { return c.AdministersProject(st, st.Project(d.Project)) }
}
