package sandbox_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// openAPI is Atlassian's description of the REST interface. It is not part of the repository.
type openAPI struct {
	Paths      map[string]map[string]apiOperation `json:"paths"`
	Components struct {
		Schemas map[string]*schema `json:"schemas"`
	} `json:"components"`
}

type apiOperation struct {
	Scope     string `json:"x-atlassian-connect-scope"`
	Responses map[string]struct {
		Content map[string]struct {
			Schema *schema `json:"schema"`
		} `json:"content"`
	} `json:"responses"`
}

// schema is what the description uses of JSON Schema, in the dialect of OpenAPI 3.0.
type schema struct {
	Ref                  string             `json:"$ref"`
	Type                 string             `json:"type"`
	Format               string             `json:"format"`
	Nullable             bool               `json:"nullable"`
	Enum                 []any              `json:"enum"`
	Properties           map[string]*schema `json:"properties"`
	Required             []string           `json:"required"`
	AdditionalProperties json.RawMessage    `json:"additionalProperties"`
	Items                *schema            `json:"items"`
	UniqueItems          bool               `json:"uniqueItems"`
	MaxLength            *int               `json:"maxLength"`
	AllOf                []*schema          `json:"allOf"`
	AnyOf                []*schema          `json:"anyOf"`
	OneOf                []*schema          `json:"oneOf"`
}

// loadOpenAPI finds the description beside the repository.
var loadOpenAPI = sync.OnceValues(func() (*openAPI, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			return nil, errors.New("no go.mod above the package")
		}
	}
	raw, err := os.ReadFile(filepath.Join(dir, "..", "shared", "jira", "jira-openapi.json"))
	if err != nil {
		return nil, err
	}
	api := &openAPI{}
	return api, json.Unmarshal(raw, api)
})

// needOpenAPI skips the test where the description is absent, and fails it on CI.
func needOpenAPI(t *testing.T) *openAPI {
	t.Helper()
	api, err := loadOpenAPI()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("Atlassian's OpenAPI document is not here (%v): put jira-openapi.json into ../shared/jira beside the repository", err)
	}
	return api
}

// checkResponse compares an answer with what the description says of that operation and status.
func (api *openAPI) checkResponse(method, path string, a answer) error {
	op, ok := api.Paths[path][strings.ToLower(method)]
	if !ok {
		return fmt.Errorf("%s %s is no operation", method, path)
	}
	resp, ok := op.Responses[fmt.Sprint(a.status)]
	if !ok {
		return fmt.Errorf("status %d is not documented", a.status)
	}
	content, ok := resp.Content["application/json"]
	if !ok || content.Schema == nil {
		if a.status == 204 && a.body != "" {
			return fmt.Errorf("status 204 with a body")
		}
		return nil
	}
	if empty := *content.Schema; a.body == "" && empty.Ref == "" && empty.Type == "" {
		return nil
	}
	var v any
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		return fmt.Errorf("body: %w", err)
	}
	return api.check("", content.Schema, v, true)
}

// check validates v. open says whether properties that the schema does not name are its own business, as they are for the
// parts of an allOf.
func (api *openAPI) check(at string, s *schema, v any, closed bool) error {
	if s.Ref != "" {
		return api.check(at, api.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")], v, closed)
	}
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%s: %s", at, fmt.Sprintf(format, args...))
	}
	if v == nil && (s.Nullable || s.Type == "" && len(s.AllOf) == 0) {
		return nil
	}
	for _, part := range s.AllOf {
		if err := api.check(at, part, v, closed && len(s.AllOf) == 1); err != nil {
			return err
		}
	}
	if options := slices.Concat(s.AnyOf, s.OneOf); len(options) > 0 {
		var errs []error
		for _, o := range options {
			errs = append(errs, api.check(at, o, v, closed))
		}
		if !slices.Contains(errs, nil) {
			return errors.Join(errs...)
		}
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
		return bad("%v is not one of %v", v, s.Enum)
	}
	switch s.Type {
	case "object":
		o, ok := v.(map[string]any)
		if !ok {
			return bad("%T, want an object", v)
		}
		return api.checkObject(at, s, o, closed)
	case "array":
		list, ok := v.([]any)
		if !ok {
			return bad("%T, want an array", v)
		}
		seen := map[string]bool{}
		for n, item := range list {
			if s.Items != nil {
				if err := api.check(fmt.Sprintf("%s[%d]", at, n), s.Items, item, true); err != nil {
					return err
				}
			}
			text := fmt.Sprint(item)
			if s.UniqueItems && seen[text] {
				return bad("%v is there twice", item)
			}
			seen[text] = true
		}
	case "string":
		text, ok := v.(string)
		if !ok {
			return bad("%T, want a string", v)
		}
		return checkString(at, s, text)
	case "boolean":
		if _, ok := v.(bool); !ok {
			return bad("%T, want a boolean", v)
		}
	case "integer":
		if n, ok := v.(float64); !ok || n != float64(int64(n)) {
			return bad("%v, want an integer", v)
		}
	case "number":
		if _, ok := v.(float64); !ok {
			return bad("%T, want a number", v)
		}
	}
	return nil
}

func (api *openAPI) checkObject(at string, s *schema, o map[string]any, closed bool) error {
	for _, name := range s.Required {
		if _, ok := o[name]; !ok {
			return fmt.Errorf("%s: %s is missing", at, name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		where := at + "/" + name
		if p, ok := s.Properties[name]; ok {
			if err := api.check(where, p, o[name], true); err != nil {
				return err
			}
			continue
		}
		var more schema
		switch text := string(s.AdditionalProperties); {
		case text == "false" && closed:
			return fmt.Errorf("%s: the schema has no such property", where)
		case text == "" || text == "true" || text == "false":
		default:
			if err := json.Unmarshal(s.AdditionalProperties, &more); err != nil {
				return fmt.Errorf("%s: %w", where, err)
			}
			if err := api.check(where, &more, o[name], true); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkString(at string, s *schema, text string) error {
	if s.MaxLength != nil && len([]rune(text)) > *s.MaxLength {
		return fmt.Errorf("%s: longer than %d characters", at, *s.MaxLength)
	}
	switch s.Format {
	case "uri":
		if u, err := url.Parse(text); err != nil || !u.IsAbs() {
			return fmt.Errorf("%s: %q is no absolute address", at, text)
		}
	case "date-time":
		if _, err := time.Parse("2006-01-02T15:04:05.000-0700", text); err != nil {
			return fmt.Errorf("%s: %q is no moment", at, text)
		}
	}
	return nil
}

// The judge itself must be able to say no.
func TestOpenAPICheckFindsDeviations(t *testing.T) {
	api := needOpenAPI(t)
	ok := `{"id":"10100","key":"OPS-1","self":"http://x/rest","fields":{"summary":"s"}}`
	tests := []struct{ name, method, path, body string }{
		{"wrong type", "GET", "/rest/api/3/issue/{issueIdOrKey}", strings.Replace(ok, `"10100"`, `10100`, 1)},
		{"unknown property", "GET", "/rest/api/3/issue/{issueIdOrKey}", strings.Replace(ok, `"key"`, `"kee"`, 1)},
		{"array for an object", "GET", "/rest/api/3/issue/{issueIdOrKey}", `[]`},
		{"missing property", "POST", "/rest/api/3/permissions/check", `{"globalPermissions":[]}`},
		{"wrong member", "POST", "/rest/api/3/permissions/check", `{"globalPermissions":[1],"projectPermissions":[]}`},
		{"twice", "POST", "/rest/api/3/permissions/check", `{"globalPermissions":["A","A"],"projectPermissions":[]}`},
		{"no address", "GET", "/rest/api/3/project/{projectIdOrKey}", `{"self":"nowhere"}`},
		{"outside the enumeration", "GET", "/rest/api/3/project/{projectIdOrKey}", `{"style":"baroque"}`},
		{"undocumented operation", "GET", "/rest/api/3/teapot", `{}`},
	}
	if err := api.checkResponse("GET", "/rest/api/3/issue/{issueIdOrKey}", answer{status: 200, body: ok}); err != nil {
		t.Errorf("a right answer is refused: %v", err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := api.checkResponse(tt.method, tt.path, answer{status: 200, body: tt.body}); err == nil {
				t.Error("accepted")
			}
		})
	}
}
