package ui

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"path"
)

//go:embed static
var staticFiles embed.FS

// asset is one static file.
type asset struct {
	body        []byte
	contentType string
	version     string // digest of the body: pages name it, so that a browser can keep the file for ever
}

var contentTypes = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

func loadStatic() (map[string]asset, error) {
	entries, err := staticFiles.ReadDir("static")
	if err != nil {
		return nil, fmt.Errorf("list static files: %w", err)
	}
	out := map[string]asset{}
	for _, e := range entries {
		contentType, ok := contentTypes[path.Ext(e.Name())]
		if !ok {
			return nil, fmt.Errorf("static file %s is of no known type", e.Name())
		}
		body, err := staticFiles.ReadFile("static/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("read static file: %w", err)
		}
		sum := sha256.Sum256(body)
		out[e.Name()] = asset{body: body, contentType: contentType, version: base64.RawURLEncoding.EncodeToString(sum[:9])}
	}
	return out, nil
}

// Static returns one of the files that pages refer to, such as "app.css". The caller must not change body. The pages name a
// file together with its version (?v=…), so an answer may be cached for ever where the query is there.
func (r *Renderer) Static(name string) (body []byte, contentType, etag string, ok bool) {
	a, ok := r.static[name]
	if !ok {
		return nil, "", "", false
	}
	return a.body, a.contentType, `"` + a.version + `"`, true
}
