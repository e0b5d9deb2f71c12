package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/api"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/rest"
)

const shelves = `{"manifestVersion":1,"id":"acme.shelves","name":"Shelves","version":"1.0.0","publisher":{"name":"Acme"},"description":"d","compat":{"abi":1},
"runtime":{"kind":"wasm","entry":"plugin.wasm"},
"schemas":{"Shelf":{"type":"object","additionalProperties":false,"required":["name"],"properties":{"name":{"type":"string","maxLength":5},"places":{"type":"integer"},"inner":{"$ref":"#/schemas/Shelf"}}}},
"routes":[
 {"method":"GET","path":"/shelves/{shelf}","handler":"shelf","scope":"config:read","summary":"Read a shelf",
  "params":{"type":"object","required":["shelf"],"properties":{
   "shelf":{"type":"string","pattern":"^[a-z]+$","description":"Id."},"limit":{"type":"integer","minimum":1,"maximum":9,"default":3,"description":"How many."},
   "all":{"type":"boolean","description":"All."},"order":{"type":"string","enum":["up","down"],"default":"up","description":"Order."}}},
  "answers":{"200":{"$ref":"#/schemas/Shelf"}}},
 {"method":"PUT","path":"/shelves/{shelf}","handler":"put","scope":"config:write","summary":"Write a shelf",
  "params":{"type":"object","required":["shelf"],"properties":{"shelf":{"type":"string","description":"Id."}}},
  "body":{"$ref":"#/schemas/Shelf"},"answers":{"200":{"$ref":"#/schemas/Shelf"},"202":{"type":"string","contentMediaType":"application/pdf"},"204":{"description":"As it was."}}},
 {"method":"GET","path":"/shelves/first","handler":"first","scope":"config:read","summary":"Read the first","answers":{"200":{"$ref":"#/schemas/Shelf"}}}]}`

func compiled(t testing.TB) *api.Routes {
	t.Helper()
	m, err := manifest.Parse("plugin.json", []byte(shelves))
	if err != nil {
		t.Fatal(err)
	}
	r, err := api.Compile(m)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRoutesAreFound(t *testing.T) {
	r := compiled(t)
	for _, tt := range []struct{ method, path, want string }{
		{"GET", "shelves/abc", "shelf map[shelf:abc]"},
		{"PUT", "shelves/a b/c", "404"},
		{"PUT", "shelves/first", "put map[shelf:first]"},
		{"GET", "shelves/first", "first map[]"},
		{"DELETE", "shelves/abc", "405 GET, PUT"},
		{"GET", "shelves", "404"},
		{"GET", "shelves/", "404"},
		{"GET", "", "404"},
		{"GET", "shelves/abc/", "404"},
	} {
		route, given, err := r.Find(tt.method, strings.Split(tt.path, "/"))
		got := ""
		var e *api.Error
		if errors.As(err, &e) {
			got = strings.TrimSpace(fmt.Sprint(e.Status, " ", strings.Join(e.Allow, ", ")))
		} else if err == nil {
			got = fmt.Sprint(route.Handler, " ", given)
		}
		if got != tt.want {
			t.Errorf("%s %s: %q, want %q", tt.method, tt.path, got, tt.want)
		}
	}
}

func TestRequestsAreJudged(t *testing.T) {
	r := compiled(t)
	read, _, _ := r.Find("GET", []string{"shelves", "abc"})
	write, _, _ := r.Find("PUT", []string{"shelves", "abc"})
	deep := strings.Repeat(`{"name":"a","inner":`, 40) + `{"name":"a"}` + strings.Repeat("}", 40)
	for _, tt := range []struct {
		name   string
		route  *api.Route
		shelf  string
		sent   api.Sent
		status int
		faults string
	}{
		{"a parameter that is not declared", read, "abc", api.Sent{Query: "limits=3"}, 400, "limits"},
		{"a parameter twice", read, "abc", api.Sent{Query: "limit=3&limit=4"}, 400, "limit"},
		{"a number of letters", read, "abc", api.Sent{Query: "limit=three"}, 400, "limit"},
		{"a number out of range", read, "abc", api.Sent{Query: "limit=10"}, 400, "limit"},
		{"a number too long", read, "abc", api.Sent{Query: "limit=99999999999999999999"}, 400, "limit"},
		{"a switch that is none", read, "abc", api.Sent{Query: "all=yes"}, 400, "all"},
		{"a word that is none", read, "abc", api.Sent{Query: "order=left"}, 400, "order"},
		{"the path's parameter in the query", read, "abc", api.Sent{Query: "shelf=x"}, 400, "shelf"},
		{"the path against its pattern", read, "ABC", api.Sent{}, 400, "shelf"},
		{"a query that cannot be read", read, "abc", api.Sent{Query: "limit=%zz"}, 400, ""},
		{"a body where none goes", read, "abc", api.Sent{Body: []byte("{}")}, 400, ""},
		{"no body", write, "abc", api.Sent{ContentType: "application/json"}, 400, ""},
		{"a form", write, "abc", api.Sent{ContentType: "application/x-www-form-urlencoded", Body: []byte("name=a")}, 415, ""},
		{"no type", write, "abc", api.Sent{Body: []byte(`{"name":"a"}`)}, 415, ""},
		{"half a body", write, "abc", api.Sent{ContentType: "application/json", Body: []byte(`{"name":`)}, 400, ""},
		{"two bodies", write, "abc", api.Sent{ContentType: "application/json", Body: []byte(`{"name":"a"}{}`)}, 400, ""},
		{"a list", write, "abc", api.Sent{ContentType: "application/json", Body: []byte(`[]`)}, 400, ""},
		{"a member too many", write, "abc", api.Sent{ContentType: "application/json", Body: []byte(`{"name":"a","colour":1}`)}, 400, "/colour"},
		{"a member too few", write, "abc", api.Sent{ContentType: "application/json", Body: []byte(`{"places":1}`)}, 400, "/name"},
		{"a text too long, deep inside", write, "abc", api.Sent{ContentType: "application/json; charset=utf-8", Body: []byte(`{"name":"a","inner":{"name":"abcdef"}}`)}, 400, "/inner/name"},
		{"a body too deep", write, "abc", api.Sent{ContentType: "application/json", Body: []byte(deep)}, 400, ""},
		{"a body too long", write, "abc", api.Sent{ContentType: "application/json", Body: slices.Repeat([]byte(" "), api.MaxBody+1)}, 413, ""},
	} {
		_, err := tt.route.Request(map[string]string{"shelf": tt.shelf}, tt.sent)
		var e *api.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		var at []string
		for _, f := range e.Faults {
			at = append(at, f.Pointer+f.Parameter)
			if f.Detail == "" {
				t.Errorf("%s: a fault without words", tt.name)
			}
		}
		if e.Status != tt.status || strings.Join(at, " ") != tt.faults || e.Err.Message == "" || e.Err.Code != sdk.Invalid {
			t.Errorf("%s: %d %q %v, want %d %q", tt.name, e.Status, at, e.Err, tt.status, tt.faults)
		}
	}
}

func TestRequestsReachTheHandlerAsDeclared(t *testing.T) {
	r := compiled(t)
	read, given, err := r.Find("GET", []string{"shelves", "abc"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := read.Request(given, api.Sent{Query: "all=true"})
	if err != nil {
		t.Fatal(err)
	}
	want := rest.Request{Name: "shelf", Params: map[string]string{"shelf": "abc", "limit": "3", "all": "true", "order": "up"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	write, given, err := r.Find("PUT", []string{"shelves", "a/b"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err = write.Request(given, api.Sent{ContentType: "application/json", Body: []byte(`{"name":"Ä","places":12}`)}); err != nil {
		t.Fatal(err)
	}
	n, raw, err := msgp.ReadMapHeaderBytes(got.Body)
	if err != nil || n != 2 || got.Params["shelf"] != "a/b" {
		t.Fatalf("%d members, %v, %v", n, err, got.Params)
	}
	for range n {
		key, rest, err := msgp.ReadStringBytes(raw)
		if err != nil {
			t.Fatal(err)
		}
		if key == "places" {
			n, _, err := msgp.ReadIntBytes(rest)
			if err != nil || n != 12 {
				t.Errorf("places is %d, %v", n, err)
			}
		}
		if raw, err = msgp.Skip(rest); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnswersBecomeJSON(t *testing.T) {
	r := compiled(t)
	write, _, err := r.Find("PUT", []string{"shelves", "abc"})
	if err != nil {
		t.Fatal(err)
	}
	body, err := msgp.AppendIntf(nil, map[string]any{"name": "Ä\""})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		in   rest.Answer
		want string // "" for a defect
	}{
		{"a body", rest.Answer{Status: 200, Body: body}, `{"name":"Ä\""}`},
		{"none", rest.Answer{Status: 204}, "none"},
		{"a file", rest.Answer{Status: 202, Body: msgp.AppendBytes(nil, []byte("%PDF-\x00"))}, "%PDF-\x00"},
		{"JSON in the place of a file", rest.Answer{Status: 202, Body: body}, ""},
		{"a text in the place of a file", rest.Answer{Status: 202, Body: msgp.AppendString(nil, "%PDF-")}, ""},
		{"an empty file", rest.Answer{Status: 202, Body: msgp.AppendBytes(nil, nil)}, ""},
		{"more than a file", rest.Answer{Status: 202, Body: append(msgp.AppendBytes(nil, []byte("%PDF-")), 0xc0)}, ""},
		{"no file", rest.Answer{Status: 202}, ""},
		{"one where none goes", rest.Answer{Status: 204, Body: body}, ""},
		{"none where one goes", rest.Answer{Status: 200}, ""},
		{"a status that is not declared", rest.Answer{Status: 201, Body: body}, ""},
		{"an error's status", rest.Answer{Status: 500, Body: body}, ""},
		{"half a body", rest.Answer{Status: 200, Body: body[:3]}, ""},
		{"more than a body", rest.Answer{Status: 200, Body: append(slices.Clone(body), 0xc0)}, ""},
	} {
		answer, err := write.Answer(&tt.in)
		got := answer.Body
		switch {
		case tt.want == "":
			var e *sdk.Error
			if !errors.As(err, &e) || e.Code != sdk.Internal || e.Source != sdk.FromPlugin {
				t.Errorf("%s: %s, %v", tt.name, got, err)
			}
		case err != nil || tt.want == "none" && got != nil || tt.want != "none" && string(got) != tt.want:
			t.Errorf("%s: %s, %v", tt.name, got, err)
		}
	}
}

// The document is valid by the schema of the OpenAPI Initiative (spec.openapis.org/oas/3.1/schema/2022-10-07), each route is in it, and nothing else.
func TestDocumentIsOpenAPI(t *testing.T) {
	all := []*api.Routes{api.Own(), compiled(t)}
	files, err := filepath.Glob("../../plugins/*/plugin.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d plugins, %v", len(files), err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		m, err := manifest.Parse(name, raw)
		if err != nil {
			t.Fatal(err)
		}
		r, err := api.Compile(m)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.All) > 0 {
			all = append(all, r)
		}
	}
	raw, err := api.Document("Pergola", "1", "https://pergola.example", all...)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	schema, err := c.Compile("testdata/oas-3.1.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Error(err)
	}
	var d struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	var want, got, ids []string
	for _, r := range all {
		for _, route := range r.All {
			want = append(want, route.Method+" "+r.Address(route))
		}
	}
	for path, methods := range d.Paths {
		for method, op := range methods {
			got, ids = append(got, strings.ToUpper(method)+" "+path), append(ids, op.OperationID)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-served +documented):\n%s", diff)
	}
	if slices.Sort(ids); len(slices.Compact(ids)) != len(got) {
		t.Errorf("two operations have one id: %v", ids)
	}
	// Every schema that is referred to is there, and is one.
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("https://pergola.invalid/openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	refs := 0
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, inner := range v {
				walk(inner)
			}
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok && strings.HasPrefix(ref, "#/components/schemas/") {
				refs++
				if _, err := compiler.Compile("https://pergola.invalid/openapi.json" + ref); err != nil {
					t.Errorf("%s: %v", ref, err)
				}
			}
			for _, inner := range v {
				walk(inner)
			}
		}
	}
	walk(doc)
	if refs < 10 {
		t.Errorf("the walk met %d references", refs)
	}
}

func FuzzRequest(f *testing.F) {
	r := compiled(f)
	write, _, _ := r.Find("PUT", []string{"shelves", "abc"})
	read, _, _ := r.Find("GET", []string{"shelves", "abc"})
	for _, seed := range []string{"", `{"name":"a"}`, `{"name":"a","places":1e400}`, `{"name":"\ud800"}`, `[[[[`, `{"name":"a","inner":{"name":"b"}}`, `limit=3&order=up`, `limit=%`} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, query, body string) {
		for _, route := range []*api.Route{read, write} {
			got, err := route.Request(map[string]string{"shelf": "abc"}, api.Sent{Query: query, ContentType: "application/json", Body: []byte(body)})
			var e *api.Error
			if err != nil && !errors.As(err, &e) {
				t.Errorf("an error that no program understands: %v", err)
			}
			if err == nil && got.Body != nil {
				if rest, err := msgp.Skip(got.Body); err != nil || len(rest) > 0 {
					t.Errorf("the body is no MessagePack: %v", err)
				}
			}
		}
	})
}
