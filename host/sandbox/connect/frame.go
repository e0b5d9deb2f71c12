package connect

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/session"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// The lives of tokens: one to load a frame is used at once, one that a frame asks for works for a while.
const (
	tokenLifetime   = 3 * time.Minute
	contextLifetime = 15 * time.Minute
)

// connectVersion is the cv parameter: the version of Connect that made a request.
const connectVersion = "1001.0.0-SANDBOX"

// frameSandbox is the sandbox attribute of Jira's app frames.
const frameSandbox = "allow-downloads allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox allow-scripts allow-same-origin " +
	"allow-top-navigation-by-user-activation allow-storage-access-by-user-activation"

// Surrounding is where a frame stands: the issue or project of the page, if any, and the ac.* parameters of its address.
type Surrounding struct {
	User    *world.User
	Issue   *world.Issue
	Project *world.Project
	Params  map[string]string // by name without "ac."
}

// variable is the value of a context parameter such as "issue.key" or "ac.code".
func (p Surrounding) variable(name string) (string, bool) {
	if custom, ok := strings.CutPrefix(name, "ac."); ok {
		v, ok := p.Params[custom]
		return v, ok
	}
	if i := p.Issue; i != nil {
		switch name {
		case "issue.id":
			return string(i.ID), true
		case "issue.key":
			return i.Key, true
		case "issuetype.id", "issueType.id", "issue.issuetype.id":
			return string(i.Type), true
		}
	}
	if j := p.Project; j != nil {
		switch name {
		case "project.id":
			return string(j.ID), true
		case "project.key":
			return j.Key, true
		}
	}
	if name == "user.accountId" && p.User != nil {
		return string(p.User.Account), true
	}
	return "", false
}

var variableForm = regexp.MustCompile(`\{([A-Za-z][A-Za-z0-9_.-]*)\}`)

// expand fills the variables of a module's URL, percent-encoded; one without a value becomes empty.
func (p Surrounding) expand(template string) string {
	return variableForm.ReplaceAllStringFunc(template, func(v string) string {
		value, _ := p.variable(v[1 : len(v)-1])
		return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
	})
}

// context is what tokens say of the surrounding.
func (p Surrounding) context() (c auth.Context) {
	if p.Issue != nil {
		c.Jira.Issue = auth.Ref{ID: auth.ID(p.Issue.ID), Key: p.Issue.Key}
	}
	if p.Project != nil {
		c.Jira.Project = auth.Ref{ID: auth.ID(p.Project.ID), Key: p.Project.Key}
	}
	return c
}

// Frame is an app's frame on a page: what connect-host.js needs to make it.
type Frame struct {
	AddonKey string `json:"addon_key"`
	Key      string `json:"key"`
	URL      string `json:"url"`
	Options  object `json:"options"`
}

// Frame makes the signed address of a module and the rest of its frame.
func (s *Apps) Frame(app *world.App, d *Descriptor, m *Module, p Surrounding) (Frame, error) {
	address := d.BaseURL + p.expand(m.URL)
	sep := "?"
	if strings.Contains(address, "?") {
		sep = "&"
	}
	address += sep + strings.Join([]string{
		"xdm_e=" + url.QueryEscape(s.baseURL), "xdm_c=" + url.QueryEscape(fmt.Sprintf("channel-%s__%s", app.Key, m.Key)),
		"cp=", "lic=active", "cv=" + connectVersion,
	}, "&")
	if strings.EqualFold(d.Authentication.Type, "jwt") {
		c := s.claims(app, p.User.Account, tokenLifetime)
		c.QSH, c.Context = auth.QSH(http.MethodGet, address, pathOf(d.BaseURL)), p.context()
		token, err := auth.SignHS256(c, app.SharedSecret)
		if err != nil {
			return Frame{}, fmt.Errorf("sign the frame of %s: %w", m.Key, err)
		}
		address += "&jwt=" + token
	}
	return Frame{
		AddonKey: string(app.Key), Key: m.Key, URL: address,
		Options: object{
			"autoresize": true, "width": "100%", "sandbox": frameSandbox, "hostOrigin": s.baseURL, "moduleType": m.Kind,
			"isFullPage": m.Kind == GeneralPage || m.Kind == AdminPage, "contextPath": "", "userTimezone": p.User.TimeZone,
			"productContext": productContext(p), "structuredContext": p.context(),
		},
	}, nil
}

// productContext is the flat form of the surrounding that AP.context and dialogs hand on.
func productContext(p Surrounding) object {
	out := object{}
	for _, name := range []string{"issue.id", "issue.key", "issuetype.id", "project.id", "project.key"} {
		if v, ok := p.variable(name); ok {
			out[name] = v
		}
	}
	for k, v := range p.Params {
		out["ac."+k] = v
	}
	return out
}

// frameRequest is what a page's script asks of contextTokenAPI and frameAPI: for which app, and where its frame stands.
type frameRequest struct {
	App    world.AppKey      `json:"app"`
	Module string            `json:"module"`
	Issue  string            `json:"issue"`
	Proj   string            `json:"project"`
	Params map[string]string `json:"params"`
}

// readFrameRequest reads the request and checks that the person of the session may see what it names: the tokens that
// follow from it say so to the app.
func (s *Apps) readFrameRequest(w http.ResponseWriter, r *http.Request) (req frameRequest, app *world.App, p Surrounding, err error) {
	st := s.store.State()
	p.User = session.User(r, st)
	if p.User == nil {
		return req, nil, p, rest.Fail(http.StatusUnauthorized, "Log in first.")
	}
	if json.NewDecoder(http.MaxBytesReader(w, r.Body, rest.MaxBody)).Decode(&req) != nil {
		return req, nil, p, rest.Fail(http.StatusBadRequest, "The request is no JSON object.")
	}
	if app = st.App(req.App); app == nil || app.State != world.AppEnabled {
		return req, nil, p, rest.Fail(http.StatusNotFound, "The app is not installed, or disabled.")
	}
	if req.Issue != "" {
		if p.Issue = st.FindIssue(req.Issue); !st.Sees(p.User.Account, p.Issue) {
			return req, nil, p, rest.NoIssue()
		}
		p.Project = st.Project(p.Issue.Project)
	} else if req.Proj != "" {
		if p.Project = st.FindProject(req.Proj); !st.CanIn(p.User.Account, world.BrowseProjects, p.Project) {
			return req, nil, p, rest.Fail(http.StatusNotFound, "No project could be found with key '%s'.", req.Proj)
		}
	}
	p.Params = req.Params
	return req, app, p, nil
}

// contextTokenAPI answers AP.context.getToken.
func (s *Apps) contextTokenAPI(w http.ResponseWriter, r *http.Request) {
	_, app, p, err := s.readFrameRequest(w, r)
	if err != nil {
		rest.WriteError(s.log, w, r, err)
		return
	}
	c := s.claims(app, p.User.Account, contextLifetime)
	c.QSH, c.Context = auth.ContextQSH, p.context()
	token, err := auth.SignHS256(c, app.SharedSecret)
	if err != nil {
		rest.WriteError(s.log, w, r, err)
		return
	}
	rest.WriteJSON(w, http.StatusOK, object{"token": token})
}

// frameAPI makes a frame for a dialog that an app opens.
func (s *Apps) frameAPI(w http.ResponseWriter, r *http.Request) {
	req, app, p, err := s.readFrameRequest(w, r)
	if err != nil {
		rest.WriteError(s.log, w, r, err)
		return
	}
	d, err := ParseDescriptor(app.Descriptor)
	if err != nil {
		rest.WriteError(s.log, w, r, fmt.Errorf("read the descriptor of %s: %w", app.Key, err))
		return
	}
	m := d.Module(req.Module)
	if m == nil {
		rest.WriteError(s.log, w, r, rest.Fail(http.StatusNotFound, "The app has no module %s.", req.Module))
		return
	}
	if m.Kind == AdminPage && !s.store.State().Can(p.User.Account, world.Administer) {
		rest.WriteError(s.log, w, r, rest.Fail(http.StatusForbidden, "Only a site admin can open this."))
		return
	}
	f, err := s.Frame(app, d, m, p)
	if err != nil {
		rest.WriteError(s.log, w, r, err)
		return
	}
	rest.WriteJSON(w, http.StatusOK, f)
}
