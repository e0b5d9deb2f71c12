package mongostore

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"

	"github.com/pergola-platform/pergola/host/store"
)

// endedError is the error of the caller's context, found where nothing was committed. It tells that from the same error out of a commit,
// after which nobody knows.
type endedError struct{ cause error }

func (e *endedError) Error() string { return e.cause.Error() }
func (e *endedError) Unwrap() error { return e.cause }

func ended(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return &endedError{err}
	}
	return nil
}

// step is an op that has something to do, and the revision that it does it to; 0 where nothing is there.
type step struct {
	op     store.Op
	before int64
}

// plan reads the revisions of what ops are about, and returns what there is to do and the revisions that come of it.
func (s *Store) plan(ctx context.Context, ops []store.Op) (steps []step, revs []int64, err error) {
	ids := make([]string, len(ops))
	for i, op := range ops {
		ids[i] = recordID(op.Doc.Key)
	}
	filter := bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}}
	opts := options.Find().SetProjection(bson.D{{Key: "rev", Value: 1}}).SetBatchSize(store.MaxOps + 1)
	cursor, err := s.docs.Find(ctx, filter, opts)
	if err != nil {
		return nil, nil, err
	}
	var records []record
	if err := cursor.All(ctx, &records); err != nil {
		return nil, nil, err
	}
	there := make(map[string]int64, len(records))
	for _, r := range records {
		there[r.ID] = r.Rev
	}
	revs = make([]int64, len(ops))
	for i, op := range ops {
		before := there[ids[i]]
		if op.IfRev != store.Any && op.IfRev != before {
			return nil, nil, &store.ConflictError{Key: op.Doc.Key}
		}
		if !op.Delete {
			revs[i] = before + 1
		}
		if !op.Delete || before != 0 {
			steps = append(steps, step{op, before})
		}
	}
	return steps, revs, nil
}

// together carries out ops in a transaction. The driver repeats it while others are in its way, as long as background lasts.
func (s *Store) together(ctx, background context.Context, ops []store.Op) (revs []int64, err error) {
	session, err := s.client.StartSession()
	if err != nil {
		return nil, err
	}
	defer session.EndSession(background)
	// On a snapshot, a document that somebody changes after plan has read it makes the transaction fail instead of going unseen.
	snapshot := options.Transaction().SetReadConcern(readconcern.Snapshot())
	attempt := func(transaction context.Context) (any, error) {
		if err := ended(ctx); err != nil {
			return nil, err
		}
		steps, planned, err := s.plan(transaction, ops)
		if err != nil {
			return nil, err
		}
		revs = planned
		if err := s.apply(transaction, steps); err != nil {
			return nil, err
		}
		return nil, ended(ctx) // the last moment at which turning back is certain
	}
	for range tries {
		_, err = session.WithTransaction(background, attempt, snapshot)
		// A document that appeared after the snapshot can also be reported as a duplicate. The next plan sees it.
		if !duplicate(err) {
			break
		}
	}
	return revs, err
}

// apply carries out steps inside a transaction, those of one kind together: each kind is one message to the server.
func (s *Store) apply(ctx context.Context, steps []step) error {
	var inserts, replaces, deletes []mongo.WriteModel
	for _, st := range steps {
		key := st.op.Doc.Key
		switch {
		case st.op.Delete:
			deletes = append(deletes, mongo.NewDeleteOneModel().SetFilter(byRev(key, st.before)))
		case st.before == 0:
			inserts = append(inserts, mongo.NewInsertOneModel().SetDocument(newRecord(st.op.Doc, 1)))
		default:
			replaces = append(replaces, mongo.NewReplaceOneModel().SetFilter(byRev(key, st.before)).SetReplacement(newRecord(st.op.Doc, st.before+1)))
		}
	}
	models := append(append(inserts, replaces...), deletes...)
	if len(models) == 0 {
		return nil
	}
	result, err := s.docs.BulkWrite(ctx, models)
	if err != nil {
		return err
	}
	if done := result.InsertedCount + result.MatchedCount + result.DeletedCount; done != int64(len(models)) {
		return fmt.Errorf("%d of %d documents of a snapshot were not there any more", int64(len(models))-done, len(models))
	}
	return nil
}

// stepwise carries out ops one by one, on a server without transactions, and takes back what was done where one fails.
func (s *Store) stepwise(ctx, background context.Context, ops []store.Op) ([]int64, error) {
	steps, revs, err := s.plan(background, ops)
	if err != nil {
		return nil, err
	}
	var undo []func(context.Context) error
	for _, st := range steps {
		if err = ended(ctx); err != nil {
			break
		}
		var back func(context.Context) error
		if back, err = s.step(background, st); err != nil {
			break
		}
		undo = append(undo, back)
	}
	if err == nil {
		return revs, nil
	}
	// Taking back gets a time of its own: background may be what ran out.
	background, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeout)
	defer cancel()
	for i := range undo {
		if failed := undo[len(undo)-1-i](background); failed != nil {
			return nil, fmt.Errorf("%w: write %s in %s: %d of %d documents of a batch are written and could not be taken back (%s); see which, and bring them in line",
				store.ErrUnavailable, ops[0].Doc.Key, s.where, len(undo)-i, len(steps), s.describe(failed))
		}
	}
	return nil, err
}

// step carries out one step and returns what takes it back, as long as nobody wrote the document since.
func (s *Store) step(ctx context.Context, st step) (undo func(context.Context) error, err error) {
	key, rev := st.op.Doc.Key, st.before+1
	var old record
	switch {
	case st.op.Delete:
		err = s.docs.FindOneAndDelete(ctx, byRev(key, st.before)).Decode(&old)
		undo = func(ctx context.Context) error { _, err := s.docs.InsertOne(ctx, old); return err }
	case st.before == 0:
		_, err = s.docs.InsertOne(ctx, newRecord(st.op.Doc, rev))
		undo = func(ctx context.Context) error { _, err := s.docs.DeleteOne(ctx, byRev(key, rev)); return err }
	default:
		err = s.docs.FindOneAndReplace(ctx, byRev(key, st.before), newRecord(st.op.Doc, rev)).Decode(&old)
		undo = func(ctx context.Context) error { _, err := s.docs.ReplaceOne(ctx, byRev(key, rev), old); return err }
	}
	if errors.Is(err, mongo.ErrNoDocuments) || duplicate(err) {
		return nil, &store.ConflictError{Key: key}
	}
	return undo, err
}
