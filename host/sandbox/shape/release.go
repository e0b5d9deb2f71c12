package shape

import (
	"cmp"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// VersionJSON is a version of a project with its days; now decides whether it is overdue.
func (s Shape) VersionJSON(v *world.Version, now time.Time) Object {
	out := s.VersionRef(v)
	out["projectId"] = Number(v.Project)
	for name, day := range map[string]string{"startDate": v.Start, "releaseDate": v.Release} {
		if at, err := time.Parse(time.DateOnly, day); err == nil {
			out[name], out["user"+strings.ToUpper(name[:1])+name[1:]] = day, at.Format("2/Jan/06")
		}
	}
	if v.Release != "" && !v.Released {
		out["overdue"] = v.Release < now.UTC().Format(time.DateOnly)
	}
	return out
}

// ComponentJSON is a component of a project, with who gets its issues.
func (s Shape) ComponentJSON(st *world.State, p *world.Component) Object {
	who, how := st.ComponentAssignee(p)
	kind := cmp.Or(p.AssigneeType, world.ProjectDefault)
	project := st.Project(p.Project)
	out := Object{
		"self": s.Link("/rest/api/3/component/%s", p.ID), "id": p.ID, "name": p.Name, "project": project.Key, "projectId": Number(p.Project),
		"assigneeType": kind, "realAssigneeType": how, "isAssigneeTypeValid": how == kind,
	}
	if p.Description != "" {
		out["description"] = p.Description
	}
	if u := st.User(p.Lead); u != nil {
		out["lead"] = s.UserJSON(u)
	}
	if u := st.User(who); u != nil {
		out["assignee"], out["realAssignee"] = s.UserJSON(u), s.UserJSON(u)
	}
	return out
}
