package platform

import (
	"net/http"
	"slices"

	"github.com/pergola-platform/pergola/host/sandbox/query"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func (s *API) archiveOperations() []rest.Operation {
	return []rest.Operation{
		rest.Op("PUT", "/rest/api/3/issue/archive", rest.ScopeWrite, func(c *rest.Call) (rest.Answer, error) { return s.archive(c, true) }),
		rest.Op("POST", "/rest/api/3/issue/archive", rest.ScopeWrite, s.archiveFound),
		rest.Op("PUT", "/rest/api/3/issue/unarchive", rest.ScopeWrite, func(c *rest.Call) (rest.Answer, error) { return s.archive(c, false) }),
		rest.Op("PUT", "/rest/api/3/issues/archive/export", rest.ScopeInaccessible, s.exportArchived),
	}
}

// Jira's bounds of one call.
const (
	maxArchived      = 1000
	maxArchivedFound = 100000
	maxExported      = 1000000
)

// needArchivist refuses everybody who may not administer the site: no permission of a project lets anybody archive through the
// interface.
func needArchivist(c *rest.Call, st *world.State) error {
	if !c.Administers(st) {
		return rest.Fail(http.StatusForbidden, "Only admins can archive or unarchive issues. Access denied.")
	}
	return nil
}

// notArchived are issues that stay as they are for the same reason.
type notArchived struct {
	Count   int      `json:"count"`
	Issues  []string `json:"issueIdsOrKeys"`
	Message string   `json:"message"`
}

// whyNot says why an issue cannot be put away or brought back, in the document's name of the reason and its example's words;
// "" if it can.
func whyNot(st *world.State, who world.AccountID, i *world.Issue) (reason, message string) {
	switch {
	case !st.Sees(who, i):
		return "issuesNotFound", "Issue not found."
	case st.Project(i.Project).Archived:
		return "issuesInArchivedProjects", "Issue exists in archived project."
	case st.Type(i.Type).Subtask():
		return "issueIsSubtask", "Issue is subtask."
	}
	return "", ""
}

// archive puts the issues away that can be, or brings them back, and says of the others why they cannot. One that is already as it
// should be is no error, and is not counted. Of more than Jira takes at once the first are done, which the answer says.
func (s *API) archive(c *rest.Call, archived bool) (rest.Answer, error) {
	var in struct {
		Issues []string `json:"issueIdsOrKeys"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	taken := in.Issues[:min(len(in.Issues), maxArchived)]
	updated, errs := 0, map[string]*notArchived{}
	err := s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		if err := needArchivist(c, tx.State); err != nil {
			return err
		}
		valid := false
		for _, name := range taken {
			i := tx.FindIssue(name)
			if reason, message := whyNot(tx.State, c.Who.Account, i); reason != "" {
				e := errs[reason]
				if e == nil {
					e = &notArchived{Message: message}
					errs[reason] = e
				}
				if !slices.Contains(e.Issues, name) {
					e.Count, e.Issues = e.Count+1, append(e.Issues, name)
				}
				continue
			}
			valid = true
			n, err := archiveOne(tx, i, archived)
			if err != nil {
				return err
			}
			updated += n
		}
		if !valid {
			return rest.Fail(http.StatusBadRequest, "No valid issue to archive or unarchive. Bad request.")
		}
		return nil
	})
	switch {
	case err != nil:
		return rest.Answer{}, err
	case len(taken) < len(in.Issues):
		return rest.Answer{}, rest.Fail(http.StatusPreconditionFailed, "The number of issues to archive or unarchive exceeds the hard limit of %d. Precondition failed.", maxArchived)
	}
	return rest.Answer{Status: http.StatusOK, Body: object{"numberOfIssuesUpdated": updated, "errors": errs}}, nil
}

// archiveOne puts an issue away with its subtasks, or brings it back with them, and returns how many these are.
func archiveOne(tx *world.Tx, i *world.Issue, archived bool) (changed int, err error) {
	count := func(i *world.Issue) {
		if i.Archived != archived {
			changed++
		}
	}
	count(i)
	for n := range tx.Children(i.ID).All() {
		if child := tx.IssueAt(n); tx.Type(child.Type).Subtask() {
			count(child)
		}
	}
	return changed, tx.ArchiveIssue(i.ID, archived)
}

// archiveFound puts away what a query finds. Subtasks go with their parents only.
func (s *API) archiveFound(c *rest.Call) (rest.Answer, error) {
	var in struct {
		JQL string `json:"jql"`
	}
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	if err := needArchivist(c, c.St); err != nil {
		return rest.Answer{}, err
	}
	q, err := query.Bounded(in.JQL)
	if err != nil {
		return rest.Answer{}, err
	}
	found, err := s.find(c, q, nil)
	if err != nil {
		return rest.Answer{}, err
	}
	if n := found.Count(); n > maxArchivedFound {
		return rest.Answer{}, rest.Fail(http.StatusBadRequest, "The query finds %d issues, and %d can be archived at once. Make it find fewer.", n, maxArchivedFound)
	}
	var task *world.Task
	err = s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		updated := 0
		for _, n := range found.First(found.Count()) {
			i := tx.IssueAt(n)
			if reason, _ := whyNot(tx.State, c.Who.Account, i); reason != "" {
				continue
			}
			changed, err := archiveOne(tx, i, true)
			if err != nil {
				return err
			}
			updated += changed
		}
		var err error
		task, err = finishedTask(tx, "Archive issues", object{"numberOfIssuesUpdated": updated})
		return err
	})
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusAccepted, Body: s.Link("/rest/api/3/task/%s", task.ID)}, nil
}
