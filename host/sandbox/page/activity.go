package page

import (
	"html/template"
	"slices"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/adf"
	"github.com/pergola-platform/pergola/host/sandbox/shape"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// activity is what went on with an issue, as one tab shows it: "comments", "history" or "worklog".
type activity struct {
	Tab   string
	Notes []note
}

// note is one thing that somebody did, the latest first in the history.
type note struct {
	ID            string
	Author        *world.User
	At            time.Time
	Edited        bool
	Internal      bool
	Seen          string // by whom only
	Text          template.HTML
	Spent         string
	Changes       []world.ChangeItem
	Edits, Remove bool
}

// activityTabs are the names of the tabs in the address.
var activityTabs = []string{"comments", "history", "worklog"}

func (v *view) activityOf(i *world.Issue) activity {
	a := activity{Tab: v.r.URL.Query().Get("tab")}
	if !slices.Contains(activityTabs, a.Tab) {
		a.Tab = activityTabs[0]
	}
	may := func(author world.AccountID, all, own string) bool {
		return v.st.CanDo(v.user.Account, all, i) || author == v.user.Account && v.st.CanDo(v.user.Account, own, i)
	}
	switch a.Tab {
	case "comments":
		for _, c := range shape.SeenComments(v.st, v.user.Account, i) {
			n := note{
				ID: string(c.ID), Author: v.st.User(c.Author), At: c.Created, Edited: !c.Updated.Equal(c.Created), Internal: c.Internal, Text: adf.HTML(c.Body),
				Edits: may(c.Author, world.EditAllComments, world.EditOwnComments), Remove: may(c.Author, world.DeleteAllComments, world.DeleteOwnComments),
			}
			if c.Visibility != nil {
				n.Seen = c.Visibility.Value
				if r := v.st.Roles.Get(world.RoleID(n.Seen)); c.Visibility.Kind == world.ByRole && r != nil {
					n.Seen = r.Name
				}
			}
			a.Notes = append(a.Notes, n)
		}
	case "worklog":
		for _, w := range v.st.Worklogs(i) {
			if v.st.SeesPart(v.user.Account, i, w.Visibility) {
				a.Notes = append(a.Notes, note{
					ID: string(w.ID), Author: v.st.User(w.Author), At: w.Started, Text: adf.HTML(w.Comment), Spent: shape.Duration(w.Seconds),
					Remove: may(w.Author, world.DeleteAllWorklogs, world.DeleteOwnWorklogs),
				})
			}
		}
	case "history":
		for _, h := range v.st.Histories(i) {
			a.Notes = append(a.Notes, note{ID: string(h.ID), Author: v.st.User(h.Author), At: h.Created, Changes: h.Items})
		}
		slices.Reverse(a.Notes)
	}
	return a
}
