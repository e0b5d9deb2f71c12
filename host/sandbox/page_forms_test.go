package sandbox_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestIssuesAreChangedFromTheirPage(t *testing.T) {
	site := openSite(t)
	jonas := site.login("jonas")
	follow := func(a answer) string {
		t.Helper()
		if a.status != http.StatusSeeOther {
			t.Fatalf("status %d: %.3000s", a.status, a.body)
		}
		return a.header.Get("Location")
	}
	at := follow(jonas.post("/browse/OPS-1/edit/summary", url.Values{"summary": {"  A new name "}}))
	if page := jonas.get(at).body; !strings.Contains(page, "<h1>A new name</h1>") {
		t.Error("the issue is not renamed")
	}
	follow(jonas.post("/browse/OPS-1/transition/41", url.Values{}))
	follow(jonas.post("/browse/OPS-1/edit", url.Values{
		"summary": {"Again"}, "description": {"Some **bold** words"}, "assignee": {"Mia Admin"}, "labels": {"one two"}, "customfield_10002": {"10012"},
		"customfield_10004": {"12.5"}, "customfield_10003": {"2027-01-31"}, "customfield_10001": {"SN-1"}, "customfield_10005": {"mia@pergola.example"},
	}))
	page := jonas.get("/browse/OPS-1").body
	for _, want := range []string{"<strong>bold</strong>", `<span class="tag">two</span>`, "Munich office", "12.5", "2027-01-31", "SN-1", "Mia Admin", "Retired</summary>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	at = follow(jonas.post("/browse/OPS-1/move", url.Values{"project": {"FAC"}}))
	if !strings.HasPrefix(at, "/browse/FAC-") {
		t.Errorf("moved to %s", at)
	}
	ada := site.login("ada")
	for _, path := range []string{"/edit/summary", "/edit", "/move", "/transition/41", "/comment", "/link", "/worklog", "/delete"} {
		form := url.Values{"summary": {"x"}, "project": {"FAC"}, "body": {"x"}, "spent": {"1h"}, "type": {"10000:out"}, "other": {"OPS-3"}}
		if a := ada.post("/browse/OPS-2"+path, form); a.status < 400 {
			t.Errorf("%s by a guest: status %d", path, a.status)
		}
	}
	if page := ada.get("/browse/OPS-2").body; strings.Contains(page, "/edit") || strings.Contains(page, "Delete") {
		t.Error("the guest is offered what she may not do")
	}
}

func TestFormsSayWhatIsWrongBesideTheField(t *testing.T) {
	site := openSite(t)
	jonas := site.login("jonas")
	for _, tt := range []struct {
		name, path string
		form       url.Values
		want       string
	}{
		{"no summary", "/browse/OPS-2/edit", url.Values{"summary": {" "}}, `id="w-summary" role="alert">You must specify a summary of the issue.`},
		{"nobody of that name", "/browse/OPS-2/edit/assignee", url.Values{"assignee": {"Nemo"}}, `id="w-assignee" role="alert">Nobody here is called “Nemo”.`},
		{"no number", "/browse/OPS-2/edit/customfield_10004", url.Values{"customfield_10004": {"many"}}, `id="w-customfield_10004" role="alert">“many” is not a number.`},
		{"a new issue", "/create", url.Values{"project": {"10000"}, "issuetype": {"10001"}, "customfield_10003": {"soon"}}, `id="w-customfield_10003" role="alert">Error parsing date`},
		{"no issue to link", "/browse/OPS-2/link", url.Values{"type": {"10000:out"}, "other": {"OPS-999"}}, `id="w-other" role="alert">There is no such issue`},
		{"no duration", "/browse/OPS-2/worklog", url.Values{"spent": {"long"}}, `id="w-spent" role="alert">Type a time`},
		{"no words", "/browse/OPS-2/comment", url.Values{"body": {"\n"}}, `id="w-body" role="alert">A comment needs words.`},
	} {
		a := jonas.post(tt.path, tt.form)
		if a.status != http.StatusBadRequest || !strings.Contains(html.UnescapeString(a.body), tt.want) {
			t.Errorf("%s: status %d, want 400 with %s", tt.name, a.status, tt.want)
		}
	}
}

func TestPartsOfIssuesAreMadeAndRemoved(t *testing.T) {
	site := openSite(t)
	mia := site.login("mia")
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
	post("/browse/OPS-1/comment", url.Values{"body": {"One *word*"}})
	shows("/browse/OPS-1", "One <em>word</em>", true)
	post("/browse/OPS-1/comment/10000", url.Values{"body": {"Other"}})
	shows("/browse/OPS-1", "Other", true)
	post("/browse/OPS-1/comment/10000", url.Values{"do": {"delete"}})
	shows("/browse/OPS-1", "Nobody has commented yet.", true)

	post("/browse/OPS-1/link", url.Values{"type": {"10000:in"}, "other": {"ops-2"}})
	shows("/browse/OPS-1", `<h3 class="words">is blocked by</h3>`, true)
	shows("/browse/OPS-2", `<h3 class="words">blocks</h3>`, true)
	post("/browse/OPS-1/link/10000/delete", url.Values{})
	shows("/browse/OPS-2", "Linked issues", false)

	post("/browse/OPS-1/worklog", url.Values{"spent": {"1d 2h 30m"}, "body": {"Cleaned it"}})
	shows("/browse/OPS-1?tab=worklog", "logged 1d 2h 30m", true)
	post("/browse/OPS-1/worklog/10000/delete", url.Values{})
	shows("/browse/OPS-1?tab=worklog", "No work is logged yet.", true)
	shows("/browse/OPS-1?tab=history", "Link", true)

	post("/browse/OPS-1/watch", url.Values{})
	shows("/browse/OPS-1", "Watching 1", true)
	post("/browse/OPS-1/watch", url.Values{})
	shows("/browse/OPS-1", "Watching 1", false)
	post("/browse/OPS-1/delete", url.Values{})
	if a := mia.get("/browse/OPS-1"); a.status != http.StatusNotFound {
		t.Errorf("the deleted issue: status %d", a.status)
	}
}
