package mongostore

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

// tenantPage groups by the first key of an index without a sum: MongoDB jumps from one tenant to the next in it.
func tenantPage(after capability.TenantID, limit int) mongo.Pipeline {
	return mongo.Pipeline{
		{{Key: "$match", Value: bson.D{{Key: "t", Value: bson.D{{Key: "$gt", Value: string(after)}}}}}},
		{{Key: "$group", Value: bson.D{{Key: "_id", Value: "$t"}}}},
		{{Key: "$sort", Value: ascending("_id")}},
		{{Key: "$limit", Value: limit}},
	}
}

func collectionCounts(t capability.TenantID) mongo.Pipeline {
	return mongo.Pipeline{
		{{Key: "$match", Value: bson.D{{Key: "t", Value: string(t)}}}},
		{{Key: "$group", Value: bson.D{{Key: "_id", Value: "$c"}, {Key: "n", Value: bson.D{{Key: "$sum", Value: 1}}}}}},
		{{Key: "$sort", Value: ascending("_id")}},
	}
}

// Tenants returns a page of the tenants that have documents.
func (s *Store) Tenants(ctx context.Context, after capability.TenantID, limit int) ([]capability.TenantID, error) {
	limit, err := store.ValidateTenants(after, limit)
	if err != nil {
		return nil, err
	}
	var rows []struct {
		Tenant capability.TenantID `bson:"_id"`
	}
	if err := s.aggregate(ctx, "list the tenants", tenantPage(after, limit), &rows); err != nil {
		return nil, err
	}
	page := make([]capability.TenantID, len(rows))
	for i, r := range rows {
		page[i] = r.Tenant
	}
	return page, nil
}

// Collections returns the collections of a tenant.
func (s *Store) Collections(ctx context.Context, t capability.TenantID) ([]store.Collection, error) {
	if err := store.ValidateTenant(t); err != nil {
		return nil, err
	}
	var rows []struct {
		Name      string `bson:"_id"`
		Documents int64  `bson:"n"`
	}
	if err := s.aggregate(ctx, "list the collections of "+string(t), collectionCounts(t), &rows); err != nil {
		return nil, err
	}
	all := make([]store.Collection, len(rows))
	for i, r := range rows {
		all[i] = store.Collection{Name: r.Name, Documents: r.Documents}
	}
	return all, nil
}

func (s *Store) aggregate(ctx context.Context, doing string, pipeline mongo.Pipeline, rows any) error {
	return s.read(ctx, doing, func(ctx context.Context) error {
		return s.snapshot(ctx, func(ctx context.Context) error {
			cursor, err := s.docs.Aggregate(ctx, pipeline)
			if err != nil {
				return err
			}
			return cursor.All(ctx, rows)
		})
	})
}
