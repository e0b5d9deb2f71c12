package sandbox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// The customers of the desk: Carl was added to it, Nora is of an organization that was.
const (
	carl world.AccountID = "qm:carl"
	nora world.AccountID = "qm:nora"
)

// kindsOfFields are the kinds of custom fields, in the order in which the desk's form has them: customfield_20001 and so on.
var kindsOfFields = []world.Kind{
	world.Text, world.TextArea, world.URL, world.Option, world.Options, world.Radio, world.Cascading, world.Date, world.DateTime, world.Number,
	world.Labels, world.Person, world.People, world.GroupOf, world.GroupsOf, world.VersionOf, world.ProjectOf, world.Object,
}

// serviceDesk adds a service project to the seeded site: Jonas works on it, Carl and Nora are customers.
func serviceDesk(tx *world.Tx) error {
	raw := func(text string) json.RawMessage { return json.RawMessage(text) }
	form := []world.RequestField{
		{Field: "summary", Label: "In a few words", Required: true}, {Field: "description", Label: "What happened", Help: "Step by step"},
		{Field: "priority", Label: "How urgent", Preset: raw(`{"id":"4"}`)}, {Field: "duedate", Label: "Until"}, {Field: "labels", Label: "Words"},
		{Field: "components", Label: "Part"}, {Field: "attachment", Label: "Pictures"},
	}
	things := []world.Entity{
		&world.User{Account: carl, Login: "carl", Name: "Carl Customer", Email: "carl@north.example", Customer: true, TimeZone: "Europe/Berlin"},
		&world.User{Account: nora, Login: "nora", Name: "Nora Customer", Email: "nora@acme.example", Customer: true},
		&world.IssueType{ID: "20001", Name: "Incident", Glyph: "box"},
		&world.Status{ID: "20000", Name: "Open", Category: "new"}, &world.Status{ID: "20001", Name: "Closed", Category: "done"},
		&world.Workflow{ID: "20000", Name: "Service", Statuses: []world.StatusID{"20000", "20001"}, Transitions: []world.Transition{
			{ID: "11", Name: "Close", From: []world.StatusID{"20000"}, To: "20001", Resolution: "10000", Properties: world.Properties{"servicedesk.customer.transition.active": raw(`"true"`)}},
			{ID: "21", Name: "Reopen", From: []world.StatusID{"20001"}, To: "20000"},
		}},
		&world.Role{ID: "20000", Name: "Service Desk Team"},
		&world.Project{ID: "20000", Key: "HELP", Name: "Help", Kind: "service_desk", Lead: world.Mia, Types: []world.TypeID{"20001"}, Permissions: "10001",
			Workflow: "20000", Actors: map[world.RoleID][]world.Holder{"20000": {{Kind: world.ByUser, Value: string(world.Jonas)}}}},
		&world.Component{ID: "20000", Project: "20000", Name: "Printer"}, &world.Version{ID: "20000", Project: "20000", Name: "2.0"},
		&world.Organization{ID: "1", UUID: world.NewUUID(), Name: "Acme", Members: []world.AccountID{nora}},
		&world.Desk{ID: "1", Project: "20000", Portal: "Ask us", Introduction: "From 8 to 18", Customers: []world.AccountID{carl}, Orgs: []world.OrgID{"1"},
			Queues: []world.Queue{{ID: "1", Name: "Open ones", JQL: "project = HELP AND status = Open"}, {ID: "2", Name: "Broken", JQL: "nonsense = 1"}}},
	}
	for n, kind := range kindsOfFields {
		f := &world.Field{ID: world.FieldID(fmt.Sprint("customfield_", 20001+n)), Number: int64(20001 + n), Name: "A " + string(kind), Kind: kind}
		switch kind {
		case world.Option, world.Options, world.Radio, world.Cascading:
			f.Options = []world.FieldOption{{ID: "20010", Value: "One"}, {ID: "20011", Value: "Two"}, {ID: "20012", Value: "One and a half", Parent: "20010"}}
		}
		things = append(things, f)
		form = append(form, world.RequestField{Field: f.ID, Label: "Label of " + string(kind)})
	}
	things = append(things,
		&world.Field{ID: "customfield_20100", Number: 20100, Name: "Request Type", Kind: world.Object, Type: "com.atlassian.servicedesk:vp-origin"},
		&world.RequestType{ID: "1", Desk: "1", Type: "20001", Name: "Report a fault", Description: "Something is broken", Help: "Pull the plug first",
			Groups: []string{"Faults"}, Fields: form},
		&world.RequestType{ID: "2", Desk: "1", Type: "20001", Name: "Ask a question", Groups: []string{"Other", "Faults"}, Fields: []world.RequestField{
			{Field: "summary", Label: "Question", Required: true},
			{Field: "customfield_20001", Label: "Hidden one", Hidden: true, Preset: raw(`"from the form"`)},
		}},
	)
	for _, e := range things {
		if err := tx.Put(e); err != nil {
			return err
		}
	}
	return nil
}

// withDesk is the seeded site with a service desk.
var withDesk = sync.OnceValues(func() (*world.Snapshot, error) {
	from, err := seeded()
	if err != nil {
		return nil, err
	}
	s, err := world.Open(world.Config{From: from})
	if err != nil {
		return nil, err
	}
	if err := s.Change(serviceDesk); err != nil {
		return nil, err
	}
	return s.Snapshot(), nil
})

func fromDesk(t testing.TB) func(*sandbox.Config) {
	t.Helper()
	snapshot, err := withDesk()
	if err != nil {
		t.Fatal(err)
	}
	return func(cfg *sandbox.Config) { cfg.From = snapshot }
}

// deskCall is a call of somebody; "" is nobody. TEMP in a body is the last temporary file, and the body FILE is a picture.
type deskCall struct {
	who, method, template, path, body string
	status                            int
}

const (
	everyField = `"summary":"Printer smokes","description":"Grey\nsmoke.","priority":{"id":"2"},"duedate":"2027-01-31","labels":["hot"],"components":[{"name":"Printer"}],
		"customfield_20001":"line","customfield_20002":"Long text","customfield_20003":"https://pergola.example/a","customfield_20004":{"id":"20010"},
		"customfield_20005":[{"id":"20010"},{"value":"Two"}],"customfield_20006":{"value":"One"},"customfield_20007":{"id":"20010","child":{"id":"20012"}},
		"customfield_20008":"2027-01-31","customfield_20009":"2027-01-31T09:30:00.000+0100","customfield_20010":12.5,"customfield_20011":["a","b"],
		"customfield_20012":{"accountId":"qm:carl"},"customfield_20013":[{"accountId":"qm:carl"},{"accountId":"qm:nora"}],"customfield_20014":{"name":"jira-users"},
		"customfield_20015":[{"name":"jira-users"}],"customfield_20016":[{"id":"20000"}],"customfield_20018":{"any":1}`
	oneRequest = "/rest/servicedeskapi/request/{issueIdOrKey}"
	oneDesk    = "/rest/servicedeskapi/servicedesk/{serviceDeskId}"
	oneOrg     = "/rest/servicedeskapi/organization/{organizationId}"
	desk1      = "/rest/servicedeskapi/servicedesk/1"
	help1      = "/rest/servicedeskapi/request/HELP-1"
)

// deskCalls exercise every operation of service desks, in an order in which each finds what it needs.
var deskCalls = []deskCall{
	{"", "GET", "/rest/servicedeskapi/info", "", "", 200},
	{"", "GET", "/rest/servicedeskapi/servicedesk", "", "", 401},
	{"carl", "GET", "/rest/servicedeskapi/servicedesk", "/rest/servicedeskapi/servicedesk?start=0&limit=1", "", 200},
	{"carl", "GET", oneDesk, desk1, "", 200},
	{"carl", "GET", oneDesk, "/rest/servicedeskapi/servicedesk/projectKey:HELP", "", 200},
	{"ada", "GET", oneDesk, desk1, "", 404},
	{"carl", "GET", "/rest/servicedeskapi/requesttype", "/rest/servicedeskapi/requesttype?searchQuery=fault&serviceDeskId=1", "", 200},
	{"carl", "GET", oneDesk + "/requesttype", desk1 + "/requesttype?expand=field&limit=1&start=1", "", 200},
	{"carl", "GET", oneDesk + "/requesttype", desk1 + "/requesttype?groupId=1", "", 200},
	{"mia", "POST", oneDesk + "/requesttype", desk1 + "/requesttype", `{"name":"New","issueTypeId":"20001","description":"d","helpText":"h"}`, 200},
	{"mia", "POST", oneDesk + "/requesttype", desk1 + "/requesttype", `{"name":"New","issueTypeId":"1"}`, 400},
	{"carl", "POST", oneDesk + "/requesttype", desk1 + "/requesttype", `{"name":"New","issueTypeId":"20001"}`, 403},
	{"mia", "DELETE", oneDesk + "/requesttype/{requestTypeId}", desk1 + "/requesttype/3", "", 204},
	{"mia", "DELETE", oneDesk + "/requesttype/{requestTypeId}", desk1 + "/requesttype/3", "", 404},
	{"carl", "GET", oneDesk + "/requesttype/{requestTypeId}", desk1 + "/requesttype/1", "", 200},
	{"carl", "GET", oneDesk + "/requesttype/{requestTypeId}/field", desk1 + "/requesttype/1/field", "", 200},
	{"jonas", "GET", oneDesk + "/requesttype/{requestTypeId}/field", desk1 + "/requesttype/2/field?expand=hiddenFields", "", 200},
	{"carl", "GET", oneDesk + "/requesttypegroup", desk1 + "/requesttypegroup", "", 200},
	{"carl", "POST", oneDesk + "/requesttype/permissions/check", desk1 + "/requesttype/permissions/check", `{"permissions":["canCreateRequest","canAdminister"],"requestTypeIds":[1,77]}`, 200},
	{"carl", "POST", oneDesk + "/requesttype/permissions/check", desk1 + "/requesttype/permissions/check", `{"permissions":["fly"],"requestTypeIds":[1]}`, 400},
	{"mia", "PUT", oneDesk + "/requesttype/{requestTypeId}/property/{propertyKey}", desk1 + "/requesttype/1/property/p", `{"n":1}`, 201},
	{"mia", "PUT", oneDesk + "/requesttype/{requestTypeId}/property/{propertyKey}", desk1 + "/requesttype/1/property/p", `{"n":2}`, 200},
	{"carl", "PUT", oneDesk + "/requesttype/{requestTypeId}/property/{propertyKey}", desk1 + "/requesttype/1/property/p", `{"n":2}`, 403},
	{"carl", "GET", oneDesk + "/requesttype/{requestTypeId}/property", desk1 + "/requesttype/1/property", "", 200},
	{"carl", "GET", oneDesk + "/requesttype/{requestTypeId}/property/{propertyKey}", desk1 + "/requesttype/1/property/p", "", 200},
	{"mia", "DELETE", oneDesk + "/requesttype/{requestTypeId}/property/{propertyKey}", desk1 + "/requesttype/1/property/p", "", 204},
	{"mia", "DELETE", oneDesk + "/requesttype/{requestTypeId}/property/{propertyKey}", desk1 + "/requesttype/1/property/p", "", 404},
	{"carl", "GET", "/rest/servicedeskapi/knowledgebase/article", "/rest/servicedeskapi/knowledgebase/article?query=x", "", 200},
	{"carl", "GET", "/rest/servicedeskapi/knowledgebase/article", "", "", 400},
	{"carl", "GET", oneDesk + "/knowledgebase/article", desk1 + "/knowledgebase/article?query=x", "", 200},
	{"ada", "GET", oneDesk + "/knowledgebase/article", desk1 + "/knowledgebase/article?query=x", "", 403},
	{"carl", "GET", "/rest/servicedeskapi/assets/workspace", "", "", 200},
	{"carl", "GET", "/rest/servicedeskapi/insight/workspace", "", "", 200},
	{"carl", "POST", "/rest/servicedeskapi/request", "", `{"serviceDeskId":"1","requestTypeId":"1","requestFieldValues":{` + everyField + `}}`, 201},
	{"carl", "POST", "/rest/servicedeskapi/request", "", `{"serviceDeskId":"1","requestTypeId":"1","requestFieldValues":{"customfield_20010":"much"}}`, 400},
	{"carl", "POST", "/rest/servicedeskapi/request", "", `{"serviceDeskId":"9","requestTypeId":"1","requestFieldValues":{}}`, 400},
	{"carl", "POST", "/rest/servicedeskapi/request", "", `{"serviceDeskId":"1","requestTypeId":"2","raiseOnBehalfOf":"qm:nora","requestFieldValues":{"summary":"x"}}`, 403},
	{"jonas", "POST", "/rest/servicedeskapi/request", "", `{"serviceDeskId":"1","requestTypeId":"1","isAdfRequest":true,"raiseOnBehalfOf":"nora@acme.example","requestParticipants":["qm:carl"],
		"requestFieldValues":{"summary":"For Nora","description":DOC,"customfield_20017":{"key":"OPS"}}}`, 201},
	{"carl", "GET", "/rest/servicedeskapi/request", "/rest/servicedeskapi/request?requestOwnership=PARTICIPATED_REQUESTS&requestStatus=OPEN_REQUESTS&searchTerm=nora", "", 200},
	{"carl", "GET", "/rest/servicedeskapi/request", "/rest/servicedeskapi/request?serviceDeskId=77", "", 404},
	{"carl", "GET", oneRequest, help1 + "?expand=participant,status,sla,requestType,serviceDesk,attachment,action,comment", "", 200},
	{"ada", "GET", oneRequest, help1, "", 404},
	{"carl", "GET", oneRequest + "/sla", help1 + "/sla", "", 200},
	{"carl", "GET", oneRequest + "/sla/{slaMetricId}", help1 + "/sla/1", "", 404},
	{"carl", "GET", oneRequest + "/approval", help1 + "/approval", "", 200},
	{"carl", "GET", oneRequest + "/approval/{approvalId}", help1 + "/approval/1", "", 404},
	{"carl", "POST", oneRequest + "/approval/{approvalId}", help1 + "/approval/1", `{"decision":"approve"}`, 404},
	{"carl", "POST", oneRequest + "/comment", help1 + "/comment", `{"body":"Still smokes","public":true}`, 201},
	{"jonas", "POST", oneRequest + "/comment", help1 + "/comment", `{"body":"He forgot the plug","public":false}`, 201},
	{"carl", "POST", oneRequest + "/comment", help1 + "/comment", `{"body":"x","public":false}`, 403},
	{"carl", "POST", oneRequest + "/comment", help1 + "/comment", `{"body":" "}`, 400},
	{"carl", "GET", oneRequest + "/comment", help1 + "/comment?expand=attachment", "", 200},
	{"carl", "GET", oneRequest + "/comment/{commentId}", help1 + "/comment/10000?expand=attachment,renderedBody", "", 200},
	{"carl", "GET", oneRequest + "/comment/{commentId}", help1 + "/comment/10001", "", 404},
	{"carl", "GET", oneRequest + "/comment/{commentId}/attachment", help1 + "/comment/10000/attachment", "", 200},
	{"carl", "POST", oneDesk + "/attachTemporaryFile", desk1 + "/attachTemporaryFile", "FILE", 201},
	{"carl", "POST", oneDesk + "/attachTemporaryFile", desk1 + "/attachTemporaryFile", "{}", 400},
	{"jonas", "POST", oneRequest + "/attachment", help1 + "/attachment", `{"temporaryAttachmentIds":["TEMP"],"public":true}`, 400}, // it is Carl's
	{"carl", "POST", oneRequest + "/attachment", help1 + "/attachment", `{"temporaryAttachmentIds":["TEMP"],"public":true,"additionalComment":{"body":"See"}}`, 201},
	{"carl", "GET", oneRequest + "/attachment", help1 + "/attachment", "", 200},
	{"carl", "GET", oneRequest + "/attachment/{attachmentId}", help1 + "/attachment/10000", "", 303},
	{"carl", "GET", oneRequest + "/attachment/{attachmentId}", help1 + "/attachment/77", "", 404},
	{"carl", "GET", oneRequest + "/attachment/{attachmentId}/thumbnail", help1 + "/attachment/10000/thumbnail", "", 303},
	{"carl", "GET", oneRequest + "/participant", help1 + "/participant", "", 200},
	{"carl", "POST", oneRequest + "/participant", help1 + "/participant", `{"accountIds":["qm:nora"]}`, 200},
	{"carl", "POST", oneRequest + "/participant", help1 + "/participant", `{"accountIds":["qm:who"]}`, 400},
	{"nora", "DELETE", oneRequest + "/participant", help1 + "/participant", `{"accountIds":["qm:nora"]}`, 403},
	{"jonas", "DELETE", oneRequest + "/participant", help1 + "/participant", `{"accountIds":["qm:nora"]}`, 200},
	{"carl", "GET", oneRequest + "/notification", help1 + "/notification", "", 200},
	{"carl", "DELETE", oneRequest + "/notification", help1 + "/notification", "", 204},
	{"carl", "PUT", oneRequest + "/notification", help1 + "/notification", "", 204},
	{"carl", "GET", oneRequest + "/transition", help1 + "/transition", "", 200},
	{"carl", "POST", oneRequest + "/transition", help1 + "/transition", `{"id":"21"}`, 400},
	{"carl", "POST", oneRequest + "/transition", help1 + "/transition", `{"id":"11","additionalComment":{"body":"It was the plug"}}`, 204},
	{"carl", "GET", oneRequest + "/status", help1 + "/status", "", 200},
	{"carl", "POST", "/rest/servicedeskapi/request/{requestIdOrKey}/feedback", help1 + "/feedback", `{"rating":5,"comment":{"body":"Thanks"}}`, 201},
	{"carl", "POST", "/rest/servicedeskapi/request/{requestIdOrKey}/feedback", help1 + "/feedback", `{"rating":9}`, 400},
	{"jonas", "GET", "/rest/servicedeskapi/request/{requestIdOrKey}/feedback", help1 + "/feedback", "", 200},
	{"jonas", "DELETE", "/rest/servicedeskapi/request/{requestIdOrKey}/feedback", help1 + "/feedback", "", 403},
	{"carl", "DELETE", "/rest/servicedeskapi/request/{requestIdOrKey}/feedback", help1 + "/feedback", "", 204},
	{"carl", "GET", "/rest/servicedeskapi/request/{requestIdOrKey}/feedback", help1 + "/feedback", "", 404},
	{"mia", "POST", "/rest/servicedeskapi/customer", "", `{"email":"new@north.example","displayName":"New One"}`, 201},
	{"mia", "POST", "/rest/servicedeskapi/customer", "", `{"email":"new@north.example"}`, 400},
	{"mia", "POST", "/rest/servicedeskapi/customer", "/rest/servicedeskapi/customer?strictConflictStatusCode=true", `{"email":"new@north.example"}`, 409},
	{"carl", "POST", "/rest/servicedeskapi/customer", "", `{"email":"other@north.example"}`, 403},
	{"jonas", "GET", oneDesk + "/customer", desk1 + "/customer?query=carl", "", 200},
	{"carl", "GET", oneDesk + "/customer", desk1 + "/customer", "", 403},
	{"mia", "POST", oneDesk + "/customer", desk1 + "/customer", `{"usernames":["new@north.example"]}`, 204},
	{"mia", "POST", oneDesk + "/customer", desk1 + "/customer", `{"accountIds":["qm:who"]}`, 400},
	{"mia", "DELETE", oneDesk + "/customer", desk1 + "/customer", `{"usernames":["new@north.example"]}`, 204},
	{"nora", "GET", "/rest/servicedeskapi/organization", "", "", 200},
	{"nora", "GET", "/rest/servicedeskapi/organization", "/rest/servicedeskapi/organization?accountId=qm:carl", "", 403},
	{"jonas", "POST", "/rest/servicedeskapi/organization", "", `{"name":"North"}`, 201},
	{"jonas", "POST", "/rest/servicedeskapi/organization", "", `{"name":"north"}`, 400},
	{"carl", "GET", oneOrg, "/rest/servicedeskapi/organization/2", "", 404},
	{"jonas", "GET", oneOrg, "/rest/servicedeskapi/organization/2", "", 200},
	{"jonas", "POST", oneOrg + "/user", "/rest/servicedeskapi/organization/2/user", `{"accountIds":["qm:carl"]}`, 204},
	{"jonas", "GET", oneOrg + "/user", "/rest/servicedeskapi/organization/2/user", "", 200},
	{"carl", "GET", oneOrg + "/user", "/rest/servicedeskapi/organization/2/user", "", 403},
	{"jonas", "DELETE", oneOrg + "/user", "/rest/servicedeskapi/organization/2/user", `{"accountIds":["qm:carl"]}`, 204},
	{"jonas", "PUT", oneOrg + "/property/{propertyKey}", "/rest/servicedeskapi/organization/2/property/p", `1`, 201},
	{"jonas", "GET", oneOrg + "/property", "/rest/servicedeskapi/organization/2/property", "", 200},
	{"jonas", "GET", oneOrg + "/property/{propertyKey}", "/rest/servicedeskapi/organization/2/property/p", "", 200},
	{"jonas", "DELETE", oneOrg + "/property/{propertyKey}", "/rest/servicedeskapi/organization/2/property/p", "", 204},
	{"jonas", "POST", oneDesk + "/organization", desk1 + "/organization", `{"organizationId":2}`, 204},
	{"carl", "POST", oneDesk + "/organization", desk1 + "/organization", `{"organizationId":2}`, 403},
	{"jonas", "GET", oneDesk + "/organization", desk1 + "/organization", "", 200},
	{"jonas", "DELETE", oneDesk + "/organization", desk1 + "/organization", `{"organizationId":2}`, 204},
	{"jonas", "DELETE", oneOrg, "/rest/servicedeskapi/organization/2", "", 204},
	{"jonas", "GET", oneDesk + "/queue", desk1 + "/queue?includeCount=true", "", 200},
	{"carl", "GET", oneDesk + "/queue", desk1 + "/queue", "", 403},
	{"jonas", "GET", oneDesk + "/queue/{queueId}", desk1 + "/queue/1", "", 200},
	{"jonas", "GET", oneDesk + "/queue/{queueId}", desk1 + "/queue/77", "", 404},
	{"jonas", "GET", oneDesk + "/queue/{queueId}/issue", desk1 + "/queue/1/issue", "", 200},
	{"jonas", "GET", oneDesk + "/queue/{queueId}/issue", desk1 + "/queue/2/issue", "", 404},
}

// picture is a file that calls itself an image.
func picture(t testing.TB) (contentType string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("file", "smoke.png")
	if err == nil {
		_, err = part.Write([]byte("\x89PNG\r\n\x1a\n smoke"))
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.Bytes()
}

// people are browsers of those who log in, and of nobody.
type people struct {
	site   *testSite
	logins map[string]*person
}

func peopleOf(site *testSite, names ...string) people {
	p := people{site, map[string]*person{"": {site, &http.Client{}}}}
	for _, name := range names {
		p.logins[name] = site.login(name)
	}
	return p
}

func (p people) call(who, method, path, body string) answer {
	p.site.t.Helper()
	r := request(p.site.t, method, p.site.url+path, body)
	if body == "FILE" {
		kind, content := picture(p.site.t)
		r = request(p.site.t, method, p.site.url+path, string(content))
		r.Header.Set("Content-Type", kind)
	}
	r.Header.Set("X-Atlassian-Token", "no-check")
	return send(p.site.t, p.logins[who].client, r)
}

func TestDeskShapes(t *testing.T) {
	site := openSite(t, fromDesk(t))
	all := peopleOf(site, "mia", "jonas", "ada", "carl", "nora")
	temporary := ""
	for _, c := range deskCalls {
		path := c.path
		if path == "" {
			path = c.template
		}
		a := all.call(c.who, c.method, path, strings.NewReplacer("TEMP", temporary, "DOC", document).Replace(c.body))
		if a.status != c.status {
			t.Errorf("%s: %s %s %.60s: status %d, want %d: %.300s", c.who, c.method, path, c.body, a.status, c.status, a.body)
			continue
		}
		if c.body == "FILE" {
			temporary, _ = a.json(t)["temporaryAttachments"].([]any)[0].(object)["temporaryAttachmentId"].(string)
		}
		if a.status >= 400 && a.json(t)["errorMessage"] == "" {
			t.Errorf("%s %s: an error without words: %s", c.method, path, a.body)
		}
	}
}

func TestRequestIsAnIssueWithWhatWasWritten(t *testing.T) {
	site := openSite(t, fromDesk(t))
	all := peopleOf(site, "mia", "carl")
	made := all.call("carl", "POST", "/rest/servicedeskapi/request", `{"serviceDeskId":"1","requestTypeId":"1","requestFieldValues":{`+everyField+`}}`).json(t)
	got := map[string]any{}
	for _, v := range made["requestFieldValues"].([]any) {
		v := v.(object)
		got[v["fieldId"].(string)] = v["value"]
		if d, ok := v["value"].(object); ok {
			for _, name := range []string{"value", "name", "displayName", "iso8601"} {
				if d[name] != nil {
					got[v["fieldId"].(string)] = d[name]
				}
			}
		}
	}
	for id, want := range map[string]any{
		"summary": "Printer smokes", "description": "Grey\nsmoke.", "priority": "High", "duedate": "2027-01-31", "customfield_20001": "line",
		"customfield_20003": "https://pergola.example/a", "customfield_20004": "One", "customfield_20006": "One", "customfield_20007": "One",
		"customfield_20008": "2027-01-31", "customfield_20009": "2027-01-31T09:30:00+0100", "customfield_20010": 12.5, "customfield_20012": "Carl Customer",
		"customfield_20014": "jira-users",
	} {
		if diff := cmp.Diff(want, got[id]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
	}
	issue := all.call("mia", "GET", "/rest/api/3/issue/HELP-1?properties=request.channel.type", "").json(t)
	fields := issue["fields"].(object)
	if fields["reporter"].(object)["accountId"] != string(carl) || fields["customfield_20100"].(object)["requestType"].(object)["name"] != "Report a fault" {
		t.Errorf("reporter %v, request type %v", fields["reporter"], fields["customfield_20100"])
	}
	if diff := cmp.Diff(object{"request.channel.type": object{"value": "api"}}, issue["properties"]); diff != "" {
		t.Errorf("properties (-want +got):\n%s", diff)
	}
}

func TestPresetsOfHiddenFieldsAreWritten(t *testing.T) {
	site := openSite(t, fromDesk(t))
	all := peopleOf(site, "mia", "carl")
	all.call("carl", "POST", "/rest/servicedeskapi/request", `{"serviceDeskId":"1","requestTypeId":"2","requestFieldValues":{"summary":"x"}}`)
	if got := all.call("mia", "GET", "/rest/api/3/issue/HELP-1", "").json(t)["fields"].(object)["customfield_20001"]; got != "from the form" {
		t.Errorf("hidden field %v", got)
	}
}

func TestCustomersSeeTheirOwnAndWhatIsShared(t *testing.T) {
	site := openSite(t, fromDesk(t))
	all := peopleOf(site, "mia", "jonas", "ada", "carl", "nora")
	all.call("carl", "POST", "/rest/servicedeskapi/request", `{"serviceDeskId":"1","requestTypeId":"2","requestFieldValues":{"summary":"Mine"}}`)
	all.call("jonas", "POST", help1+"/comment", `{"body":"Between us","public":false}`)
	see := func(want map[string]int) {
		t.Helper()
		for who, status := range want {
			if a := all.call(who, "GET", help1, ""); a.status != status {
				t.Errorf("%s: status %d, want %d", who, a.status, status)
			}
		}
	}
	see(map[string]int{"carl": 200, "nora": 404, "jonas": 200, "mia": 200, "ada": 404, "": 401})
	if a := all.call("carl", "GET", "/rest/api/3/issue/HELP-1", ""); a.status != 404 {
		t.Errorf("a customer reads the issue: status %d", a.status)
	}
	for who, want := range map[string]float64{"carl": 0, "jonas": 1} {
		if got := all.call(who, "GET", help1+"/comment", "").json(t)["size"]; got != want {
			t.Errorf("%s sees %v comments, want %v", who, got, want)
		}
	}
	all.call("carl", "POST", help1+"/participant", `{"accountIds":["qm:nora"]}`)
	see(map[string]int{"nora": 200})
	if got := all.call("nora", "GET", "/rest/servicedeskapi/request", "").json(t)["size"]; got != 1.0 {
		t.Errorf("Nora's list has %v requests", got)
	}
	all.call("jonas", "DELETE", help1+"/participant", `{"accountIds":["qm:nora"]}`)
	see(map[string]int{"nora": 404})
}

func TestQueriesKnowRequestTypes(t *testing.T) {
	site := openSite(t, fromDesk(t))
	all := peopleOf(site, "jonas", "carl")
	for _, kind := range []string{"1", "2", "2"} {
		all.call("carl", "POST", "/rest/servicedeskapi/request", `{"serviceDeskId":"1","requestTypeId":"`+kind+`","requestFieldValues":{"summary":"x"}}`)
	}
	for jql, want := range map[string]int{`"Request Type" = "Ask a question"`: 2, `"Request Type" in ("Report a fault", 2)`: 3, `project = OPS AND "Request Type" is not EMPTY`: 0} {
		a := all.call("jonas", "GET", "/rest/api/3/search/jql?jql="+url.QueryEscape(jql), "")
		if got, _ := a.json(t)["issues"].([]any); a.status != 200 || len(got) != want {
			t.Errorf("%s: status %d, %d issues, want %d: %.200s", jql, a.status, len(got), want, a.body)
		}
	}
}

func TestFileOfARequestIsReadWithoutCredentials(t *testing.T) {
	site := openSite(t, fromDesk(t))
	all := peopleOf(site, "carl")
	sent := all.call("carl", "POST", desk1+"/attachTemporaryFile", "FILE").json(t)["temporaryAttachments"].([]any)[0].(object)["temporaryAttachmentId"].(string)
	all.call("carl", "POST", "/rest/servicedeskapi/request", `{"serviceDeskId":"1","requestTypeId":"1","requestFieldValues":{"summary":"x","attachment":["`+sent+`"]}}`)
	a := send(t, all.logins["carl"].client, request(t, "GET", site.url+help1+"/attachment/10000", ""))
	if a.status != http.StatusSeeOther {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	to := a.header.Get("Location")
	if got := get(t, to); got.status != 200 || !strings.HasSuffix(got.body, "smoke") || got.header.Get("Content-Type") != "image/png" {
		t.Errorf("status %d, %s: %q", got.status, got.header.Get("Content-Type"), got.body)
	}
	if got := get(t, strings.Replace(to, "token=", "token=x", 1)); got.status != http.StatusForbidden {
		t.Errorf("another token: status %d", got.status)
	}
}
