package sandbox_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/sandbox"
)

const migrationPath = "/rest/atlassian-connect/1/migration"

// migrated is an app that takes part in migrations, with what it was told.
type migrated struct {
	site *testSite
	app  *fakeApp

	mu     sync.Mutex
	told   []object
	answer func(n int) int
}

func newMigrated(t *testing.T) *migrated {
	t.Helper()
	m := &migrated{answer: func(int) int { return http.StatusOK }}
	m.site = openSite(t, func(c *sandbox.Config) { c.Backoff = func(int) time.Duration { return time.Microsecond } })
	m.app = newApp(t, func(d object) {
		d["cloudAppMigration"] = object{"migrationWebhookPath": "/migration"}
		d["modules"].(object)["jiraIssueFields"] = []object{{"key": "tag", "type": "string", "name": object{"value": "Asset tag"}}}
	})
	m.app.keyHost = m.site.url + "/install-keys"
	m.app.serve["/migration"] = func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		var body object
		if err := json.Unmarshal(raw, &body); err != nil {
			t.Error(err)
		}
		_, claims, err := m.app.verify(strings.TrimPrefix(r.Header.Get("Authorization"), "JWT "), body)
		if err != nil || claims["qsh"] != auth.QSH(r.Method, r.RequestURI, "") {
			t.Errorf("signature: %v %v", err, claims)
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		m.told = append(m.told, body)
		w.WriteHeader(m.answer(len(m.told)))
	}
	m.site.mustInstall(m.app)
	return m
}

// types are the types of what the app was told, and how often.
func (m *migrated) types() map[string]int {
	m.site.Settle()
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]int{}
	for _, b := range m.told {
		out[b["webhookEventType"].(string)]++
	}
	return out
}

func (m *migrated) start(t *testing.T, body string) (transfer string) {
	t.Helper()
	a := send(t, http.DefaultClient, request(t, http.MethodPost, m.site.url+"/sandbox/migrations", body))
	if a.status != http.StatusCreated {
		t.Fatalf("start: %d %s", a.status, a.body)
	}
	return a.json(t)["transferId"].(string)
}

func (m *migrated) call(method, path, body string) answer {
	return m.site.call(m.app, method, migrationPath+path, body)
}

func TestMigrationTellsTheAppAndHandsOutData(t *testing.T) {
	m := newMigrated(t)
	id := m.start(t, `{"app":"example.app","name":"Move","mappings":{"jira:issue":{"1":"10100","2":"10101","10":"10102"}},
		"containers":[{"type":"JiraProject","sourceId":"7","key":"OPS"},{"type":"Site","sourceId":"1"}],
		"files":[{"label":"assets","content":"rows"}]}`)
	for event, want := range map[string]int{"listener-triggered": 1, "app-data-uploaded": 1, "export-phase-completed": 1} {
		if got := m.types()[event]; got != want {
			t.Errorf("%s came %d times, want %d", event, got, want)
		}
	}
	if a := m.call("GET", "/transfer/recent", ""); !strings.Contains(a.body, id) || !strings.Contains(a.body, `"migrationDetails"`) {
		t.Errorf("recent: %d %s", a.status, a.body)
	}
	first := m.call("GET", "/mapping/"+id+"/page?namespace=jira:issue&pageSize=2", "").json(t)
	if meta := first["meta"].(object); meta["hasNext"] != true || meta["lastEntity"] != "2" {
		t.Errorf("first page: %v", first)
	}
	second := m.call("GET", "/mapping/"+id+"/page?namespace=jira:issue&pageSize=2&lastEntity=2", "").json(t)
	if compact(t, second["items"]) != `{"10":"10102"}` || second["meta"].(object)["hasNext"] != false {
		t.Errorf("second page: %v", second)
	}
	if a := m.call("POST", "/mapping/"+id+"/find?namespace=jira:issue", `["2","99"]`); a.body != `{"2":"10101"}`+"\n" {
		t.Errorf("find: %d %s", a.status, a.body)
	}
	if a := m.call("GET", "/container/"+id+"/page?containerType=JiraProject", ""); !strings.Contains(a.body, `"OPS"`) || strings.Contains(a.body, `"Site"`) {
		t.Errorf("containers: %d %s", a.status, a.body)
	}
	files := decodeList(t, m.call("GET", "/data/"+id+"/all", ""))
	if len(files) != 1 || files[0]["label"] != "assets" {
		t.Fatalf("files: %v", files)
	}
	address := m.call("GET", "/data/"+files[0]["s3Key"].(string), "").json(t)["url"].(string)
	if a := get(t, address); a.status != http.StatusOK || a.body != "rows" {
		t.Errorf("data: %d %s", a.status, a.body)
	}
	if a := get(t, address+"0"); a.status != http.StatusForbidden {
		t.Errorf("data with another signature: %d", a.status)
	}
	m.site.clock.Advance(time.Hour)
	if a := get(t, address); a.status != http.StatusForbidden {
		t.Errorf("data after an hour: %d", a.status)
	}
}

func TestSettledTransferTakesNothingMore(t *testing.T) {
	m := newMigrated(t)
	id := m.start(t, `{"app":"example.app"}`)
	if a := m.call("POST", "/progress/"+id, `{"status":"IN_PROGRESS","percent":40,"message":"Reading"}`); a.status != http.StatusOK {
		t.Errorf("progress: %d %s", a.status, a.body)
	}
	if a := m.call("POST", "/progress/"+id, `{"status":"DONE"}`); a.status != http.StatusBadRequest {
		t.Errorf("unknown status: %d", a.status)
	}
	if a := m.call("POST", "/feedback/"+id, `{"details":{"rows":"17"}}`); a.status != http.StatusOK {
		t.Errorf("feedback: %d %s", a.status, a.body)
	}
	if a := m.call("POST", "/progress/"+id, `{"status":"SUCCESS","percent":100}`); a.status != http.StatusOK {
		t.Errorf("success: %d %s", a.status, a.body)
	}
	if m.types()["transfer-settled"] != 1 {
		t.Error("the app was not told that the transfer is settled")
	}
	for _, c := range [][3]string{
		{"POST", "/progress/" + id, `{"status":"FAILED"}`}, {"POST", "/feedback/" + id, `{"details":{}}`},
		{"GET", "/mapping/" + id + "/page?namespace=x", ""}, {"POST", "/progress/none", `{"status":"SUCCESS"}`},
	} {
		if a := m.call(c[0], c[1], c[2]); a.status != http.StatusForbidden {
			t.Errorf("%s %s after settling: %d", c[0], c[1], a.status)
		}
	}
	if a := get(t, m.site.url+"/sandbox/migrations/"+id); !strings.Contains(a.body, `"rows":"17"`) || !strings.Contains(a.body, `"SUCCESS"`) {
		t.Errorf("the developer reads %s", a.body)
	}
}

func TestMigrationMessagesAreRepeatedUntilTheyAreAcknowledged(t *testing.T) {
	m := newMigrated(t)
	done := make(chan struct{})
	m.answer = func(n int) int {
		if n < 7 {
			return http.StatusAccepted // not 200
		}
		close(done)
		return http.StatusOK
	}
	m.start(t, `{"app":"example.app","open":true}`)
	<-done
	if n := m.types()["listener-triggered"]; n != 7 {
		t.Errorf("told %d times, want 7", n)
	}
	ids := map[any]bool{}
	for _, b := range m.told {
		ids[b["messageId"]] = true
	}
	if len(ids) != 1 {
		t.Errorf("%d ids for one message", len(ids))
	}
}

func TestFaultDoublesMigrationMessages(t *testing.T) {
	m := newMigrated(t)
	send(t, http.DefaultClient, request(t, http.MethodPost, m.site.url+"/sandbox/faults", `{"effect":"duplicate","event":"listener-triggered","copies":1}`))
	m.start(t, `{"app":"example.app"}`)
	if n := m.types()["listener-triggered"]; n != 2 {
		t.Errorf("told %d times, want 2", n)
	}
}

func TestMigrationWritesFieldsAndProperties(t *testing.T) {
	m := newMigrated(t)
	id := m.start(t, `{"app":"example.app"}`)
	issue := m.site.issueID("OPS-1")
	var field string
	for _, f := range decodeList(t, m.site.call(m.app, "GET", "/rest/api/3/field", "")) {
		if f["key"] == "example.app__tag" {
			field = f["id"].(string)
		}
	}
	number := strings.TrimPrefix(field, "customfield_")
	call := func(method, path, body, transfer string) answer {
		_, secret := m.app.credentials()
		now := m.site.clock.Now()
		token, err := auth.SignHS256(auth.Claims{Issuer: m.app.key, IssuedAt: now, Expiry: now.Add(time.Minute), QSH: auth.QSH(method, m.site.url+migrationPath+path, "")}, secret)
		if err != nil {
			t.Fatal(err)
		}
		r := request(t, method, m.site.url+migrationPath+path, body)
		r.Header.Set("Authorization", "JWT "+token)
		r.Header.Set("Atlassian-Transfer-Id", transfer)
		return send(t, unredirected, r)
	}
	value := `{"updateValueList":[{"_type":"StringIssueField","issueID":` + issue + `,"fieldID":` + number + `,"string":"A-17"}]}`
	if a := call("PUT", "/field", value, id); a.status != http.StatusOK {
		t.Errorf("field: %d %s", a.status, a.body)
	}
	if a := call("PUT", "/field", strings.Replace(value, "String", "Number", 1), id); a.status != http.StatusBadRequest {
		t.Errorf("field of another type: %d", a.status)
	}
	if a := call("PUT", "/field", value, "00000000-0000-4000-8000-000000000000"); a.status != http.StatusForbidden {
		t.Errorf("field without a transfer: %d", a.status)
	}
	if a := call("PUT", "/properties/IssueProperty", `[{"entityId":`+issue+`,"key":"asset","value":"{\"n\":1}"}]`, id); a.status != http.StatusOK {
		t.Errorf("property: %d %s", a.status, a.body)
	}
	if a := call("PUT", "/properties/IssueProperty", `[{"entityId":`+issue+`,"key":"asset","value":"no JSON"}]`, id); a.status != http.StatusBadRequest {
		t.Errorf("property without JSON: %d", a.status)
	}
	if a := call("POST", "/workflow/rule/search", `{"workflowEntityId":"a498d711-685d-428d-8c3e-bc03bb450ea7","ruleIds":["55d44f1d-c859-42e5-9c27-2c5ec3f340b1"]}`, id); a.status != http.StatusOK {
		t.Errorf("rules: %d %s", a.status, a.body)
	}
	mia := m.site.login("mia")
	if a := mia.get("/rest/api/3/issue/OPS-1?fields=" + field); !strings.Contains(a.body, "A-17") {
		t.Errorf("the issue: %s", a.body)
	}
	if a := mia.get("/rest/api/3/issue/OPS-1/properties/asset"); !strings.Contains(a.body, `"n":1`) {
		t.Errorf("the property: %s", a.body)
	}
}

func TestMigrationWebhooksAreRegistered(t *testing.T) {
	m := newMigrated(t)
	if a := m.call("PUT", "/webhook", `{"endpoints":["nonsense"]}`); a.status != http.StatusBadRequest {
		t.Errorf("nonsense: %d", a.status)
	}
	if a := m.call("PUT", "/webhook", `{"endpoints":["`+m.app.url+`/migration"]}`); a.status != http.StatusOK {
		t.Errorf("register: %d %s", a.status, a.body)
	}
	m.start(t, `{"app":"example.app","open":true}`)
	if n := m.types()["listener-triggered"]; n != 2 { // the descriptor names the same address
		t.Errorf("told %d times, want 2", n)
	}
	m.call("DELETE", "/webhook", "")
	if a := m.call("GET", "/webhook", ""); a.body != `{"endpoints":[]}`+"\n" {
		t.Errorf("after removal: %s", a.body)
	}
}
