package judges_test

import (
	"net/http"
	"slices"
	"testing"

	jira "github.com/andygrunwald/go-jira"

	"github.com/pergola-platform/pergola/host/sandbox/sandboxtest"
)

// go-jira speaks version 2 of the interface and signs as a Connect app with code of its own.
func TestGoJiraSignsInAsAnApp(t *testing.T) {
	site := sandboxtest.Start(t)
	app := site.InstallApp("judge-go-jira", "READ", "WRITE", "DELETE")
	transport := jira.JWTAuthTransport{Secret: []byte(app.Secret), Issuer: app.Key}
	c, err := jira.NewClient(transport.Client(), site.URL)
	if err != nil {
		t.Fatal(err)
	}
	calls, deviations := 0, 0
	check := func(name string, resp *jira.Response, err error, ok func() bool) {
		t.Helper()
		calls++
		if resp != nil {
			defer resp.Body.Close()
		}
		if err != nil || !ok() {
			deviations++
			t.Errorf("%s: error %v, or not what was asked for", name, err)
		}
	}
	ctx := t.Context()

	me, resp, err := c.User.GetSelfWithContext(ctx)
	check("myself", resp, err, func() bool { return me.AccountType == "app" && me.AccountID != "" })
	mia, resp, err := c.User.GetWithContext(ctx, "712020:5f3c1e0a-mia-admin")
	check("user", resp, err, func() bool { return mia.DisplayName == "Mia Admin" && mia.Active })
	fields, resp, err := c.Field.GetListWithContext(ctx)
	check("fields", resp, err, func() bool {
		return slices.ContainsFunc(fields, func(f jira.Field) bool { return f.ID == "customfield_10001" && f.Custom })
	})
	project, resp, err := c.Project.GetWithContext(ctx, "OPS")
	check("project", resp, err, func() bool {
		return project.Key == "OPS" && len(project.IssueTypes) > 0 && project.Lead.DisplayName != ""
	})

	const text = "First line\nsecond line\n\nAnother paragraph"
	made, resp, err := c.Issue.CreateWithContext(ctx, &jira.Issue{Fields: &jira.IssueFields{
		Project: jira.Project{Key: "OPS"}, Type: jira.IssueType{Name: "Laptop"}, Summary: "Made by go-jira", Description: text,
	}})
	check("create", resp, err, func() bool { return made.Key != "" })
	if err != nil {
		return
	}
	got, resp, err := c.Issue.GetWithContext(ctx, made.Key, nil)
	check("issue", resp, err, func() bool { return got.Fields.Description == text && got.Fields.Reporter.AccountID == me.AccountID })
	got.Fields = &jira.IssueFields{Summary: "Changed by go-jira"}
	_, resp, err = c.Issue.UpdateWithContext(ctx, &jira.Issue{Key: made.Key, Fields: got.Fields})
	check("edit", resp, err, func() bool { return true })
	found, resp, err := c.Issue.SearchV2JQLWithContext(ctx, "project = OPS AND summary ~ changed", &jira.SearchOptionsV2{Fields: []string{"summary"}})
	check("search", resp, err, func() bool { return len(found) == 1 && found[0].Fields.Summary == "Changed by go-jira" })
	resp, err = c.Issue.DeleteWithContext(ctx, made.Key)
	check("delete", resp, err, func() bool { return true })
	_, resp, err = c.Issue.GetWithContext(ctx, made.Key, nil)
	if resp == nil || resp.StatusCode != http.StatusNotFound || err == nil {
		t.Errorf("a deleted issue: %v", err)
	}

	figure(t, "gojira_operations_called", calls)
	figure(t, "gojira_deviations", deviations)
}
