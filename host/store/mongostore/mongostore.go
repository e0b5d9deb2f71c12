// Package mongostore is the driver of host/store for MongoDB 5.0 or newer: a replica set or a sharded cluster, for an
// installation of several hosts. Start with [Open].
//
// All documents are in one collection, doc; a second one, format, says of which format they are. A write is acknowledged
// once a majority of the replica set has it in its journal, and reads see only such writes. A batch is a transaction, a
// page one snapshot. Connections are made as they are needed; a server that is back is used again without further ado.
//
// A server without transactions is refused, unless [Config.WithoutTransactions] says that losing half a batch is bearable.
//
// The tests run against the server that the variable MONGODB_URI names, in databases of their own that they drop; without
// one, against FerretDB, which .ci/ferretdb.sh installs. RATIONALE.md says what that does not prove.
package mongostore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/pergola-platform/pergola/host/store"
)

// Store is an open database. It is safe for concurrent use.
type Store struct {
	where        string // for messages: the database and its hosts
	secrets      []string
	timeout      time.Duration
	transactions bool

	client  *mongo.Client
	docs    *mongo.Collection
	formats *mongo.Collection
	gate    gate
}

var _ store.Store = (*Store)(nil)

// Get returns a document or store.ErrNotFound.
func (s *Store) Get(ctx context.Context, key store.Key) (store.Doc, error) {
	if err := key.Validate(); err != nil {
		return store.Doc{}, err
	}
	var r record
	err := s.read(ctx, "read "+key.String(), func(ctx context.Context) error {
		return s.docs.FindOne(ctx, byKey(key)).Decode(&r)
	})
	if errors.Is(err, mongo.ErrNoDocuments) {
		return store.Doc{}, fmt.Errorf("%s: %w", key, store.ErrNotFound)
	}
	if err != nil {
		return store.Doc{}, err
	}
	return r.doc()
}

// Ping reads the format of the data.
func (s *Store) Ping(ctx context.Context) error {
	err := s.read(ctx, "read the format", func(ctx context.Context) error {
		_, err := readFormat(ctx, s.formats)
		return err
	})
	if errors.Is(err, mongo.ErrNoDocuments) {
		return fmt.Errorf("%w: %s has no data any more; restore a backup, or start the host anew for an empty store", store.ErrUnavailable, s.where)
	}
	return err
}

// read runs a reading f, which ends with the caller's context. It returns mongo.ErrNoDocuments as it is.
func (s *Store) read(ctx context.Context, doing string, f func(ctx context.Context) error) error {
	leave, err := s.gate.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	bounded, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	switch err := f(bounded); {
	case err == nil, errors.Is(err, mongo.ErrNoDocuments):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		return s.fail(doing, err)
	}
}

// record is a document as it lies in the collection.
type record struct {
	// ID joins the three names of the document by a byte that none of them can hold. Its uniqueness is the document's, and no
	// operator can drop it, as they could any other index.
	ID         string   `bson:"_id"`
	Tenant     string   `bson:"t"`
	Collection string   `bson:"c"`
	Name       string   `bson:"i"`
	Rev        int64    `bson:"rev"`
	Index      []string `bson:"ix"`   // see entry; empty rather than missing
	Body       []byte   `bson:"body"` // bytes, not a sub-document: those would come back in another form
}

func recordID(k store.Key) string { return string(k.Tenant) + "\x00" + k.Collection + "\x00" + k.ID }

// byKey finds one document. The id begins with the tenant, so there is no way to another's.
func byKey(k store.Key) bson.D { return bson.D{{Key: "_id", Value: recordID(k)}} }

// byRev finds one document as long as it has a revision.
func byRev(k store.Key, rev int64) bson.D { return append(byKey(k), bson.E{Key: "rev", Value: rev}) }

func newRecord(d store.Doc, rev int64) record {
	return record{
		ID: recordID(d.Key), Tenant: string(d.Key.Tenant), Collection: d.Key.Collection, Name: d.Key.ID,
		Rev: rev, Index: entries(d.Index), Body: d.Body,
	}
}
