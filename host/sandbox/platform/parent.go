package platform

import (
	"encoding/json"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// setParent writes the parent of an issue, which [checkScreen] has found to be visible; it returns what is wrong with it.
func setParent(st *world.State, i *world.Issue, raw json.RawMessage) string {
	if empty(raw) {
		if st.Type(i.Type).Subtask() {
			return "Issue type is a sub-task but parent issue key or id not specified."
		}
		i.Parent = ""
		return ""
	}
	parent := issueNamed(st, raw)
	if parent == nil {
		return "Could not find issue by id or key."
	}
	t, above := st.Type(i.Type), st.Type(parent.Type)
	if parent.ID == i.ID || above.Level <= t.Level || t.Subtask() && parent.Project != i.Project {
		return "Given parent issue does not belong to appropriate hierarchy."
	}
	i.Parent = parent.ID
	return ""
}
