package ui

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
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
		out[e.Name()] = asset{body: body, contentType: contentType}
	}
	for name := range out {
		if err := version(out, name, nil); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// imported are the files that a script imports.
var imported = regexp.MustCompile(`from '\./([a-z-]+\.js)';`)

// version gives a file its version, after those of the files that it imports: it names them with theirs, as pages do.
func version(all map[string]asset, name string, above []string) error {
	a, ok := all[name]
	switch {
	case !ok:
		return fmt.Errorf("static file %s is imported and not there", name)
	case a.version != "":
		return nil
	case slices.Contains(above, name):
		return fmt.Errorf("static file %s imports itself by way of %v", name, above)
	}
	for _, m := range imported.FindAllSubmatch(a.body, -1) {
		if err := version(all, string(m[1]), append(above, name)); err != nil {
			return err
		}
	}
	a.body = imported.ReplaceAllFunc(a.body, func(line []byte) []byte {
		file := string(imported.FindSubmatch(line)[1])
		return []byte("from './" + file + "?v=" + all[file].version + "';")
	})
	sum := sha256.Sum256(a.body)
	a.version = base64.RawURLEncoding.EncodeToString(sum[:9])
	all[name] = a
	return nil
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

// Files are the static files as they lie, for a frame that is not served by this host. They name one another without versions.
func Files() fs.FS {
	files, err := fs.Sub(staticFiles, "static")
	if err != nil {
		panic(err) // the name is right
	}
	return files
}
