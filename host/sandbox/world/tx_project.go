package world

import (
	"regexp"
	"slices"
	"time"
)

var projectKey = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,9}$`)

// AddProject keeps a new project. What it does not say it gets as Jira gives it: the first permission scheme and workflow, all
// issue types that belong to no other project, and the actors that each role has by default. It belongs to the state then.
func (tx *Tx) AddProject(p *Project) error {
	switch {
	case p.ID != "" && tx.Project(p.ID) != nil:
		return about("project", p.ID).taken("id", "there is one")
	case !projectKey.MatchString(p.Key):
		return about("project", p.ID).invalid("key", "%q is not 2 to 10 capital letters, digits and _, a letter first", p.Key)
	case p.Name == "":
		return about("project", p.ID).invalid("name", "it has none")
	case !tx.active(p.Lead):
		return about("project", p.ID).invalid("lead", "there is no user %q who could", p.Lead)
	case p.Category != "" && tx.Category(p.Category) == nil:
		return about("project", p.ID).invalid("category", "there is no category %q", p.Category)
	}
	if s := tx.PermissionSchemes.First(func(*PermissionScheme) bool { return true }); p.Permissions == "" && s != nil {
		p.Permissions = s.ID
	}
	if w := tx.Workflows.First(func(*Workflow) bool { return true }); p.Workflow == "" && w != nil {
		p.Workflow = w.ID
	}
	if p.Types == nil {
		for t := range tx.Types.All() {
			if t.Project == "" {
				p.Types = append(p.Types, t.ID)
			}
		}
	}
	for r := range tx.Roles.All() {
		if _, ok := p.Actors[r.ID]; ok || len(r.Default) == 0 {
			continue
		}
		if p.Actors == nil {
			p.Actors = map[RoleID][]Holder{}
		}
		p.Actors[r.ID] = slices.Clone(r.Default)
	}
	return tx.Put(p)
}

func (tx *Tx) editProject(id ProjectID) (*Project, error) {
	p := Edit(tx.Project(id))
	if p == nil {
		return nil, about("project", id).missing()
	}
	return p, nil
}

// ArchiveProject puts a project away: nothing in it can change, and no search finds it.
func (tx *Tx) ArchiveProject(id ProjectID) error {
	p, err := tx.editProject(id)
	if err != nil || p.Archived {
		return err
	}
	if p.Trashed {
		return about("project", id).frozen()
	}
	p.Archived, p.ArchivedBy, p.ArchivedAt = true, tx.By, tx.Now
	return tx.Put(p)
}

// TrashProject deletes a project in such a way that [Tx.RestoreProject] brings it back. [Tx.Delete] is for ever.
func (tx *Tx) TrashProject(id ProjectID) error {
	p, err := tx.editProject(id)
	if err != nil || p.Trashed {
		return err
	}
	p.Trashed, p.TrashedBy, p.TrashedAt = true, tx.By, tx.Now
	return tx.Put(p)
}

// RestoreProject brings a project back from the trash and the archive.
func (tx *Tx) RestoreProject(id ProjectID) error {
	p, err := tx.editProject(id)
	if err != nil || !p.Trashed && !p.Archived {
		return err
	}
	p.Trashed, p.TrashedBy, p.TrashedAt = false, "", time.Time{}
	p.Archived, p.ArchivedBy, p.ArchivedAt = false, "", time.Time{}
	return tx.Put(p)
}

// takesIssues refuses a project that is not there, or in which nothing can change.
func (tx *Tx) takesIssues(p *Project, id ProjectID) error {
	switch {
	case p == nil:
		return about("project", id).missing()
	case p.Archived || p.Trashed:
		return about("project", id).frozen()
	}
	return nil
}

// ArchiveIssue puts an issue away with its subtasks, or brings them back: no search finds them, and nothing of them can change.
func (tx *Tx) ArchiveIssue(id IssueID, archived bool) error {
	before := tx.Issue(id)
	if before == nil {
		return about("issue", id).missing()
	}
	for _, sub := range tx.subtasks(id) {
		if err := tx.ArchiveIssue(sub, archived); err != nil {
			return err
		}
	}
	if before.Archived == archived {
		return nil
	}
	i := before.clone()
	i.Archived, i.ArchivedBy, i.ArchivedAt = archived, "", time.Time{}
	if archived {
		i.ArchivedBy, i.ArchivedAt = tx.By, tx.Now
	}
	tx.put(before, i, quietly)
	op := Restored
	if archived {
		op = Archived
	}
	tx.emit(Event{Kind: "issue", Op: op, ID: string(id), Issue: i, Before: before})
	return nil
}
