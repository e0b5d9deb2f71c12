package world

// The assignee types of components. "" counts as ProjectDefault.
const (
	ProjectDefault = "PROJECT_DEFAULT"
	ComponentLead  = "COMPONENT_LEAD"
	ProjectLead    = "PROJECT_LEAD"
	Unassigned     = "UNASSIGNED"
)

// ComponentAssignee is who gets new issues of a component, "" for nobody, and the assignee type that decided it: where the
// component's own leads to nobody, what the project says counts.
func (s *State) ComponentAssignee(c *Component) (who AccountID, how string) {
	p := s.Project(c.Project)
	switch {
	case c.AssigneeType == ComponentLead && s.active(c.Lead):
		return c.Lead, ComponentLead
	case c.AssigneeType == ProjectLead && s.active(p.Lead):
		return p.Lead, ProjectLead
	case c.AssigneeType == Unassigned:
		return "", Unassigned
	case p.Assign == ProjectLead && s.active(p.Lead):
		return p.Lead, ProjectDefault
	}
	return "", ProjectDefault
}

// DefaultAssignee is who gets a new issue of the project with these components and no assignee: by its first component that
// names somebody, else by the project. "" is nobody.
func (s *State) DefaultAssignee(p *Project, components []ComponentID) AccountID {
	for _, id := range components {
		if c := s.Components.Get(id); c != nil {
			if who, how := s.ComponentAssignee(c); how != ProjectDefault {
				return who
			}
		}
	}
	if p.Assign == ProjectLead && s.active(p.Lead) {
		return p.Lead
	}
	return ""
}

func (s *State) active(a AccountID) bool {
	u := s.User(a)
	return u != nil && !u.Closed && !u.Inactive
}

func (tx *Tx) checkComponent(c *Component) error {
	switch {
	case tx.Project(c.Project) == nil:
		return about("component", c.ID).invalid("project", "there is no project %q", c.Project)
	case c.Name == "":
		return about("component", c.ID).invalid("name", "it has none")
	case c.Lead != "" && tx.User(c.Lead) == nil:
		return about("component", c.ID).invalid("lead", "there is no user %q", c.Lead)
	}
	switch c.AssigneeType {
	case "", ProjectDefault, ComponentLead, ProjectLead, Unassigned:
		return nil
	}
	return about("component", c.ID).invalid("assigneeType", "there is no type %q", c.AssigneeType)
}

// DeleteComponent deletes a component. Issues that have it get another one of the project instead; with "" they lose it.
func (tx *Tx) DeleteComponent(id, other ComponentID) error {
	c := tx.Components.Get(id)
	if c == nil {
		return about("component", id).missing()
	}
	if other != "" {
		switch o := tx.Components.Get(other); {
		case o == nil:
			return about("component", other).missing()
		case o.ID == id || o.Project != c.Project:
			return about("component", other).invalid("project", "it is the same component, or one of another project")
		}
	}
	if err := tx.replaceComponent(id, other); err != nil {
		return err
	}
	return tx.deleteInto(c, string(other))
}

func (tx *Tx) replaceComponent(id, other ComponentID) error {
	return tx.editAll(tx.Index().Equal("component", string(id)), func(i *Issue) { i.Components = replaced(i.Components, id, other) })
}
