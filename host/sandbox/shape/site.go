package shape

import (
	"cmp"
	"hash/fnv"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s Shape) avatars(glyph string) Object {
	out := Object{}
	for _, size := range []string{"16x16", "24x24", "32x32", "48x48"} {
		out[size] = s.Link("/static/%s.svg?size=%s", glyph, size)
	}
	return out
}

// UserOrNil is the user of an account; nil for one that is not there.
func (s Shape) UserOrNil(st *world.State, a world.AccountID) any {
	if u := st.User(a); u != nil {
		return s.UserJSON(u)
	}
	return nil
}

// UserJSON is a user as others see it: without the address, unless its owner shows it.
func (s Shape) UserJSON(u *world.User) Object {
	out := Object{
		"self": s.Link("/rest/api/3/user?accountId=%s", u.Account), "accountId": u.Account, "accountType": "atlassian",
		"displayName": u.Name, "active": !u.Closed, "avatarUrls": s.avatars("person"),
	}
	if u.TimeZone != "" {
		out["timeZone"] = u.TimeZone
	}
	if u.App {
		out["accountType"] = "app"
	}
	if u.ShowsEmail {
		out["emailAddress"] = u.Email
	}
	return out
}

// CategoryJSON is a category of projects.
func (s Shape) CategoryJSON(c *world.Category) Object {
	return Object{"self": s.Link("/rest/api/3/projectCategory/%s", c.ID), "id": c.ID, "name": c.Name, "description": c.Description}
}

// ProjectRef is a project as the value of a field.
func (s Shape) ProjectRef(st *world.State, p *world.Project) Object {
	out := Object{
		"self": s.Link("/rest/api/3/project/%s", p.ID), "id": p.ID, "key": p.Key, "name": p.Name,
		"projectTypeKey": "business", "simplified": false, "avatarUrls": s.avatars("project"),
	}
	if c := st.Category(p.Category); c != nil {
		out["projectCategory"] = s.CategoryJSON(c)
	}
	return out
}

// ProjectJSON is a project; full adds what lists of projects leave out.
func (s Shape) ProjectJSON(st *world.State, p *world.Project, full bool) Object {
	out := s.ProjectRef(st, p)
	out["expand"] = "description,lead,issueTypes,url,projectKeys,permissions,insight"
	out["projectTypeKey"], out["style"], out["simplified"] = cmp.Or(p.Kind, "business"), cmp.Or(p.Style, "classic"), p.Style == "next-gen"
	out["isPrivate"], out["properties"] = false, Object{}
	if p.Archived {
		out["archived"], out["archivedDate"], out["archivedBy"] = true, p.ArchivedAt.Format(JiraTime), s.UserOrNil(st, p.ArchivedBy)
	}
	if full {
		types := []Object{}
		for _, t := range p.Types {
			types = append(types, s.TypeJSON(st.Type(t)))
		}
		out["description"], out["lead"], out["issueTypes"] = p.Description, s.UserOrNil(st, p.Lead), types
		out["assigneeType"], out["components"], out["versions"], out["roles"] = "UNASSIGNED", []Object{}, []Object{}, Object{}
	}
	return out
}

// VisibleProjects lists the projects that somebody may see, by key.
func VisibleProjects(st *world.State, who world.AccountID) []*world.Project {
	var out []*world.Project
	for p := range st.Projects.All() {
		if st.CanIn(who, world.BrowseProjects, p) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *world.Project) int { return cmp.Compare(a.Key, b.Key) })
	return out
}

// TaskJSON is a task that goes on after its request.
func (s Shape) TaskJSON(t *world.Task) Object {
	out := Object{
		"self": s.Link("/rest/api/3/task/%s", t.ID), "id": t.ID, "description": t.Description, "status": t.Status, "message": t.Message,
		"progress": t.Progress, "submittedBy": userNumber(t.By), "submitted": t.Submitted.UnixMilli(), "started": t.Started.UnixMilli(),
		"finished": t.Finished.UnixMilli(), "lastUpdate": t.Finished.UnixMilli(), "elapsedRuntime": t.Finished.Sub(t.Started).Milliseconds(),
	}
	if len(t.Result) > 0 {
		out["result"] = t.Result
	}
	return out
}

// userNumber is the number that tasks name people by. In Jira nothing else leads from it to an account, either.
func userNumber(a world.AccountID) int64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(a)) // a hash takes everything
	return 10000 + int64(h.Sum32()%1000000)
}
