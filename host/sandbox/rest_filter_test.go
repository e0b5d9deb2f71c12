package sandbox_test

import "testing"

// filterCalls exercise the operations on filters.
var filterCalls = []restCall{
	{"POST", "/rest/api/3/filter", "", `{"name":"Laptops","description":"All of them","jql":"issuetype = Laptop","favourite":true}`, 200},
	{"POST", "/rest/api/3/filter", "", `{"name":"Laptops","jql":"issuetype = Laptop"}`, 400},
	{"POST", "/rest/api/3/filter", "", `{"jql":"issuetype = Laptop"}`, 400},
	{"POST", "/rest/api/3/filter", "", `{"name":"Wrong","jql":"issuetype ="}`, 400},
	{"POST", "/rest/api/3/filter", "", `{"name":"Shared","jql":"","sharePermissions":[{"type":"global"}]}`, 400},
	{"GET", "/rest/api/3/filter/search", "?filterName=lap&expand=description,owner,jql,favourite", "", 200},
	{"GET", "/rest/api/3/filter/search", "?accountId=a&owner=b", "", 400},
	{"GET", "/rest/api/3/filter/my", "?includeFavourites=true", "", 200},
	{"GET", "/rest/api/3/filter/favourite", "", "", 200},
	{"GET", "/rest/api/3/filter/{id}", "/rest/api/3/filter/10000", "", 200},
	{"GET", "/rest/api/3/filter/{id}", "/rest/api/3/filter/77", "", 400},
	{"PUT", "/rest/api/3/filter/{id}", "/rest/api/3/filter/10000", `{"name":"All laptops","favourite":false}`, 200},
	{"PUT", "/rest/api/3/filter/{id}", "/rest/api/3/filter/10000", `{"name":""}`, 400},
	{"DELETE", "/rest/api/3/filter/{id}", "/rest/api/3/filter/10000", "", 204},
	{"DELETE", "/rest/api/3/filter/{id}", "/rest/api/3/filter/10000", "", 400},
}

func TestFiltersAreTheirOwners(t *testing.T) {
	site := openSite(t)
	jonas, mia := site.login("jonas"), site.login("mia")
	made := jonas.do("POST", "/rest/api/3/filter", `{"name":"Mine","jql":"project = OPS"}`)
	if made.status != 200 {
		t.Fatalf("status %d: %s", made.status, made.body)
	}
	path := "/rest/api/3/filter/" + made.json(t)["id"].(string)
	if a := mia.get(path); a.status != 400 {
		t.Errorf("somebody else sees a filter that is not shared: status %d", a.status)
	}
	if a := mia.do("DELETE", path, ""); a.status != 400 {
		t.Errorf("somebody else deletes it: status %d", a.status)
	}
	if a := jonas.get(path); a.json(t)["name"] != "Mine" {
		t.Errorf("its owner reads %d: %s", a.status, a.body)
	}
}
