package tenant

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

const (
	configCollection = "config"
	byConfigType     = "type"
)

// ConfigType names a type of configuration document: that of a plugin.
type ConfigType struct {
	Plugin capability.PluginID
	Type   string // as configs of plugin.json has it
}

// key is the type as one word. A type has no dot, so no two are the same.
func (t ConfigType) key() string { return string(t.Plugin) + "." + t.Type }

// Config is a configuration document: what an admin wrote for a plugin.
type Config struct {
	ID     string // by sdk/store.KindConfig
	Values json.RawMessage
	// People are the accounts that the values name, so that they are found and erased with whatever else names them.
	People []string
	// Created and Changed are when it was written first and last, By is the account of the last writer.
	Created, Changed time.Time
	By               string
	// Deleted is when an admin deleted it; it can be taken back for a while. Zero for one that is there.
	Deleted time.Time
	Rev     int64 // counts writes; 0 for one that is not written yet
}

// storedConfig is a Config as it is stored.
type storedConfig struct {
	Type    string          `json:"type"`
	Values  json.RawMessage `json:"values"`
	Created time.Time       `json:"created"`
	Changed time.Time       `json:"changed"`
	By      string          `json:"by,omitempty"`
	Deleted time.Time       `json:"deleted,omitzero"`
	People  []string        `json:"people,omitempty"`
}

// Configs is the repository of configuration documents. It is safe for concurrent use. Make it with NewConfigs.
type Configs struct {
	store store.Driver
	now   func() time.Time
}

// NewConfigs returns the documents in d. The clock is time.Now outside of tests.
func NewConfigs(d store.Driver, now func() time.Time) *Configs { return &Configs{store: d, now: now} }

// Get returns a document, also one that was deleted and can be taken back. store.ErrNotFound where there is none of that type.
func (r *Configs) Get(ctx context.Context, t capability.TenantID, of ConfigType, id string) (Config, error) {
	d, err := r.store.Get(ctx, configKey(t, id))
	if err != nil {
		return Config{}, fmt.Errorf("read a configuration document: %w", err)
	}
	c, typ, err := decodeConfig(d)
	if err == nil && typ != of.key() {
		return Config{}, fmt.Errorf("read a configuration document: %w", store.ErrNotFound)
	}
	return c, err
}

// List returns the documents of a type in the order in which they were written first, with those that were deleted and can be taken back.
func (r *Configs) List(ctx context.Context, t capability.TenantID, of ConfigType) ([]Config, error) {
	var all []Config
	q := store.Query{Tenant: t, Collection: configCollection, Index: byConfigType, Value: of.key()}
	for d, err := range store.Each(ctx, r.store, q) {
		if err != nil {
			return nil, fmt.Errorf("list configuration documents: %w", err)
		}
		c, _, err := decodeConfig(d)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Config) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) })
	return all, nil
}

// Put writes a document over the one that was read, and returns it with its new revision and time. store.ErrConflict where it was
// changed since: c.Rev has to be the revision that was read, 0 for a new one.
func (r *Configs) Put(ctx context.Context, t capability.TenantID, of ConfigType, c Config) (Config, error) {
	op, c, err := r.Op(t, of, c)
	if err != nil {
		return Config{}, err
	}
	if _, err := r.store.Write(ctx, op); err != nil {
		return Config{}, fmt.Errorf("write a configuration document: %w", err)
	}
	return c, nil
}

// Op is what Put writes, for whoever writes several things at once, and the document as it is then.
func (r *Configs) Op(t capability.TenantID, of ConfigType, c Config) (store.Op, Config, error) {
	c.Changed = r.now().UTC().Round(0)
	if c.Rev == 0 {
		c.Created = c.Changed
	}
	body, err := json.Marshal(storedConfig{Type: of.key(), Values: c.Values, Created: c.Created, Changed: c.Changed, By: c.By, Deleted: c.Deleted, People: c.People})
	if err != nil {
		return store.Op{}, Config{}, fmt.Errorf("encode a configuration document: %w: %w", store.ErrInvalid, err)
	}
	d := store.Doc{Key: configKey(t, c.ID), Body: body, Index: map[string]string{byConfigType: of.key()}}
	op := store.Op{Doc: d, IfRev: c.Rev}
	c.Rev++ // a revision counts writes
	return op, c, nil
}

// Purge removes a document of that revision for good. It is no error where it is not there any more.
func (r *Configs) Purge(ctx context.Context, t capability.TenantID, c Config) error {
	_, err := r.store.Write(ctx, store.Op{Doc: store.Doc{Key: configKey(t, c.ID)}, Delete: true, IfRev: c.Rev})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("purge a configuration document: %w", err)
	}
	return nil
}

func configKey(t capability.TenantID, id string) store.Key {
	return store.Key{Tenant: t, Collection: configCollection, ID: id}
}

func decodeConfig(d store.Doc) (c Config, typ string, err error) {
	var o storedConfig
	if err := json.Unmarshal(d.Body, &o); err != nil {
		return Config{}, "", fmt.Errorf("decode configuration document %s: %w", d.Key.ID, err)
	}
	return Config{ID: d.Key.ID, Values: o.Values, Created: o.Created, Changed: o.Changed, By: o.By, Deleted: o.Deleted, People: o.People, Rev: d.Rev}, o.Type, nil
}
