package rest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// router finds the operation of a request. A [http.ServeMux] cannot: it refuses paths of Jira's of which neither is more specific, such as
// /issue/createmeta/{projectIdOrKey}/issuetypes and /issue/{issueIdOrKey}/properties/{propertyKey}. Here the one wins that has
// a word where the other has a parameter, from the left.
type router struct {
	routes []route
	other  http.HandlerFunc // for what no route fits
}

type route struct {
	Operation
	parts  []string
	handle http.HandlerFunc
}

func (s *server) newRouter() *router {
	out := &router{other: s.unserved}
	for _, op := range s.Operations {
		out.routes = append(out.routes, route{op, strings.Split(op.Path, "/"), s.serve(op)})
	}
	slices.SortStableFunc(out.routes, func(a, b route) int {
		for n := range min(len(a.parts), len(b.parts)) {
			if pa, pb := parameter(a.parts[n]) != "", parameter(b.parts[n]) != ""; pa != pb {
				if pa {
					return 1
				}
				return -1
			}
		}
		return 0
	})
	return out
}

// parameter is the name of a part in braces, "" for a word.
func parameter(part string) string {
	if strings.HasPrefix(part, "{") {
		return strings.Trim(part, "{}")
	}
	return ""
}

func (t *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	parts := strings.Split(r.URL.EscapedPath(), "/")
	for _, each := range t.routes {
		if each.Method == method && each.fits(r, parts) {
			r.Pattern = each.Method + " " + each.Path
			each.handle(w, r)
			return
		}
	}
	t.other(w, r)
}

// fits says whether the route has the path, and gives the request its parameters then.
func (t route) fits(r *http.Request, parts []string) bool {
	if len(parts) != len(t.parts) {
		return false
	}
	values := make([]string, len(parts))
	for n, part := range parts {
		var err error
		if values[n], err = url.PathUnescape(part); err != nil || values[n] == "" && n > 0 || parameter(t.parts[n]) == "" && values[n] != t.parts[n] {
			return false
		}
	}
	for n, part := range t.parts {
		if name := parameter(part); name != "" {
			r.SetPathValue(name, values[n])
		}
	}
	return true
}
