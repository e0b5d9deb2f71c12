// Package platform has the operations of Jira's platform API, /rest/api/3: issues and what hangs on them, fields, projects,
// people, searches, webhooks. Each file has the operations of one topic, and lists them in a method that [API.Operations]
// calls.
package platform

import (
	"net/http"
	"slices"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/push"
	"github.com/pergola-platform/pergola/host/sandbox/query"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

type object = map[string]any

// Config is what the operations work on. Everything is required.
type Config struct {
	Store  *world.Store
	Base   string // the site's address, without a trailing slash
	Clock  func() time.Time
	Hooks  *push.Book
	Sender *push.Sender
	Apps   Functions
}

// Functions are those of apps in JQL; *connect.Apps has them.
type Functions interface {
	query.Functions
	FunctionNames(st *world.State) []string
}

// API has the operations of one site.
type API struct {
	shape.Shape
	store  *world.Store
	now    func() time.Time
	hooks  *push.Book
	sender *push.Sender
	apps   Functions
}

// New returns the operations of a site.
func New(cfg Config) *API {
	return &API{Shape: shape.Shape{Base: cfg.Base}, store: cfg.Store, now: cfg.Clock, hooks: cfg.Hooks, sender: cfg.Sender, apps: cfg.Apps}
}

// Operations lists what is served.
func (s *API) Operations() []rest.Operation {
	return slices.Concat(
		s.issueOperations(),
		s.archiveOperations(),
		s.propertyOperations(),
		s.searchOperations(),
		s.queryOperations(),
		s.fieldOperations(),
		s.contextOperations(),
		s.appOptionOperations(),
		s.forgeFieldOperations(),
		s.taskOperations(),
		s.kindOperations(),
		s.projectOperations(),
		s.categoryOperations(),
		s.permissionOperations(),
		s.schemeOperations(),
		s.userOperations(),
		s.metaOperations(),
		s.transitionOperations(),
		s.commentOperations(),
		s.commentPropertyOperations(),
		s.linkOperations(),
		s.bulkOperations(),
		s.webhookOperations(),
		s.attachmentOperations(),
		s.worklogOperations(),
		s.followOperations(),
		s.remoteLinkOperations(),
		s.componentOperations(),
		s.versionOperations(),
		s.filterOperations(),
		s.projectLifeOperations(),
		s.accountOperations(),
	)
}

// changeIssue changes the issue of the path, if the caller has the permission.
func (s *API) changeIssue(c *rest.Call, permission string, change func(*world.Tx, world.IssueID) error) error {
	return s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		i, err := c.Issue(tx.State)
		if err != nil {
			return err
		}
		if !tx.CanDo(c.Who.Account, permission, i) {
			if i.Archived {
				return rest.Fail(http.StatusForbidden, "You cannot change this issue: it is archived. Restore it first.")
			}
			return rest.Fail(http.StatusForbidden, "You do not have permission to change this issue.")
		}
		return change(tx, i.ID)
	})
}

// asAdmin makes a change that only administrators may make.
func (s *API) asAdmin(c *rest.Call, change func(*world.Tx) error) error {
	return s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		if err := c.NeedAdmin(tx.State); err != nil {
			return err
		}
		return change(tx)
	})
}
