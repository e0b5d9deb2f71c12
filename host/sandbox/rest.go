package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// maxBody is the largest request body that the REST interface reads.
const maxBody = 1 << 20

// scope is what an app must have asked for in its descriptor to use an operation. Each scope implies those before it,
// from read on.
type scope int

const (
	scopeNone scope = iota
	scopeRead
	scopeWrite
	scopeDelete
	scopeProjectAdmin
	scopeAdmin
)

var scopeNames = []string{"NONE", "READ", "WRITE", "DELETE", "PROJECT_ADMIN", "ADMIN"}

func (s scope) String() string { return scopeNames[s] }

// allows says whether an app with the granted scopes may use an operation that needs s.
func (s scope) allows(granted []string) bool {
	return s == scopeNone || slices.ContainsFunc(granted, func(g string) bool {
		return slices.Index(scopeNames, strings.ToUpper(g)) >= int(s)
	})
}

// operation is one row of the REST interface. Paths and scopes are those of Atlassian's OpenAPI document, and a test
// compares them.
type operation struct {
	method, path string
	scope        scope
	anonymous    bool // answers without credentials, too
	handle       func(*call) (answer, error)
}

func (s *Site) operations() []operation {
	const issue, property = "/rest/api/3/issue/{issueIdOrKey}", "/rest/api/3/issue/{issueIdOrKey}/properties"
	const app = "/rest/atlassian-connect/1/addons/{addonKey}/properties"
	return slices.Concat([]operation{
		{"POST", "/rest/api/3/issue", scopeWrite, false, s.createIssue},
		{"GET", issue, scopeRead, false, s.getIssue},
		{"PUT", issue, scopeWrite, false, s.editIssue},
		{"DELETE", issue, scopeDelete, false, s.deleteIssue},
		{"GET", property, scopeRead, false, s.listIssueProperties},
		{"GET", property + "/{propertyKey}", scopeRead, false, s.getIssueProperty},
		{"PUT", property + "/{propertyKey}", scopeWrite, false, s.setIssueProperty},
		{"DELETE", property + "/{propertyKey}", scopeDelete, false, s.deleteIssueProperty},
		{"GET", "/rest/api/3/search/jql", scopeRead, false, s.searchGet},
		{"POST", "/rest/api/3/search/jql", scopeRead, false, s.searchPost},
		{"POST", "/rest/api/3/search/approximate-count", scopeRead, false, s.approximateCount},
		{"POST", "/rest/api/3/jql/parse", scopeRead, false, s.parseQueries},
		{"POST", "/rest/api/3/jql/match", scopeRead, false, s.matchIssues},
		{"GET", "/rest/api/3/jql/autocompletedata", scopeRead, false, s.queryReference},
		{"GET", "/rest/api/3/field", scopeRead, false, s.listFields},
		{"GET", "/rest/api/3/issuetype", scopeRead, false, s.listIssueTypes},
		{"GET", "/rest/api/3/project/search", scopeRead, false, s.searchProjects},
		{"GET", "/rest/api/3/project/{projectIdOrKey}", scopeRead, false, s.getProject},
		{"GET", "/rest/api/3/projectCategory", scopeRead, false, s.listCategories},
		{"POST", "/rest/api/3/permissions/check", scopeRead, false, s.checkPermissions},
		{"GET", "/rest/api/3/myself", scopeRead, false, s.myself},
		{"GET", "/rest/api/3/user", scopeRead, false, s.getUser},
		{"GET", "/rest/api/3/serverInfo", scopeRead, true, s.serverInfo},
		{"GET", app, scopeNone, false, s.listAppProperties},
		{"GET", app + "/{propertyKey}", scopeNone, false, s.getAppProperty},
		{"PUT", app + "/{propertyKey}", scopeNone, false, s.setAppProperty},
		{"DELETE", app + "/{propertyKey}", scopeNone, false, s.deleteAppProperty},
		{"GET", "/rest/api/3/webhook", scopeRead, false, s.listWebhooks},
		{"POST", "/rest/api/3/webhook", scopeRead, false, s.registerWebhooks},
		{"DELETE", "/rest/api/3/webhook", scopeRead, false, s.removeWebhooks},
		{"PUT", "/rest/api/3/webhook/refresh", scopeRead, false, s.refreshWebhooks},
		{"GET", "/rest/api/3/webhook/failed", scopeRead, false, s.failedWebhooks},
		// Described in Atlassian's user privacy guide and not in the OpenAPI document.
		{"POST", "/rest/atlassian-connect/latest/report-accounts", scopeNone, false, s.reportAccounts},
	},
		s.fieldOperations(),
		s.contextOperations(),
		s.taskOperations(),
		s.kindOperations(),
		s.projectOperations(),
		s.userOperations(),
		s.metaOperations(),
		s.transitionOperations(),
		s.commentOperations(),
		s.linkOperations(),
		s.bulkOperations(),
	)
}

// call is one REST request with the state at its start.
type call struct {
	*http.Request
	st     *world.State
	who    caller
	header http.Header // of the answer
	base   string      // the site's address
}

// answer is what an operation returns; a nil body sends none.
type answer struct {
	status int
	body   any
}

// restError is an error in Jira's shape. Operations return it for whatever the caller did wrong.
type restError struct {
	status   int
	messages []string
	fields   map[string]string
}

func (e *restError) Error() string { return fmt.Sprintf("%d: %v %v", e.status, e.messages, e.fields) }

func fail(status int, format string, args ...any) error {
	return &restError{status: status, messages: []string{fmt.Sprintf(format, args...)}}
}

func failField(field, message string) error {
	return &restError{status: http.StatusBadRequest, fields: map[string]string{field: message}}
}

// object is a JSON object.
type object = map[string]any

func (s *Site) serveREST(op operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		st := s.store.State()
		who, err := s.caller(r, st)
		if err != nil {
			writeError(s.log, w, r, err)
			return
		}
		if who.account == "" && !op.anonymous {
			writeError(s.log, w, r, fail(http.StatusUnauthorized, "Client must be authenticated to access this resource."))
			return
		}
		if who.app != nil && !op.scope.allows(who.scopes) {
			writeError(s.log, w, r, fail(http.StatusForbidden, "The app %s is not authorized for this operation: it needs the scope %s.", who.app.Key, op.scope))
			return
		}
		s.metered(w, r, op, st, who, func(w http.ResponseWriter, r *http.Request) (answer, error) {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			return op.handle(&call{Request: r, st: st, who: who, header: w.Header(), base: s.baseURL})
		})
	}
}

func writeError(log *slog.Logger, w http.ResponseWriter, r *http.Request, err error) {
	var e *restError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &e):
	case errors.As(err, &tooLarge):
		e = &restError{status: http.StatusRequestEntityTooLarge, messages: []string{"The request body is too large."}}
	default:
		log.ErrorContext(r.Context(), "request", "method", r.Method, "route", r.Pattern, "error", err)
		e = &restError{status: http.StatusInternalServerError, messages: []string{"Internal server error"}}
	}
	if strings.HasPrefix(r.URL.Path, "/rest/atlassian-connect/") {
		writeJSON(w, e.status, object{"message": strings.Join(e.messages, " "), "statusCode": e.status})
		return
	}
	if e.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `OAuth realm="sandbox"`)
	}
	messages, fields := e.messages, e.fields
	if messages == nil {
		messages = []string{}
	}
	if fields == nil {
		fields = map[string]string{}
	}
	writeJSON(w, e.status, object{"errorMessages": messages, "errors": fields})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Cache-Control", "no-cache, no-store, no-transform")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if body == nil {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the status is out: a broken connection is all that can be wrong now
}

// decodeBody reads the request's JSON into v.
func (c *call) decodeBody(v any) error {
	d := json.NewDecoder(c.Body)
	err := d.Decode(v)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return err
	case err != nil:
		return fail(http.StatusBadRequest, "Invalid request payload. Refer to the REST API documentation and try again.")
	}
	if _, err := d.Token(); err != io.EOF {
		return fail(http.StatusBadRequest, "Invalid request payload. Refer to the REST API documentation and try again.")
	}
	return nil
}

// link is the absolute address of a path of this site.
func (s *Site) link(format string, args ...any) string {
	return s.baseURL + fmt.Sprintf(format, args...)
}
