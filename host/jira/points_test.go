package jira_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/jira/limit"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/tenant"
	sdkjira "github.com/pergola-platform/pergola/sdk/jira"
)

// A point for each call, one for each object that was read, two for users and permissions, and none more for what was written.
func TestCallsCostPointsByWhatTheyRead(t *testing.T) {
	bodies := map[string]string{
		"search/jql":        `{"issues":[{"id":"1"},{"id":"2"},{"id":"3"}],"isLast":true}`,
		"issue/10001":       `{"id":"10001","key":"OPS-1"}`,
		"permissions/check": `{"globalPermissions":["ADMINISTER"],"projectPermissions":[]}`,
		"field":             `[{"id":"summary"},{"id":"labels"}]`,
		"project/search":    `{"isLast":true,"values":[{"id":"1"},{"id":"2"}]}`,
		"bulk":              `{"issues":[{"id":"1","key":"OPS-1"}]}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for end, body := range bodies {
			if strings.HasSuffix(r.URL.Path, "/"+end) {
				_, _ = io.WriteString(w, body)
			}
		}
	}))
	t.Cleanup(server.Close)
	limits, err := limit.New(limit.Config{Points: 1000})
	if err != nil {
		t.Fatal(err)
	}
	c, err := jira.New(jira.Config{AppKey: appKey, Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	site := tenant.Tenant{ID: "t1", ClientKey: clientKey, SharedSecret: seal.NewSecret(secret), BaseURL: server.URL, State: tenant.Active}
	for name, tt := range map[string]struct {
		call func() error
		want int
	}{
		"search":      {func() error { _, err := c.Search(t.Context(), site, sdkjira.Search{JQL: "x"}); return err }, 1 + 3},
		"one issue":   {func() error { _, err := c.Issue(t.Context(), site, "10001", nil); return err }, 1 + 1},
		"permissions": {func() error { _, err := c.IsAdmin(t.Context(), site, account); return err }, 1 + 2},
		"fields":      {func() error { _, err := c.Fields(t.Context(), site); return err }, 1 + 2},
		"projects":    {func() error { _, err := c.Projects(t.Context(), site); return err }, 1 + 2},
		"an edit":     {func() error { return c.Edit(t.Context(), site, "10002", jira.Draft{}) }, 1},
		"a creation":  {func() error { _, err := c.Create(t.Context(), site, []jira.Draft{{}}); return err }, 1},
	} {
		before := limits.Stats().Points
		if err := tt.call(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := before - limits.Stats().Points; got != tt.want {
			t.Errorf("%s cost %d points, want %d", name, got, tt.want)
		}
	}
}
