package page

import (
	"bytes"
	"embed"
	"fmt"
	"hash/fnv"
	"io/fs"
	"net/http"
	"path"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/bridge"
)

//go:embed templates static
var assets embed.FS

// cdnPath is where the site serves what Atlassian's CDN does. It must contain "/atlassian-connect": the bridge finds its
// own script element by that.
const cdnPath = "/connect-cdn/atlassian-connect"

// staticTypes are the content types of what the site serves besides pages.
var staticTypes = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}

func (s *Pages) staticFile(w http.ResponseWriter, r *http.Request) {
	body, err := fs.ReadFile(assets, "static/"+r.PathValue("file"))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	serveAsset(w, r, r.PathValue("file"), body)
}

// cdnFile serves the bridge. Apps load it from other origins.
func (s *Pages) cdnFile(w http.ResponseWriter, r *http.Request) {
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
