package judges_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/sandbox/sandboxtest"
)

const jirajsManifest = `
app:
  id: ari:cloud:ecosystem::app/2c1f9a9e-40a5-4c2f-8d55-0f2a8a1b7c11
  name: Judged
remotes:
  - {key: backend, baseUrl: REMOTE}
modules:
  jira:customField:
    - {key: tag, name: Judged tag, type: string}
  scheduledTrigger:
    - {key: hourly, endpoint: hourly, interval: hour}
  endpoint:
    - {key: hourly, remote: backend, route: {path: /hourly}, auth: {appSystemToken: {enabled: true}}}
permissions:
  scopes: [read:jira-work, write:jira-work, read:jira-user, manage:jira-configuration, read:app-data:jira, write:app-data:jira, read:app-system-token]
`

// jirajsConnect is a Connect app for jira.js to sign as: with a field of its own, and in the middle of a migration.
type jirajsConnect struct {
	Key      string `json:"key"`
	Secret   string `json:"secret"`
	Hook     string `json:"hook"` // where it could be told of changes
	Transfer string `json:"transfer"`
	Field    int    `json:"field"` // the number of the field for text
}

func installJiraJSConnect(t *testing.T, site *sandboxtest.Site) jirajsConnect {
	t.Helper()
	app := site.InstallModules("judge.app", map[string]any{"jiraIssueFields": []any{
		map[string]any{"key": "sort", "type": "single_select", "name": map[string]string{"value": "Judged sort"}, "description": map[string]string{"value": "x"}},
		map[string]any{"key": "tag", "type": "string", "name": map[string]string{"value": "Judged text"}, "description": map[string]string{"value": "x"}},
	}}, "READ", "WRITE", "DELETE", "ADMIN", "ACCESS_EMAIL_ADDRESSES")
	var transfer struct{ TransferID string }
	want(t, site, http.MethodPost, "/sandbox/migrations", map[string]any{"app": app.Key, "open": true}, http.StatusCreated, &transfer)
	number, err := strconv.Atoi(strings.TrimPrefix(fieldNamed(t, site, "Judged text"), "customfield_"))
	if err != nil {
		t.Fatal(err)
	}
	return jirajsConnect{Key: app.Key, Secret: app.Secret, Hook: app.BaseURL + "/hook", Transfer: transfer.TransferID, Field: number}
}

// jirajsForge is a Forge app with its system token.
type jirajsForge struct {
	Base  string `json:"base"`
	Token string `json:"token"`
	Field string `json:"field"`
}

func installJiraJSForge(t *testing.T, site *sandboxtest.Site) jirajsForge {
	t.Helper()
	tokens := make(chan string, 1)
	remote := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		tokens <- r.Header.Get("X-Forge-Oauth-System")
	}))
	t.Cleanup(remote.Close)
	var app struct{ Key, APIBaseURL string }
	want(t, site, http.MethodPost, "/sandbox/forge/apps", map[string]string{"source": strings.ReplaceAll(jirajsManifest, "REMOTE", remote.URL)}, http.StatusCreated, &app)
	want(t, site, http.MethodPost, "/sandbox/forge/apps/"+app.Key+"/triggers/hourly", nil, http.StatusAccepted, nil)
	return jirajsForge{Base: app.APIBaseURL, Token: <-tokens, Field: fieldNamed(t, site, "Judged tag")}
}

// want sends a request as Mia and reads what comes with that status.
func want(t *testing.T, site *sandboxtest.Site, method, path string, in any, status int, out any) {
	t.Helper()
	got, body := site.Do("mia@pergola.example", method, path, in)
	if got != status {
		t.Fatalf("%s %s: status %d: %s", method, path, got, body)
	}
	if out != nil {
		if err := json.Unmarshal(body, out); err != nil {
			t.Fatal(err)
		}
	}
}

func fieldNamed(t *testing.T, site *sandboxtest.Site, name string) string {
	t.Helper()
	var fields []struct{ ID, Name string }
	want(t, site, http.MethodGet, "/rest/api/3/field", nil, http.StatusOK, &fields)
	for _, f := range fields {
		if f.Name == name {
			return f.ID
		}
	}
	t.Fatalf("there is no field %q", name)
	return ""
}
