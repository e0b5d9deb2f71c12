package mongostore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// index is an index that the store declares, without options.
type index struct {
	name string
	keys bson.D
}

func ascending(fields ...string) bson.D {
	var keys bson.D
	for _, f := range fields {
		keys = append(keys, bson.E{Key: f, Value: 1})
	}
	return keys
}

// found is an index that the server has.
type found struct {
	name, keys string
	options    []string // what it has beyond name and keys
}

// createIndexes creates the indexes that are missing. One of the same name that is another stays as it is: the queries work
// without, and what to do about it is the operator's decision.
func (s *Store) createIndexes(ctx context.Context) error {
	have, err := s.listIndexes(ctx)
	if err != nil {
		return s.fail("list the indexes", err)
	}
	var missing []mongo.IndexModel
	for _, x := range indexes {
		if !slices.ContainsFunc(have, func(f found) bool { return f.name == x.name || f.keys == format(x.keys) }) {
			missing = append(missing, mongo.IndexModel{Keys: x.keys, Options: options.Index().SetName(x.name)})
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if _, err := s.docs.Indexes().CreateMany(ctx, missing); err != nil {
		return s.fail("create the indexes", err)
	}
	return nil
}

// IndexDifferences says how the server's indexes differ from those that the store declares, one sentence for each difference with
// the command that ends it; none where all is well. The store drops nothing by itself: a foreign index may be somebody's
// report, and dropping one of ours would make every query slow until it is built again.
func (s *Store) IndexDifferences(ctx context.Context) ([]string, error) {
	var have []found
	err := s.read(ctx, "list the indexes", func(ctx context.Context) (err error) {
		have, err = s.listIndexes(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	var all []string
	for _, x := range indexes {
		i := slices.IndexFunc(have, func(f found) bool { return f.name == x.name })
		if i < 0 {
			all = append(all, fmt.Sprintf("index %s is missing, so queries are slow: start the host anew, or run %s", x.name, s.createCommand(x)))
			continue
		}
		if f := have[i]; f.keys != format(x.keys) || len(f.options) > 0 {
			all = append(all, fmt.Sprintf("index %s has the keys %s and the options {%s} instead of %s without options: run %s and %s",
				x.name, f.keys, strings.Join(f.options, ", "), format(x.keys), s.dropCommand(x.name), s.createCommand(x)))
		}
	}
	for _, f := range have {
		if f.name != "_id_" && !slices.ContainsFunc(indexes, func(x index) bool { return f.name == x.name }) {
			all = append(all, fmt.Sprintf("index %s on %s with the options {%s} is not the store's: unless somebody needs it, run %s",
				f.name, f.keys, strings.Join(f.options, ", "), s.dropCommand(f.name)))
		}
	}
	return all, nil
}

func (s *Store) createCommand(x index) string {
	return fmt.Sprintf("db.%s.createIndex(%s, {name: %q})", s.docs.Name(), format(x.keys), x.name)
}

func (s *Store) dropCommand(name string) string {
	return fmt.Sprintf("db.%s.dropIndex(%q)", s.docs.Name(), name)
}

func (s *Store) listIndexes(ctx context.Context) ([]found, error) {
	cursor, err := s.docs.Indexes().List(ctx)
	if err != nil {
		return nil, err
	}
	var list []bson.D
	if err := cursor.All(ctx, &list); err != nil {
		return nil, err
	}
	var all []found
	for _, spec := range list {
		var f found
		for _, e := range spec {
			switch value := e.Value.(type) {
			case string:
				if e.Key == "name" {
					f.name = value
					continue
				}
			case bson.D:
				if e.Key == "key" {
					f.keys = format(value)
					continue
				}
			case bool:
				if !value { // such as unique: false, which is the default
					continue
				}
			}
			switch e.Key {
			case "v", "ns", "background": // say nothing about what is in the index
			default:
				f.options = append(f.options, fmt.Sprintf("%s: %v", e.Key, e.Value))
			}
		}
		all = append(all, f)
	}
	return all, nil
}

// format writes keys as mongosh does. A server may return the 1 that it was given as another kind of number.
func format(keys bson.D) string {
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = fmt.Sprintf("%s: %v", k.Key, k.Value)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
