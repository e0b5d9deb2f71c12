package page

import (
	"net/http"

	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/forge"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// forgePage shows a module of a Forge app on a page of its own: /forge/apps/{appKey}/{module}, with an issue or a project as a
// parameter where the module stands beside one. What follows in the path is the app's own, see createHistory in forge/history.js.
func (s *Pages) forgePage(v *view) error {
	where := connect.Surrounding{User: v.user}
	if key := v.r.URL.Query().Get("issue"); key != "" {
		if where.Issue = v.st.FindIssue(key); !v.st.Sees(v.user.Account, where.Issue) {
			return rest.NoIssue()
		}
		where.Project = v.st.Project(where.Issue.Project)
	} else if key := v.r.URL.Query().Get("project"); key != "" {
		if where.Project = v.st.FindProject(key); !v.st.CanIn(v.user.Account, world.BrowseProjects, where.Project) {
			return rest.Fail(http.StatusNotFound, "No project could be found with key '%s'.", key)
		}
	}
	kinds := []string{forge.GlobalPage, forge.AdminPage, forge.ProjectPage, forge.ProjectSettings, forge.IssuePanel, forge.IssueContext}
	f, kind, ok := s.forge.Frame(v.st, world.AppKey(v.r.PathValue("appKey")), v.r.PathValue("module"), kinds, where)
	switch {
	case !ok:
		return rest.Fail(http.StatusNotFound, "There is no such page of a Forge app.")
	case kind == forge.AdminPage && !v.st.Can(v.user.Account, world.Administer):
		return rest.Fail(http.StatusForbidden, "Only a site admin can open this page.")
	case kind == forge.ProjectSettings && !v.st.CanIn(v.user.Account, world.AdministerProject, where.Project):
		return rest.Fail(http.StatusForbidden, "Only who administers the project can open this page.")
	case (kind == forge.IssuePanel || kind == forge.IssueContext) && where.Issue == nil:
		return rest.Fail(http.StatusNotFound, "The module stands beside an issue: open it with ?issue=KEY.")
	}
	body := struct {
		Frame forge.Frame
		Issue *world.Issue
	}{f, where.Issue}
	return v.render(http.StatusOK, "forge.html", f.Title, "apps", body, connect.Frame{URL: f.URL})
}

// forgePanels are the panels of Forge apps on an issue, and what they need of the page.
func (s *Pages) forgePanels(v *view, where connect.Surrounding) (panels []forge.Frame, frames []connect.Frame) {
	panels = append(s.forge.Frames(v.st, forge.IssuePanel, where), s.forge.Frames(v.st, forge.IssueContext, where)...)
	for _, f := range panels {
		frames = append(frames, connect.Frame{URL: f.URL})
	}
	return panels, frames
}
