package services

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"

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
	maxCount       = 10_000
	defaultCount   = 1000
	clearTries     = 5 // of a batch to be deleted, against others who write it
	// maxListing ends a page early, with room for the cursor and the message's envelope.
	maxListing = wire.MaxMessage - 4096
)

func (s *storeService) list(ctx context.Context, b *capability.Binding, q *sdkstore.Query) (*sdkstore.Listing, error) {
	declared, err := s.declared(b, q.Type)
	if err != nil {
		return nil, err
	}
	found, err := s.query(b, declared, q)
	if err != nil {
		return nil, err
	}
	if found.After, err = begin(q); err != nil {
		return nil, err
	}
	limit := defaultRecords
	if q.Limit != 0 {
		limit = min(max(q.Limit, 1), maxRecords)
	}
	// One more than asked for says whether there is another page.
	found.Limit = limit + 1
	if q.IDs && declared.Retention.Days == 0 { // else only bodies say which of them are there still
		return s.listIDs(ctx, declared, found)
	}
	docs, err := s.store.List(ctx, found)
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
		if q.IDs {
			r = named(declared, r.ID)
		}
		if size += r.Msgsize(); len(out.Records) > 0 && size > maxListing {
			out.Next = encodeCursor(docs[i-1].Key.ID)
			break
		}
		out.Records = append(out.Records, *r)
	}
	return out, nil
}

// listIDs lists records by what their ids say.
func (s *storeService) listIDs(ctx context.Context, declared manifest.Record, q store.Query) (*sdkstore.Listing, error) {
	ids, err := s.store.IDs(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &sdkstore.Listing{}
	if len(ids) == q.Limit {
		ids = ids[:len(ids)-1]
		out.Next = encodeCursor(ids[len(ids)-1])
	}
	out.Records = make([]sdkstore.Record, len(ids))
	for i, id := range ids {
		out.Records[i] = *named(declared, id)
	}
	return out, nil
}

// named is what an id says of its record. One that an earlier version of the plugin made of other fields says nothing.
func named(declared manifest.Record, id string) *sdkstore.Record {
	out := &sdkstore.Record{Type: declared.Type, ID: id, Fields: map[string]string{}}
	if values := sdkstore.SplitID(id); len(values) == len(declared.ID.Fields) {
		for i, name := range declared.ID.Fields {
			out.Fields[name] = values[i]
		}
	}
	return out
}

// count says how many records a query finds. Where records expire, only their bodies say which of them count.
func (s *storeService) count(ctx context.Context, b *capability.Binding, q *sdkstore.Query) (*sdkstore.Tally, error) {
	declared, err := s.declared(b, q.Type)
	if err != nil {
		return nil, err
	}
	limit, err := whole(q, defaultCount, maxCount)
	if err != nil {
		return nil, err
	}
	found, err := s.query(b, declared, q)
	if err != nil {
		return nil, err
	}
	n := 0
	if declared.Retention.Days == 0 {
		found.Limit = limit + 1 // says whether there are more
		n, err = s.store.Count(ctx, found)
	} else {
		found.Limit = min(limit+1, store.MaxLimit)
		n, err = s.countFresh(ctx, declared, found, limit+1)
	}
	if err != nil {
		return nil, err
	}
	return &sdkstore.Tally{Records: min(n, limit), More: n > limit}, nil
}

// countFresh counts the records whose time is not over, up to most of them.
func (s *storeService) countFresh(ctx context.Context, declared manifest.Record, q store.Query, most int) (n int, err error) {
	for d, err := range store.Each(ctx, s.store, q) {
		if err != nil {
			return 0, err
		}
		_, ok, err := s.read(declared, d)
		if err != nil {
			return 0, err
		}
		if ok {
			n++
		}
		if n == most {
			break
		}
	}
	return n, nil
}

// clear deletes the records that a query finds, each at the revision at which it was found: by the next one it may be a record
// that the query does not find.
func (s *storeService) clear(ctx context.Context, b *capability.Binding, q *sdkstore.Query) (*sdkstore.Tally, error) {
	declared, err := s.declared(b, q.Type)
	if err != nil {
		return nil, err
	}
	limit, err := whole(q, maxRecords, maxRecords)
	if err != nil {
		return nil, err
	}
	found, err := s.query(b, declared, q)
	if err != nil {
		return nil, err
	}
	if q.Field == "" && len(q.Prefix) == 0 {
		return nil, withField("field", hostError(sdk.Invalid, "say which records of type %q to delete: by a field, or by a prefix of their ids", q.Type))
	}
	found.Limit = limit + 1
	for range clearTries {
		docs, err := s.store.List(ctx, found)
		if err != nil {
			return nil, err
		}
		out := &sdkstore.Tally{Records: min(len(docs), limit), More: len(docs) > limit}
		ops := make([]store.Op, out.Records)
		for i := range ops {
			ops[i] = store.Op{Doc: store.Doc{Key: docs[i].Key}, Delete: true, IfRev: docs[i].Rev}
		}
		if _, err = s.store.Write(ctx, ops...); err == nil {
			return out, nil
		}
		if !errors.Is(err, store.ErrConflict) {
			return nil, err
		}
	}
	return nil, hostError(sdk.Exists, "others keep writing these records of type %q; try again, or ask for fewer at a time", q.Type)
}

// whole returns how many records a query without pages is about.
func whole(q *sdkstore.Query, usual, most int) (limit int, err error) {
	switch {
	case q.Cursor != "" || q.After != "":
		return 0, withField("cursor", hostError(sdk.Invalid, "only a list has pages; leave the cursor out"))
	case q.Limit < 0 || q.Limit > most:
		return 0, withField("limit", hostError(sdk.Invalid, "the limit is 1 to %d, or 0 for %d", most, usual))
	case q.Limit == 0:
		return usual, nil
	}
	return q.Limit, nil
}

// query is what q asks of the store, without pages.
func (s *storeService) query(b *capability.Binding, declared manifest.Record, q *sdkstore.Query) (store.Query, error) {
	if err := indexed(declared, q); err != nil {
		return store.Query{}, err
	}
	prefix, err := prefixOf(declared, q)
	return store.Query{
		Tenant: b.Tenant, Collection: privacy.RecordCollection(b.Plugin, q.Type), Index: q.Field, Value: q.Value, Prefix: prefix,
	}, err
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

// prefixOf returns how the ids begin that q asks for, "" for all.
func prefixOf(declared manifest.Record, q *sdkstore.Query) (string, error) {
	if len(q.Prefix) == 0 {
		return "", nil
	}
	names := declared.ID.Fields
	if len(names) == 0 {
		return "", withField("prefix", hostError(sdk.Invalid, "the ids of record type %q have no parts: plugin.json does not make them of fields", q.Type))
	}
	if len(q.Prefix) >= len(names) {
		return "", withField("prefix", hostError(sdk.Invalid, "a prefix of record type %q has values of up to %d fields: %s; where all are known, get the record by its id",
			q.Type, len(names)-1, strings.Join(names[:len(names)-1], ", ")))
	}
	for i, value := range q.Prefix {
		if wrong := wanted(declared.Fields[names[i]].Validate(value)); wrong != "" {
			return "", withField("prefix", hostError(sdk.Invalid, "field %q of record type %q: %s", names[i], q.Type, wrong))
		}
	}
	return sdkstore.JoinID(q.Prefix...) + ".", nil // no value has a dot, so it ends where the value does
}

// A cursor is the id of the last record of a page. It is encoded so that nobody makes one up, and starts with a version.
const cursorVersion = "1"

// begin is the id behind which a list begins.
func begin(q *sdkstore.Query) (after string, err error) {
	switch {
	case q.After == "":
		return decodeCursor(q.Cursor)
	case q.Cursor != "":
		return "", withField("after", hostError(sdk.Invalid, "a list begins behind a cursor or behind an id, not behind both"))
	case !sdkstore.ValidID(q.After):
		return "", withField("after", hostError(sdk.Invalid, "a record's id has 1 to 128 of A-Z a-z 0-9 . _ -"))
	}
	return q.After, nil
}

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
