package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The site asks the endpoint of a Forge app as it asks an app of Connect, with the token that Forge gives.
func TestFunctionsOfForgeAppsStandForTheirAnswers(t *testing.T) {
	f := openForge(t)
	installed := f.mustInstallForge(
		"  preUninstall:", "  jira:jqlFunction:\n    - {key: risky, name: riskyIssues, endpoint: risky, arguments: [{name: level, required: true}], types: [issue], operators: [in, not in]}\n  preUninstall:",
		"    - {key: bye, remote: backend, route", "    - {key: risky, remote: backend, route: {path: /forge/jql/risky}, auth: {appSystemToken: {enabled: true}}}\n    - {key: bye, remote: backend, route",
	)
	mia := f.login("mia")
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
	is := func(says, jql, want string) {
		t.Helper()
		f.mu.Lock()
		f.says = says
		f.mu.Unlock()
		if got := find(jql); got != want {
			t.Errorf("%s: %s, want %s", jql, got, want)
		}
	}
	is(`{"jql":"key in (OPS-1, OPS-2)"}`, `issue in riskyIssues(high)`, "OPS-1 OPS-2")
	is(`{"jql":"key in (OPS-3)"}`, `issue in riskyIssues(high) AND key != OPS-2`, "OPS-1") // the answer is kept
	is(`{"jql":"key not in (OPS-1)"}`, `issue not in riskyIssues(high) AND key in (OPS-1, OPS-2)`, "OPS-2")
	is(`{"error":"No such level.","storeErrorAsPrecomputation":false}`, `issue in riskyIssues(none)`, "No such level.")
	is(`{"from":"remote"}`, `issue in riskyIssues(odd)`, "The function 'riskyIssues' could not be evaluated: the app that provides it did not answer as expected.")

	calls := f.at("/forge/jql/risky")
	if len(calls) != 4 {
		t.Fatalf("the app was asked %d times", len(calls))
	}
	delete(calls[0].body, "precomputationId")
	want := object{"clause": object{"field": "issue", "type": []any{"issue"}, "operator": "in", "functionName": "riskyIssues", "arguments": []any{"high"}}}
	if diff := cmp.Diff(want, calls[0].body); diff != "" {
		t.Errorf("what the app is asked (-want +got):\n%s", diff)
	}
	claims := calls[0].claims(t)
	if claims["iss"] != "forge/invocation-token" || claims["aud"] != forgeAppID || claims["principal"] != nil || calls[0].header.Get("X-Forge-Oauth-System") == "" {
		t.Errorf("the token: %v", claims)
	}

	// The app reads and changes what is kept of its function, by the key that Forge gives it.
	app, _ := claims["app"].(object)
	environment, _ := app["environment"].(object)
	key := strings.Replace(environment["id"].(string), "::environment/", "::extension/", 1) + "/static/risky"
	base := strings.TrimPrefix(installed["apiBaseUrl"].(string), f.url)
	token := calls[0].header.Get("X-Forge-Oauth-System")
	list := f.bearer(token, http.MethodGet, base+computationPath+"?functionKey="+url.QueryEscape(key), "")
	var kept struct {
		Values []struct{ ID, FunctionKey, Value string }
	}
	if err := json.Unmarshal([]byte(list.body), &kept); err != nil || len(kept.Values) != 2 || kept.Values[0].FunctionKey != key {
		t.Fatalf("%d %s", list.status, list.body)
	}
	if a := f.bearer(token, http.MethodGet, base+computationPath+"?functionKey=another", ""); a.status != http.StatusNotFound {
		t.Errorf("of a function that is not there: %d", a.status)
	}
	if a := f.bearer(token, http.MethodPost, base+computationPath, fmt.Sprintf(`{"values":[{"id":%q,"value":"key = OPS-3"}]}`, kept.Values[0].ID)); a.status != http.StatusNoContent {
		t.Fatalf("%d %s", a.status, a.body)
	}
	is("", `issue in riskyIssues(high)`, "OPS-3")

	if a := send(t, http.DefaultClient, request(t, http.MethodDelete, f.url+"/sandbox/forge/apps/"+f.key, "")); a.status/100 != 2 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if got := find(`issue in riskyIssues(high)`); strings.HasPrefix(got, "OPS") {
		t.Errorf("the app is gone, and its function finds %s", got)
	}
}
