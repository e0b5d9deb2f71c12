package sandbox_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// The custom fields of [fieldSite], one of each kind, from 20001 on.
var fieldKinds = []struct {
	kind    world.Kind
	options []world.FieldOption
	change  func(*world.Field)
}{
	{world.TextArea, nil, nil}, // customfield_20001
	{world.URL, nil, nil},
	{world.Options, []world.FieldOption{{ID: "1", Value: "Red"}, {ID: "2", Value: "Blue"}}, nil},
	{world.Radio, []world.FieldOption{{ID: "3", Value: "Yes"}, {ID: "4", Value: "No", Disabled: true}}, nil},
	{world.Cascading, []world.FieldOption{{ID: "5", Value: "Europe"}, {ID: "6", Value: "Berlin", Parent: "5"}, {ID: "7", Value: "Asia"}}, nil}, // 20005
	{world.DateTime, nil, nil},
	{world.Labels, nil, nil},
	{world.People, nil, nil},
	{world.GroupOf, nil, nil},
	{world.GroupsOf, nil, nil}, // 20010
	{world.VersionOf, nil, nil},
	{world.ProjectOf, nil, nil},
	{world.Text, nil, func(f *world.Field) { f.ReadOnly = true }},
	{world.Option, []world.FieldOption{{ID: "1", Value: "Team"}}, func(f *world.Field) { f.App, f.Module = "example.app", "team" }},
	{world.Object, nil, func(f *world.Field) { f.App, f.Type = "forge.app", "ari:cloud:ecosystem::extension/a/b/static/money" }}, // 20015
	{world.VersionOf, nil, func(f *world.Field) { f.Type = "com.atlassian.jira.plugin.system.customfieldtypes:version" }},
	{world.Number, nil, func(f *world.Field) {
		f.Contexts = []world.Context{{ID: "30001", Name: "IT", Projects: []world.ProjectID{"10000"}, Default: json.RawMessage("7")}}
	}},
}

// fieldSite is the seeded site with a field of each kind, and with versions, components, security levels and subtasks in OPS.
func fieldSite(t *testing.T, more ...func(*world.Tx) error) *testSite {
	t.Helper()
	from, err := seeded()
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{now: start}
	store, err := world.Open(world.Config{From: from, Clock: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	err = store.Change(func(tx *world.Tx) error {
		var errs []error
		for n, k := range fieldKinds {
			number := int64(20001 + n)
			f := &world.Field{ID: world.FieldID("customfield_" + strconv.FormatInt(number, 10)), Number: number, Name: "Field " + strconv.FormatInt(number, 10), Kind: k.kind, Options: k.options}
			if k.change != nil {
				k.change(f)
			}
			errs = append(errs, tx.Put(f))
		}
		ops := world.Edit(tx.FindProject("OPS"))
		ops.Types, ops.Security = append(ops.Types, "10008"), "900"
		errs = append(errs,
			tx.Put(&world.SecurityScheme{ID: "900", Name: "Levels", Levels: []world.SecurityLevel{
				{ID: "901", Name: "Admins", Members: []world.Holder{{Kind: world.ByGroup, Value: "site-admins"}}}, {ID: "902", Name: "Nobody"},
			}}),
			tx.Put(&world.IssueType{ID: "10008", Name: "Part", Level: -1}), tx.Put(ops),
			tx.Put(&world.Version{ID: "501", Project: "10000", Name: "1.0", Release: "2027-01-31", Order: 1}),
			tx.Put(&world.Version{ID: "502", Project: "10000", Name: "2.0", Order: 2}), tx.Put(&world.Version{ID: "503", Project: "10002", Name: "Else"}),
			tx.Put(&world.Component{ID: "601", Project: "10000", Name: "Case", Lead: world.Jonas, AssigneeType: "COMPONENT_LEAD"}),
			tx.Put(&world.Component{ID: "602", Project: "10000", Name: "Screen"}))
		for _, do := range more {
			errs = append(errs, do(tx))
		}
		return errors.Join(errs...)
	})
	if err != nil {
		t.Fatal(err)
	}
	snapshot := store.Snapshot()
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	return openSite(t, func(cfg *sandbox.Config) { cfg.From = snapshot })
}

// part follows a path such as "components.0.name" into a JSON value; nil where it leads nowhere.
func part(v any, path string) any {
	for step := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case object:
			v = at[step]
		case []any:
			n, err := strconv.Atoi(step)
			if err != nil || n >= len(at) {
				return nil
			}
			v = at[n]
		default:
			return nil
		}
	}
	return v
}

// parts checks what paths lead to; want is text, as fmt writes it.
func parts(t *testing.T, v any, want map[string]string) {
	t.Helper()
	for _, path := range slices.Sorted(maps.Keys(want)) {
		got := part(v, path)
		if text := fmt.Sprint(got); text != want[path] {
			t.Errorf("%s is %s, want %s", path, text, want[path])
		}
	}
}

const newLaptop = `"project":{"key":"OPS"},"issuetype":{"name":"Laptop"},"summary":"New"`

// create makes an issue of the fields and returns its key.
func (p *person) create(t *testing.T, fields string) string {
	t.Helper()
	a := p.do("POST", "/rest/api/3/issue", `{"fields":{`+newLaptop+fields+`}}`)
	if a.status != 201 {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	return a.json(t)["key"].(string)
}

func (p *person) fields(t *testing.T, key string) object {
	t.Helper()
	return p.get("/rest/api/3/issue/" + key).json(t)["fields"].(object)
}

const everyValue = `,"priority":{"name":"High"},"components":[{"name":"Case"},{"id":"602"}],"versions":[{"name":"1.0"}],"fixVersions":[{"id":"502"}],
	"duedate":"2027-03-01","environment":` + document + `,"security":{"name":"Admins"},"reporter":{"id":"712020:8b21d7c4-jonas-user"},
	"timetracking":{"originalEstimate":"1w 1d","remainingEstimate":"30"},"labels":["a","b"],
	"customfield_20001":` + document + `,"customfield_20002":"https://example.com/1","customfield_20003":[{"value":"Red"},{"id":"2"}],
	"customfield_20004":{"id":"3"},"customfield_20005":{"value":"Europe","child":{"value":"Berlin"}},
	"customfield_20006":"2027-01-31T10:00:00.000+0100","customfield_20007":["x","y"],"customfield_20008":[{"accountId":"712020:8b21d7c4-jonas-user"}],
	"customfield_20009":{"name":"guests"},"customfield_20010":[{"name":"guests"},{"name":"jira-users"}],"customfield_20011":[{"name":"2.0"},{"id":"501"}],
	"customfield_20012":{"key":"FAC"},"customfield_20014":{"id":"1"},"customfield_20015":{"amount":5},"customfield_20016":{"name":"1.0"}`

func TestIssuesKeepEveryField(t *testing.T) {
	site := fieldSite(t)
	mia := site.login("mia")
	key := mia.create(t, everyValue)
	parts(t, mia.fields(t, key), map[string]string{
		"priority.name": "High", "components.0.name": "Case", "components.1.id": "602", "versions.0.name": "1.0", "versions.0.releaseDate": "2027-01-31",
		"fixVersions.0.id": "502", "duedate": "2027-03-01", "environment.type": "doc", "security.name": "Admins", "reporter.displayName": "Jonas User",
		"creator.displayName": "Mia Admin", "assignee.displayName": "Jonas User", "timetracking.originalEstimate": "1w 1d", "timetracking.remainingEstimateSeconds": "1800",
		"timeoriginalestimate": "172800", "aggregatetimeestimate": "1800", "timespent": "<nil>", "workratio": "0", "progress.total": "1800", "labels.1": "b",
		"votes.votes": "0", "watches.isWatching": "false", "statusCategory.key": "new", "resolution": "<nil>", "resolutiondate": "<nil>", "worklog.total": "0",
		"attachment": "[]", "comment.total": "0", "issuerestriction.shouldDisplay": "false", "lastViewed": "<nil>",
		"customfield_20001.type": "doc", "customfield_20002": "https://example.com/1", "customfield_20003.1.value": "Blue", "customfield_20004.value": "Yes",
		"customfield_20005.value": "Europe", "customfield_20005.child.value": "Berlin", "customfield_20006": "2027-01-31T10:00:00.000+0100",
		"customfield_20007": "[x y]", "customfield_20008.0.displayName": "Jonas User", "customfield_20009.name": "guests", "customfield_20010.1.name": "jira-users",
		"customfield_20011.0.name": "2.0", "customfield_20012.key": "FAC", "customfield_20014.value": "Team", "customfield_20015.amount": "5",
		"customfield_20016.name": "1.0", "customfield_20017": "7",
	})
	for query, want := range map[string]int{
		`priority = High`: 1, `component = Case AND fixVersion = "2.0"`: 1, `due = "2027-03-01"`: 1, `environment ~ Words`: 1, `level = Admins`: 1,
		`"Field 20003" = Blue`: 1, `"Field 20005" = Berlin`: 1, `"Field 20007" in (x)`: 1, `"Field 20008" = "712020:8b21d7c4-jonas-user"`: 1, `"Field 20017" = 7`: 1,
		`"Field 20015" is not EMPTY`: 1, `originalEstimate = 6d`: 1, `statusCategoryChangedDate >= -1d AND key = ` + key: 1,
	} {
		found := mia.do("POST", "/rest/api/3/search/jql", `{"jql":`+strconv.Quote(query)+`}`)
		if found.status != 200 || len(found.json(t)["issues"].([]any)) != want {
			t.Errorf("%s: status %d: %s", query, found.status, found.body)
		}
	}
	if a := site.login("jonas").get("/rest/api/3/issue/" + key); a.status != 404 {
		t.Errorf("staff sees what is for admins only: status %d", a.status)
	}
}

func TestListsLeaveOutWhatIsNotNavigable(t *testing.T) {
	mia := fieldSite(t).login("mia")
	values := mia.get("/rest/api/3/issue/OPS-1?fields=*navigable,-summary").json(t)["fields"].(object)
	for name, want := range map[string]bool{"summary": false, "status": true, "worklog": false, "comment": false, "timetracking": false, "customfield_20001": true, "thumbnail": false} {
		if _, has := values[name]; has != want {
			t.Errorf("%s: %v, want %v", name, has, want)
		}
	}
	if _, has := mia.get("/rest/api/3/issue/HR-1").json(t)["fields"].(object)["customfield_20017"]; has {
		t.Error("an issue has a field that is not for its project")
	}
	var keys []string
	for name := range mia.get("/rest/api/3/issue/OPS-1?fields=example.app__team&fieldsByKeys=true").json(t)["fields"].(object) {
		keys = append(keys, name)
	}
	if diff := cmp.Diff([]string{"customfield_20014"}, keys); diff != "" {
		t.Errorf("asked by key (-want +got):\n%s", diff)
	}
}

func TestWrongValuesAreRefusedInJirasWords(t *testing.T) {
	mia := fieldSite(t).login("mia")
	for _, tt := range []struct{ field, value, want string }{
		{"summary", `null`, "Operation value must be a string"},
		{"summary", `" "`, "You must specify a summary of the issue."},
		{"summary", `"` + strings.Repeat("x", 256) + `"`, "Summary can't exceed 255 characters."},
		{"description", `"text"`, "Operation value must be an Atlassian Document (see the Atlassian Document Format)"},
		{"priority", `{"id":"77"}`, "The priority selected is invalid."},
		{"priority", `"High"`, "Specify a valid 'id' or 'name' for Priority"},
		{"components", `[{"name":"Else"}]`, "Component name 'Else' is not valid"},
		{"components", `"Case"`, "data was not an array"},
		{"fixVersions", `[{"id":"503"}]`, "Version id '503' is not valid"},
		{"duedate", `"31/01/2027"`, "Error parsing date string: 31/01/2027"},
		{"labels", `["a b"]`, "The label 'a b' contains spaces which is invalid."},
		{"labels", `"a"`, "Specify the value for labels in an array of strings"},
		{"reporter", `{"accountId":"nobody"}`, "The reporter specified is not a user."},
		{"assignee", `{"accountId":"nobody"}`, "Specify a valid value for assignee"},
		{"assignee", `{"accountId":"712020:c09e4a52-ada-guest"}`, "User '712020:c09e4a52-ada-guest' cannot be assigned issues."},
		{"security", `{"name":"Nobody"}`, "Security level name 'Nobody' is not valid"},
		{"resolution", `{"name":"Done"}`, "Field 'resolution' cannot be set. It is not on the appropriate screen, or unknown."},
		{"status", `{"name":"Done"}`, "Field 'status' cannot be set. It is not on the appropriate screen, or unknown."},
		{"customfield_20002", `"nowhere"`, "Not a valid URL"},
		{"customfield_20003", `[{"value":"Green"}]`, "Option value 'Green' is not valid"},
		{"customfield_20003", `{"value":"Red"}`, "data was not an array"},
		{"customfield_20004", `{"id":"4"}`, "Option id '4' is not valid"},
		{"customfield_20004", `{"name":"Yes"}`, "Option id 'null' is not valid"},
		{"customfield_20004", `"Yes"`, "Specify a valid 'id' or 'name' for Field 20004"},
		{"customfield_20005", `{"value":"Asia","child":{"value":"Berlin"}}`, "Option value 'Berlin' is not valid"},
		{"customfield_20005", `["5"]`, "Could not find valid 'id' or 'value' in the Parent Option object."},
		{"customfield_20006", `"soon"`, "Error parsing time: soon"},
		{"customfield_20007", `"x"`, "Specify the value for Field 20007 in an array of strings"},
		{"customfield_20009", `{"name":"none"}`, "Could not find group names: none"},
		{"customfield_20012", `{"key":"NOPE"}`, "Specify a valid project ID or key"},
		{"customfield_20013", `"x"`, "Field 'customfield_20013' cannot be set. It is not on the appropriate screen, or unknown."},
		{"customfield_10004", `"much"`, "Operation value must be a number"},
		{"customfield_10001", `"` + strings.Repeat("x", 256) + `"`, "The entered text is too long. It exceeds the allowed limit of 255 characters."},
	} {
		a := mia.do("PUT", "/rest/api/3/issue/OPS-1", `{"fields":{"`+tt.field+`":`+tt.value+`}}`)
		errs, _ := a.json(t)["errors"].(object)
		if diff := cmp.Diff(object{tt.field: tt.want}, errs); a.status != 400 || diff != "" {
			t.Errorf("%s = %.40s: status %d (-want +got):\n%s", tt.field, tt.value, a.status, diff)
		}
	}
	a := mia.do("PUT", "/rest/api/3/issue/OPS-1", `{"fields":{"labels":1,"duedate":"x","timetracking":{"originalEstimate":"long","remainingEstimate":"1h"},"summary":"Not kept"}}`)
	want := object{"labels": "Specify the value for labels in an array of strings", "duedate": "Error parsing date string: x", "timetracking_originalestimate": "The original estimate specified is not valid."}
	if diff := cmp.Diff(want, a.json(t)["errors"]); diff != "" {
		t.Errorf("all errors at once (-want +got):\n%s", diff)
	}
	if got := mia.fields(t, "OPS-1")["summary"]; got == "Not kept" {
		t.Error("a refused request was kept in part")
	}
}

func TestUpdateDoesWhatItsVerbsSay(t *testing.T) {
	mia := fieldSite(t).login("mia")
	key := mia.create(t, `,"labels":["a"],"components":[{"name":"Case"}],"customfield_20003":[{"value":"Red"}]`)
	a := mia.do("PUT", "/rest/api/3/issue/"+key, `{"fields":{"duedate":"2027-01-01"},"update":{"labels":[{"add":"b"},{"remove":"a"}],"components":[{"remove":{"name":"Case"}},{"add":{"id":"602"}}],
		"customfield_20003":[{"add":{"value":"Blue"}}],"summary":[{"set":"Changed"}],"timetracking":[{"edit":{"originalEstimate":"2h"}}],
		"comment":[{"add":{"body":`+document+`}}],"worklog":[{"add":{"timeSpent":"30m","started":"2026-11-19T10:00:00.000+0000"}}],
		"issuelinks":[{"add":{"type":{"name":"Blocks"},"outwardIssue":{"key":"OPS-3"}}}]},"properties":[{"key":"p","value":{"n":1}}],"historyMetadata":{"type":"x"}}`)
	if a.status != 204 {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	parts(t, mia.fields(t, key), map[string]string{
		"labels": "[b]", "components.0.name": "Screen", "components.1": "<nil>", "customfield_20003.1.value": "Blue", "summary": "Changed", "duedate": "2027-01-01",
		"comment.total": "1", "worklog.worklogs.0.timeSpent": "30m", "timespent": "1800", "timeestimate": "5400", "issuelinks.0.outwardIssue.key": "OPS-3", "workratio": "25",
	})
	comment := part(mia.fields(t, key), "comment.comments.0.id").(string)
	if a := mia.get("/rest/api/3/issue/" + key + "/properties/p"); a.status != 200 {
		t.Errorf("the property: status %d", a.status)
	}
	for _, tt := range []struct{ body, want string }{
		{`{"update":{"labels":[{"edit":"x"}]}}`, "Field with id 'labels' and name 'Labels' does not support operation 'edit' Supported operation(s) are: 'add,set,remove'"},
		{`{"fields":{"labels":[]},"update":{"labels":[{"add":"x"}]}}`, "Field 'labels' cannot appear in both 'fields' and 'update'"},
	} {
		a := mia.do("PUT", "/rest/api/3/issue/"+key, tt.body)
		if got := part(a.json(t), "errorMessages.0"); a.status != 400 || got != tt.want {
			t.Errorf("%s: status %d: %v, want %s", tt.body, a.status, got, tt.want)
		}
	}
	a = mia.do("PUT", "/rest/api/3/issue/"+key+"?returnIssue=true&expand=names", `{"update":{"comment":[{"remove":{"id":"`+comment+`"}}]}}`)
	parts(t, a.json(t), map[string]string{"fields.comment.total": "0", "names.labels": "Labels", "key": key})
}

func TestChangelogHasJirasWords(t *testing.T) {
	mia := fieldSite(t).login("mia")
	key := mia.create(t, everyValue)
	a := mia.do("PUT", "/rest/api/3/issue/"+key, `{"fields":{"duedate":"2027-03-02","components":[{"id":"601"}],"customfield_20003":[{"value":"Red"}],
		"customfield_20005":{"value":"Asia"},"priority":{"name":"Low"},"customfield_20012":{"key":"OPS"}}}`)
	if a.status != 204 {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	got := map[string]string{}
	for _, item := range part(mia.get("/rest/api/3/issue/"+key+"?expand=changelog").json(t), "changelog.histories.0.items").([]any) {
		i := item.(object)
		got[i["field"].(string)] = fmt.Sprint(i["from"], "|", i["fromString"], "|", i["to"], "|", i["toString"])
	}
	want := map[string]string{
		"duedate": "2027-03-01|2027-03-01 00:00:00.0|2027-03-02|2027-03-02 00:00:00.0", "Component": "602|Screen|<nil>|<nil>", "priority": "2|High|4|Low",
		"Field 20003": "[1, 2]|Red,Blue|[1]|Red", "Field 20005": "<nil>|Parent values: Europe(5)Level 1 values: Berlin(6)|<nil>|Parent values: Asia(7)",
		"Field 20012": "10002|Facilities|10000|IT assets",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changelog (-want +got):\n%s", diff)
	}
}

func TestScreensAndPermissionsDecideWhatIsWritten(t *testing.T) {
	site := fieldSite(t, func(tx *world.Tx) error {
		small := &world.Screen{Name: "Small", Tabs: []world.Tab{{ID: "1", Name: "Fields", Fields: []world.ScreenField{
			{Field: "summary"}, {Field: "labels", Required: true}, {Field: world.Serial}, {Field: "resolution"},
		}}}}
		return errors.Join(tx.Put(small), tx.Put(&world.ScreenUse{Project: "10000", Type: "10003", Screen: small.ID}))
	})
	mia, jonas := site.login("mia"), site.login("jonas")
	monitor := func(more string) string {
		return `{"fields":{"project":{"key":"OPS"},"issuetype":{"name":"Monitor"},"summary":"M"` + more + `}}`
	}
	for _, tt := range []struct {
		name   string
		who    *person
		method string
		path   string
		body   string
		status int
		want   object
	}{
		{"required", mia, "POST", "/rest/api/3/issue", monitor(""), 400, object{"labels": "Labels is required."}},
		{"given", mia, "POST", "/rest/api/3/issue", monitor(`,"labels":["x"]`), 201, nil},
		{"not shown", mia, "POST", "/rest/api/3/issue", monitor(`,"labels":["x"],"duedate":"2027-01-01"`), 400, object{"duedate": "Field 'duedate' cannot be set. It is not on the appropriate screen, or unknown."}},
		{"resolution on the screen", mia, "PUT", "/rest/api/3/issue/OPS-21", `{"fields":{"resolution":{"name":"Done"}}}`, 204, nil},
		{"emptied", mia, "PUT", "/rest/api/3/issue/OPS-21", `{"fields":{"labels":[]}}`, 400, object{"labels": "Labels is required."}},
		{"reporter without permission", jonas, "PUT", "/rest/api/3/issue/OPS-1", `{"fields":{"reporter":{"id":"712020:8b21d7c4-jonas-user"}}}`, 400, object{"reporter": "Field 'reporter' cannot be set. It is not on the appropriate screen, or unknown."}},
		{"a person overrides nothing", mia, "PUT", "/rest/api/3/issue/OPS-21?overrideScreenSecurity=true", `{"fields":{"duedate":"2027-01-01"}}`, 403, nil},
		{"a subtask", mia, "POST", "/rest/api/3/issue", `{"fields":{"project":{"key":"OPS"},"issuetype":{"name":"Part"},"summary":"P","parent":{"key":"OPS-1"}}}`, 201, nil},
		{"its parent stays", mia, "DELETE", "/rest/api/3/issue/OPS-1", "", 400, nil},
		{"its parent goes with it", mia, "DELETE", "/rest/api/3/issue/OPS-1?deleteSubtasks=true", "", 204, nil},
	} {
		a := tt.who.do(tt.method, tt.path, tt.body)
		if a.status != tt.status {
			t.Errorf("%s: status %d, want %d: %s", tt.name, a.status, tt.status, a.body)
			continue
		}
		if tt.want != nil {
			if diff := cmp.Diff(tt.want, a.json(t)["errors"]); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.name, diff)
			}
		}
	}
	shown := mia.get("/rest/api/3/issue/OPS-21/editmeta").json(t)["fields"].(object)
	if diff := cmp.Diff([]string{"customfield_10001", "labels", "resolution", "summary"}, slices.Sorted(maps.Keys(shown))); diff != "" {
		t.Errorf("editmeta (-want +got):\n%s", diff)
	}
}

func TestMetadataSaysWhatFieldsTake(t *testing.T) {
	mia := fieldSite(t).login("mia")
	fields := object{}
	for _, f := range mia.get("/rest/api/3/issue/createmeta/OPS/issuetypes/10001?maxResults=200").json(t)["fields"].([]any) {
		fields[f.(object)["fieldId"].(string)] = f
	}
	parts(t, fields, map[string]string{
		"components.allowedValues.0.name": "Case", "components.operations": "[add set remove]", "versions.allowedValues.1.name": "2.0", "versions.allowedValues.2": "<nil>",
		"priority.defaultValue.name": "Medium", "security.allowedValues.0.name": "Admins", "security.allowedValues.1": "<nil>", "customfield_20005.allowedValues.0.children.0.value": "Berlin",
		"customfield_20004.allowedValues.1": "<nil>", "customfield_20017.defaultValue": "7", "customfield_20017.hasDefaultValue": "true", "customfield_20013": "<nil>", "summary.required": "true",
		"resolution": "<nil>", "comment": "<nil>",
	})
	a := mia.get("/rest/api/3/issue/OPS-1?fields=description,created,comment&expand=renderedFields,names,schema,transitions,editmeta,changelog,operations,versionedRepresentations")
	parts(t, a.json(t), map[string]string{
		"renderedFields.description": "<p>Spare power supply is in the drawer. Keyboard layout: German.</p>", "schema.created.type": "datetime", "names.comment": "Comment",
		"transitions.0.name": "Put in stock", "editmeta.fields.comment.operations": "[add edit remove]", "changelog.total": "0", "versionedRepresentations.description.1.type": "doc",
		"editmeta.fields.issuetype.allowedValues.3.name": "Software licence", "fields": "<nil>",
	})
	if got := mia.get("/rest/api/3/issue/HR-1/editmeta").json(t)["fields"].(object)["customfield_20017"]; got != nil {
		t.Errorf("a field is offered where it is not: %v", got)
	}
}
