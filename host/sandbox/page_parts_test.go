package sandbox_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestComponentsAndVersionsAreChangedOnTheirPages(t *testing.T) {
	site := openSite(t)
	mia, jonas := site.login("mia"), site.login("jonas")
	const components, versions = "/projects/OPS/parts/components", "/projects/OPS/parts/versions"
	post := func(path string, form url.Values) {
		t.Helper()
		if a := mia.post(path, form); a.status != http.StatusSeeOther {
			t.Fatalf("%s: status %d: %.3000s", path, a.status, a.body)
		}
	}
	shows := func(path, want string, yes bool) {
		t.Helper()
		if got := strings.Contains(mia.get(path).body, want); got != yes {
			t.Errorf("%s shows %s: %v, want %v", path, want, got, yes)
		}
	}
	shows(components, "This project has no components.", true)
	post(components+"/add", url.Values{"name": {"Hardware"}, "leadAccountId": {"Jonas User"}})
	post(components+"/add", url.Values{"name": {"Software"}, "description": {"What runs"}})
	shows(components, ">Hardware</a>", true)
	post(components+"/10000/edit", url.Values{"name": {"Machines"}, "leadAccountId": {""}})
	shows(components, ">Machines</a>", true)
	if a := mia.post(components+"/10000/edit", url.Values{"name": {"software"}}); a.status != http.StatusBadRequest || !strings.Contains(a.body, `role="alert"`) {
		t.Errorf("a name that is taken: status %d", a.status)
	}
	mia.do("PUT", "/rest/api/3/issue/OPS-1", `{"fields":{"components":[{"id":"10000"}]}}`)
	post(components+"/10000/delete", url.Values{"to": {"10001"}})
	shows(components, ">Machines</a>", false)
	if n := mia.found("component = Software"); n != 1 {
		t.Errorf("%d issues have the component that was to take their place, want 1", n)
	}

	post(versions+"/add", url.Values{"name": {"1"}, "releaseDate": {"2026-12-24"}})
	post(versions+"/add", url.Values{"name": {"2"}})
	shows(versions, "2026-12-24", true)
	post(versions+"/10000/turn/release", nil)
	shows(versions, ">released<", true)
	post(versions+"/10000/turn/release", nil)
	shows(versions, ">released<", false)
	post(versions+"/10000/turn/archive", nil)
	shows(versions, ">archived<", true)
	mia.do("PUT", "/rest/api/3/issue/OPS-1", `{"fields":{"fixVersions":[{"id":"10000"}]}}`)
	post(versions+"/10000/delete", url.Values{"to": {"10001"}})
	if n := mia.found(`fixVersion = "2"`); n != 1 {
		t.Errorf("%d issues have the version that was to take its place, want 1", n)
	}
	if a := mia.get(versions + "/10000/edit"); a.status != http.StatusNotFound {
		t.Errorf("edit what is deleted: status %d", a.status)
	}

	for _, path := range []string{components + "/add", components + "/10001/edit", versions + "/10001/turn/release", components + "/10001/delete"} {
		if a := jonas.post(path, url.Values{"name": {"x"}}); a.status != http.StatusForbidden {
			t.Errorf("%s by staff: status %d", path, a.status)
		}
	}
	if page := jonas.get(components).body; strings.Contains(page, "/add") || strings.Contains(page, "/edit") {
		t.Error("staff is offered what it may not do")
	}
}

func TestProjectsAreArchivedAndRenamedOnTheirSettings(t *testing.T) {
	site := openSite(t)
	mia, jonas := site.login("mia"), site.login("jonas")
	a := mia.post("/projects/FAC/settings", url.Values{"name": {"Buildings"}, "description": {"What stands"}, "key": {"BLD"}})
	if a.status != http.StatusSeeOther || !strings.HasPrefix(a.header.Get("Location"), "/projects/BLD/settings") {
		t.Fatalf("status %d to %q: %.2000s", a.status, a.header.Get("Location"), a.body)
	}
	if a := mia.get("/rest/api/3/issue/FAC-1"); a.json(t)["key"] != "BLD-1" {
		t.Errorf("the old key leads to %v", a.json(t)["key"])
	}
	if a := jonas.post("/projects/BLD/archive", nil); a.status != http.StatusForbidden {
		t.Errorf("staff archives: status %d", a.status)
	}
	if a := mia.post("/projects/BLD/archive", nil); a.status != http.StatusSeeOther {
		t.Fatalf("archive: status %d: %.2000s", a.status, a.body)
	}
	page := mia.get("/projects/BLD/settings").body
	if !strings.Contains(page, "<strong>Archived</strong> by Mia Admin") || strings.Contains(page, `name="key"`) || mia.found("key = BLD-1") != 0 {
		t.Error("the project does not show that it is archived")
	}
	mia.post("/projects/BLD/archive", nil)
	if page := mia.get("/projects/BLD/settings").body; strings.Contains(page, "<strong>Archived</strong>") || mia.found("key = BLD-1") != 1 {
		t.Error("the project does not come back")
	}
}
