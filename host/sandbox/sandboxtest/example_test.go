package sandboxtest_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/pergola-platform/pergola/host/sandbox/sandboxtest"
)

func ExampleStart() {
	TestAssetIsFound := func(t *testing.T) {
		site := sandboxtest.Start(t)

		status, body := site.Do("mia@pergola.example", http.MethodPost, "/rest/api/3/search/jql", map[string]any{
			"jql": "project = OPS", "fields": []string{"summary"},
		})
		fmt.Println(status, string(body))
	}
	_ = TestAssetIsFound
}

func TestStartServesASeededSite(t *testing.T) {
	site := sandboxtest.Start(t)
	for email, want := range map[string]int{"mia@pergola.example": 200, "nobody@pergola.example": 401} {
		if status, body := site.Do(email, http.MethodGet, "/rest/api/3/issue/OPS-1", nil); status != want {
			t.Errorf("%s: status %d, want %d: %s", email, status, want, body)
		}
	}
	if app := site.InstallApp("example.app", "READ"); app.ClientKey == "" || app.Secret == "" {
		t.Errorf("the installed app knows %+v", app)
	}
}
