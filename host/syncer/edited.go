package syncer

import (
	"github.com/pergola-platform/pergola/host/syncer/mapping"
)

// edited are the fields of an item's issue that somebody edited in Jira though rows alone decide about them: they were written as the
// row still says, and hold something else now. The mode full sets them back; other modes leave them alone. It is known where the
// values of issues were asked for: in that mode, and in dry runs that show them.
func (st *step) edited(i *item) (map[string]any, error) {
	if i.issue.ID == "" || st.sync.Config.Mode != mapping.Full && st.in.Show == nil {
		return nil, nil
	}
	m := st.memory.mapping
	var out map[string]any
	for id, v := range i.record.Values {
		if i.record.CreateOnly[id] || !m.Managed(id) || m.Same(i.record.Type, id, i.issue.Fields[id], v) {
			continue
		}
		hash, err := st.memory.hasher.Value(st.sync.ID, id, v)
		if err != nil {
			return nil, err
		}
		if i.link.Fields[id] != hash {
			continue // the row says something new
		}
		if out == nil {
			out = map[string]any{}
		}
		out[id] = v
	}
	return out, nil
}

// onlyRestores says whether all that is to be written sets back what somebody edited.
func (p plan) onlyRestores() bool {
	for id := range p.set {
		if _, ok := p.edited[id]; !ok {
			return false
		}
	}
	return len(p.set) > 0 && p.status == ""
}
