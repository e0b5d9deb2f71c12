package manifest

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Route is a route of the plugin's REST API, see sdk/rest. The host serves it below /api/v1/ and the plugin's id.
//
// The schemas are JSON Schema 2020-12. They may refer to those of Manifest.Schemas as "#/schemas/Name", and to nothing else.
type Route struct {
	Method string `json:"method"` // one of [Methods]
	// Path begins with a slash; a parameter stands in braces, such as /issues/{issue}/links.
	Path    string `json:"path"`
	Handler string `json:"handler"` // in the code: a key of sdk.Plugin.Routes
	Scope   string `json:"scope"`   // one of [Scopes], which the caller's token has to have
	Summary string `json:"summary"`
	// Description says more, for who writes a program.
	Description string `json:"description,omitempty"`
	// Params is the schema of an object whose properties are the parameters: those named in the path, and those of the query.
	Params json.RawMessage `json:"params,omitempty"`
	// Body is the schema of the JSON that is sent; nil where none is.
	Body json.RawMessage `json:"body,omitempty"`
	// Answers are the schemas of what is answered, by status. That of 204, which has no body, has a description only.
	Answers map[string]json.RawMessage `json:"answers"`
}

// The scopes of API tokens.
const (
	LinksRead   = "links:read"
	LinksWrite  = "links:write"
	ConfigRead  = "config:read"
	ConfigWrite = "config:write"
	SyncRun     = "sync:run"
	LabelsPrint = "labels:print"
)

// Scope is what an API token can be for.
type Scope struct {
	Name  string
	Title string // what it lets a program do
}

// Scopes returns all of them, in the order in which they are offered.
func Scopes() []Scope {
	return []Scope{
		{LinksRead, "Read links and relations"},
		{LinksWrite, "Make and remove links"},
		{ConfigRead, "Read the configuration, for tokens of Jira admins"},
		{ConfigWrite, "Change the configuration, for tokens of Jira admins"},
		{SyncRun, "Run synchronizations, for tokens of Jira admins"},
		{LabelsPrint, "Make labels"},
	}
}

// MediaTypes returns the types of what routes answer beside JSON.
func MediaTypes() []string { return []string{"application/pdf", "image/png", "text/csv"} }

// Media is the type of what a route answers with a status that is no JSON, as contentMediaType of the answer has it; "" for JSON.
func (r Route) Media(status string) string {
	var s struct {
		Media string `json:"contentMediaType"`
	}
	_ = json.Unmarshal(r.Answers[status], &s) // what is of another type is reported as no schema
	return s.Media
}

// Methods returns the methods that routes can have.
func Methods() []string { return []string{"GET", "POST", "PUT", "PATCH", "DELETE"} }

// Takes says whether requests of the route have a body.
func (r Route) Takes() bool { return r.Body != nil }

// bodiless are the methods that send no body.
var bodiless = []string{"GET", "DELETE"}

var pathParameter = regexp.MustCompile(`\{[^}]*\}`)

// Parameters are the names of the parameters in the path.
func (r Route) Parameters() []string {
	var out []string
	for _, p := range pathParameter.FindAllString(r.Path, -1) {
		out = append(out, strings.Trim(p, "{}"))
	}
	return out
}

// Shape is the path with its parameters blanked: no two routes of a method have the same.
func (r Route) Shape() string { return pathParameter.ReplaceAllString(r.Path, "{}") }

// routes checks the routes.
func (r *report) routes(m *Manifest, doc map[string]any) {
	seen := map[string]int{}
	if len(m.Routes) == 0 && m.Schemas != nil {
		r.add("$.schemas", "no route refers to them", "declare routes, or leave the schemas out")
	}
	for i, route := range m.Routes {
		path := "$.routes[" + strconv.Itoa(i) + "]"
		r.unique(seen, route.Method+" "+route.Shape(), path+".path", i)
		if route.Takes() && slices.Contains(bodiless, route.Method) {
			r.add(path+".body", "a "+route.Method+" sends no body", "take what it needs from params, or make it a POST")
		}
		r.params(route, path)
		for _, status := range slices.Sorted(maps.Keys(route.Answers)) {
			if media := route.Media(status); media != "" && !slices.Contains(MediaTypes(), media) {
				r.add(path+".answers["+strconv.Quote(status)+"].contentMediaType", fmt.Sprintf("the host lets no %q through", media), "write one of "+strings.Join(MediaTypes(), ", ")+", or answer with JSON")
			}
		}
	}
	r.schemas(m, doc)
}

// params checks that the parameters are declared as what can stand in an address.
func (r *report) params(route Route, path string) {
	var s struct {
		Type       string                     `json:"type"`
		Required   []string                   `json:"required"`
		Properties map[string]json.RawMessage `json:"properties"`
	}
	if route.Params != nil {
		_ = json.Unmarshal(route.Params, &s) // what is of another type is no schema, and reported as such
		if s.Type != "object" {
			r.add(path+".params", "is no schema of an object", `write {"type": "object", "properties": {…}} with a property for each parameter`)
		}
	}
	inPath := route.Parameters()
	for i, name := range inPath {
		switch {
		case slices.Contains(inPath[:i], name):
			r.add(path+".path", fmt.Sprintf("the parameter %q is there twice", name), "choose another name for one of the two")
		case s.Properties[name] == nil || !slices.Contains(s.Required, name):
			r.add(path+".path", fmt.Sprintf("params do not declare and require %q", name), fmt.Sprintf(`add %q to params.properties and to params.required`, name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		var p struct {
			Type        any    `json:"type"`
			Description string `json:"description"`
		}
		_ = json.Unmarshal(s.Properties[name], &p)
		at := member(path+".params.properties", name)
		if t, _ := p.Type.(string); !slices.Contains([]string{"string", "integer", "boolean"}, t) {
			r.add(at, "a parameter stands in an address as text", `write "type": "string", "integer" or "boolean", here and not behind a $ref`)
		}
		if p.Description == "" {
			r.add(at, "nobody reads what it is for", "add a description")
		}
	}
}

// schemas checks that all schemas of routes are some.
func (r *report) schemas(m *Manifest, doc map[string]any) {
	const file = "https://plugin.invalid/plugin.json" // absolute, or the library makes it a path of this machine
	c, err := compiler(file, map[string]any{"routes": doc["routes"], "schemas": doc["schemas"]})
	if err != nil {
		r.add("$.routes", "the schemas are no JSON Schema: "+oneLine(err.Error()), "correct them")
		return
	}
	check := func(path, pointer string) {
		if _, err := c.Compile(file + "#" + pointer); err != nil {
			r.add(path, "is no JSON Schema that the host can judge by: "+oneLine(strings.ReplaceAll(err.Error(), file, "")), `correct it; refer to schemas as "#/schemas/Name"`)
		}
	}
	for i, route := range m.Routes {
		path, pointer := fmt.Sprintf("$.routes[%d]", i), fmt.Sprintf("/routes/%d", i)
		if route.Params != nil {
			check(path+".params", pointer+"/params")
		}
		if route.Body != nil {
			check(path+".body", pointer+"/body")
		}
		for _, status := range slices.Sorted(maps.Keys(route.Answers)) {
			check(path+".answers["+strconv.Quote(status)+"]", pointer+"/answers/"+status)
		}
	}
	all, _ := doc["schemas"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		check(member("$.schemas", name), "/schemas/"+name)
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
