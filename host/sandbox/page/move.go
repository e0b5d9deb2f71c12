package page

import (
	"net/http"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *Pages) movePage(v *view) error {
	i, err := v.issueOf()
	if err != nil {
		return err
	}
	to := formField{ID: "project", Name: "Project", Required: true, Widget: choiceBox}
	for _, p := range v.createProjects() {
		to.Options = append(to.Options, formOption{ID: p.Key, Name: p.Name + " (" + p.Key + ")", Chosen: p.ID == i.Project})
	}
	return v.showForm(http.StatusOK, form{
		Title: "Move " + i.Key, Action: "/browse/" + i.Key + "/move", Submit: "Move", Cancel: "/browse/" + i.Key, Fields: []formField{to},
		Note: "The issue and its subtasks get new keys; the old ones lead to them.",
	})
}

// moveFromPage moves the issue on the world itself: Jira has no simple call for that.
func (s *Pages) moveFromPage(v *view) error {
	i, err := v.issueOf()
	if err != nil {
		return err
	}
	err = s.store.ChangeAs(v.user.Account, func(tx *world.Tx) error {
		now, to := tx.Issue(i.ID), tx.FindProject(v.r.PostFormValue("project"))
		switch {
		case now == nil || !tx.CanDo(v.user.Account, world.MoveIssues, now):
			return rest.Fail(http.StatusForbidden, "You may not move the issue.")
		case !tx.CanIn(v.user.Account, world.CreateIssues, to):
			return rest.Fail(http.StatusForbidden, "You may not create issues in that project.")
		}
		return tx.MoveIssue(i.ID, to.ID)
	})
	if err != nil {
		return err
	}
	return v.back(i)
}
