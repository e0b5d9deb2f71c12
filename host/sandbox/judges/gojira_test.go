package judges_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	jira "github.com/andygrunwald/go-jira"

	"github.com/pergola-platform/pergola/host/sandbox/sandboxtest"
)

// goJira is a client that speaks version 2 of the interface and signs as a Connect app with code of its own.
type goJira struct {
	*jira.Client
	t                           *testing.T
	calls, unserved, deviations int
}

// check judges one call. What the sandbox does not serve is counted and is no deviation.
func (g *goJira) check(name string, resp *jira.Response, err error, ok func() bool) (served bool) {
	g.t.Helper()
	if resp != nil {
		defer resp.Body.Close()
		if resp.StatusCode == http.StatusNotImplemented {
			g.unserved++
			return false
		}
	}
	g.calls++
	if err != nil || !ok() {
		g.deviations++
		g.t.Errorf("%s: error %v, or not what was asked for", name, err)
		return false
	}
	return true
}

func always() bool { return true }

func TestGoJiraSignsInAsAnApp(t *testing.T) {
	site := sandboxtest.Start(t)
	app := site.InstallApp("judge-go-jira", "ADMIN")
	transport := jira.JWTAuthTransport{Secret: []byte(app.Secret), Issuer: app.Key}
	client, err := jira.NewClient(transport.Client(), site.URL)
	if err != nil {
		t.Fatal(err)
	}
	g := &goJira{Client: client, t: t}
	g.readSite()
	g.changeIssue()
	g.readDesk()
	figure(t, "gojira_operations_called", g.calls)
	figure(t, "gojira_operations_unserved", g.unserved)
	figure(t, "gojira_deviations", g.deviations)
}

func (g *goJira) readSite() {
	ctx := g.t.Context()
	me, resp, err := g.User.GetSelfWithContext(ctx)
	g.check("myself", resp, err, func() bool { return me.AccountType == "app" && me.AccountID != "" })
	mia, resp, err := g.User.GetWithContext(ctx, "712020:5f3c1e0a-mia-admin")
	g.check("user", resp, err, func() bool { return mia.DisplayName == "Mia Admin" && mia.Active })
	people, resp, err := g.User.FindWithContext(ctx, "mia")
	g.check("find users", resp, err, func() bool { return len(people) > 0 })
	fields, resp, err := g.Field.GetListWithContext(ctx)
	g.check("fields", resp, err, func() bool {
		return slices.ContainsFunc(fields, func(f jira.Field) bool { return f.ID == "customfield_10001" && f.Custom })
	})
	project, resp, err := g.Project.GetWithContext(ctx, "OPS")
	g.check("project", resp, err, func() bool {
		return project.Key == "OPS" && len(project.IssueTypes) > 0 && project.Lead.DisplayName != ""
	})
	projects, resp, err := g.Project.GetListWithContext(ctx)
	g.check("projects", resp, err, func() bool { return len(*projects) > 1 })
	statuses, resp, err := g.Status.GetAllStatusesWithContext(ctx)
	g.check("statuses", resp, err, func() bool { return len(statuses) > 1 && statuses[0].StatusCategory.Key != "" })
	priorities, resp, err := g.Priority.GetListWithContext(ctx)
	g.check("priorities", resp, err, func() bool { return len(priorities) > 0 })
	// Its list of link types is left out: it expects an array, where Atlassian's document, and jira.js, have an object.
	_, resp, err = g.Group.GetWithOptionsWithContext(ctx, "jira-users", &jira.GroupSearchOptions{MaxResults: 10})
	g.check("group", resp, err, always)
}

func (g *goJira) changeIssue() {
	ctx, issues := g.t.Context(), g.Issue
	const text = "First line\nsecond line\n\nAnother paragraph"
	made, resp, err := issues.CreateWithContext(ctx, &jira.Issue{Fields: &jira.IssueFields{
		Project: jira.Project{Key: "OPS"}, Type: jira.IssueType{Name: "Laptop"}, Summary: "Made by go-jira", Description: text,
	}})
	if !g.check("create", resp, err, func() bool { return made.Key != "" }) {
		return
	}
	got, resp, err := issues.GetWithContext(ctx, made.Key, nil)
	g.check("issue", resp, err, func() bool { return got.Fields.Description == text && got.Fields.Reporter.AccountType == "app" })
	_, resp, err = issues.UpdateWithContext(ctx, &jira.Issue{Key: made.Key, Fields: &jira.IssueFields{Summary: "Changed by go-jira"}})
	g.check("edit", resp, err, always)
	found, resp, err := issues.SearchV2JQLWithContext(ctx, `project = OPS AND summary ~ "changed"`, &jira.SearchOptionsV2{Fields: []string{"summary"}})
	g.check("search", resp, err, func() bool { return len(found) == 1 && found[0].Fields.Summary == "Changed by go-jira" })

	steps, resp, err := issues.GetTransitionsWithContext(ctx, made.Key)
	if g.check("transitions", resp, err, func() bool { return len(steps) > 0 && steps[0].To.Name != "" }) {
		resp, err = issues.DoTransitionWithContext(ctx, made.Key, steps[0].ID)
		g.check("transition", resp, err, always)
		got, resp, err = issues.GetWithContext(ctx, made.Key, nil)
		g.check("issue after it", resp, err, func() bool { return got.Fields.Status.Name == steps[0].To.Name })
	}
	comment, resp, err := issues.AddCommentWithContext(ctx, made.Key, &jira.Comment{Body: text})
	if g.check("comment", resp, err, func() bool { return comment.Body == text && comment.ID != "" }) {
		comment.Body = "Another"
		changed, resp, err := issues.UpdateCommentWithContext(ctx, made.Key, &jira.Comment{ID: comment.ID, Body: "Another"})
		g.check("change a comment", resp, err, func() bool { return changed.Body == "Another" })
	}
	note, resp, err := issues.PostAttachmentWithContext(ctx, made.Key, strings.NewReader("A note"), "note.txt")
	if g.check("attach", resp, err, func() bool { return len(*note) == 1 && (*note)[0].Size == 6 }) {
		resp, err = issues.DownloadAttachmentWithContext(ctx, (*note)[0].ID)
		g.check("download", resp, err, func() bool { raw, _ := io.ReadAll(resp.Body); return string(raw) == "A note" })
	}
	resp, err = issues.AddLinkWithContext(ctx, &jira.IssueLink{
		Type: jira.IssueLinkType{Name: "Relates"}, InwardIssue: &jira.Issue{Key: made.Key}, OutwardIssue: &jira.Issue{Key: "OPS-3"},
	})
	if g.check("link", resp, err, always) {
		got, resp, err = issues.GetWithContext(ctx, made.Key, nil)
		g.check("issue with it", resp, err, func() bool { return len(got.Fields.IssueLinks) == 1 })
	}
	_, resp, err = issues.AddRemoteLinkWithContext(ctx, made.Key, &jira.RemoteLink{
		GlobalID: "judge=1", Object: &jira.RemoteLinkObject{URL: "https://example.com/1", Title: "A page"},
	})
	if g.check("remote link", resp, err, always) {
		links, resp, err := issues.GetRemoteLinksWithContext(ctx, made.Key)
		g.check("remote links", resp, err, func() bool { return len(*links) == 1 && (*links)[0].Object.Title == "A page" })
	}
	meta, resp, err := issues.GetEditMetaWithContext(ctx, &jira.Issue{Key: made.Key})
	g.check("what can be edited", resp, err, func() bool { return len(meta.Fields) > 0 })

	resp, err = issues.DeleteWithContext(ctx, made.Key)
	g.check("delete", resp, err, always)
	_, resp, err = issues.GetWithContext(ctx, made.Key, nil)
	if resp == nil || resp.StatusCode != http.StatusNotFound || err == nil {
		g.t.Errorf("a deleted issue: %v", err)
	}
}

func (g *goJira) readDesk() {
	ctx := g.t.Context()
	_, resp, err := g.ServiceDesk.GetOrganizationsWithContext(ctx, 1, 0, 10, "")
	if resp == nil || resp.StatusCode != http.StatusNotFound || err == nil {
		g.t.Errorf("organizations of a desk, of which the office has none: %v", err)
	}
	_, resp, err = g.Organization.GetAllOrganizationsWithContext(ctx, 0, 10, "")
	g.check("organizations", resp, err, always)
}
