package forge

import (
	"bytes"
	"embed"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// ScriptPath is the frame's half of the bridge, and PageScriptPath that of pages with Forge frames, a module; see bridge.js and page.js.
const (
	ScriptPath     = scripts + "bridge.js"
	PageScriptPath = scripts + "page.js"
)

const scripts = "/forge/script/"

const uiPath = "/forge/ui/"

// FrameSandbox is the sandbox attribute of frames. Without allow-same-origin an app's script cannot use the session of whoever
// looks at it, although its files come through the site; so it has no storage of the browser's either.
const FrameSandbox = "allow-downloads allow-forms allow-modals allow-popups allow-scripts"

//go:embed *.js
var scriptFiles embed.FS

func (s *Forge) script(w http.ResponseWriter, r *http.Request) {
	body, err := scriptFiles.ReadFile(r.PathValue("file"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(body)
}

// Frame is a module of a Forge app on a page: the address of its frame, and what page.js has to know of it.
type Frame struct {
	App    string `json:"app"`
	Name   string `json:"-"` // the app's
	Module string `json:"module"`
	Kind   string `json:"kind"`
	Title  string `json:"-"`
	Issue  string `json:"issue,omitempty"`
	Proj   string `json:"project,omitempty"`
	URL    string `json:"-"`
}

// Page says whether the module is a page of its own, and not a part of one.
func (f Frame) Page() bool { return slices.Contains(ownPages, f.Kind) }

// Aside says whether the module stands beside an issue, and not below its description.
func (f Frame) Aside() bool { return f.Kind == IssueContext }

// Path is where the module has a page of its own.
func (f Frame) Path() string {
	return "/forge/apps/" + url.PathEscape(f.App) + "/" + url.PathEscape(f.Module)
}

// ownPages are the kinds of modules that have a page of their own.
var ownPages = []string{GlobalPage, AdminPage, ProjectPage, ProjectSettings}

// ofProjects are those that belong to a project.
var ofProjects = []string{ProjectPage, ProjectSettings}

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
		App: string(app.Key), Name: name, Module: each.Key, Kind: each.Kind, Title: each.Label(), URL: s.resourceURL(app, each.Resource),
	}
	if p.Issue != nil {
		f.Issue = string(p.Issue.ID)
	}
	if p.Project != nil {
		f.Proj = p.Project.Key
	}
	return f
}

func (s *Forge) resourceURL(app *world.App, resource string) string {
	return s.Base + uiPath + url.PathEscape(string(app.Key)) + "/" + url.PathEscape(resource) + "/"
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
