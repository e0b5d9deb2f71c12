package services

import (
	"context"
	"encoding/base64"
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
	"github.com/pergola-platform/pergola/sdk/wire"
)

// Limits of a plugin's records.
const (
	maxRecords     = 500 // of a batch and of a page
	defaultRecords = 100
	// maxListing ends a page early, with room for the cursor and the message's envelope.
	maxListing = wire.MaxMessage - 4096
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

func (s *storeService) put(ctx context.Context, b *capability.Binding, in *sdkstore.Records) (*sdkstore.Records, error) {
	if err := s.available(); err != nil {
		return nil, err
	}
	if len(in.Records) > maxRecords {
		return nil, hostError(sdk.Invalid, "%d records in a batch, at most %d are allowed; put them in several batches", len(in.Records), maxRecords)
	}
	w := writer{service: s, binding: b}
	ops := make([]store.Op, len(in.Records))
	seen := make(map[store.Key]bool, len(ops))
	for i := range in.Records {
		r := &in.Records[i]
		declared, err := s.declared(b, r.Type)
		if err != nil {
			return nil, err
		}
		if ops[i], err = w.op(ctx, declared, r); err != nil {
			return nil, err
		}
		key := ops[i].Doc.Key
		if seen[key] {
			return nil, hostError(sdk.Invalid, "record %q of type %q is in the batch twice", r.ID, r.Type)
		}
		seen[key] = true
	}
	if len(ops) == 0 {
		return &sdkstore.Records{}, nil
	}
	revs, err := s.store.Write(ctx, ops...)
	if errors.Is(err, store.ErrConflict) {
		if again, ferr := w.overExpired(ctx, ops); ferr != nil {
			return nil, ferr
		} else if again {
			revs, err = s.store.Write(ctx, ops...)
		}
	}
	if conflict := (*store.ConflictError)(nil); errors.As(err, &conflict) {
		for i := range ops {
			if r := &in.Records[i]; ops[i].Doc.Key == conflict.Key {
				return nil, hostError(sdk.Exists, "record %q of type %q is there already or was changed; read it again", r.ID, r.Type)
			}
		}
	}
	if errors.Is(err, store.ErrConflict) {
		return nil, hostError(sdk.Exists, "a record is there already or was changed; read it again")
	}
	if err != nil {
		return nil, err
	}
	for i := range in.Records {
		in.Records[i].Rev = revs[i]
	}
	return in, nil
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

func (s *storeService) list(ctx context.Context, b *capability.Binding, q *sdkstore.Query) (*sdkstore.Listing, error) {
	declared, err := s.declared(b, q.Type)
	if err != nil {
		return nil, err
	}
	if err := indexed(declared, q); err != nil {
		return nil, err
	}
	after, err := decodeCursor(q.Cursor)
	if err != nil {
		return nil, err
	}
	limit := defaultRecords
	if q.Limit != 0 {
		limit = min(max(q.Limit, 1), maxRecords)
	}
	// One more than asked for says whether there is another page.
	docs, err := s.store.List(ctx, store.Query{
		Tenant: b.Tenant, Collection: privacy.RecordCollection(b.Plugin, q.Type), Index: q.Field, Value: q.Value, After: after, Limit: limit + 1,
	})
	if err != nil {
		return nil, err
	}
	out := &sdkstore.Listing{}
	size := 0
	for i, d := range docs {
		if i == limit {
			out.Next = encodeCursor(docs[i-1].Key.ID)
			break
		}
		r, ok, err := s.read(declared, d)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if size += r.Msgsize(); len(out.Records) > 0 && size > maxListing {
			out.Next = encodeCursor(docs[i-1].Key.ID)
			break
		}
		out.Records = append(out.Records, *r)
	}
	return out, nil
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

func indexed(declared manifest.Record, q *sdkstore.Query) error {
	if q.Field == "" {
		if q.Value != "" {
			return withField("field", hostError(sdk.Invalid, "a value to look for needs the name of its field"))
		}
		return nil
	}
	f, ok := declared.Fields[q.Field]
	if !ok || !f.Indexed {
		return withField(clip(q.Field), hostError(sdk.Invalid, "records of type %q cannot be listed by %q: plugin.json does not declare that field with \"indexed\"", q.Type, clip(q.Field)))
	}
	if wrong := wanted(f.Validate(q.Value)); wrong != "" {
		return withField(q.Field, hostError(sdk.Invalid, "field %q of record type %q: %s", q.Field, q.Type, wrong))
	}
	return nil
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
	var stored record
	if err := json.Unmarshal(d.Body, &stored); err != nil {
		return nil, false, fmt.Errorf("decode record %s: %w", d.Key, err)
	}
	if stored.expired(declared.Retention, s.now()) {
		return nil, false, nil
	}
	r := &sdkstore.Record{Type: declared.Type, ID: d.Key.ID, Rev: d.Rev, Fields: map[string]string{}}
	for name, value := range stored.Fields {
		if _, ok := declared.Fields[name]; ok {
			r.Fields[name] = value
		}
	}
	return r, true, nil
}

// A cursor is the id of the last record of a page. It is encoded so that nobody makes one up, and starts with a version.
const cursorVersion = "1"

func encodeCursor(id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(cursorVersion + id))
}

func decodeCursor(cursor string) (after string, err error) {
	if cursor == "" {
		return "", nil
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(b) == 0 || string(b[:1]) != cursorVersion || !sdkstore.ValidID(string(b[1:])) {
		return "", withField("cursor", hostError(sdk.Invalid, "the cursor is none that a listing returned; start again without one"))
	}
	return string(b[1:]), nil
}

// clip shortens what a plugin made up, for a message.
func clip(s string) string {
	if len(s) > 64 {
		return strings.ToValidUTF8(s[:64], "") + "…"
	}
	return s
}
