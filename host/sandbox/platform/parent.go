package platform

import (
	"encoding/json"
)

// setParent writes the parent of an issue; it returns what is wrong with it.
func setParent(e *edit, raw json.RawMessage) string {
	var none struct{ None bool }
	if st := e.tx.State; empty(raw) || json.Unmarshal(raw, &none) == nil && none.None {
		if st.Type(e.i.Type).Subtask() {
			return "Issue type is a sub-task but parent issue key or id not specified."
		}
		e.i.Parent = ""
		return ""
	}
	parent := issueRef(e.tx.State, e.who, raw)
	if parent == nil {
		return "Could not find issue by id or key."
	}
	t, above := e.tx.Type(e.i.Type), e.tx.Type(parent.Type)
	if parent.ID == e.i.ID || above.Level <= t.Level || t.Subtask() && parent.Project != e.i.Project {
		return "Given parent issue does not belong to appropriate hierarchy."
	}
	e.i.Parent = parent.ID
	return ""
}
