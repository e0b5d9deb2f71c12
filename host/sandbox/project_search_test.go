package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestProjectsAreSearched(t *testing.T) {
	site := openSite(t)
	mia := site.login("mia")
	must := func(method, path, body string) {
		t.Helper()
		if a := mia.do(method, path, body); a.status > 299 {
			t.Fatalf("%s %s: status %d: %.200s", method, path, a.status, a.body)
		}
	}
	for key, kind := range map[string]string{"AAA": "software", "ZZZ": "service_desk", "OLD": "business"} {
		must("POST", "/rest/api/3/project", fmt.Sprintf(
			`{"key":%q,"name":"Made %s","leadAccountId":"712020:5f3c1e0a-mia-admin","projectTypeKey":%q,"url":"https://%s.example"}`, key, key, kind, key))
	}
	must("POST", "/rest/api/3/project/OLD/archive", "")
	type found struct {
		Total  int
		Values []struct {
			ID, Key, ProjectTypeKey, Style, URL string
			Archived                            bool
			Insight                             *struct {
				TotalIssueCount     int
				LastIssueUpdateTime string
			}
		}
	}
	search := func(query string) (found, string) {
		t.Helper()
		a := mia.do(http.MethodGet, "/rest/api/3/project/search?"+query, "")
		var out found
		if err := json.Unmarshal([]byte(a.body), &out); err != nil || a.status != http.StatusOK {
			t.Fatalf("%s: status %d, %v", query, a.status, err)
		}
		var keys []string
		for _, v := range out.Values {
			keys = append(keys, v.Key)
		}
		return out, strings.Join(keys, " ")
	}
	for query, want := range map[string]string{
		"query=made": "AAA ZZZ", "query=made&status=archived": "OLD", "query=made&status=live&status=archived": "AAA OLD ZZZ", "query=made&status=deleted": "",
		"query=made&typeKey=software,business&status=live,archived": "AAA OLD", "query=made&orderBy=-key": "ZZZ AAA", "query=made&orderBy=%2Bname": "AAA ZZZ",
	} {
		if _, got := search(query); got != want {
			t.Errorf("%s finds %q, want %q", query, got, want)
		}
	}
	bare, _ := search("query=made&status=archived")
	if v := bare.Values[0]; !v.Archived || v.ProjectTypeKey != "business" || v.Style != "classic" || v.URL != "" || v.Insight != nil {
		t.Errorf("%+v", v)
	}
	expanded, _ := search("query=made&expand=url,insight")
	if v := expanded.Values[0]; v.Archived || v.ProjectTypeKey != "software" || v.URL != "https://AAA.example" || v.Insight == nil || v.Insight.TotalIssueCount != 0 || v.Insight.LastIssueUpdateTime != "" {
		t.Errorf("%+v", v)
	}
	counted, _ := search("keys=OPS&expand=insight")
	if v := counted.Values[0]; v.Insight.TotalIssueCount == 0 || !strings.HasSuffix(v.Insight.LastIssueUpdateTime, "+0000") {
		t.Errorf("%+v", v.Insight)
	}
	if a := mia.do(http.MethodGet, "/rest/api/3/project/search?"+strings.Repeat("id=1&", 51), ""); a.status != http.StatusBadRequest {
		t.Errorf("51 ids: status %d", a.status)
	}
}
