package world

import (
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/world/index"
)

// Global permissions.
const (
	Administer       = "ADMINISTER"
	SystemAdmin      = "SYSTEM_ADMIN"
	BrowseUsers      = "USER_PICKER"
	BulkChange       = "BULK_CHANGE"
	CreateShared     = "CREATE_SHARED_OBJECTS"
	ManageFilterSubs = "MANAGE_GROUP_FILTER_SUBSCRIPTIONS"
	CreateProjects   = "CREATE_PROJECT"
)

// Project permissions.
const (
	BrowseProjects       = "BROWSE_PROJECTS"
	CreateIssues         = "CREATE_ISSUES"
	EditIssues           = "EDIT_ISSUES"
	DeleteIssues         = "DELETE_ISSUES"
	MoveIssues           = "MOVE_ISSUES"
	TransitionIssues     = "TRANSITION_ISSUES"
	AssignIssues         = "ASSIGN_ISSUES"
	AdministerProject    = "ADMINISTER_PROJECTS"
	AssignableUser       = "ASSIGNABLE_USER"
	CloseIssues          = "CLOSE_ISSUES"
	ResolveIssues        = "RESOLVE_ISSUES"
	ScheduleIssues       = "SCHEDULE_ISSUES"
	LinkIssues           = "LINK_ISSUES"
	ModifyReporter       = "MODIFY_REPORTER"
	SetIssueSecurity     = "SET_ISSUE_SECURITY"
	ManageWatchers       = "MANAGE_WATCHERS"
	ViewVotersWatchers   = "VIEW_VOTERS_AND_WATCHERS"
	AddComments          = "ADD_COMMENTS"
	EditAllComments      = "EDIT_ALL_COMMENTS"
	EditOwnComments      = "EDIT_OWN_COMMENTS"
	DeleteAllComments    = "DELETE_ALL_COMMENTS"
	DeleteOwnComments    = "DELETE_OWN_COMMENTS"
	CreateAttachments    = "CREATE_ATTACHMENTS"
	DeleteAllAttachments = "DELETE_ALL_ATTACHMENTS"
	DeleteOwnAttachments = "DELETE_OWN_ATTACHMENTS"
	WorkOnIssues         = "WORK_ON_ISSUES"
	EditAllWorklogs      = "EDIT_ALL_WORKLOGS"
	EditOwnWorklogs      = "EDIT_OWN_WORKLOGS"
	DeleteAllWorklogs    = "DELETE_ALL_WORKLOGS"
	DeleteOwnWorklogs    = "DELETE_OWN_WORKLOGS"
	ViewDevTools         = "VIEW_DEV_TOOLS"
	ViewWorkflow         = "VIEW_READONLY_WORKFLOW"
	ManageSprints        = "MANAGE_SPRINTS_PERMISSION"
	ArchiveIssues        = "ARCHIVE_ISSUES"
	UnarchiveIssues      = "UNARCHIVE_ISSUES"
	ServiceDeskAgent     = "SERVICEDESK_AGENT"
)

// GlobalPermissions and ProjectPermissions are the permissions that exist; Jira refuses a question about others.
var (
	GlobalPermissions = []string{Administer, SystemAdmin, BrowseUsers, BulkChange, CreateShared, ManageFilterSubs, CreateProjects}

	ProjectPermissions = []string{
		BrowseProjects, CreateIssues, EditIssues, DeleteIssues, MoveIssues, TransitionIssues, AssignIssues, AdministerProject,
		AssignableUser, CloseIssues, ResolveIssues, ScheduleIssues, LinkIssues, ModifyReporter, SetIssueSecurity, ManageWatchers,
		ViewVotersWatchers, AddComments, EditAllComments, EditOwnComments, DeleteAllComments, DeleteOwnComments, CreateAttachments,
		DeleteAllAttachments, DeleteOwnAttachments, WorkOnIssues, EditAllWorklogs, EditOwnWorklogs, DeleteAllWorklogs,
		DeleteOwnWorklogs, ViewDevTools, ViewWorkflow, ManageSprints, ArchiveIssues, UnarchiveIssues, ServiceDeskAgent,
	}
)

// frozen are the permissions that are left in an archived project.
var frozen = []string{BrowseProjects, AdministerProject, ViewVotersWatchers, ViewWorkflow}

// Can says whether the account has a global permission.
func (s *State) Can(who AccountID, permission string) bool {
	u := s.User(who)
	return u != nil && slices.ContainsFunc(s.Global[permission], func(g string) bool { return slices.Contains(u.Groups, g) })
}

// CanIn says whether the account has a permission in the project, whatever the issue. Whoever may not see a project has no
// permission in it, and nobody changes an archived one.
func (s *State) CanIn(who AccountID, permission string, p *Project) bool {
	return s.granted(s.User(who), permission, p, nil)
}

// CanDo says whether the account has a permission on the issue, which it may have as its reporter or assignee. Whoever may not
// see an issue has no permission on it.
func (s *State) CanDo(who AccountID, permission string, i *Issue) bool {
	if !s.Sees(who, i) || i.Archived && !slices.Contains(frozen, permission) && permission != UnarchiveIssues {
		return false
	}
	return s.granted(s.User(who), permission, s.Project(i.Project), i)
}

// Sees says whether the account may see the issue.
func (s *State) Sees(who AccountID, i *Issue) bool {
	if i == nil {
		return false
	}
	u, p := s.User(who), s.Project(i.Project)
	if !s.granted(u, BrowseProjects, p, i) {
		return false
	}
	if i.Security == "" {
		return true
	}
	_, level := s.Level(i.Security)
	return level != nil && s.holds(u, level.Members, p, i)
}

// Level finds a security level and its scheme, nil where there is none.
func (s *State) Level(id LevelID) (*SecurityScheme, *SecurityLevel) {
	for scheme := range s.SecuritySchemes.All() {
		for n := range scheme.Levels {
			if scheme.Levels[n].ID == id {
				return scheme, &scheme.Levels[n]
			}
		}
	}
	return nil, nil
}

func (s *State) granted(u *User, permission string, p *Project, i *Issue) bool {
	if p == nil || p.Trashed || p.Archived && !slices.Contains(frozen, permission) {
		return false
	}
	scheme := s.PermissionSchemes.Get(p.Permissions)
	if scheme == nil {
		return false
	}
	browses, has := false, false
	for _, g := range scheme.Grants {
		if (g.Permission == permission || g.Permission == BrowseProjects) && s.holds(u, []Holder{g.Holder}, p, i) {
			browses, has = browses || g.Permission == BrowseProjects, has || g.Permission == permission
		}
	}
	return browses && has
}

// holds says whether the user is one of the holders; nil is somebody who has not logged in. i is nil where the question is about
// the whole project.
func (s *State) holds(u *User, holders []Holder, p *Project, i *Issue) bool {
	if u == nil {
		return slices.ContainsFunc(holders, func(h Holder) bool { return h.Kind == ByAnyone })
	}
	return slices.ContainsFunc(holders, func(h Holder) bool {
		switch h.Kind {
		case ByGroup:
			return slices.Contains(u.Groups, h.Value)
		case ByUser:
			return string(u.Account) == h.Value
		case ByRole:
			// A role has no roles in it.
			return s.holds(u, withoutRoles(p.Actors[RoleID(h.Value)]), p, i)
		case ByLead:
			return u.Account == p.Lead
		case ByReporter:
			return i != nil && u.Account == i.Reporter
		case ByAssignee:
			return i != nil && u.Account == i.Assignee
		case ByAnyone:
			return true
		case ByMembership:
			return !u.Customer
		case ByUserField:
			return i != nil && slices.Contains(accounts(i.Custom[FieldID(h.Value)]), u.Account)
		}
		return false
	})
}

func withoutRoles(actors []Holder) []Holder {
	if !slices.ContainsFunc(actors, func(h Holder) bool { return h.Kind == ByRole }) {
		return actors
	}
	return slices.DeleteFunc(slices.Clone(actors), func(h Holder) bool { return h.Kind == ByRole })
}

// InRole says whether somebody has a role in the project.
func (s *State) InRole(who AccountID, r RoleID, p *Project) bool {
	return p != nil && s.holds(s.User(who), []Holder{{ByRole, string(r)}}, p, nil)
}

// SeesPart says whether the account, who sees the issue, may see what is shown to some only.
func (s *State) SeesPart(who AccountID, i *Issue, v *Visibility) bool {
	return v == nil || s.holds(s.User(who), []Holder{{v.Kind, v.Value}}, s.Project(i.Project), i)
}

// Visible is the set of issues that the account may see and search: those of archived projects, and archived issues, are left
// out. The state remembers it.
func (s *State) Visible(who AccountID) index.Set {
	if set, ok := s.visible.Load(who); ok {
		return set.(index.Set)
	}
	set := s.findVisible(s.User(who))
	s.visible.Store(who, set)
	return set
}

func (s *State) findVisible(u *User) index.Set {
	var out index.Set
	leftOut := s.index.Equal("archived", "true")
	all := true
	for p := range s.Projects.All() {
		set := s.index.Equal("project", string(p.ID))
		if !p.Archived && s.granted(u, BrowseProjects, p, nil) {
			out = out.Or(set)
			continue
		}
		all = all && set.Empty()
		if p.Archived || p.Trashed {
			continue
		}
		// Some may see their own issues only.
		if scheme := s.PermissionSchemes.Get(p.Permissions); scheme != nil {
			var holders []Holder
			for _, g := range scheme.Grants {
				if g.Permission == BrowseProjects {
					holders = append(holders, g.Holder)
				}
			}
			out = out.Or(set.And(s.heldBy(u, holders)))
		}
	}
	if all {
		out = s.index.All() // shares what the union of everything would copy
	}
	for scheme := range s.SecuritySchemes.All() {
		for _, level := range scheme.Levels {
			hidden := s.index.Equal("level", string(level.ID)).And(out)
			if hidden.Empty() {
				continue
			}
			for p := range s.Projects.All() {
				in := hidden.And(s.index.Equal("project", string(p.ID)))
				if !in.Empty() && !s.holds(u, level.Members, p, nil) {
					leftOut = leftOut.Or(in.Without(s.heldBy(u, level.Members)))
				}
			}
		}
	}
	return out.Without(leftOut)
}

// heldBy are the issues whose people the holders name: as reporter, assignee, or in a field.
func (s *State) heldBy(u *User, holders []Holder) index.Set {
	var out index.Set
	if u == nil {
		return out
	}
	for _, h := range holders {
		switch h.Kind {
		case ByReporter:
			out = out.Or(s.index.Equal("reporter", string(u.Account)))
		case ByAssignee:
			out = out.Or(s.index.Equal("assignee", string(u.Account)))
		case ByUserField:
			out = out.Or(s.index.Equal(h.Value, string(u.Account)))
		}
	}
	return out
}
