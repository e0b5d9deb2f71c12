package app_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// TestWhoSeesAndDoesWhatWithLinks has one issue looked at by an admin of the site, of a project, an agent of the service desk, somebody who works
// there, a guest, and nobody. What they see and may do is Jira's word; pages and calls for admins are for those of the site alone.
func TestWhoSeesAndDoesWhatWithLinks(t *testing.T) {
	t.Parallel()
	d := startDev(t, t.TempDir(), "--scale", "1")
	mia := newOperator(t, d)
	relation := mia.relate("Parts", "is part of", "OPS-1")
	issues := []string{"OPS-1", mia.find("project = IT AND statusCategory != Done ORDER BY key")}
	for _, issue := range issues {
		mia.link(relation, issue, mia.id("OPS-2"), mia.id("HR-1"))
		project, _, _ := strings.Cut(issue, "-")
		var scheme struct{ ID int }
		if err := json.Unmarshal(mia.send(http.MethodGet, d.Sandbox+"/rest/api/3/project/"+project+"/permissionscheme", "", nil), &scheme); err != nil {
			t.Fatal(err)
		}
		mia.grant(strconv.Itoa(scheme.ID), "BROWSE_PROJECTS", map[string]string{"type": "anyone"})
	}
	third := mia.id("OPS-3")
	for _, who := range []struct {
		login, role        string
		sees, hides        []string
		links, administers bool
	}{
		{login: "mia", role: "admin of the site", sees: []string{"OPS-2", "HR-1"}, links: true, administers: true},
		{login: "kofi", role: "admin of the project", sees: []string{"OPS-2", "HR-1"}, links: true},
		{login: "ines", role: "agent", sees: []string{"OPS-2", "HR-1"}, links: true},
		{login: "jonas", role: "user", sees: []string{"OPS-2", "HR-1"}, links: true},
		{login: "ada", role: "guest", sees: []string{"OPS-2", "1 more that you may not see"}, hides: []string{"HR-1"}},
		{role: "nobody", sees: []string{"Log in to see what is linked"}, hides: []string{"OPS-2", "HR-1", "History"}},
	} {
		b := newTab(t)
		if who.login == "" {
			b.allow("403") // the panel of codes is for those who have logged in
		}
		for _, issue := range issues {
			at := "/browse/" + issue
			if who.login != "" {
				at = "/login?dest=" + at + "&as=" + who.login
			}
			b.open(d.Sandbox + at)
			for _, words := range who.sees {
				b.wait(linksFrame, `document.body.textContent.includes("`+words+`")`)
			}
			var text string
			b.do(linksFrame, `document.body.textContent`, &text)
			for _, words := range who.hides {
				if strings.Contains(text, words) {
					t.Errorf("%s sees %q in %s", who.role, words, issue)
				}
			}
			for _, label := range []string{"Link an issue", "Remove"} {
				if offered := strings.Contains(text, label); offered != who.links {
					t.Errorf("%s is offered %q in %s: %t, want %t", who.role, label, issue, offered, who.links)
				}
			}
		}
		if who.login == "" {
			continue
		}
		them := newPerson(t, d, who.login)
		for _, target := range []string{"configs/relation/save", "manage/view/manage", "manage/action/index"} {
			at := "/api/plugin/" + linkPlugin + "/" + target
			if strings.HasPrefix(target, "configs") {
				at = "/api/admin/plugins/" + linkPlugin + "/" + target
			}
			if status, _ := them.ask("", at, map[string]any{"form": map[string][]string{"name": {"x"}}}); (status == http.StatusForbidden) == who.administers {
				t.Errorf("%s asks for %s: status %d", who.role, target, status)
			}
		}
		for _, issue := range issues {
			_, page := them.ask(issue, linkPanel+"action/add", map[string]any{"state": []byte(relation + "-first"), "form": map[string][]string{"issues": {third}}})
			linked := strings.Contains(page, "OPS-3 is linked") || strings.Contains(page, "Linked already")
			if linked != who.links {
				t.Errorf("%s links %s past the page: %t, want %t:\n%.600s", who.role, issue, linked, who.links, page)
			}
		}
	}
}
