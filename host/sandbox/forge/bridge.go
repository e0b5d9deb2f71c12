package forge

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/oauth"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/session"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// ScriptPath is the script that pages with Forge frames load, and the frames themselves; see bridge.js.
const ScriptPath = "/forge/bridge.js"

const uiPath = "/forge/ui/"

// FrameSandbox is the sandbox attribute of frames. Without allow-same-origin an app's script cannot use the session of whoever
// looks at it, although its files come through the site; so it has no storage of the browser's either.
const FrameSandbox = "allow-downloads allow-forms allow-modals allow-popups allow-scripts"

//go:embed bridge.js
var script []byte

func (s *Forge) script(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(script)
}

// Frame is a module of a Forge app on a page: the address of its frame, and what bridge.js has to know of it.
type Frame struct {
	App    string `json:"app"`
	Name   string `json:"-"` // the app's
	Module string `json:"module"`
	Title  string `json:"-"`
	Issue  string `json:"issue,omitempty"`
	Proj   string `json:"project,omitempty"`
	URL    string `json:"-"`
}

// Frames are the modules of a kind that the enabled apps show in a surrounding.
func (s *Forge) Frames(st *world.State, kind string, p connect.Surrounding) []Frame {
	var out []Frame
	s.enabled(st, func(app *world.App, m *Manifest) {
		for _, each := range m.of(kind) {
			out = append(out, s.frame(app, m, each, p))
		}
	})
	return out
}

// Frame is a module of an app by its key; ok is false where there is none of the kind.
func (s *Forge) Frame(st *world.State, key world.AppKey, module string, kinds []string, p connect.Surrounding) (f Frame, kind string, ok bool) {
	app := st.App(key)
	if app == nil || app.Forge == nil || app.State != world.AppEnabled {
		return Frame{}, "", false
	}
	m, err := manifest(app)
	if err != nil {
		s.Logger.Error("read a manifest", "error", err)
		return Frame{}, "", false
	}
	each := m.module(module)
	if each == nil || !slices.Contains(kinds, each.Kind) {
		return Frame{}, "", false
	}
	return s.frame(app, m, each, p), each.Kind, true
}

func (s *Forge) frame(app *world.App, m *Manifest, each *Module, p connect.Surrounding) Frame {
	name := m.App.Name
	if name == "" {
		name = string(app.Key)
	}
	f := Frame{
		App: string(app.Key), Name: name, Module: each.Key, Title: each.Label(),
		URL: s.Base + uiPath + url.PathEscape(string(app.Key)) + "/" + url.PathEscape(each.Resource) + "/",
	}
	if p.Issue != nil {
		f.Issue = string(p.Issue.ID)
	}
	if p.Project != nil {
		f.Proj = p.Project.Key
	}
	return f
}

// maxFile is the largest file of an app's page.
const maxFile = 32 << 20

// resource passes on a file of an app's page. In HTML it puts the bridge before everything else.
func (s *Forge) resource(w http.ResponseWriter, r *http.Request) {
	app := s.Store.State().App(world.AppKey(r.PathValue("appKey")))
	if app == nil || app.Forge == nil {
		http.NotFound(w, r)
		return
	}
	m, err := manifest(app)
	if err != nil {
		rest.WriteError(s.Logger, w, r, err)
		return
	}
	res := m.resource(r.PathValue("resource"))
	base := ""
	if res != nil {
		base = filesOf(app, res)
	}
	if base == "" {
		http.Error(w, "The resource has no address: give one in resources, or tunnel.port in the manifest.", http.StatusNotFound)
		return
	}
	name := path.Clean("/" + r.PathValue("path"))
	if name == "/" {
		name = "/index.html"
	}
	req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, base+name, nil)
	if err != nil {
		http.Error(w, "The address of the resource is wrong.", http.StatusBadGateway)
		return
	}
	resp, err := s.client.Do(req)
	if err != nil {
		http.Error(w, "The resource cannot be reached at "+base+".", http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxFile))
	if err != nil {
		http.Error(w, "The resource cannot be read.", http.StatusBadGateway)
		return
	}
	kind := resp.Header.Get("Content-Type")
	if plain, _, _ := mime.ParseMediaType(kind); plain == "text/html" {
		raw = withBridge(raw)
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Access-Control-Allow-Origin", "*") // a frame without an origin loads its modules and fonts as from elsewhere
	h.Set("Content-Security-Policy", "sandbox "+FrameSandbox+"; frame-ancestors 'self'")
	w.WriteHeader(resp.StatusCode)
	_, _ = w.Write(raw)
}

// filesOf is where the files of a resource are: where the installation says, at the tunnel, or beside the manifest.
func filesOf(app *world.App, res *Resource) string {
	if given := app.Forge.Resources[res.Key]; given != "" {
		return strings.TrimSuffix(given, "/")
	}
	if res.Tunnel.Port != 0 {
		return fmt.Sprintf("http://localhost:%d", res.Tunnel.Port)
	}
	u, err := url.Parse(app.Forge.Source)
	if err != nil || app.Forge.Source == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host + strings.TrimSuffix(path.Join("/", path.Dir(u.Path), res.Path), "/")
}

// withBridge puts the script at the beginning of the head.
func withBridge(page []byte) []byte {
	tag := []byte(`<script src="` + ScriptPath + `"></script>`)
	lower := bytes.ToLower(page)
	for _, element := range []string{"<head", "<html", "<!doctype"} {
		if at := bytes.Index(lower, []byte(element)); at >= 0 {
			if end := bytes.IndexByte(page[at:], '>'); end >= 0 {
				return slices.Concat(page[:at+end+1], tag, page[at+end+1:])
			}
		}
	}
	return slices.Concat(tag, page)
}

// bridgeCall is what a frame asks for, with where it stands.
type bridgeCall struct {
	App     world.AppKey    `json:"app"`
	Module  string          `json:"module"`
	Issue   string          `json:"issue"`
	Proj    string          `json:"project"`
	Method  string          `json:"method"`
	Payload json.RawMessage `json:"payload"`
}

// place is a call of the bridge whose caller may see what it names.
type place struct {
	bridgeCall
	st      *world.State
	app     *world.App
	m       *Manifest
	module  *Module
	user    *world.User
	issue   *world.Issue
	project *world.Project
}

func (s *Forge) bridge(w http.ResponseWriter, r *http.Request) {
	p, err := s.place(w, r)
	var out any
	if err == nil {
		out, err = s.answer(r.Context(), p)
	}
	if err != nil {
		rest.WriteError(s.Logger, w, r, err)
		return
	}
	rest.WriteJSON(w, http.StatusOK, out)
}

func (s *Forge) place(w http.ResponseWriter, r *http.Request) (*place, error) {
	p := &place{st: s.Store.State()}
	if p.user = session.User(r, p.st); p.user == nil {
		return nil, rest.Fail(http.StatusUnauthorized, "Log in first.")
	}
	if json.NewDecoder(http.MaxBytesReader(w, r.Body, rest.MaxBody)).Decode(&p.bridgeCall) != nil {
		return nil, rest.Fail(http.StatusBadRequest, "The request is no JSON object.")
	}
	if p.app = p.st.App(p.App); p.app == nil || p.app.Forge == nil || p.app.State != world.AppEnabled {
		return nil, rest.Fail(http.StatusNotFound, "The app is not installed, or disabled.")
	}
	var err error
	if p.m, err = manifest(p.app); err != nil {
		return nil, err
	}
	if p.module = p.m.module(p.Module); p.module == nil || !slices.Contains(pageKinds, p.module.Kind) {
		return nil, rest.Fail(http.StatusNotFound, "The app has no module %s.", p.Module)
	}
	if p.module.Kind == AdminPage && !p.st.Can(p.user.Account, world.Administer) {
		return nil, rest.Fail(http.StatusForbidden, "Only a site admin can open this.")
	}
	if p.Issue != "" {
		if p.issue = p.st.FindIssue(p.Issue); !p.st.Sees(p.user.Account, p.issue) {
			return nil, rest.NoIssue()
		}
		p.project = p.st.Project(p.issue.Project)
	} else if p.Proj != "" {
		if p.project = p.st.FindProject(p.Proj); !p.st.CanIn(p.user.Account, world.BrowseProjects, p.project) {
			return nil, rest.Fail(http.StatusNotFound, "No project could be found with key '%s'.", p.Proj)
		}
	}
	return p, nil
}

// extension is what a frame reads of where it stands.
func (p *place) extension() object {
	out := object{"type": p.module.Kind}
	if i := p.issue; i != nil {
		issue := object{"id": i.ID, "key": i.Key, "typeId": i.Type}
		if t := p.st.Type(i.Type); t != nil {
			issue["type"] = t.Name
		}
		out["issue"] = issue
	}
	if j := p.project; j != nil {
		out["project"] = object{"id": j.ID, "key": j.Key, "type": "software"}
	}
	return out
}

func (s *Forge) pageContext(p *place) object {
	out := s.context(p.st, p.module.Key)
	out["extension"] = p.extension()
	return out
}

// answer does what a method of the bridge is for.
func (s *Forge) answer(ctx context.Context, p *place) (any, error) {
	switch p.Method {
	case "getContext":
		out := s.pageContext(p)
		out["environmentId"] = lastOf(p.app.Forge.Environment)
		out["environmentType"], out["accountId"], out["localId"] = "DEVELOPMENT", p.user.Account, p.app.Forge.ID+"/"+p.module.Key
		out["locale"], out["timezone"] = "en-GB", p.user.TimeZone
		return out, nil
	case "invoke":
		return s.invoke(ctx, p)
	case "fetchProduct":
		return s.fetchProduct(ctx, p)
	case "fetchRemote":
		return s.fetchRemote(p)
	}
	return nil, rest.Fail(http.StatusNotImplemented, "The sandbox's bridge has no %s.", p.Method)
}

// invoke calls the endpoint of the module's resolver: with a path, as invokeRemote does, or with the key of a function.
func (s *Forge) invoke(ctx context.Context, p *place) (any, error) {
	var in struct {
		Function string            `json:"functionKey"`
		Payload  json.RawMessage   `json:"payload"`
		Type     string            `json:"invokeType"`
		Path     string            `json:"path"`
		Method   string            `json:"method"`
		Headers  map[string]string `json:"headers"`
		Body     json.RawMessage   `json:"body"`
	}
	if err := json.Unmarshal(p.Payload, &in); err != nil {
		return nil, rest.Fail(http.StatusBadRequest, "invoke: want an object.")
	}
	e := p.m.endpoint(p.module.Resolver.Endpoint)
	if e == nil {
		return nil, rest.Fail(http.StatusNotImplemented, "The module %s has no resolver.endpoint, and the sandbox runs no functions of Forge.", p.module.Key)
	}
	if in.Type == "" {
		raw, err := json.Marshal(object{"call": object{"functionKey": in.Function, "payload": in.Payload}})
		if err != nil {
			return nil, err
		}
		got, err := s.call(ctx, p, e, http.MethodPost, e.Route.Path, nil, raw)
		if err != nil {
			return nil, err
		}
		return got.Body, nil
	}
	method := strings.ToUpper(in.Method)
	if method == "" {
		method = http.MethodGet
	}
	if !slices.Contains([]string{"GET", "POST", "PUT", "PATCH", "DELETE"}, method) || !strings.HasPrefix(in.Path, "/") {
		return nil, rest.Fail(http.StatusBadRequest, "invokeRemote: want a path with a slash at its beginning, and GET, POST, PUT, PATCH or DELETE.")
	}
	var body []byte
	if len(in.Body) > 0 && string(in.Body) != "null" {
		body = in.Body
		var text string
		if json.Unmarshal(in.Body, &text) == nil {
			body = []byte(text)
		}
	}
	got, err := s.call(ctx, p, e, method, in.Path, in.Headers, body)
	if err != nil {
		return object{"success": false, "error": object{"status": http.StatusBadGateway, "message": err.Error()}}, nil //nolint:nilerr // the frame is told
	}
	return object{"success": true, "payload": got}, nil
}

// remoteAnswer is what a frame gets of a remote's answer.
type remoteAnswer struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    any               `json:"body"`
}

// call calls a remote for whoever looks at a page.
func (s *Forge) call(ctx context.Context, p *place, e *Endpoint, method, path string, header map[string]string, body []byte) (remoteAnswer, error) {
	remote := p.m.Remote(e.Remote)
	h, err := s.headers(p.st, p.app, p.m, invocation{
		remote: remote, auth: e.Auth, kind: p.module.Kind, key: p.module.Key, context: s.pageContext(p), user: p.user.Account,
	})
	if err != nil {
		return remoteAnswer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, uiTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, string(remote.Base)+path, bytes.NewReader(body))
	if err != nil {
		return remoteAnswer{}, rest.Fail(http.StatusBadRequest, "The path %q is wrong.", path)
	}
	for k, v := range header {
		r.Header.Set(k, v)
	}
	for k, v := range h { // an app cannot put its own tokens there
		r.Header[k] = v
	}
	if r.Header.Get("Content-Type") == "" && len(body) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := s.client.Do(r)
	if err != nil {
		return remoteAnswer{}, rest.Fail(http.StatusBadGateway, "The remote %s did not answer.", remote.Key)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxFile))
	if err != nil {
		return remoteAnswer{}, rest.Fail(http.StatusBadGateway, "The answer of the remote %s ended too early.", remote.Key)
	}
	out := remoteAnswer{Status: resp.StatusCode, Headers: map[string]string{}}
	for k := range resp.Header {
		out.Headers[strings.ToLower(k)] = resp.Header.Get(k)
	}
	if json.Unmarshal(raw, &out.Body) != nil {
		out.Body = string(raw)
	}
	return out, nil
}

// fetchProduct calls the site's own REST interface as the user, with the app's scopes.
func (s *Forge) fetchProduct(ctx context.Context, p *place) (any, error) {
	var in struct {
		Product string `json:"product"`
		Path    string `json:"restPath"`
		Init    struct {
			Method  string      `json:"method"`
			Headers [][2]string `json:"headers"`
			Body    *string     `json:"body"`
		} `json:"fetchRequestInit"`
	}
	if err := json.Unmarshal(p.Payload, &in); err != nil || in.Product != "jira" || !strings.HasPrefix(in.Path, "/rest/") {
		return nil, rest.Fail(http.StatusBadRequest, "requestJira: want a path below /rest of the product jira.")
	}
	token, err := s.Tokens.Mint(oauth.Token{
		Kind: oauth.User, App: p.app.Key, Client: p.app.Forge.Installation, Account: p.user.Account, Scopes: p.m.Permissions.Scopes,
	}, time.Minute)
	if err != nil {
		return nil, err
	}
	var body io.Reader = http.NoBody
	if in.Init.Body != nil {
		body = strings.NewReader(*in.Init.Body)
	}
	method := strings.ToUpper(in.Init.Method)
	if method == "" {
		method = http.MethodGet
	}
	r, err := http.NewRequestWithContext(ctx, method, in.Path, body)
	if err != nil {
		return nil, rest.Fail(http.StatusBadRequest, "requestJira: the path %q is wrong.", in.Path)
	}
	r.RequestURI = in.Path
	for _, h := range in.Init.Headers {
		r.Header.Set(h[0], h[1])
	}
	r.Header.Del("Cookie")
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	s.API.ServeHTTP(w, oauth.Gateway(r))
	headers := map[string]string{}
	for k := range w.Header() {
		headers[strings.ToLower(k)] = w.Header().Get(k)
	}
	return object{
		"status": w.Code, "statusText": http.StatusText(w.Code), "headers": headers, "body": w.Body.String(), "isAttachment": false,
	}, nil
}

// fetchRemote lets a frame call a remote itself, from the browser, with an invocation token and no others.
func (s *Forge) fetchRemote(p *place) (any, error) {
	var in struct {
		Remote string `json:"remoteKey"`
	}
	if err := json.Unmarshal(p.Payload, &in); err != nil || p.m.Remote(in.Remote) == nil {
		return nil, rest.Fail(http.StatusBadRequest, "requestRemote: the manifest has no remote %q.", in.Remote)
	}
	remote := p.m.Remote(in.Remote)
	token, err := s.token(p.st, p.app, invocation{remote: remote, kind: p.module.Kind, key: p.module.Key, context: s.pageContext(p), user: p.user.Account})
	if err != nil {
		return nil, err
	}
	return object{"url": string(remote.Base), "token": token}, nil
}
