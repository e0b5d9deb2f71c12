package seeding

import (
	"fmt"
	"strconv"

	"github.com/pergola-platform/pergola/host/sandbox/seed"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// projectKeys gives the projects their ids, which contexts of fields name before the projects are written.
func (w *siteWriter) projectKeys() error {
	ids := numbered(w.site.Projects, "", 10000, func(p *seed.Project) string { return p.ID })
	for n, p := range w.site.Projects {
		w.projects[p.Key] = world.ProjectID(ids[n])
	}
	return nil
}

func (w *siteWriter) allProjects() error {
	requests := w.requestIDs()
	for n := range w.site.Projects {
		p := &w.site.Projects[n]
		if err := w.project(p, requests[p.Key]); err != nil {
			return fmt.Errorf("project %s: %w", p.Key, err)
		}
	}
	return nil
}

// requestIDs numbers the request types, which is done for the whole site.
func (w *siteWriter) requestIDs() map[string][]string {
	var list []seed.RequestType
	for _, p := range w.site.Projects {
		if p.Service != nil {
			list = append(list, p.Service.RequestTypes...)
		}
	}
	ids := numbered(list, "", 1, func(t *seed.RequestType) string { return t.ID })
	out := map[string][]string{}
	for _, p := range w.site.Projects {
		if p.Service != nil {
			n := len(p.Service.RequestTypes)
			out[p.Key], ids = ids[:n], ids[n:]
		}
	}
	return out
}

func (w *siteWriter) project(p *seed.Project, requestIDs []string) error {
	project := &world.Project{
		ID: w.projects[p.Key], Key: p.Key, Name: p.Name, Description: p.Description, Lead: w.users[p.Lead], Category: w.categories[p.Category],
		Types: all(p.Types, w.types), Permissions: w.free, Properties: p.Properties,
	}
	if p.Permissions != "" {
		project.Permissions = w.schemes[p.Permissions]
	}
	if p.Service != nil {
		project.Kind = "service_desk"
	}
	if p.Archived {
		project.Archived, project.ArchivedBy, project.ArchivedAt = true, project.Lead, w.tx.Now
	}
	flow := w.any
	if p.Workflow != "" {
		flow = w.workflows[p.Workflow]
	}
	project.Workflow = flow.ID
	for t, name := range p.Workflows {
		if project.Workflows == nil {
			project.Workflows = map[world.TypeID]world.WorkflowID{}
		}
		project.Workflows[w.types[t]] = w.workflows[name].ID
	}
	for role, texts := range p.Roles {
		actors, err := w.holders(texts)
		if err != nil {
			return err
		}
		if project.Actors == nil {
			project.Actors = map[world.RoleID][]world.Holder{}
		}
		project.Actors[w.roles[role]] = actors
	}
	if err := w.security(p, project); err != nil {
		return err
	}
	if err := w.tx.Put(project); err != nil {
		return err
	}
	if err := w.partsOf(p, project.ID); err != nil {
		return err
	}
	return w.desk(p, project.ID, requestIDs)
}

func (w *siteWriter) security(p *seed.Project, project *world.Project) error {
	if len(p.SecurityLevels) == 0 {
		return nil
	}
	scheme := &world.SecurityScheme{Name: p.Name}
	for _, l := range p.SecurityLevels {
		members, err := w.holders(l.Holders)
		if err != nil {
			return fmt.Errorf("security level %s: %w", l.Name, err)
		}
		level := world.SecurityLevel{ID: world.LevelID(w.tx.NewGrantID()), Name: l.Name, Description: l.Description, Members: members}
		scheme.Levels = append(scheme.Levels, level)
		w.levels[inProject{p.Key, l.Name}] = level.ID
	}
	if err := w.tx.Put(scheme); err != nil {
		return err
	}
	project.Security = scheme.ID
	return nil
}

func (w *siteWriter) partsOf(p *seed.Project, id world.ProjectID) error {
	for _, c := range p.Components {
		component := &world.Component{Project: id, Name: c.Name, Description: c.Description}
		if c.Lead != "" {
			component.Lead, component.AssigneeType = w.users[c.Lead], "COMPONENT_LEAD"
		}
		if err := w.tx.Put(component); err != nil {
			return err
		}
		w.components[inProject{p.Key, c.Name}] = component.ID
	}
	for n, v := range p.Versions {
		version := &world.Version{
			Project: id, Name: v.Name, Description: v.Description, Start: string(v.Start), Release: string(v.Release), Released: v.Released,
			Archived: v.Archived, Order: n,
		}
		if err := w.tx.Put(version); err != nil {
			return err
		}
		w.versions[inProject{p.Key, v.Name}] = version.ID
	}
	return nil
}

func (w *siteWriter) desk(p *seed.Project, id world.ProjectID, requestIDs []string) error {
	s := p.Service
	if s == nil {
		return nil
	}
	desk := &world.Desk{Project: id, Portal: s.Portal, Introduction: s.Introduction, Customers: w.accounts(s.Customers), Orgs: all(s.Organizations, w.orgs)}
	for _, q := range s.Queues {
		w.queues++
		desk.Queues = append(desk.Queues, world.Queue{ID: strconv.Itoa(w.queues), Name: q.Name, JQL: q.JQL})
	}
	if err := w.tx.Put(desk); err != nil {
		return err
	}
	for n, r := range s.RequestTypes {
		request := &world.RequestType{
			ID: world.RequestTypeID(requestIDs[n]), Desk: desk.ID, Type: w.types[r.Type], Name: r.Name, Description: r.Description, Help: r.Help, Groups: r.Groups,
		}
		for _, f := range r.Fields {
			label := f.Label
			if label == "" {
				label = f.Field
			}
			request.Fields = append(request.Fields, world.RequestField{Field: w.fieldID(f.Field), Label: label, Help: f.Help, Required: f.Required})
		}
		if err := w.tx.Put(request); err != nil {
			return err
		}
		w.requests[inProject{p.Key, r.Name}] = request.ID
	}
	return nil
}
