package mongostore

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/pergola-platform/pergola/host/store"
)

// indexes are all that the collection of documents has, beside that of _id. Both end in the id, in whose order pages come, so
// that a page begins at its place in the index and nothing is sorted.
var indexes = []index{
	// Lists by id. Tenants and Collections are answered from it alone.
	{name: "tenant_collection_id", keys: ascending("t", "c", "i")},
	// Lists by index value.
	{name: "tenant_collection_entry_id", keys: ascending("t", "c", "ix", "i")},
}

// listOrder is the order of a page. Filters fix every key of the index before it.
var listOrder = ascending("i")

// filter is which documents a validated query finds, in the database's language.
func filter(q store.Query) bson.D {
	out := bson.D{{Key: "t", Value: string(q.Tenant)}, {Key: "c", Value: q.Collection}}
	if q.Index != "" {
		out = append(out, bson.E{Key: "ix", Value: entry(q.Index, q.Value)})
	}
	after, below := q.Range()
	between := bson.D{{Key: "$gt", Value: after}}
	if below != "" {
		between = append(between, bson.E{Key: "$lt", Value: below})
	}
	return append(out, bson.E{Key: "i", Value: between})
}

// page is how much of it a list wants.
func page(q store.Query) *options.FindOptionsBuilder {
	// A batch one longer than the page is the whole page in one answer, and leaves no cursor open.
	return options.Find().SetSort(listOrder).SetLimit(int64(q.Limit)).SetBatchSize(int32(q.Limit) + 1)
}

// List returns a page of documents.
func (s *Store) List(ctx context.Context, q store.Query) ([]store.Doc, error) {
	q, err := q.Validate()
	if err != nil {
		return nil, err
	}
	var records []record
	err = s.read(ctx, "list "+q.Collection+" of "+string(q.Tenant), func(ctx context.Context) error {
		return s.snapshot(ctx, func(ctx context.Context) error {
			cursor, err := s.docs.Find(ctx, filter(q), page(q))
			if err != nil {
				return err
			}
			return cursor.All(ctx, &records)
		})
	})
	if err != nil {
		return nil, err
	}
	docs := make([]store.Doc, len(records))
	for i, r := range records {
		if docs[i], err = r.doc(); err != nil {
			return nil, err
		}
	}
	return docs, nil
}

// IDs returns a page of ids.
func (s *Store) IDs(ctx context.Context, q store.Query) ([]string, error) {
	q, err := q.Validate()
	if err != nil {
		return nil, err
	}
	var records []struct {
		ID string `bson:"i"`
	}
	err = s.read(ctx, "list ids of "+q.Collection+" of "+string(q.Tenant), func(ctx context.Context) error {
		return s.snapshot(ctx, func(ctx context.Context) error {
			opts := page(q)
			if s.transactions { // what has none may know no projection, and send the documents
				opts.SetProjection(bson.D{{Key: "_id", Value: 0}, {Key: "i", Value: 1}})
			}
			cursor, err := s.docs.Find(ctx, filter(q), opts)
			if err != nil {
				return err
			}
			return cursor.All(ctx, &records)
		})
	})
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(records))
	for i, r := range records {
		ids[i] = r.ID
	}
	return ids, nil
}

// Count counts documents, by entries of an index alone.
func (s *Store) Count(ctx context.Context, q store.Query) (int, error) {
	q, err := q.ValidateCount()
	if err != nil {
		return 0, err
	}
	var n int64
	err = s.read(ctx, "count "+q.Collection+" of "+string(q.Tenant), func(ctx context.Context) error {
		return s.snapshot(ctx, func(ctx context.Context) (err error) {
			n, err = s.docs.CountDocuments(ctx, filter(q), options.Count().SetLimit(int64(q.Limit)))
			return err
		})
	})
	return int(n), err
}

// snapshot runs f on the data of one moment, where the server can: a query without it lets writes in between its documents, and
// would show half of a batch.
func (s *Store) snapshot(ctx context.Context, f func(ctx context.Context) error) error {
	if !s.transactions {
		return f(ctx)
	}
	session, err := s.client.StartSession(options.Session().SetSnapshot(true))
	if err != nil {
		return err
	}
	defer session.EndSession(ctx)
	return f(mongo.NewSessionContext(ctx, session))
}
