// Package api is the REST API below /api/v1/: which routes there are, what each takes and answers, and the OpenAPI document of all of them.
// A plugin declares its routes in plugin.json, the host its own in own.json; both are compiled by [Compile] and treated alike. It knows
// no HTTP server: host/web reads requests and writes answers.
//
// JSON ends here. What is sent is judged by the route's schemas and handed on as MessagePack; what is answered comes as MessagePack and is
// made JSON.
//
// Start with [Compile].
package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
)

// Root is the path under which all of it is. A plugin's routes are below it and the plugin's id, so that no two plugins want the same path.
const Root = "/api/v1/"

// Routes are those of one version of a plugin, or of the host. Nobody changes them.
type Routes struct {
	// Plugin is whose they are, "" for the host.
	Plugin  capability.PluginID
	Name    string // for people
	Schemas json.RawMessage
	All     []*Route
}

// Route is a route that was compiled.
type Route struct {
	manifest.Route
	// Versioned says that answers have an ETag, Conditional that requests have to name one in If-Match. Only the host's own routes do.
	Versioned, Conditional bool

	parts   []string
	params  *jsonschema.Schema // nil without parameters
	of      map[string]parameter
	body    *jsonschema.Schema // nil where none is sent
	answers map[int]*jsonschema.Schema
	media   map[int]string // of answers that are no JSON
}

// parameter is what a schema says of one.
type parameter struct {
	Type        string          `json:"type"`
	Default     json.RawMessage `json:"default"`
	Description string          `json:"description"`
}

// Compile returns the routes of a manifest that was parsed.
func Compile(m *manifest.Manifest) (*Routes, error) {
	return compile(m.ID, m.Name, m.Schemas, m.Routes)
}

// address is where schemas stand; nothing is loaded from anywhere.
const address = "https://plugin.invalid/plugin.json"

type noLoader struct{}

func (noLoader) Load(string) (any, error) {
	return nil, fmt.Errorf("a schema cannot refer to another file")
}

func compile(plugin capability.PluginID, name string, schemas json.RawMessage, routes []manifest.Route) (*Routes, error) {
	out := &Routes{Plugin: plugin, Name: name, Schemas: schemas}
	raw, err := json.Marshal(map[string]any{"routes": routes, "schemas": schemas})
	if err != nil {
		return nil, fmt.Errorf("encode routes: %w", err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("read routes: %w", err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.UseLoader(noLoader{})
	if err := c.AddResource(address, doc); err != nil {
		return nil, fmt.Errorf("read routes: %w", err)
	}
	for i, declared := range routes {
		r, err := newRoute(c, declared, fmt.Sprintf("%s#/routes/%d", address, i))
		if err != nil {
			return nil, fmt.Errorf("route %s %s: %w", declared.Method, declared.Path, err)
		}
		out.All = append(out.All, r)
	}
	return out, nil
}

func newRoute(c *jsonschema.Compiler, declared manifest.Route, at string) (_ *Route, err error) {
	r := &Route{Route: declared, parts: split(declared.Path), of: map[string]parameter{}, answers: map[int]*jsonschema.Schema{}, media: map[int]string{}}
	if declared.Params != nil {
		if r.params, err = c.Compile(at + "/params"); err != nil {
			return nil, err
		}
		var p struct {
			Properties map[string]parameter `json:"properties"`
		}
		if err := json.Unmarshal(declared.Params, &p); err != nil {
			return nil, err
		}
		r.of = p.Properties
	}
	if declared.Body != nil {
		if r.body, err = c.Compile(at + "/body"); err != nil {
			return nil, err
		}
	}
	for status := range declared.Answers {
		var n int
		if _, err := fmt.Sscanf(status, "%d", &n); err != nil {
			return nil, fmt.Errorf("status %s: %w", status, err)
		}
		if media := declared.Media(status); media != "" {
			r.media[n] = media
		}
		if r.answers[n], err = c.Compile(at + "/answers/" + status); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func split(path string) []string { return strings.Split(strings.Trim(path, "/"), "/") }

// Find returns the route of a method and path, with the path's parameters by name. The path begins with a slash behind the plugin's id, and
// its parts are decoded one by one by the caller. The error is an *[Error]: 404, or 405 with the methods that there are.
func (r *Routes) Find(method string, parts []string) (*Route, map[string]string, error) {
	var found []*Route
	for _, route := range r.All {
		if route.fits(parts) {
			found = append(found, route)
		}
	}
	// What is written out comes before what is a parameter.
	slices.SortStableFunc(found, func(a, b *Route) int { return strings.Compare(b.rank(), a.rank()) })
	var methods []string
	for _, route := range found {
		if route.Method != method {
			methods = append(methods, route.Method)
			continue
		}
		given := map[string]string{}
		for i, part := range route.parts {
			if name, ok := variable(part); ok {
				given[name] = parts[i]
			}
		}
		return route, given, nil
	}
	if len(methods) > 0 {
		slices.Sort(methods)
		return nil, nil, &Error{Status: 405, Allow: slices.Compact(methods), Err: &sdk.Error{
			Code: sdk.Unimplemented, Source: sdk.FromHost, Message: fmt.Sprintf("This address takes %s.", strings.Join(slices.Compact(methods), ", "))}}
	}
	return nil, nil, &Error{Status: 404, Err: &sdk.Error{
		Code: sdk.NotFound, Source: sdk.FromHost, Message: "There is no such address in this API. All are in " + Root + "openapi.json."}}
}

// rank is greater for routes with more that is written out, from the left.
func (r *Route) rank() string {
	out := make([]byte, len(r.parts))
	for i, part := range r.parts {
		if out[i] = '1'; strings.HasPrefix(part, "{") {
			out[i] = '0'
		}
	}
	return string(out)
}

func (r *Route) fits(parts []string) bool {
	if len(parts) != len(r.parts) {
		return false
	}
	for i, part := range r.parts {
		if _, ok := variable(part); ok && parts[i] != "" {
			continue
		}
		if part != parts[i] {
			return false
		}
	}
	return true
}

func variable(part string) (string, bool) {
	if !strings.HasPrefix(part, "{") {
		return "", false
	}
	return strings.Trim(part, "{}"), true
}
