package syncer

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/pergola-platform/pergola/host/syncer/identity"
	"github.com/pergola-platform/pergola/host/syncer/mapping"
)

// plan is what is to be done to an issue.
type plan struct {
	create bool
	// set are the values to write, by field id.
	set map[string]any
	// status is the status to lead to, "" for none.
	status string
	// link is what the property holds in the end; the marker comes in when all else was written.
	link   identity.Link
	marker string
	// relink says that the property has to be written though no field has.
	relink bool
	// edited are the managed fields that somebody edited in Jira, with what the row says; see edited.go.
	edited map[string]any
}

func (p plan) outcome() Outcome {
	switch {
	case p.create:
		return Created
	case p.onlyRestores():
		return Restored
	case len(p.set) > 0:
		return Changed
	case p.status != "":
		return Transitioned
	case len(p.edited) > 0:
		return Edited
	}
	return Skipped
}

// fields are the ids of the fields that are written.
func (p plan) fields() []string {
	out := slices.Sorted(maps.Keys(p.set))
	if p.status != "" {
		out = append(out, "status")
	}
	if len(out) == 0 {
		out = slices.Sorted(maps.Keys(p.edited))
	}
	return out
}

// plan finds out what an item's issue lacks.
func (st *step) plan(i *item) error {
	r := i.record
	p := plan{set: map[string]any{}}
	if p.create = i.issue.ID == ""; p.create {
		p.link = identity.New(st.sync.ID, i.result.Row, r.Key, st.in.Run)
	} else {
		p.link = i.link
		p.link.Fields = maps.Clone(i.link.Fields)
		p.link.Run = st.in.Run
		if p.link.State != identity.Live { // the row is back
			p.link.State, p.relink = identity.Live, true
		}
	}
	var err error
	if p.edited, err = st.edited(i); err != nil {
		return err
	}
	marking := st.sync.Config.Mode == mapping.Marker
	if marking && !p.create && !p.relink && r.Marker != "" && r.Marker == i.link.Marker {
		i.plan = p
		return nil
	}
	for id, v := range r.Values {
		if r.CreateOnly[id] && !p.create {
			continue
		}
		hash, err := st.memory.hasher.Value(st.sync.ID, id, v)
		if err != nil {
			return err
		}
		if p.create && v == nil {
			p.link.Fields[id] = hash // a new issue is empty by itself
			continue
		}
		if !p.create && st.holds(i, id, v, hash) {
			continue
		}
		p.set[id], p.link.Fields[id] = v, hash
	}
	if r.Status != "" && status(i) != r.Status {
		p.status = r.Status
	}
	if marking && len(i.result.Faults) == 0 {
		p.marker = r.Marker
		p.relink = p.relink || p.marker != i.link.Marker
	}
	i.plan = p
	return nil
}

// holds says whether the issue's field holds the value already: by what was last written, and in the mode full by what it
// holds now, unless people may decide about it too.
func (st *step) holds(i *item, id string, v any, hash string) bool {
	if st.sync.Config.Mode == mapping.Full && st.memory.mapping.Managed(id) {
		return st.memory.mapping.Same(i.record.Type, id, i.issue.Fields[id], v)
	}
	return i.link.Fields[id] == hash
}

// status is the id of the status in which an item's issue is, "" for a new one.
func status(i *item) string { return idOf(i.issue.Fields["status"]) }

func idOf(raw json.RawMessage) string {
	var o struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(raw, &o) != nil {
		return ""
	}
	return o.ID
}
