package openapitest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/sandbox/openapi/openapitest"
)

const issue = `{"id":"10100","key":"OPS-1","self":"http://x/rest","fields":{"summary":"s"}}`

// A judge must be able to say no.
func TestCheckFindsDeviations(t *testing.T) {
	docs := openapitest.Need(t)
	project := func(body string) []string { return []string{"GET", "/rest/api/3/project/OPS", body} }
	tests := []struct {
		name string
		call []string // method, path, body
		want string   // a part of the complaint
	}{
		{"wrong type", []string{"GET", "/rest/api/3/issue/OPS-1", strings.Replace(issue, `"10100"`, `10100`, 1)}, "/id"},
		{"unknown property", []string{"GET", "/rest/api/3/issue/OPS-1", strings.Replace(issue, `"key"`, `"kee"`, 1)}, "kee"},
		{"array for an object", []string{"GET", "/rest/api/3/issue/OPS-1", `[]`}, "array"},
		{"missing property", []string{"POST", "/rest/api/3/permissions/check", `{"globalPermissions":[]}`}, "projectPermissions"},
		{"wrong member", []string{"POST", "/rest/api/3/permissions/check", `{"globalPermissions":[1],"projectPermissions":[]}`}, "/globalPermissions/0"},
		{"twice", []string{"POST", "/rest/api/3/permissions/check", `{"globalPermissions":["A","A"],"projectPermissions":[]}`}, "equal"},
		{"no address", project(`{"self":"nowhere"}`), "/self"},
		{"outside the enumeration", project(`{"style":"baroque"}`), "/style"},
		{"null where there may be none", project(`{"key":null}`), "/key"},
		{"unknown property of a whole in parts", project(`{"lead":{"nickname":"x"}}`), "nickname"},
		{"number that is too large", []string{"GET", "/rest/api/3/project/search", `{"maxResults":99999999999}`}, "/maxResults"},
		{"no JSON", project(`{`), "body"},
		{"no body", project(``), "no body"},
		{"no operation", []string{"GET", "/rest/api/3/teapot", `{}`}, "no operation"},
	}
	answer := func(body string) openapitest.Answer {
		return openapitest.Answer{Status: 200, ContentType: "application/json;charset=UTF-8", Body: []byte(body)}
	}
	if err := docs.Check("GET", "/rest/api/3/issue/OPS-1", answer(issue)); err != nil {
		t.Errorf("a right answer is refused: %v", err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := docs.Check(tt.call[0], tt.call[1], answer(tt.call[2]))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want a complaint with %q", err, tt.want)
			}
		})
	}
}

func TestCheckFindsWrongStatusesAndTypes(t *testing.T) {
	docs := openapitest.Need(t)
	tests := []struct {
		name string
		a    openapitest.Answer
		ok   bool
	}{
		{"another type", openapitest.Answer{Status: 200, ContentType: "text/html", Body: []byte(issue)}, false},
		{"no type", openapitest.Answer{Status: 200, Body: []byte(issue)}, false},
		{"a status that the document lacks", openapitest.Answer{Status: 418, Body: []byte(`{"errorMessages":[]}`)}, false},
		{"a gateway's status", openapitest.Answer{Status: 403, Body: []byte(`{"errorMessages":[]}`)}, true},
		{"an error without words", openapitest.Answer{Status: 404, Body: []byte(`{}`)}, false},
		{"an error", openapitest.Answer{Status: 404, Body: []byte(`{"errorMessages":["x"],"errors":{}}`)}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := docs.Check("GET", "/rest/api/3/issue/OPS-1", tt.a); (err == nil) != tt.ok {
				t.Errorf("got %v, want accepted: %v", err, tt.ok)
			}
		})
	}
}

func TestHandlerPassesAnswersOnAndReports(t *testing.T) {
	docs := openapitest.Need(t)
	body := issue
	site := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body)
	})
	var reports []error
	h := docs.Handler(site, func(_ *http.Request, _ openapitest.Answer, err error) { reports = append(reports, err) })
	ask := func(path string) string {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Body.String()
	}
	if got := ask("/rest/api/3/issue/OPS-1"); got != issue || len(reports) > 0 {
		t.Errorf("a right answer arrives as %q, with reports %v", got, reports)
	}
	body = `[]`
	if got := ask("/rest/api/3/issue/OPS-1"); got != body || len(reports) != 1 {
		t.Errorf("a wrong answer arrives as %q, with reports %v", got, reports)
	}
	if ask("/browse/OPS-1"); len(reports) != 1 {
		t.Error("a page was judged")
	}
}

// The documents' own examples show that the schemas are understood as they are meant. 79 of 597 are wrong by any reading:
// they lack what is required, or quote an older form.
func TestDocumentsOwnExamplesFit(t *testing.T) {
	fit, refused := openapitest.Need(t).Examples()
	if fit < 518 {
		for _, why := range refused {
			t.Log(why)
		}
		t.Errorf("%d examples fit and %d do not", fit, len(refused))
	}
}
