package services

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/sdk"
	sdkstore "github.com/pergola-platform/pergola/sdk/store"
)

var recordType = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// storeService keeps a plugin's records. What a record may hold stands in the manifest; all else is refused, and that is
// what keeps issue content out of the store.
type storeService struct {
	store     store.Driver
	manifests Manifests
	tokens    *tokenService
	configs   Configs
	now       func() time.Time
}

// record is the body of a stored record.
type record struct {
	Fields map[string]string `json:"fields"`
	// Written is when it was last written, in RFC 3339 and whole seconds of UTC. Records of early versions have none.
	Written string `json:"written,omitempty"`
}

func (s *storeService) get(ctx context.Context, b *capability.Binding, k *sdkstore.Key) (*sdkstore.Record, error) {
	declared, err := s.declared(b, k.Type)
	if err != nil {
		return nil, err
	}
	key, err := keyOf(b, k.Type, k.ID)
	if err != nil {
		return nil, err
	}
	d, err := s.store.Get(ctx, key)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if err == nil {
		if r, ok, err := s.read(declared, d); ok || err != nil {
			return r, err
		}
	}
	return nil, hostError(sdk.NotFound, "there is no record %q of type %q", k.ID, k.Type)
}

func (s *storeService) delete(ctx context.Context, b *capability.Binding, k *sdkstore.Key) (*nothing, error) {
	if _, err := s.declared(b, k.Type); err != nil {
		return nil, err
	}
	key, err := keyOf(b, k.Type, k.ID)
	if err != nil {
		return nil, err
	}
	_, err = s.store.Write(ctx, store.Op{Doc: store.Doc{Key: key}, Delete: true, IfRev: store.Any})
	return &nothing{}, err
}

func (s *storeService) available() error {
	if s.store == nil || s.manifests == nil {
		return hostError(sdk.Unimplemented, "this host keeps no records")
	}
	return nil
}

// declared returns what the plugin's manifest says of a record type.
func (s *storeService) declared(b *capability.Binding, typ string) (manifest.Record, error) {
	if err := s.available(); err != nil {
		return manifest.Record{}, err
	}
	m := s.manifests.Manifest(b.Plugin, b.Version)
	if m == nil {
		return manifest.Record{}, fmt.Errorf("there is no manifest of %s %s", b.Plugin, b.Version)
	}
	r, ok := m.Record(typ)
	// The pattern is the manifest's own. It matters here too: a dot in a type would reach another plugin's collection.
	if !ok || !recordType.MatchString(typ) {
		return manifest.Record{}, withField("type", hostError(sdk.Invalid, "plugin.json declares no record type %q", clip(typ)))
	}
	return r, nil
}

func keyOf(b *capability.Binding, typ, id string) (store.Key, error) {
	if !sdkstore.ValidID(id) {
		return store.Key{}, withField("id", hostError(sdk.Invalid, "a record's id has 1 to 128 of A-Z a-z 0-9 . _ -"))
	}
	return store.Key{Tenant: b.Tenant, Collection: privacy.RecordCollection(b.Plugin, typ), ID: id}, nil
}

// read makes a record of a document; it is false where the record's time is over, so that nobody meets one that only waits for
// ExpireRecords. Fields that this version of the plugin does not declare any more stay behind, so that what was read can be
// put again.
func (s *storeService) read(declared manifest.Record, d store.Doc) (*sdkstore.Record, bool, error) {
	stored, err := decodeRecord(d)
	if err != nil {
		return nil, false, err
	}
	if stored.expired(declared.Retention, s.now()) {
		return nil, false, nil
	}
	if stored.Fields == nil {
		stored.Fields = map[string]string{}
	}
	for name := range stored.Fields {
		if _, ok := declared.Fields[name]; !ok {
			delete(stored.Fields, name)
		}
	}
	return &sdkstore.Record{Type: declared.Type, ID: d.Key.ID, Rev: d.Rev, Fields: stored.Fields}, true, nil
}

func decodeRecord(d store.Doc) (record, error) {
	if r, ok := plainRecord(string(d.Body)); ok {
		return r, nil
	}
	var r record
	if err := json.Unmarshal(d.Body, &r); err != nil {
		return record{}, fmt.Errorf("decode record %s: %w", d.Key, err)
	}
	return r, nil
}

// plainRecord decodes a record that is written as json.Marshal writes one of plain identifiers, which most are. It is false for any other.
func plainRecord(body string) (r record, ok bool) {
	rest, ok := strings.CutPrefix(body, `{"fields":`)
	if !ok {
		return record{}, false
	}
	if r.Fields, rest, ok = store.CutFlat(rest); !ok {
		return record{}, false
	}
	if written, found := strings.CutPrefix(rest, `,"written":`); found {
		if r.Written, rest, ok = store.CutString(written); !ok {
			return record{}, false
		}
	}
	return r, rest == "}"
}

// clip shortens what a plugin made up, for a message.
func clip(s string) string {
	if len(s) > 64 {
		return strings.ToValidUTF8(s[:64], "") + "…"
	}
	return s
}
