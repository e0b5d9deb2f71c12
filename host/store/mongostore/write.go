package mongostore

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/pergola-platform/pergola/host/store"
)

// Write carries out all of ops or none. A context that ends keeps a write from beginning, and a batch from being committed. What the
// server was told by then is waited for: nobody could say otherwise whether it happened.
func (s *Store) Write(ctx context.Context, ops ...store.Op) ([]int64, error) {
	if err := store.ValidateOps(ops); err != nil {
		return nil, err
	}
	leave, err := s.gate.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	if len(ops) == 0 {
		return nil, nil
	}
	background, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
	defer cancel()
	var revs []int64
	switch {
	case len(ops) == 1:
		var rev int64
		rev, err = s.one(background, ops[0])
		revs = []int64{rev}
	case s.transactions:
		revs, err = s.together(ctx, background, ops)
	default:
		revs, err = s.stepwise(ctx, background, ops)
	}
	if err == nil {
		return revs, nil
	}
	var conflict *store.ConflictError
	var ended *endedError
	switch {
	case errors.Is(err, store.ErrUnavailable): // says all there is to say
		return nil, err
	case errors.As(err, &conflict): // without the driver's error around it, whose text may quote the document
		return nil, conflict
	case errors.As(err, &ended):
		return nil, ended.Unwrap()
	case duplicate(err): // others took the id away and back so often that the tries were used up
		return nil, &store.ConflictError{Key: ops[0].Doc.Key}
	}
	return nil, s.fail("write "+ops[0].Doc.Key.String(), err)
}

// tries is how often a write is repeated where somebody created or deleted its document between two of its steps.
const tries = 5

// one carries out one op in one atomic operation of the server, and returns the new revision.
func (s *Store) one(ctx context.Context, op store.Op) (int64, error) {
	key := op.Doc.Key
	conflict := &store.ConflictError{Key: key}
	switch {
	case op.Delete && op.IfRev == store.Any:
		_, err := s.docs.DeleteOne(ctx, byKey(key))
		return 0, err
	case op.Delete:
		result, err := s.docs.DeleteOne(ctx, byRev(key, op.IfRev))
		if err == nil && result.DeletedCount == 0 {
			return 0, conflict
		}
		return 0, err
	case op.IfRev == store.Any:
		return s.upsert(ctx, op.Doc)
	case op.IfRev == 0:
		_, err := s.docs.InsertOne(ctx, newRecord(op.Doc, 1))
		if duplicate(err) {
			return 0, conflict
		}
		return 1, err
	default:
		result, err := s.docs.ReplaceOne(ctx, byRev(key, op.IfRev), newRecord(op.Doc, op.IfRev+1))
		if err == nil && result.MatchedCount == 0 {
			return 0, conflict
		}
		return op.IfRev + 1, err
	}
}

// upsert writes a document, whatever is there. Two that create it at the same time may both find nothing, and one of them then
// finds it taken; that one comes again.
func (s *Store) upsert(ctx context.Context, d store.Doc) (rev int64, err error) {
	r := newRecord(d, 0)
	update := bson.D{
		{Key: "$inc", Value: bson.D{{Key: "rev", Value: int64(1)}}},
		{Key: "$set", Value: bson.D{{Key: "ix", Value: r.Index}, {Key: "body", Value: r.Body}}},
		{Key: "$setOnInsert", Value: bson.D{{Key: "t", Value: r.Tenant}, {Key: "c", Value: r.Collection}, {Key: "i", Value: r.Name}}},
	}
	opts := options.FindOneAndUpdate().SetUpsert(true).SetReturnDocument(options.After)
	if s.transactions { // what has none, such as FerretDB, may know no projection here either, and send the body back
		opts.SetProjection(bson.D{{Key: "rev", Value: 1}})
	}
	for range tries {
		var written record
		err = s.docs.FindOneAndUpdate(ctx, byKey(d.Key), update, opts).Decode(&written)
		if !duplicate(err) {
			return written.Rev, err
		}
	}
	return 0, err
}
