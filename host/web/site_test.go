package web_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
)

// site is the Jira site.
type site struct {
	*httptest.Server
	mu         sync.Mutex
	properties map[string][]string // what was written, by key
	down       bool
}

func newSite(t testing.TB) *site {
	s := &site{properties: map[string][]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /rest/api/3/permissions/check", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			AccountID         string   `json:"accountId"`
			GlobalPermissions []string `json:"globalPermissions"`
			Projects          []struct {
				Permissions []string `json:"permissions"`
				Projects    []int64  `json:"projects"`
			} `json:"projectPermissions"`
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		out := map[string]any{"globalPermissions": []string{}, "projectPermissions": []any{}}
		if in.AccountID == admin || in.AccountID == "" { // which stands for the app
			out["globalPermissions"] = in.GlobalPermissions
		}
		own, granted := map[string]int64{opsAdmin: 10000, hrAdmin: 20000}[in.AccountID], []any{}
		for _, asked := range in.Projects {
			if slices.Contains(asked.Projects, own) && slices.Contains(asked.Permissions, "ADMINISTER_PROJECTS") {
				granted = append(granted, map[string]any{"permission": "ADMINISTER_PROJECTS", "projects": []int64{own}, "issues": []int64{}})
			}
		}
		out["projectPermissions"] = granted
		_ = json.NewEncoder(w).Encode(out)
	})
	mux.HandleFunc("GET /rest/servicedeskapi/request/{id}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("id") != requestKey {
			http.NotFound(w, r)
			return
		}
		fmt.Fprintf(w, `{"issueId": %q, "issueKey": %q}`, here, requestKey)
	})
	mux.HandleFunc("GET /rest/api/3/issue/{id}", func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		_, _ = io.WriteString(w, `{"id":"`+id+`","key":"OPS-7","fields":{"project":{"id":"`+id[:1]+`0000","key":"OPS","name":"Operations"},"issuetype":{"id":"1","name":"Task"}}}`)
	})
	mux.HandleFunc("GET /rest/api/3/project/{id}", func(w http.ResponseWriter, r *http.Request) {
		name, ok := map[string]string{"10000": "Operations", "20000": "People"}[r.PathValue("id")]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = io.WriteString(w, `{"id":"`+r.PathValue("id")+`","key":"P","name":"`+name+`","issueTypes":[{"id":"1","name":"Laptop"},{"id":"2","name":"Phone"}]}`)
	})
	mux.HandleFunc("GET /rest/api/3/project/search", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"isLast":true,"values":[{"id":"10000","key":"OPS","name":"Operations"},{"id":"20000","key":"HR","name":"People"}]}`)
	})
	mux.HandleFunc("PUT /rest/atlassian-connect/1/addons/pergola/properties/{key}", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.down {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		body, _ := io.ReadAll(r.Body)
		s.properties[r.PathValue("key")] = append(s.properties[r.PathValue("key")], string(body))
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *site) setDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// told is what the site was told of the plugin, in order.
func (s *site) told() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.properties["module.acme-notes"])
}
