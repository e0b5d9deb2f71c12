package app_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// TestAFieldOfANewIssueLinksWhatItNames is the whole way from Jira's form for new issues to a link: the site's event, the plugin in the background
// by the rights of the account that the admin chose, the service of advanced links, and the panel.
func TestAFieldOfANewIssueLinksWhatItNames(t *testing.T) {
	t.Parallel()
	r := newRelated(t, 3)
	side := r.relate(r.issues[0])
	relation, _ := strings.CutSuffix(side, "-first")
	r.call("", "/api/admin/plugins/"+viewPlugin+"/configs/view/save", map[string]any{"form": map[string][]string{
		"name": {"Laptops"}, "relation": {relation}, "end": {"first"}, "style": {"table"}, "pageSize": {"20"}, "position": {"0"}, "field": {"labels"}, "fieldAs": {string(world.Mia)},
	}})
	var like struct {
		Key    string
		Fields struct {
			Project, IssueType struct{ ID string }
		}
	}
	r.ask(http.MethodGet, "/rest/api/3/issue/"+r.issues[0], nil, &like)
	body := `{"fields": {"project": {"id": "` + like.Fields.Project.ID + `"}, "issuetype": {"id": "` + like.Fields.IssueType.ID + `"}, "summary": "New hire", "labels": ["` + like.Key + `", "GONE-77", "urgent"]}}`
	var made struct{ ID string }
	r.ask(http.MethodPost, "/rest/api/3/issue", json.RawMessage(body), &made)

	end := time.After(30 * time.Second)
	for look := time.NewTicker(200 * time.Millisecond); ; {
		_, page, _ := r.panel(made.ID)
		if strings.Contains(page, `data-issue="`+r.issues[0]+`"`) {
			look.Stop()
			return
		}
		select {
		case <-look.C:
		case <-end:
			t.Fatalf("the issue is not linked:\n%s", page)
		}
	}
}
