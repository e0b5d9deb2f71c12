// Package openapitest judges the sandbox's answers by Atlassian's OpenAPI documents: each must have a status, a content
// type and a body that the document describes for its operation. The documents are not part of the repository: they lie in
// ../shared/jira beside it, and without them nothing is judged.
//
// Start with [Watch], which stands before a handler for the length of a test.
package openapitest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/pergola-platform/pergola/host/sandbox/openapi"
)

// files are the documents: the Jira platform's and Jira Service Management's.
var files = []string{"jira-openapi.json", "jsm-openapi.json"}

// Documents are Atlassian's descriptions. They are safe for concurrent use.
type Documents struct {
	ops map[string]*operation // by method and template
}

// operation is what a document says of the answers of one operation.
type operation struct {
	openapi.Operation
	doc       *document
	responses map[string]response // by status
}

type response struct {
	Content map[string]struct {
		Schema  map[string]any  `json:"schema"`
		Example json.RawMessage `json:"example"`
	} `json:"content"`
}

// document is one file; its schemas are compiled when they are needed, since there are a thousand.
type document struct {
	name     string
	mu       sync.Mutex
	compiler *jsonschema.Compiler
	compiled map[string]*jsonschema.Schema // by operation, status and type
	schemas  map[string]map[string]any
}

// Load reads the documents; they are read once.
var Load = sync.OnceValues(func() (*Documents, error) {
	dir, err := shared()
	if err != nil {
		return nil, err
	}
	d := &Documents{ops: map[string]*operation{}}
	for _, name := range files {
		if err := d.read(filepath.Join(dir, name)); err != nil {
			return nil, fmt.Errorf("read Atlassian's document %s: %w", name, err)
		}
	}
	return d, nil
})

// shared finds the folder of the documents from wherever the test runs.
func shared() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "..", "shared", "jira"), nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}

func (d *Documents) read(path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var file struct {
		Paths      map[string]map[string]json.RawMessage `json:"paths"`
		Components struct {
			Schemas map[string]map[string]any `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		return err
	}
	doc := &document{name: filepath.Base(path), compiled: map[string]*jsonschema.Schema{}, schemas: file.Components.Schemas}
	if err := doc.prepare(); err != nil {
		return err
	}
	for path, methods := range file.Paths {
		for method, raw := range methods {
			if method == "parameters" {
				continue
			}
			var in struct {
				ID        string              `json:"operationId"`
				Scope     string              `json:"x-atlassian-connect-scope"`
				Responses map[string]response `json:"responses"`
				OAuth     []oauthScopes       `json:"x-atlassian-oauth2-scopes"`
			}
			if err := json.Unmarshal(raw, &in); err != nil {
				return fmt.Errorf("%s %s: %w", method, path, err)
			}
			row := openapi.Operation{Method: strings.ToUpper(method), Path: path, ID: in.ID, Scope: cmp.Or(in.Scope, "INACCESSIBLE")}
			row.Classic, row.Granular = scopesOf(in.OAuth, "Current"), scopesOf(in.OAuth, "Beta")
			d.ops[row.Method+" "+path] = &operation{Operation: row, doc: doc, responses: in.Responses}
		}
	}
	return nil
}

// oauthScopes are scopes that open an operation to Forge apps, all of them together. Those in the state Current are the classic
// ones, those in Beta the granular ones.
type oauthScopes struct {
	State  string   `json:"state"`
	Scopes []string `json:"scopes"`
}

func scopesOf(all []oauthScopes, state string) string {
	for _, each := range all {
		if each.State == state {
			return cmp.Or(strings.Join(each.Scopes, ","), openapi.NeedsNone)
		}
	}
	return openapi.NoScopes
}

// Operations lists what the documents describe, by path, then method.
func (d *Documents) Operations() []openapi.Operation {
	var out []openapi.Operation
	for _, op := range d.ops {
		out = append(out, op.Operation)
	}
	slices.SortFunc(out, func(a, b openapi.Operation) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	return out
}

// Need skips the test where the documents are absent, and fails it with CI=true.
func Need(t testing.TB) *Documents {
	t.Helper()
	d, err := Load()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("Atlassian's OpenAPI documents are not here (%v): put %s into ../shared/jira beside the repository", err, strings.Join(files, " and "))
	}
	return d
}
