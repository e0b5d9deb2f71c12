// Package openapi knows which operations Atlassian's OpenAPI documents describe: method, path, name and scopes of
// each, so that the sandbox can tell what Jira has and it has not from what nobody has. It knows nothing of bodies: those
// are checked in tests, by openapitest.
//
// Start with [Find].
package openapi

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

// Operation is one row of the documents.
type Operation struct {
	Method string
	Path   string // a template such as /rest/api/3/issue/{issueIdOrKey}
	ID     string // Atlassian's name of the operation, such as getIssue
	Scope  string // what a Connect app needs, such as READ; INACCESSIBLE where none will do
	// Classic and Granular are what a Forge app needs: all scopes of one of the two, with commas between. NoScopes is none that
	// is named, NeedsNone that no scope is needed.
	Classic, Granular string
}

// What stands for scopes where there are none.
const (
	NoScopes  = "-"
	NeedsNone = "*"
)

// OAuth says whether Forge apps can use the operation at all.
func (o Operation) OAuth() bool { return o.Classic != NoScopes || o.Granular != NoScopes }

// Granted says whether a Forge app with those scopes may use the operation.
func (o Operation) Granted(scopes []string) bool {
	for _, wanted := range []string{o.Classic, o.Granular} {
		if wanted == NoScopes {
			continue
		}
		if wanted == NeedsNone || !slices.ContainsFunc(strings.Split(wanted, ","), func(s string) bool { return !slices.Contains(scopes, s) }) {
			return true
		}
	}
	return false
}

// table is written by TestTableIsThatOfTheDocuments with -update.
//
//go:embed zz_operations.txt
var table string

// Operations lists every operation by path, then method. The slice is shared: do not change it.
var Operations = sync.OnceValue(func() []Operation {
	var out []Operation
	for line := range strings.Lines(table) {
		if f := strings.Fields(line); len(f) == 6 {
			out = append(out, Operation{Method: f[0], Scope: f[1], ID: f[2], Path: f[3], Classic: f[4], Granular: f[5]})
		}
	}
	return out
})

// node is a place in the tree of paths.
type node struct {
	literal map[string]*node
	any     *node // below a {parameter}
	ops     []Operation
}

var tree = sync.OnceValue(func() *node {
	root := &node{}
	for _, op := range Operations() {
		n := root
		for _, part := range strings.Split(op.Path, "/") {
			n = n.below(part)
		}
		n.ops = append(n.ops, op)
	}
	return root
})

func (n *node) below(part string) *node {
	if strings.HasPrefix(part, "{") {
		if n.any == nil {
			n.any = &node{}
		}
		return n.any
	}
	if n.literal == nil {
		n.literal = map[string]*node{}
	}
	if n.literal[part] == nil {
		n.literal[part] = &node{}
	}
	return n.literal[part]
}

// find prefers what is written out to parameters.
func (n *node) find(parts []string) []Operation {
	if len(parts) == 0 {
		return n.ops
	}
	if next := n.literal[parts[0]]; next != nil {
		if ops := next.find(parts[1:]); ops != nil {
			return ops
		}
	}
	if n.any != nil && parts[0] != "" {
		return n.any.find(parts[1:])
	}
	return nil
}

// At lists the operations of a request's path, still encoded, one for each method; nil where Jira has no such path. The
// documents describe version 3 of the interface; the same paths in version 2 and in latest are those of version 3.
func At(path string) []Operation {
	return tree().find(strings.Split(V3(path), "/"))
}

// Find returns the operation of a request by its method and its path, still encoded.
func Find(method, path string) (op Operation, ok bool) {
	for _, op := range At(path) {
		if op.Method == method {
			return op, true
		}
	}
	return Operation{}, false
}

// V3 is the path in version 3 of the interface, the path itself where it has no versions.
func V3(path string) string {
	for _, old := range []string{"/rest/api/2/", "/rest/api/latest/"} {
		if rest, ok := strings.CutPrefix(path, old); ok {
			return "/rest/api/3/" + rest
		}
	}
	return path
}
