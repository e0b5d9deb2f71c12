//go:build linux

package bench_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/syncer/identity"
)

// What the sandbox is seeded with.
const (
	appKey     = "pergola"
	project    = "10000"
	issueType  = "10001"
	priceField = "customfield_10004"
	placeField = "customfield_10002"
)

// site is a sandbox in a process of its own, with the app installed.
type site struct {
	testing.TB
	url, clientKey, secret string
}

func startSite(t testing.TB, program string, args ...string) *site {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, append([]string{"sandbox", "--json", "--data", filepath.Join(t.TempDir(), "site"), "--listen", "127.0.0.1:0"}, args...)...)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	var ready struct{ Event, Sandbox string }
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &ready) != nil || ready.Event != "ready" {
		t.Fatalf("the sandbox said %q", lines.Text())
	}
	s := &site{TB: t, url: ready.Sandbox}
	s.install()
	s.do(http.MethodPut, "/sandbox/limits", map[string]any{"off": true})
	return s
}

// install installs an app that does nothing but know its credentials, with the index of its property.
func (s *site) install() {
	s.Helper()
	var extractions []map[string]string
	for _, path := range identity.Indexed() {
		extractions = append(extractions, map[string]string{"objectName": path, "type": "string"})
	}
	var app *httptest.Server
	app = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method == http.MethodGet {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(map[string]any{
				"key": appKey, "name": appKey, "baseUrl": app.URL, "authentication": map[string]string{"type": "jwt"}, "scopes": []string{"WRITE"},
				"lifecycle": map[string]string{"installed": "/installed"}, "apiMigrations": map[string]bool{"signed-install": true},
				"modules": map[string]any{"jiraEntityProperties": []any{map[string]any{
					"key": "sync", "entityType": "issue", "name": map[string]string{"value": "Synchronization"},
					"keyConfigurations": []any{map[string]any{"propertyKey": identity.Property, "extractions": extractions}},
				}}},
			})
			return
		}
		var in struct{ ClientKey, SharedSecret string }
		if err := json.NewDecoder(q.Body).Decode(&in); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.clientKey, s.secret = in.ClientKey, in.SharedSecret
		w.WriteHeader(http.StatusNoContent)
	}))
	s.Cleanup(app.Close)
	s.do(http.MethodPost, "/sandbox/apps", map[string]string{"descriptor": app.URL + "/atlassian-connect.json"})
}

// do asks the site as one of its admins.
func (s *site) do(method, path string, in any) []byte {
	s.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		s.Fatal(err)
	}
	q, err := http.NewRequestWithContext(s.Context(), method, s.url+path, bytes.NewReader(raw))
	if err != nil {
		s.Fatal(err)
	}
	q.SetBasicAuth("mia@pergola.example", "sandbox")
	q.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(q)
	if err != nil {
		s.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode > 299 {
		s.Fatalf("%s %s: status %d, %v: %s", method, path, res.StatusCode, err, body)
	}
	return body
}

// devices are the issues of a synchronization as a person sees them, by summary: more than one of a name are none twice.
func (s *site) devices(syncID string) map[string][]device {
	s.Helper()
	out := map[string][]device{}
	page := ""
	for {
		var got struct {
			Issues []struct {
				Fields struct {
					Summary string
					Labels  []string
					Price   float64                `json:"customfield_10004"`
					Place   struct{ Value string } `json:"customfield_10002"`
				}
			}
			NextPageToken string
			IsLast        bool
		}
		in := map[string]any{"jql": identity.BySync(syncID, ""), "fields": []string{"summary", "labels", priceField, placeField}, "maxResults": 1000}
		if page != "" {
			in["nextPageToken"] = page
		}
		if err := json.Unmarshal(s.do(http.MethodPost, "/rest/api/3/search/jql", in), &got); err != nil {
			s.Fatal(fmt.Errorf("read issues: %w", err))
		}
		for _, i := range got.Issues {
			f := i.Fields
			slices.Sort(f.Labels)
			out[f.Summary] = append(out[f.Summary], device{f.Summary, f.Price, f.Place.Value, strings.Join(f.Labels, " ")})
		}
		if got.IsLast {
			return out
		}
		page = got.NextPageToken
	}
}
