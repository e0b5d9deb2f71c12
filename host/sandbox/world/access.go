package world

import "slices"

// Permissions that the site knows.
const (
	Administer        = "ADMINISTER"
	BrowseUsers       = "USER_PICKER"
	BrowseProjects    = "BROWSE_PROJECTS"
	CreateIssues      = "CREATE_ISSUES"
	EditIssues        = "EDIT_ISSUES"
	DeleteIssues      = "DELETE_ISSUES"
	MoveIssues        = "MOVE_ISSUES"
	TransitionIssues  = "TRANSITION_ISSUES"
	AssignIssues      = "ASSIGN_ISSUES"
	AdministerProject = "ADMINISTER_PROJECTS"
)

// GlobalPermissions and ProjectPermissions are the permissions that exist; Jira refuses a question about others.
var (
	GlobalPermissions  = []string{Administer, BrowseUsers}
	ProjectPermissions = []string{BrowseProjects, CreateIssues, EditIssues, DeleteIssues, MoveIssues, TransitionIssues, AssignIssues, AdministerProject}
)

// Can says whether the account has a global permission.
func (s *State) Can(who AccountID, permission string) bool {
	return s.member(who, s.Global[permission])
}

// CanIn says whether the account has a permission in the project. Whoever may not see a project has no permission in it.
func (s *State) CanIn(who AccountID, permission string, p *Project) bool {
	return p != nil && s.member(who, p.Grants[BrowseProjects]) && s.member(who, p.Grants[permission])
}

// Sees says whether the account may see the issue.
func (s *State) Sees(who AccountID, i *Issue) bool {
	return i != nil && s.CanIn(who, BrowseProjects, s.Project(i.Project))
}

func (s *State) member(who AccountID, groups []string) bool {
	u := s.User(who)
	return u != nil && slices.ContainsFunc(u.Groups, func(g string) bool { return slices.Contains(groups, g) })
}
