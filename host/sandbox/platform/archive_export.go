package platform

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// archivedFilter says which archived issues somebody wants to have. What is empty leaves nothing out.
type archivedFilter struct {
	ArchivedBy []world.AccountID `json:"archivedBy,omitempty"`
	Archived   *days             `json:"archivedDateRange,omitempty"`
	Types      []world.TypeID    `json:"issueTypes,omitempty"`
	Projects   []string          `json:"projects,omitempty"`
	Reporters  []world.AccountID `json:"reporters,omitempty"`
}

// days are a time from the beginning of a day to the end of another.
type days struct {
	After  string `json:"dateAfter"`
	Before string `json:"dateBefore"`
}

func (d *days) bounds() (from, to time.Time, err error) {
	if d == nil {
		return time.Time{}, time.Time{}, nil
	}
	if from, err = time.Parse(time.DateOnly, d.After); err == nil {
		to, err = time.Parse(time.DateOnly, d.Before)
	}
	return from, to.AddDate(0, 0, 1), err
}

func listed[T comparable](list []T, v T) bool { return len(list) == 0 || slices.Contains(list, v) }

// find returns the archived issues that are meant and that the caller may see.
func (f archivedFilter) find(st *world.State, who world.AccountID) ([]*world.Issue, error) {
	from, to, err := f.Archived.bounds()
	if err != nil {
		return nil, rest.Fail(http.StatusBadRequest, "Your filter contains invalid values: dateAfter and dateBefore are days such as 2026-01-31.")
	}
	for _, key := range f.Projects {
		if p := st.FindProject(key); p == nil || p.Key != key {
			return nil, rest.Fail(http.StatusBadRequest, "Your filter contains invalid values: there is no project %s.", key)
		}
	}
	for _, id := range f.Types {
		if st.Type(id) == nil {
			return nil, rest.Fail(http.StatusBadRequest, "Your filter contains invalid values: there is no issue type %s.", id)
		}
	}
	var out []*world.Issue
	for n := range st.Index().Equal("archived", "true").All() {
		i := st.IssueAt(n)
		switch {
		case !st.Sees(who, i), !listed(f.ArchivedBy, i.ArchivedBy), !listed(f.Types, i.Type), !listed(f.Reporters, i.Reporter):
		case !listed(f.Projects, st.Project(i.Project).Key):
		case f.Archived != nil && (i.ArchivedAt.Before(from) || !i.ArchivedAt.Before(to)):
		default:
			out = append(out, i)
		}
	}
	if len(out) > maxExported {
		return nil, rest.Fail(http.StatusBadRequest, "Your filter finds %d issues, and %d can be exported at once.", len(out), maxExported)
	}
	return out, nil
}

// exportArchived writes the archived issues as CSV. Jira mails a link to it; the sandbox sends no mail, so it is in the result of
// the task.
func (s *API) exportArchived(c *rest.Call) (rest.Answer, error) {
	var in archivedFilter
	if err := c.DecodeBody(&in); err != nil {
		return rest.Answer{}, err
	}
	payload, err := json.Marshal(in)
	if err != nil {
		return rest.Answer{}, err
	}
	var task *world.Task
	err = s.store.ChangeAs(c.Who.Account, func(tx *world.Tx) error {
		if !c.Administers(tx.State) {
			return rest.Fail(http.StatusForbidden, "User is not an admin.")
		}
		found, err := in.find(tx.State, c.Who.Account)
		if err != nil {
			return err
		}
		text, err := archivedCSV(tx.State, found)
		if err != nil {
			return err
		}
		task, err = finishedTask(tx, "Export archived issues", object{"numberOfIssues": len(found), "csv": text})
		return err
	})
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusAccepted, Body: object{
		"taskId": task.ID, "payload": string(payload), "progress": task.Progress, "status": task.Status, "submittedTime": task.Submitted.UnixMilli(),
	}}, nil
}

// archivedCSV writes the system fields that an export has, and who archived the issue when.
func archivedCSV(st *world.State, issues []*world.Issue) (string, error) {
	var out strings.Builder
	w := csv.NewWriter(&out)
	rows := [][]string{{
		"Issue key", "Issue id", "Project key", "Issue Type", "Summary", "Status", "Reporter", "Assignee", "Created", "Updated", "ArchivedBy", "ArchivedDate",
	}}
	for _, i := range issues {
		rows = append(rows, []string{
			i.Key, string(i.ID), st.Project(i.Project).Key, st.Type(i.Type).Name, i.Summary, st.Status(i.Status).Name, string(i.Reporter), string(i.Assignee),
			i.Created.Format(time.RFC3339), i.Updated.Format(time.RFC3339), string(i.ArchivedBy), i.ArchivedAt.Format(time.RFC3339),
		})
	}
	err := w.WriteAll(rows)
	return out.String(), err
}
