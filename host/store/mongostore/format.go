package mongostore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// migrations lead from one format of the data to the next; the format is the number of those that have run. The list is
// append-only: what has run on somebody's data is never changed. There is no transaction around one: it may be interrupted and
// run again, and two hosts may run it at the same time, so it must bear both.
var migrations = []func(ctx context.Context, docs *mongo.Collection) error{
	// The collection is there before the first transaction, which need not create it then, and the first snapshot.
	func(ctx context.Context, docs *mongo.Collection) error {
		err := docs.Database().CreateCollection(ctx, docs.Name())
		var e mongo.CommandError
		if errors.As(err, &e) && e.Code == namespaceExists {
			return nil
		}
		return err
	},
}

// ErrNewer says that the data was written by a newer version of Pergola.
var ErrNewer = errors.New("the data is of a newer version of Pergola")

var formatID = bson.D{{Key: "_id", Value: "format"}}

func atFormat(version int) bson.D {
	return bson.D{{Key: "_id", Value: "format"}, {Key: "version", Value: version}}
}

// readFormat returns the format of the data, or mongo.ErrNoDocuments.
func readFormat(ctx context.Context, formats *mongo.Collection) (int, error) {
	var format struct {
		Version int `bson:"version"`
	}
	err := formats.FindOne(ctx, formatID).Decode(&format)
	return format.Version, err
}

// migrate marks an empty database as the store's and brings older data up to date.
func (s *Store) migrate(ctx context.Context) error {
	version, err := readFormat(ctx, s.formats)
	if errors.Is(err, mongo.ErrNoDocuments) {
		if err := s.markEmpty(ctx); err != nil {
			return err
		}
		version, err = readFormat(ctx, s.formats) // another host may have been here first, and further
	}
	if err != nil {
		return s.fail("read the format", err)
	}
	if version > len(migrations) {
		return fmt.Errorf("%w: %s has format %d, and this version reads up to %d; start the newer version again, or restore a backup that this version made", ErrNewer, s.where, version, len(migrations))
	}
	for ; version < len(migrations); version++ {
		doing := fmt.Sprintf("bring the data to format %d", version+1)
		if err := migrations[version](ctx, s.docs); err != nil {
			return s.fail(doing, err)
		}
		to := bson.D{{Key: "$set", Value: atFormat(version + 1)}}
		if _, err := s.formats.UpdateOne(ctx, atFormat(version), to); err != nil { // none matches where another host did it
			return s.fail(doing, err)
		}
	}
	return nil
}

func (s *Store) markEmpty(ctx context.Context) error {
	names, err := s.docs.Database().ListCollectionNames(ctx, bson.D{})
	if err != nil {
		return s.fail("list the collections", err)
	}
	for _, name := range names {
		if name != s.docs.Name() && name != s.formats.Name() && !strings.HasPrefix(name, "system.") {
			return fmt.Errorf("%s is the database of another program, it has a collection %s: give the store a database of its own", s.where, name)
		}
	}
	if _, err := s.formats.InsertOne(ctx, atFormat(0)); err != nil && !duplicate(err) {
		return s.fail("mark the database", err)
	}
	return nil
}
