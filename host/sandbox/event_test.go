package sandbox_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// happening is something that somebody does, with the events that it makes: by name, the members that their bodies have.
type happening struct {
	method, path, body string
	connect, forge     map[string]string
}

// happenings are everything of which apps hear, in an order in which each finds what it needs.
var happenings = []happening{
	{"POST", "/rest/api/3/issue/OPS-1/worklog", `{"timeSpent":"1h"}`,
		map[string]string{"worklog_created": "worklog.id worklog.issueId worklog.author.accountId worklog.started worklog.timeSpentSeconds"},
		map[string]string{"avi:jira:created:worklog": "worklog.id worklog.issueId worklog.author.accountId worklog.started worklog.timeSpentSeconds"}},
	{"PUT", "/rest/api/3/issue/OPS-1/worklog/10000", `{"timeSpent":"2h"}`,
		map[string]string{"worklog_updated": "worklog.id"}, map[string]string{"avi:jira:updated:worklog": "worklog.id"}},
	{"DELETE", "/rest/api/3/issue/OPS-1/worklog/10000", "",
		map[string]string{"worklog_deleted": "worklog.id"}, map[string]string{"avi:jira:deleted:worklog": "worklog.id"}},
	{"POST", "/rest/api/3/issue/OPS-1/attachments", "FILE",
		map[string]string{"attachment_created": "attachment.id attachment.filename attachment.author.accountId attachment.size attachment.mimeType attachment.content"},
		map[string]string{"avi:jira:created:attachment": "attachment.id attachment.issueId attachment.fileName attachment.size attachment.mimeType attachment.author.accountId"}},
	{"DELETE", "/rest/api/3/attachment/10000", "",
		map[string]string{"attachment_deleted": "attachment.id"}, map[string]string{"avi:jira:deleted:attachment": "attachment.id"}},
	{"POST", "/rest/api/3/issue/OPS-1/comment", `{"body":DOC}`,
		map[string]string{"comment_created": "comment.id comment.body issue.key"}, map[string]string{"avi:jira:commented:issue": "comment.id issue.key"}},
	{"PUT", "/rest/api/3/issue/OPS-1/comment/10000", `{"body":DOC}`, map[string]string{"comment_updated": "comment.id"}, map[string]string{"avi:jira:commented:issue": "comment.id"}},
	{"DELETE", "/rest/api/3/issue/OPS-1/comment/10000", "",
		map[string]string{"comment_deleted": "comment.id"}, map[string]string{"avi:jira:deleted:comment": "comment.id issue.key"}},
	{"POST", "/rest/api/3/issueLink", `{"type":{"name":"Blocks"},"inwardIssue":{"key":"OPS-1"},"outwardIssue":{"key":"OPS-3"}}`,
		map[string]string{"issuelink_created": "issueLink.id issueLink.sourceIssueId issueLink.destinationIssueId issueLink.issueLinkType.name"},
		map[string]string{"avi:jira:created:issuelink": "id sourceIssueId destinationIssueId issueLinkType.name"}},
	{"DELETE", "/rest/api/3/issueLink/10000", "",
		map[string]string{"issuelink_deleted": "issueLink.id"}, map[string]string{"avi:jira:deleted:issuelink": "id"}},
	{"PUT", "/rest/api/3/issue/OPS-1/properties/p", `1`, map[string]string{"issue_property_set": "issue.key property.key"}, nil},
	{"DELETE", "/rest/api/3/issue/OPS-1/properties/p", "", map[string]string{"issue_property_deleted": "issue.key property.key"}, nil},

	{"POST", "/rest/api/3/version", `{"name":"1","project":"OPS","releaseDate":"2026-12-24"}`,
		map[string]string{"jira:version_created": "version.id version.name version.projectId version.releaseDate version.released version.archived"},
		map[string]string{"avi:jira:created:version": "version.id version.name version.projectId version.releaseDate version.released version.archived"}},
	{"POST", "/rest/api/3/version", `{"name":"2","project":"OPS"}`,
		map[string]string{"jira:version_created": "version.id"}, map[string]string{"avi:jira:created:version": "version.id"}},
	{"PUT", "/rest/api/3/version/10000", `{"description":"The first"}`,
		map[string]string{"jira:version_updated": "version.description"}, map[string]string{"avi:jira:updated:version": "version.description"}},
	{"PUT", "/rest/api/3/version/10000", `{"released":true}`,
		map[string]string{"jira:version_released": "version.id"}, map[string]string{"avi:jira:released:version": "version.id"}},
	{"PUT", "/rest/api/3/version/10000", `{"released":false}`,
		map[string]string{"jira:version_unreleased": "version.id"}, map[string]string{"avi:jira:unreleased:version": "version.id"}},
	{"PUT", "/rest/api/3/version/10000", `{"archived":true}`,
		map[string]string{"jira:version_updated": "version.id"}, map[string]string{"avi:jira:archived:version": "version.id"}},
	{"PUT", "/rest/api/3/version/10000", `{"archived":false}`,
		map[string]string{"jira:version_updated": "version.id"}, map[string]string{"avi:jira:unarchived:version": "version.id"}},
	{"POST", "/rest/api/3/version/10001/move", `{"position":"First"}`,
		map[string]string{"jira:version_moved": "version.id"}, map[string]string{"avi:jira:moved:version": "version.id"}},
	{"PUT", "/rest/api/3/version/10000/mergeto/10001", "",
		map[string]string{"jira:version_deleted": "version.id mergedTo.id", "jira:version_merged": "version.id mergedVersion.id"},
		map[string]string{"avi:jira:deleted:version": "version.id newFixVersion.id newAffectsVersion.id", "avi:jira:merged:version": "version.id mergedVersion.id"}},
	{"POST", "/rest/api/3/component", `{"name":"Hardware","project":"OPS"}`, nil, map[string]string{"avi:jira:created:component": "component.id component.name component.assigneeType"}},
	{"PUT", "/rest/api/3/component/10000", `{"name":"Ware"}`, nil, map[string]string{"avi:jira:updated:component": "component.id"}},
	{"DELETE", "/rest/api/3/component/10000", "", nil, map[string]string{"avi:jira:deleted:component": "component.id"}},

	{"POST", "/rest/api/3/project", `{"key":"NEW","name":"New","leadAccountId":"712020:5f3c1e0a-mia-admin","projectTypeKey":"business"}`,
		map[string]string{"project_created": "project.id project.key project.name project.projectLead.accountId project.assigneeType project.avatarUrls"},
		map[string]string{"avi:jira:created:project": "project.id project.key project.name"}},
	{"PUT", "/rest/api/3/project/NEW", `{"name":"Newer"}`,
		map[string]string{"project_updated": "project.name"}, map[string]string{"avi:jira:updated:project": "project.name"}},
	{"POST", "/rest/api/3/project/NEW/archive", "",
		map[string]string{"project_archived": "project.key"}, map[string]string{"avi:jira:archived:project": "project.key"}},
	{"POST", "/rest/api/3/project/NEW/restore", "",
		map[string]string{"project_restored_archived": "project.key"}, map[string]string{"avi:jira:unarchived:project": "project.key"}},
	{"DELETE", "/rest/api/3/project/NEW", "",
		map[string]string{"project_soft_deleted": "project.key"}, map[string]string{"avi:jira:softdeleted:project": "project.key"}},
	{"POST", "/rest/api/3/project/NEW/restore", "",
		map[string]string{"project_restored_deleted": "project.key"}, map[string]string{"avi:jira:restored:project": "project.key"}},
	{"DELETE", "/rest/api/3/project/NEW?enableUndo=false", "",
		map[string]string{"project_deleted": "project.key"}, map[string]string{"avi:jira:deleted:project": "project.key"}},

	{"POST", "/rest/api/3/issuetype", `{"name":"Printer"}`,
		map[string]string{"issuetype_created": "issueType.id issueType.name issueType.hierarchyLevel"}, map[string]string{"avi:jira:created:issuetype": "issueType.id issueType.name"}},
	{"POST", "/rest/api/3/user", `{"emailAddress":"nina@pergola.example","products":["jira-core"]}`,
		map[string]string{"user_created": "user.accountId user.displayName user.avatarUrls"}, map[string]string{"avi:jira:created:user": "user.accountId user.displayName"}},
	{"POST", "/sandbox/users/nina/rename", `{"name":"Nina"}`,
		map[string]string{"user_updated": "user.displayName"}, map[string]string{"avi:jira:updated:user": "user.displayName"}},
	{"DELETE", "/rest/api/3/user?accountId=NINA", "",
		map[string]string{"user_deleted": "user.accountId"}, map[string]string{"avi:jira:deleted:user": "user.accountId"}},
}

// happen does it.
func (p *person) happen(h happening) {
	t := p.site.t
	t.Helper()
	path := h.path
	if strings.HasSuffix(path, "NINA") {
		path = strings.TrimSuffix(path, "NINA") + decodeList(t, p.get("/rest/api/3/user/search?query=nina"))[0]["accountId"].(string)
	}
	r := request(t, h.method, p.site.url+path, strings.ReplaceAll(h.body, "DOC", document))
	if h.body == "FILE" {
		var b bytes.Buffer
		form := multipart.NewWriter(&b)
		part, _ := form.CreateFormFile("file", "note.txt")
		_, _ = part.Write([]byte("words"))
		_ = form.Close()
		r = request(t, h.method, p.site.url+path, b.String())
		r.Header.Set("Content-Type", form.FormDataContentType())
		r.Header.Set("X-Atlassian-Token", "no-check")
	}
	if a := send(t, p.client, r); a.status > 299 {
		t.Fatalf("%s %s: status %d: %s", h.method, path, a.status, a.body)
	}
}

// lacks lists the members that a body does not have.
func lacks(body object, members string) (out []string) {
	for _, path := range strings.Fields(members) {
		var at any = body
		for name := range strings.SplitSeq(path, ".") {
			in, _ := at.(object)
			at = in[name]
		}
		if at == nil {
			out = append(out, path)
		}
	}
	return out
}

// names lists the events that are expected of both kinds of apps.
func names(of func(happening) map[string]string) (out []string) {
	for _, h := range happenings {
		for name := range of(h) {
			if !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

// told compares what an app heard of a happening with what it should hear.
func told(t *testing.T, h happening, want map[string]string, heard map[string]object) {
	t.Helper()
	for name, members := range want {
		body, ok := heard[name]
		if !ok {
			t.Errorf("%s %s: no %s among %q", h.method, h.path, name, slices.Collect(maps.Keys(heard)))
		} else if missing := lacks(body, members); missing != nil {
			t.Errorf("%s %s: %s lacks %q: %v", h.method, h.path, name, missing, body)
		}
	}
}

func TestConnectAppsHearOfEverythingThatChanges(t *testing.T) {
	site := openSite(t)
	heard := make(chan object, 100)
	app := newApp(t, func(d object) {
		hooks := []object{}
		for _, name := range names(func(h happening) map[string]string { return h.connect }) {
			hooks = append(hooks, object{"event": name, "url": "/hook"})
		}
		d["modules"].(object)["webhooks"] = hooks
	})
	app.serve["/hook"] = func(w http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body)
		var body object
		if err := json.Unmarshal(raw, &body); err != nil {
			t.Error(err)
		}
		heard <- body
	}
	app.keyHost = site.url + "/install-keys"
	site.mustInstall(app)
	mia := site.login("mia")
	for _, h := range happenings {
		mia.happen(h)
		got := map[string]object{}
		for range h.connect {
			body := <-heard
			got[body["webhookEvent"].(string)] = body
		}
		told(t, h, h.connect, got)
	}
	site.Settle()
	if n := len(heard); n != 0 {
		t.Errorf("%d more events", n)
	}
}

func TestForgeAppsHearOfEverythingThatChanges(t *testing.T) {
	f := openForge(t)
	f.mustInstallForge("[avi:jira:created:issue, avi:jira:updated:issue, avi:jira:commented:issue, avi:forge:installed:app, avi:forge:upgraded:app]",
		"["+strings.Join(names(func(h happening) map[string]string { return h.forge }), ", ")+"]")
	mia := f.login("mia")
	n := 0
	for _, h := range happenings {
		mia.happen(h)
		got := map[string]object{}
		for _, c := range f.await("/forge/events", n+len(h.forge))[n:] {
			got[c.body["eventType"].(string)] = c.body
		}
		n += len(h.forge)
		told(t, h, h.forge, got)
	}
	if more := len(f.at("/forge/events")) - n; more != 0 {
		t.Errorf("%d more events", more)
	}
}

func TestAppsHearOnlyOfWhatTheyMayRead(t *testing.T) {
	for scope, want := range map[string][]string{"NONE": nil, "READ": {"OPS-1", "HR-1"}} {
		site := openSite(t)
		heard := make(chan string, 10)
		app := newApp(t, func(d object) {
			d["scopes"] = []string{scope}
			d["modules"].(object)["webhooks"] = []object{{"event": "jira:issue_updated", "url": "/hook"}, {"event": "project_updated", "url": "/hook"}}
		})
		app.serve["/hook"] = func(_ http.ResponseWriter, r *http.Request) {
			var body struct {
				Issue   struct{ Key string }
				Project struct{ Key string }
			}
			_ = json.NewDecoder(r.Body).Decode(&body) // what it is, is compared
			heard <- body.Issue.Key + body.Project.Key
		}
		app.keyHost = site.url + "/install-keys"
		site.mustInstall(app)
		mia := site.login("mia")
		for _, key := range []string{"OPS-1", "HR-1"} {
			mia.do("PUT", "/rest/api/3/issue/"+key, `{"fields":{"summary":"Changed"}}`)
		}
		// A project that shows itself to its lead alone.
		secret := mia.do("POST", "/rest/api/3/permissionscheme", `{"name":"Secret","permissions":[{"permission":"BROWSE_PROJECTS","holder":{"type":"projectLead"}},
			{"permission":"EDIT_ISSUES","holder":{"type":"projectLead"}},{"permission":"ADMINISTER_PROJECTS","holder":{"type":"projectLead"}}]}`)
		if secret.status != http.StatusCreated {
			t.Fatal(secret.body)
		}
		lead := `{"leadAccountId":"712020:5f3c1e0a-mia-admin","permissionScheme":` + compact(t, secret.json(t)["id"]) + `}`
		if a := mia.do("PUT", "/rest/api/3/project/OPS", lead); a.status != http.StatusOK {
			t.Fatal(a.body)
		}
		mia.do("PUT", "/rest/api/3/issue/OPS-2", `{"fields":{"summary":"Changed"}}`)
		mia.do("PUT", "/rest/api/3/project/OPS", `{"name":"Another name"}`)
		mia.do("PUT", "/rest/api/3/project/HR", `{"description":"The last"}`)
		var got []string
		if want != nil {
			want = append(slices.Clone(want), "HR")
			for range want {
				got = append(got, <-heard)
			}
			slices.Sort(want)
			slices.Sort(got)
		}
		site.Settle()
		if diff := cmp.Diff(want, got); diff != "" || len(heard) > 0 {
			t.Errorf("with the scope %s (%d more): %s", scope, len(heard), diff)
		}
	}
}
