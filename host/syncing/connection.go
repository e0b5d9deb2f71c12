package syncing

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/feature"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// Connection is how a source is reached, without what is secret about it.
type Connection struct {
	ID           string              `json:"id"`
	Name         string              `json:"name"`
	Plugin       capability.PluginID `json:"plugin"`
	Synchronizer string              `json:"synchronizer"` // of the plugin
	Settings     json.RawMessage     `json:"settings"`     // an object, as the synchronizer's form has it
	Set          []string            `json:"set"`          // names of the secrets that are set
	// Trouble is the code with which the source refused a run; no run uses the connection until a test finds it well. Empty
	// for none.
	Trouble sdk.Code  `json:"trouble,omitempty"`
	By      string    `json:"by,omitempty"` // account of the admin who wrote it last
	Created time.Time `json:"created"`
	Changed time.Time `json:"changed"`
	Rev     int64     `json:"rev"`
}

type connectionDocument struct {
	Name         string              `json:"name"`
	Plugin       capability.PluginID `json:"plugin"`
	Synchronizer string              `json:"synchronizer"`
	Settings     json.RawMessage     `json:"settings"`
	Secrets      string              `json:"secrets,omitempty"` // sealed, a JSON object
	Set          []string            `json:"set,omitempty"`
	Trouble      sdk.Code            `json:"trouble,omitempty"`
	By           string              `json:"by,omitempty"`
	Created      time.Time           `json:"created"`
	Changed      time.Time           `json:"changed"`
}

// ConnectionDraft is a connection as an admin writes it.
type ConnectionDraft struct {
	Name         string              `json:"name"`
	Plugin       capability.PluginID `json:"plugin"`
	Synchronizer string              `json:"synchronizer"`
	Settings     json.RawMessage     `json:"settings"`
	// Secrets are those that change, by name: one that is not there stays as it is, an empty one is taken away.
	Secrets map[string]sync.Secret `json:"secrets,omitempty"`
	// Rev is the revision that was read, 0 for a new one.
	Rev int64 `json:"rev,omitempty"`
}

// FormError says which settings of a connection need another value. It wraps an *sdk.Error with the code invalid.
type FormError struct {
	Errors schemaform.Errors
	shown  sdk.Error
}

func (e *FormError) Error() string { return e.shown.Message }

// Unwrap returns the *sdk.Error.
func (e *FormError) Unwrap() error { return &e.shown }

func connectionOf(k kept[connectionDocument]) Connection {
	d := k.doc
	c := Connection{
		ID: k.id, Name: d.Name, Plugin: d.Plugin, Synchronizer: d.Synchronizer, Settings: d.Settings, Set: d.Set, Trouble: d.Trouble, By: d.By,
		Created: d.Created, Changed: d.Changed, Rev: k.rev,
	}
	if c.Set == nil {
		c.Set = []string{}
	}
	return c
}

// Connections returns those of a tenant, by name.
func (s *Service) Connections(ctx context.Context, t tenant.Tenant) ([]Connection, error) {
	all, err := s.connections.list(ctx, t.ID, "", "")
	if err != nil {
		return nil, err
	}
	out := make([]Connection, len(all))
	for i, k := range all {
		out[i] = connectionOf(k)
	}
	slices.SortFunc(out, func(a, b Connection) int { return strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)) })
	return out, nil
}

// Connection returns one.
func (s *Service) Connection(ctx context.Context, t tenant.Tenant, id string) (Connection, error) {
	k, err := s.connections.get(ctx, t.ID, id)
	return connectionOf(k), err
}

// SaveConnection keeps what an admin wrote, with a new id where id is "". The error is a *FormError where settings need other
// values.
func (s *Service) SaveConnection(ctx context.Context, t tenant.Tenant, account, id string, draft ConnectionDraft) (Connection, error) {
	k, secrets, err := s.merge(ctx, t, id, draft)
	if err != nil {
		return Connection{}, err
	}
	if err := checkName(draft.Name); err != nil {
		return Connection{}, err
	}
	now := s.now()
	if k.rev == 0 {
		k.doc.Created = now
	}
	k.doc.Name, k.doc.By, k.doc.Changed, k.doc.Trouble = draft.Name, account, now, ""
	if err := s.sealSecrets(ctx, t, &k, secrets); err != nil {
		return Connection{}, err
	}
	k, err = s.connections.put(ctx, t.ID, k)
	return connectionOf(k), err
}

// CheckConnection says what SaveConnection would refuse, and saves nothing.
func (s *Service) CheckConnection(ctx context.Context, t tenant.Tenant, id string, draft ConnectionDraft) error {
	if _, _, err := s.merge(ctx, t, id, draft); err != nil {
		return err
	}
	return checkName(draft.Name)
}

// Differing returns which of the secrets are kept with another value, or not at all; an empty one is kept where none is. Whoever may
// ask could as well save the secrets and test the connection.
func (s *Service) Differing(ctx context.Context, t tenant.Tenant, id string, secrets map[string]sync.Secret) ([]string, error) {
	k, err := s.connections.get(ctx, t.ID, id)
	if err != nil {
		return nil, err
	}
	there, err := s.openSecrets(ctx, t, k)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(secrets)) {
		if subtle.ConstantTimeCompare([]byte(there[name].Reveal()), []byte(secrets[name].Reveal())) != 1 {
			out = append(out, name)
		}
	}
	return out, nil
}

// merge is a draft over what is kept under its id, and its secrets in the clear.
func (s *Service) merge(ctx context.Context, t tenant.Tenant, id string, draft ConnectionDraft) (k kept[connectionDocument], secrets map[string]sync.Secret, err error) {
	k = kept[connectionDocument]{id: id}
	if id == "" {
		k.id = newID("c")
	} else if k, err = s.connections.get(ctx, t.ID, id); err != nil {
		return k, nil, err
	}
	switch {
	case k.rev != draft.Rev && draft.Rev != 0:
		return k, nil, fail(sdk.Exists, "somebody else changed this connection meanwhile; reload it and try again")
	case k.rev > 0 && (k.doc.Plugin != draft.Plugin || k.doc.Synchronizer != draft.Synchronizer):
		return k, nil, refuse("synchronizer", "a connection stays with its kind of source; make another one")
	}
	k.doc.Plugin, k.doc.Synchronizer, k.doc.Settings = draft.Plugin, draft.Synchronizer, draft.Settings
	_, known, err := s.cfg.Features.Source(ctx, t, draft.Plugin, draft.Synchronizer)
	if err != nil {
		return k, nil, err
	}
	if err := checkSettings(known, &k.doc); err != nil {
		return k, nil, err
	}
	if secrets, err = s.openSecrets(ctx, t, k); err != nil {
		return k, nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(draft.Secrets)) {
		if !slices.ContainsFunc(known.Secrets, func(s manifest.Secret) bool { return s.Name == name }) {
			return k, nil, refuse("secrets."+name, "%s has no such secret", known.Title)
		}
		if secrets[name] = draft.Secrets[name]; draft.Secrets[name] == "" {
			delete(secrets, name)
		}
	}
	k.doc.Set = slices.Sorted(maps.Keys(secrets))
	return k, secrets, nil
}

// checkSettings validates settings against the synchronizer's form.
func checkSettings(known feature.Synchronizer, d *connectionDocument) error {
	if len(bytes.TrimSpace(d.Settings)) == 0 {
		d.Settings = json.RawMessage("{}")
	}
	if known.Form == nil {
		d.Settings = json.RawMessage("{}")
		return nil
	}
	problems := append(known.Form.Validate(d.Settings), known.Form.Strange(d.Settings)...)
	if len(problems) == 0 {
		return nil
	}
	return &FormError{problems, sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: problems[0].Path, Message: problems.Error()}}
}

// maxSecrets bounds the secrets of one connection together, in bytes of JSON.
const maxSecrets = 128 << 10

func (s *Service) sealSecrets(ctx context.Context, t tenant.Tenant, k *kept[connectionDocument], secrets map[string]sync.Secret) error {
	k.doc.Secrets = ""
	if len(secrets) == 0 {
		return nil
	}
	plain := make(map[string]string, len(secrets))
	for name, value := range secrets {
		plain[name] = value.Reveal()
	}
	raw, err := json.Marshal(plain)
	if err != nil {
		return fmt.Errorf("encode the secrets of a connection: %w", err)
	}
	if len(raw) > maxSecrets {
		return refuse("secrets", "the secrets have %d bytes together; at most %d are kept", len(raw), maxSecrets)
	}
	k.doc.Secrets, err = s.cfg.Keys.Seal(ctx, t.ID, placeOf(k.id), seal.NewSecret(string(raw)))
	return err
}

func (s *Service) openSecrets(ctx context.Context, t tenant.Tenant, k kept[connectionDocument]) (map[string]sync.Secret, error) {
	out := map[string]sync.Secret{}
	if k.doc.Secrets == "" {
		return out, nil
	}
	opened, err := s.cfg.Keys.Open(ctx, t.ID, placeOf(k.id), k.doc.Secrets)
	if err != nil {
		return nil, fmt.Errorf("open the secrets of connection %s: %w", k.id, err)
	}
	plain := map[string]string{}
	if err := json.Unmarshal([]byte(opened.Reveal()), &plain); err != nil {
		return nil, fmt.Errorf("decode the secrets of connection %s: they are damaged", k.id)
	}
	for name, value := range plain {
		out[name] = sync.Secret(value)
	}
	return out, nil
}

func placeOf(id string) seal.Place {
	return seal.Place{Collection: connectionCollection, ID: id, Field: secretsField}
}

// DeleteConnection deletes one that no synchronization reads.
func (s *Service) DeleteConnection(ctx context.Context, t tenant.Tenant, id string) error {
	if _, err := s.connections.get(ctx, t.ID, id); err != nil {
		return err
	}
	users, err := s.syncs.list(ctx, t.ID, byConnection, id)
	if err != nil {
		return err
	}
	if len(users) > 0 {
		return fail(sdk.Exists, "%d synchronizations read this connection; delete them or give them another one first", len(users))
	}
	return s.connections.delete(ctx, t.ID, id)
}

// link is an opened connection: what is needed to ask its source.
type link struct {
	kept   kept[connectionDocument]
	source *sync.Source
	known  feature.Synchronizer
	config sync.Config
}

// sources finds a synchronizer: Features.Source for somebody who waits, [held] for a step of a run.
type sources func(ctx context.Context, t tenant.Tenant, id capability.PluginID, name string) (*sync.Source, feature.Synchronizer, error)

// reach opens a connection.
func (s *Service) reach(ctx context.Context, t tenant.Tenant, find sources, k kept[connectionDocument], secrets map[string]sync.Secret) (link, error) {
	source, known, err := find(ctx, t, k.doc.Plugin, k.doc.Synchronizer)
	if err != nil {
		return link{}, err
	}
	l := link{kept: k, source: source, known: known, config: sync.Config{Secrets: secrets}}
	if known.Form != nil {
		l.config.Settings = *known.Form.Flatten(known.Form.Defaults(k.doc.Settings))
	} else {
		l.config.Settings = settings.Values{}
	}
	return l, nil
}

// open opens the connection with an id.
func (s *Service) open(ctx context.Context, t tenant.Tenant, find sources, id string) (link, error) {
	k, err := s.connections.get(ctx, t.ID, id)
	if err != nil {
		return link{}, err
	}
	secrets, err := s.openSecrets(ctx, t, k)
	if err != nil {
		return link{}, err
	}
	return s.reach(ctx, t, find, k, secrets)
}

// TestConnection asks whether a connection works, as it is kept or, with a draft, as it would be. A kept one that works is out of
// trouble.
func (s *Service) TestConnection(ctx context.Context, t tenant.Tenant, id string, draft *ConnectionDraft) (*sync.Health, error) {
	var l link
	var err error
	if draft != nil {
		k, secrets, err := s.merge(ctx, t, id, *draft)
		if err != nil {
			return nil, err
		}
		if l, err = s.reach(ctx, t, s.cfg.Features.Source, k, secrets); err != nil {
			return nil, err
		}
	} else if l, err = s.open(ctx, t, s.cfg.Features.Source, id); err != nil {
		return nil, err
	}
	health, err := l.source.Check.Check(ctx, &sync.Check{Name: l.known.Name, Config: l.config})
	if err != nil {
		return nil, err
	}
	if draft == nil && len(health.Problems) == 0 && l.kept.doc.Trouble != "" {
		l.kept.doc.Trouble = ""
		if _, err := s.connections.put(ctx, t.ID, l.kept); err != nil && sdk.CodeOf(err) != sdk.Exists {
			return nil, err
		}
	}
	return health, nil
}

// Streams returns a page of what a connection offers to read. With a name, that stream alone, with its columns.
func (s *Service) Streams(ctx context.Context, t tenant.Tenant, id, stream string, cursor []byte) (*sync.Catalog, error) {
	l, err := s.open(ctx, t, s.cfg.Features.Source, id)
	if err != nil {
		return nil, err
	}
	return l.source.Discover.Discover(ctx, &sync.Discover{Name: l.known.Name, Config: l.config, Stream: stream, Cursor: cursor})
}
