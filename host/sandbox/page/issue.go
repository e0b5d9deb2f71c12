package page

import (
	"html/template"
	"net/http"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/adf"
	"github.com/pergola-platform/pergola/host/sandbox/connect"
	"github.com/pergola-platform/pergola/host/sandbox/forge"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// panel is an app's panel on an issue.
type panel struct {
	Name, App string
	Frame     connect.Frame
}

// linkGroup are an issue's links in the same words.
type linkGroup struct {
	Words  string
	Issues []linkedIssue
}

type linkedIssue struct {
	row
	Link world.LinkID
}

type shownFile struct {
	*world.Attachment
	Author  *world.User
	Deletes bool
}

// issueBody is what the page of an issue shows.
type issueBody struct {
	row
	Side        projectSide
	Project     *world.Project
	Parent      *world.Issue
	Description template.HTML
	Details     []detail
	More        []detail // dates and people that are seldom looked at
	Transitions []world.Transition
	Subtasks    []row
	SubtaskType *world.IssueType
	Links       []linkGroup
	Files       []shownFile
	Activity    activity
	Main, Right []panel
	Actions     []appAction

	Forge                          []forge.Frame
	Edits                          map[string]bool // fields that the person may edit here
	CanEdit, CanMove, CanDelete    bool
	CanComment, CanLink, CanAttach bool
	CanLog, Watches, Votes         bool
	SeesWatchers, LoggedIn         bool
	Watching, Voting               int
	CanArchive, CanRestore         bool
	Archivist                      *world.User // who archived it; nil for nobody who is there
}

func (s *Pages) issueView(v *view) error {
	i, err := v.issueOf()
	if err != nil {
		return err
	}
	if i.Key != v.r.PathValue("issue") { // an id, a key before a move, or another case
		http.Redirect(v.w, v.r, "/browse/"+i.Key, http.StatusFound)
		return nil
	}
	p := v.st.Project(i.Project)
	where := connect.Surrounding{User: v.user, Issue: i, Project: p}
	can := func(permission string) bool { return v.st.CanDo(v.user.Account, permission, i) }
	who := v.user.Account
	body := issueBody{
		row: rowOf(v.st, i), Project: p, Description: adf.HTML(i.Description), Transitions: v.st.TransitionsOf(i, who),
		CanEdit: can(world.EditIssues), CanMove: can(world.MoveIssues), CanDelete: can(world.DeleteIssues), CanComment: can(world.AddComments),
		CanLink: can(world.LinkIssues), CanAttach: can(world.CreateAttachments), CanLog: can(world.WorkOnIssues), LoggedIn: who != "",
		SeesWatchers: can(world.ViewVotersWatchers), Watching: len(i.Watchers), Voting: len(i.Voters),
		Watches: slices.Contains(i.Watchers, who), Votes: slices.Contains(i.Voters, who),
		Files: v.files(i), Links: v.links(i), Activity: v.activityOf(i), Edits: map[string]bool{},
	}
	if body.Side, err = s.projectSide(v, p, "issues"); err != nil {
		return err
	}
	if body.CanEdit {
		metas, err := v.editMeta(i)
		if err != nil {
			return err
		}
		for _, m := range metas {
			body.Edits[m.Key] = true
		}
	}
	body.CanArchive, body.CanRestore = v.archives(i)
	body.Archivist = v.st.User(i.ArchivedBy)
	if parent := v.st.Issue(i.Parent); v.st.Sees(who, parent) {
		body.Parent = parent
	}
	body.Details, body.More = v.details(i)
	body.Subtasks, body.SubtaskType = v.subtasks(i)
	frames, err := s.issueModules(v, &body, where)
	if err != nil {
		return err
	}
	panels, forgeFrames := s.forgePanels(v, where)
	body.Forge, frames = panels, append(frames, forgeFrames...)
	return v.render(http.StatusOK, "issue.html", i.Key+" "+i.Summary, "projects", body, frames...)
}

// issueModules adds what apps show on the issue.
func (s *Pages) issueModules(v *view, body *issueBody, where connect.Surrounding) (frames []connect.Frame, err error) {
	for _, place := range connect.IssuePlaces {
		err := place.Shown(v.st, where, func(app *world.App, d *connect.Descriptor, m *connect.Module) error {
			f, err := s.apps.Frame(app, d, m, where)
			if err != nil {
				return err
			}
			frames = append(frames, f)
			one := panel{m.Title(), d.Name, f}
			if place.Right {
				body.Right = append(body.Right, one)
			} else {
				body.Main = append(body.Main, one)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	body.Actions, err = v.appActions(where, connect.IssueActions...)
	for _, a := range body.Actions {
		frames = append(frames, a.origin())
	}
	return frames, err
}

// subtasks lists an issue's children, and the type of new ones if there may be any.
func (v *view) subtasks(i *world.Issue) (out []row, t *world.IssueType) {
	for n := range v.st.Children(i.ID).All() {
		if child := v.st.IssueAt(n); v.st.Sees(v.user.Account, child) {
			out = append(out, rowOf(v.st, child))
		}
	}
	slices.SortFunc(out, func(a, b row) int { return world.CompareKeys(a.Key, b.Key) })
	p := v.st.Project(i.Project)
	if v.st.Type(i.Type).Subtask() || !v.st.CanIn(v.user.Account, world.CreateIssues, p) {
		return out, nil
	}
	for _, id := range p.Types {
		if t := v.st.Type(id); t.Subtask() {
			return out, t
		}
	}
	return out, nil
}

func (v *view) links(i *world.Issue) (out []linkGroup) {
	for _, l := range i.Links {
		other, t := v.st.Issue(l.Other), v.st.LinkTypes.Get(l.Type)
		if t == nil || !v.st.Sees(v.user.Account, other) {
			continue
		}
		words := t.Inward
		if l.Out {
			words = t.Outward
		}
		n := slices.IndexFunc(out, func(g linkGroup) bool { return g.Words == words })
		if n < 0 {
			n, out = len(out), append(out, linkGroup{Words: words})
		}
		out[n].Issues = append(out[n].Issues, linkedIssue{rowOf(v.st, other), l.ID})
	}
	return out
}

func (v *view) files(i *world.Issue) (out []shownFile) {
	for _, a := range v.st.Attachments(i) {
		may := v.st.CanDo(v.user.Account, world.DeleteAllAttachments, i) ||
			a.Author == v.user.Account && v.st.CanDo(v.user.Account, world.DeleteOwnAttachments, i)
		out = append(out, shownFile{a, v.st.User(a.Author), may})
	}
	return out
}
