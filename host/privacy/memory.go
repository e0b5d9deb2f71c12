package privacy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/store"
)

const memoryCollection = "record_types"

// memory is what a plugin has ever declared about its records. Records outlive a plugin that was taken out, and fields a
// version that declared them; what they hold has to be known as long as they are there.
type memory struct {
	Plugin  capability.PluginID `json:"plugin"`
	Records []manifest.Record   `json:"records"`
	Configs []manifest.Config   `json:"configs,omitempty"`
}

// OwnTypes are the documents that this package keeps.
func OwnTypes() []Type {
	return []Type{{
		Collection: memoryCollection, Name: "Record types of a feature", Scope: OfPlatform, ID: Plugin,
		Purpose: "Know what the records of a feature hold, after it was taken out too",
		Fields:  []Field{{Path: "plugin", Kind: Plugin}, {Path: "records", Kind: Declaration}, {Path: "configs", Kind: Declaration}},
	}}
}

// Load reads what plugins have ever declared.
func (t *Types) Load(ctx context.Context, s store.Driver) error {
	for d, err := range store.Each(ctx, s, store.Query{Tenant: store.Platform, Collection: memoryCollection}) {
		if err != nil {
			return fmt.Errorf("read what plugins declared: %w", err)
		}
		m, err := decodeMemory(d)
		if err != nil {
			return err
		}
		t.remember(m)
	}
	return nil
}

// attempts bounds the tries of Remember. Each lost one means that another host remembers the same plugin.
const attempts = 20

// Remember keeps what a manifest declares, beside what earlier versions did. It comes before the first record of that version.
func (t *Types) Remember(ctx context.Context, s store.Driver, m *manifest.Manifest) error {
	if len(m.Records)+len(m.Configs) == 0 {
		return nil
	}
	key := store.Key{Tenant: store.Platform, Collection: memoryCollection, ID: string(m.ID)}
	for range attempts {
		known := memory{Plugin: m.ID}
		d, err := s.Get(ctx, key)
		switch {
		case err == nil:
			if known, err = decodeMemory(d); err != nil {
				return err
			}
		case !errors.Is(err, store.ErrNotFound):
			return fmt.Errorf("read what %s declared: %w", m.ID, err)
		}
		known.Records = merge(known.Records, m.Records)
		known.Configs = mergeConfigs(known.Configs, m.Configs)
		body, err := json.Marshal(known)
		if err != nil {
			return fmt.Errorf("encode what %s declares: %w", m.ID, err)
		}
		if string(body) != string(d.Body) {
			_, err = s.Write(ctx, store.Op{Doc: store.Doc{Key: key, Body: body}, IfRev: d.Rev})
		}
		if err == nil {
			t.remember(known)
			return nil
		}
		if !errors.Is(err, store.ErrConflict) {
			return fmt.Errorf("keep what %s declares: %w", m.ID, err)
		}
	}
	return fmt.Errorf("keep what %s declares: %w", m.ID, store.ErrConflict)
}

// merge returns the record types of now with those, and their fields, that only were there before.
func merge(before, now []manifest.Record) []manifest.Record {
	out := slices.Clone(now)
	for _, old := range before {
		i := slices.IndexFunc(out, func(r manifest.Record) bool { return r.Type == old.Type })
		if i < 0 {
			out = append(out, old)
			continue
		}
		fields := maps.Clone(old.Fields)
		maps.Copy(fields, out[i].Fields)
		out[i].Fields = fields
		if out[i].Erasure == "" { // a field that held accounts is gone, and its values are not
			out[i].Erasure = old.Erasure
		}
	}
	return out
}

// mergeConfigs returns the types of configuration document of now with those that only were there before. Their forms are not kept: what
// documents hold is what admins wrote, whatever the form.
func mergeConfigs(before, now []manifest.Config) []manifest.Config {
	out := slices.Clone(now)
	for _, old := range before {
		if !slices.ContainsFunc(out, func(c manifest.Config) bool { return c.Type == old.Type }) {
			out = append(out, old)
		}
	}
	for i := range out {
		out[i].Schema = nil
	}
	return out
}

func decodeMemory(d store.Doc) (memory, error) {
	var m memory
	if err := json.Unmarshal(d.Body, &m); err != nil {
		return memory{}, fmt.Errorf("decode %s: %w", d.Key, err)
	}
	return m, nil
}

func (t *Types) remember(m memory) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.former[m.Plugin] = &manifest.Manifest{ID: m.Plugin, Records: m.Records, Configs: m.Configs}
}

// Declared returns what every plugin declares or ever declared, a manifest each with nothing but its records and the names of its configs.
func (t *Types) Declared() []*manifest.Manifest {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var all []*manifest.Manifest
	for _, id := range slices.Sorted(maps.Keys(t.former)) {
		all = append(all, t.former[id])
	}
	return all
}
