package page

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// act has the REST interface do something to the issue, and goes back to it.
func (v *view) act(i *world.Issue, method, path string, body any) error {
	if err := v.ask(method, "/rest/api/3/issue/"+string(i.ID)+path, body, nil); err != nil {
		return err
	}
	return v.back(i)
}

// back goes to the issue, or to the dashboard if it is gone.
func (v *view) back(i *world.Issue) error {
	if i = v.now().Issue(i.ID); i == nil {
		return v.done("/", nil)
	}
	return v.done("/browse/"+i.Key, i)
}

// watchFromPage has the person follow the issue, or not any more.
func (s *Pages) watchFromPage(v *view) error {
	i, err := v.issueOf()
	if err != nil {
		return err
	}
	if slices.Contains(i.Watchers, v.user.Account) {
		return v.act(i, "DELETE", "/watchers?accountId="+url.QueryEscape(string(v.user.Account)), nil)
	}
	return v.act(i, "POST", "/watchers", v.user.Account)
}

// voteFromPage has the person vote for the issue, or takes the vote back.
func (s *Pages) voteFromPage(v *view) error {
	i, err := v.issueOf()
	if err != nil {
		return err
	}
	if slices.Contains(i.Voters, v.user.Account) {
		return v.act(i, "DELETE", "/votes", nil)
	}
	return v.act(i, "POST", "/votes", nil)
}

func (s *Pages) deleteFromPage(v *view) error {
	i, err := v.issueOf()
	if err != nil {
		return err
	}
	return v.act(i, "DELETE", "?deleteSubtasks=true", nil)
}

// archives says whether the person may put the issue away, or bring it back. Subtasks go with their parents.
func (v *view) archives(i *world.Issue) (may, back bool) {
	p := v.st.Project(i.Project)
	if !v.st.Can(v.user.Account, world.Administer) || p.Archived || v.st.Type(i.Type).Subtask() {
		return false, false
	}
	return !i.Archived, i.Archived
}

// archiveFromPage puts the issue away with its subtasks, or brings it back.
func (s *Pages) archiveFromPage(v *view) error {
	i, err := v.issueOf()
	if err != nil {
		return err
	}
	to := "archive"
	if i.Archived {
		to = "unarchive"
	}
	if err := v.ask("PUT", "/rest/api/3/issue/"+to, map[string]any{"issueIdsOrKeys": []string{string(i.ID)}}, nil); err != nil {
		return err
	}
	return v.back(i)
}

func worklogForm(i *world.Issue) form {
	return form{
		Title: "Log work on " + i.Key, Action: "/browse/" + i.Key + "/worklog", Submit: "Log", Cancel: "/browse/" + i.Key,
		Note: "Use w, d, h and m: 1d 2h 30m. A day has eight hours.",
		Fields: []formField{
			{ID: "spent", Name: "Time spent", Required: true, Widget: textBox},
			{ID: "body", Name: "Work description", Widget: documentBox},
		},
	}
}

func (s *Pages) worklogPage(v *view) error {
	i, err := v.issueOf()
	if err != nil {
		return err
	}
	return v.showForm(http.StatusOK, worklogForm(i))
}

// worklogFromPage logs work, or deletes the worklog of the address.
func (s *Pages) worklogFromPage(v *view) error {
	i, err := v.issueOf()
	if err != nil {
		return err
	}
	if id := v.r.PathValue("worklog"); id != "" {
		return v.act(i, "DELETE", "/worklog/"+pathEscape(id), nil)
	}
	f := worklogForm(i)
	_ = v.r.ParseForm() // an empty form is refused below
	for n := range f.Fields {
		f.Fields[n].take(v.r.PostForm)
	}
	if n, ok := shape.ParseDuration(f.Fields[0].Text); !ok || n == 0 {
		return v.refuse(f, rest.FailField("spent", "Type a time such as 1d 2h 30m."))
	}
	body := map[string]any{"timeSpent": f.Fields[0].Text}
	if doc := documentOf(f.Fields[1].Text); doc != nil {
		body["comment"] = doc
	}
	err = v.act(i, "POST", "/worklog", body)
	var e *rest.Error
	if errors.As(err, &e) {
		return v.refuse(f, e)
	}
	return err
}
