package sandbox_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/auth"
)

const computationPath = "/rest/api/3/jql/function/computation"

// answering is an app with a function. It notes what it is asked, and answers what answer says.
type answering struct {
	*fakeApp
	mu     sync.Mutex
	asked  []object
	answer string
	status int
}

func answerer(t testing.TB, change ...func(object)) *answering {
	a := &answering{status: http.StatusOK}
	a.fakeApp = newApp(t, append([]func(object){func(d object) {
		d["modules"].(object)["jiraJqlFunctions"] = []object{{
			"key": "risky", "name": "riskyIssues", "url": "/jql/risky", "arguments": []object{{"name": "level", "required": true}, {"name": "team", "required": false}},
			"operators": []string{"in", "not_in"}, "types": []string{"issue"},
		}}
	}}, change...)...)
	a.serve["/jql/risky"] = func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		raw, _ := io.ReadAll(r.Body)
		var in object
		if err := json.Unmarshal(raw, &in); err != nil {
			t.Error(err)
		}
		clientKey, _ := a.credentials()
		alg, c, err := a.verify(strings.TrimPrefix(r.Header.Get("Authorization"), "JWT "), nil)
		if err != nil || alg != "HS256" || c["iss"] != clientKey || c["qsh"] != auth.QSH(r.Method, r.RequestURI, "") {
			t.Errorf("the token: %v, %s %v", err, alg, c)
		}
		if in["precomputationId"] == "" {
			t.Error("the question has no id")
		}
		delete(in, "precomputationId")
		a.asked = append(a.asked, in)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.answer)
	}
	return a
}

// answered is a site that has installed one.
func answered(t testing.TB) (*testSite, *answering) {
	site, app := openSite(t), answerer(t)
	app.keyHost = site.url + "/install-keys"
	site.mustInstall(app.fakeApp)
	return site, app
}

func (a *answering) says(answer string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answer = answer
}

func (a *answering) questions() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.asked)
}

func TestFunctionsOfAppsStandForTheirAnswers(t *testing.T) {
	site, app := answered(t)
	mia := site.login("mia")
	find := func(jql string) string {
		t.Helper()
		a := mia.do(http.MethodPost, "/rest/api/3/search/jql", fmt.Sprintf(`{"jql":%q,"fields":["key"]}`, jql+" ORDER BY key"))
		var got struct {
			Issues        []struct{ Key string }
			ErrorMessages []string
		}
		if err := json.Unmarshal([]byte(a.body), &got); err != nil {
			t.Fatal(a.body)
		}
		var keys []string
		for _, i := range got.Issues {
			keys = append(keys, i.Key)
		}
		return strings.Join(append(keys, got.ErrorMessages...), " ")
	}
	is := func(jql, want string) {
		t.Helper()
		if got := find(jql); got != want {
			t.Errorf("%s: %s, want %s", jql, got, want)
		}
	}

	app.says(`{"jql":"key = OPS-1 OR key = OPS-2"}`)
	is(`project = OPS AND issue in riskyIssues("high \"x\"", A) AND key != OPS-2`, "OPS-1")
	is(`KEY in RISKYISSUES("high \"x\"", A)`, "OPS-1 OPS-2")
	is(`NOT issue in riskyIssues("high \"x\"", A) AND key in (OPS-1, OPS-2, OPS-3)`, "OPS-3")
	want := []object{
		{"clause": object{"field": "issue", "type": []any{"issue"}, "operator": "in", "functionName": "riskyIssues", "arguments": []any{`high "x"`, "A"}}},
		{"clause": object{"field": "key", "type": []any{"issue"}, "operator": "in", "functionName": "riskyIssues", "arguments": []any{`high "x"`, "A"}}},
	}
	if diff := cmp.Diff(want, app.asked); diff != "" {
		t.Errorf("what the app is asked (-want +got):\n%s", diff)
	}

	// What does not fit the declaration does not come to the app.
	is(`issue in riskyIssues()`, "Function 'riskyIssues' expected between '1' and '2' arguments but received '0'.")
	is(`issue = riskyIssues(a)`, "The operator '=' is not supported by the function 'riskyIssues'.")
	is(`project in riskyIssues(a)`, "A value provided by the function 'riskyIssues' is invalid for the field 'project'.")
	if n := app.questions(); n != 2 {
		t.Errorf("the app was asked %d times", n)
	}

	// Errors are shown, and kept where the app says so.
	app.says(`{"error":"No such level.","storeErrorAsPrecomputation":false}`)
	is(`issue in riskyIssues(none)`, "No such level.")
	app.says(`{"error":"No such level at all.","storeErrorAsPrecomputation":true}`)
	is(`issue in riskyIssues(none)`, "No such level at all.")
	app.says(`{"jql":"key = OPS-1"}`)
	is(`issue in riskyIssues(none)`, "No such level at all.")
	for _, wrong := range []string{`{}`, `[`, `{"jql":`} {
		app.says(wrong)
		is(`issue in riskyIssues(odd)`, "The function 'riskyIssues' could not be evaluated: the app that provides it did not answer as expected.")
	}
	app.says(`{"jql":"key = OPS-1 ORDER"}`)
	if got := find(`issue in riskyIssues(grammar)`); !strings.Contains(got, "Error in the JQL Query") {
		t.Errorf("an answer that is no JQL: %s", got)
	}
	app.says(`{"jql":"id in (` + strings.TrimSuffix(strings.Repeat("1,", 1001), ",") + `)"}`)
	is(`issue in riskyIssues(many)`, "The function 'riskyIssues' could not be evaluated: it answered with 1001 values, and 1000 are allowed.")

	// Pages show it, and what helps with typing offers it.
	if a := mia.get("/issues?jql=" + "issue+in+riskyIssues(none)"); !strings.Contains(a.body, "No such level at all.") {
		t.Error("the page does not show the app's words")
	}
	if a := mia.do(http.MethodGet, "/rest/api/3/jql/autocompletedata", ""); !strings.Contains(a.body, `"riskyIssues()"`) {
		t.Error("the function is not offered")
	}

	// Nobody asks for a week: the app is asked again.
	before := app.questions()
	app.says(`{"jql":"key = OPS-3"}`)
	site.clock.Advance(6 * 24 * time.Hour)
	is(`KEY in RISKYISSUES("high \"x\"", A)`, "OPS-1 OPS-2")
	site.clock.Advance(8 * 24 * time.Hour)
	is(`KEY in RISKYISSUES("high \"x\"", A)`, "OPS-3")
	if n := app.questions() - before; n != 1 {
		t.Errorf("the app was asked %d times", n)
	}
	mia.do(http.MethodDelete, "/sandbox/apps/example.app", "")
	if got := find(`issue in riskyIssues(a)`); !strings.Contains(got, "Unable to find JQL function") {
		t.Errorf("after its uninstallation: %s", got)
	}
}

// Apps read and change what is kept of their own functions.
func TestAppsUpdateTheAnswersToTheirFunctions(t *testing.T) {
	site, app := answered(t)
	mia := site.login("mia")
	search := func() string {
		return mia.do(http.MethodPost, "/rest/api/3/search/jql", `{"jql":"issue in riskyIssues(high)","fields":["key"]}`).body
	}
	app.says(`{"jql":"key = OPS-1"}`)
	search()
	var page struct {
		IsLast bool
		Total  int
		Values []struct {
			ID, Value, Error, FunctionKey, FunctionName, Operator, Field string
			Arguments                                                    []string
		}
	}
	list := func(query string) answer {
		t.Helper()
		a := site.call(app.fakeApp, http.MethodGet, computationPath+query, "")
		page.Values = nil
		_ = json.Unmarshal([]byte(a.body), &page)
		return a
	}
	if list("?functionKey=example.app__risky&orderBy=-used"); page.Total != 1 || page.Values[0].Value != "key = OPS-1" || page.Values[0].FunctionKey != "example.app__risky" ||
		page.Values[0].Arguments[0] != "high" || page.Values[0].Operator != "in" {
		t.Fatalf("%+v", page)
	}
	id := page.Values[0].ID
	if a := list("?functionKey=example.app__other"); a.status != http.StatusNotFound {
		t.Errorf("another function: %d", a.status)
	}
	if a := list("?orderBy=weather"); a.status != http.StatusBadRequest {
		t.Errorf("another order: %d", a.status)
	}
	post := func(query, body string) answer {
		return site.call(app.fakeApp, http.MethodPost, computationPath+query, body)
	}
	for _, tt := range []struct {
		query, body string
		status      int
		found       string
	}{
		{"", `{"values":[{"id":"` + id + `","value":"key = OPS-2"}]}`, http.StatusNoContent, `"OPS-2"`},
		{"", `{"values":[{"id":"` + id + `","value":"key = OPS-3"},{"id":"f2ef228b-367f-4c6b-bd9d-0d0e96b5bd7b","value":"key = OPS-3"}]}`, http.StatusNotFound, `"OPS-2"`},
		{"?skipNotFoundPrecomputations=true", `{"values":[{"id":"` + id + `","value":"key = OPS-3"},{"id":"f2ef228b-367f-4c6b-bd9d-0d0e96b5bd7b","value":"key = OPS-3"}]}`, http.StatusOK, `"OPS-3"`},
		{"", `{"values":[{"id":"` + id + `"}]}`, http.StatusBadRequest, `"OPS-3"`},
		{"", `{"values":[{"id":"` + id + `","error":"It is gone."}]}`, http.StatusNoContent, `It is gone.`},
	} {
		if a := post(tt.query, tt.body); a.status != tt.status {
			t.Errorf("%s %s: %d %s", tt.query, tt.body, a.status, a.body)
		}
		if got := search(); !strings.Contains(got, tt.found) {
			t.Errorf("after %s a search says %s", tt.body, got)
		}
	}
	a := post("/search", `{"precomputationIDs":["`+id+`","f2ef228b-367f-4c6b-bd9d-0d0e96b5bd7b"]}`)
	if !strings.Contains(a.body, "It is gone.") || !strings.Contains(a.body, `"notFoundPrecomputationIDs":["f2ef228b-367f-4c6b-bd9d-0d0e96b5bd7b"]`) {
		t.Errorf("by id: %s", a.body)
	}
	if a := mia.do(http.MethodGet, computationPath, ""); a.status != http.StatusForbidden {
		t.Errorf("a person: %d", a.status)
	}
	if n := app.questions(); n != 1 {
		t.Errorf("the app was asked %d times", n)
	}
}

func TestFunctionsOfDescriptorsAreChecked(t *testing.T) {
	site := openSite(t)
	for what, change := range map[string]func(object){
		"operator":               func(f object) { f["operators"] = []string{"in", "like"} },
		"arguments are missing":  func(f object) { delete(f, "arguments") },
		"type":                   func(f object) { f["types"] = []string{"asset"} },
		"url":                    func(f object) { f["url"] = "https://elsewhere.example/jql" },
		"letters, digits and da": func(f object) { f["key"] = "a_b" },
	} {
		app := answerer(t, func(d object) { change(d["modules"].(object)["jiraJqlFunctions"].([]object)[0]) })
		if a := site.login("mia").do(http.MethodPost, "/sandbox/apps", `{"descriptor":"`+app.url+`/atlassian-connect.json"}`); a.status/100 == 2 || !strings.Contains(a.body, what) {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
}
