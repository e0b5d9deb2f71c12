package blueprint

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/syncing"
)

// Difference is a value that an import changes, in the words of the file: "" is for none. Secrets are never shown.
type Difference struct {
	At     string `json:"at"` // such as mapping.fields[2].column
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// compare says what becomes of everything.
func (r *reader) compare() error {
	before := r.writer(r.t, r.plan.there.connectionThings(), r.plan.there.syncThings())
	after := r.writer(r.t, r.connections, r.all)
	before.names, after.names = r.names, r.names // of one site, asked once
	for i := range r.plan.connections {
		change, err := r.compareConnection(before, after, &r.plan.connections[i])
		if err != nil {
			return err
		}
		r.plan.changes = append(r.plan.changes, change)
	}
	for i := range r.plan.syncs {
		change, err := r.compareSync(before, after, &r.plan.syncs[i])
		if err != nil {
			return err
		}
		r.plan.changes = append(r.plan.changes, change)
	}
	if r.plan.delete {
		for _, c := range r.plan.goingSyncs() {
			r.plan.changes = append(r.plan.changes, Change{Kind: Synchronization, Name: c.Name, What: Deleted})
		}
		for _, c := range r.plan.goingConnections() {
			r.plan.changes = append(r.plan.changes, Change{Kind: Connection, Name: c.Name, What: Deleted})
		}
	}
	return nil
}

func (r *reader) compareConnection(before, after writer, w *wantedConnection) (Change, error) {
	change := Change{Kind: Connection, Name: w.Name, What: Created}
	w.what = Created
	if w.id == "" {
		return change, nil
	}
	i := slices.IndexFunc(r.plan.there.connections, func(c syncing.Connection) bool { return c.ID == w.id })
	old := draftOf(r.plan.there.connections[i])
	secrets, err := r.syncs.Differing(r.ctx, r.t, w.id, w.Secrets)
	if err != nil {
		return change, err
	}
	change.What = Unchanged
	if !bytes.Equal(canonical(old.Settings), canonical(w.Settings)) || old.Name != w.Name || len(secrets) > 0 {
		change.What = Changed
		was, err := before.connection(w.id, old)
		if err != nil {
			return change, err
		}
		is, err := after.connection(w.id, w.ConnectionDraft)
		if err != nil {
			return change, err
		}
		if change.Diff, err = differences(was, is); err != nil {
			return change, err
		}
	}
	for _, name := range secrets {
		change.Diff = append(change.Diff, Difference{At: "secrets." + name, After: "(another secret)"})
	}
	w.what = change.What
	return change, nil
}

func (r *reader) compareSync(before, after writer, w *wantedSync) (Change, error) {
	change := Change{Kind: Synchronization, Name: w.Name, What: Created}
	w.what, w.saves, w.schedules = Created, true, w.schedule != nil
	if w.id == "" {
		return change, nil
	}
	i := slices.IndexFunc(r.plan.there.syncs, func(c syncing.Synchronization) bool { return c.ID == w.id })
	old := r.plan.there.syncs[i]
	w.saves = old.Name != w.Name || old.Connection != w.Connection || !same(old.Mapping.WithDefaults(), w.Mapping)
	w.schedules = !same(scheduleOf(old.Schedule), scheduleOf(w.schedule))
	change.What = Unchanged
	if w.saves || w.schedules {
		change.What = Changed
		was, err := before.sync(r.ctx, w.id, syncing.SyncDraft{Name: old.Name, Connection: old.Connection, Mapping: old.Mapping}, old.Schedule)
		if err != nil {
			return change, err
		}
		is, err := after.sync(r.ctx, w.id, w.SyncDraft, w.schedule)
		if err != nil {
			return change, err
		}
		if change.Diff, err = differences(was, is); err != nil {
			return change, err
		}
	}
	w.what = change.What
	return change, nil
}

// goingSyncs are those that the file does not name.
func (p plan) goingSyncs() []syncing.Synchronization {
	return slices.DeleteFunc(slices.Clone(p.there.syncs), func(c syncing.Synchronization) bool {
		return slices.ContainsFunc(p.syncs, func(w wantedSync) bool { return w.id == c.ID })
	})
}

func (p plan) goingConnections() []syncing.Connection {
	return slices.DeleteFunc(slices.Clone(p.there.connections), func(c syncing.Connection) bool {
		return slices.ContainsFunc(p.connections, func(w wantedConnection) bool { return w.id == c.ID })
	})
}

// canonical is JSON in one form, so that equal values are equal bytes. Numbers keep their digits.
func canonical(raw json.RawMessage) []byte {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil || v == nil {
		return []byte("{}")
	}
	out, err := json.Marshal(v)
	if err != nil {
		return raw
	}
	return out
}

// chosen is what an admin chose of a schedule, in one form.
func chosen(s syncing.Schedule) syncing.Schedule {
	out := syncing.Schedule{Cron: s.Cron, Zone: s.Zone, Every: span(s.Every), Jitter: span(s.Jitter), Missed: s.Missed, Overlap: s.Overlap, OnProjects: s.OnProjects, Paused: s.Paused}
	if !s.Once.IsZero() {
		out.Once = s.Once.UTC()
	}
	if out.Zone == "UTC" {
		out.Zone = ""
	}
	if out.Missed == jobs.MissedOnce {
		out.Missed = ""
	}
	if out.Overlap == jobs.OverlapSkip {
		out.Overlap = ""
	}
	return out
}

// span writes a length of time in one form: 90m is 1h30m.
func span(text string) string {
	d, err := time.ParseDuration(text)
	if err != nil {
		return text
	}
	return syncing.Length(d)
}

// differences compares two parts of a file, value by value.
func differences(before, after any) ([]Difference, error) {
	was, err := flat(before)
	if err != nil {
		return nil, err
	}
	is, err := flat(after)
	if err != nil {
		return nil, err
	}
	var out []Difference
	all := maps.Clone(was)
	maps.Copy(all, is)
	for at := range all {
		if was[at].value != is[at].value {
			out = append(out, Difference{at, was[at].value, is[at].value})
		}
	}
	// In the order of the file.
	place := func(d Difference) int { return max(was[d.At].place, is[d.At].place) }
	slices.SortFunc(out, func(a, b Difference) int { return cmp.Or(place(a)-place(b), cmp.Compare(a.At, b.At)) })
	return out, nil
}

type leaf struct {
	value string
	place int
}

// flat lists the values of a part of a file by their place in it.
func flat(v any) (map[string]leaf, error) {
	raw, err := write(v)
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("compare blueprints: %w", err)
	}
	out := map[string]leaf{}
	flatten(&doc, "", out)
	return out, nil
}

func flatten(n *yaml.Node, at string, out map[string]leaf) {
	switch n.Kind {
	case yaml.DocumentNode:
		for _, c := range n.Content {
			flatten(c, at, out)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			name := n.Content[i].Value
			if at != "" {
				name = at + "." + name
			}
			flatten(n.Content[i+1], name, out)
		}
	case yaml.SequenceNode:
		for i, c := range n.Content {
			flatten(c, fmt.Sprintf("%s[%d]", at, i), out)
		}
	case yaml.ScalarNode, yaml.AliasNode:
		out[at] = leaf{n.Value, len(out) + 1}
	}
}
