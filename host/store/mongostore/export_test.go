package mongostore

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

// Gate is what every operation passes and Close waits at.
type Gate struct{ gate gate }

// Enter is the beginning of an operation.
func (g *Gate) Enter(ctx context.Context) (leave func(), err error) { return g.gate.enter(ctx) }

// Close is the first thing that Close does.
func (g *Gate) Close() bool { return g.gate.close() }

// ListCommand is what List sends to the server.
func ListCommand(q store.Query) bson.D {
	return bson.D{{Key: "find", Value: "doc"}, {Key: "filter", Value: filter(q)}, {Key: "sort", Value: listOrder}, {Key: "limit", Value: q.Limit}}
}

// CountCommand is what the driver makes of Count for the server.
func CountCommand(q store.Query) bson.D {
	return aggregateCommand(bson.A{
		bson.D{{Key: "$match", Value: filter(q)}}, bson.D{{Key: "$limit", Value: q.Limit}},
		bson.D{{Key: "$group", Value: bson.D{{Key: "_id", Value: 1}, {Key: "n", Value: bson.D{{Key: "$sum", Value: 1}}}}}},
	})
}

// TenantsCommand is what Tenants sends to the server.
func TenantsCommand(after capability.TenantID, limit int) bson.D {
	return aggregateCommand(tenantPage(after, limit))
}

// CollectionsCommand is what Collections sends to the server.
func CollectionsCommand(t capability.TenantID) bson.D { return aggregateCommand(collectionCounts(t)) }

func aggregateCommand(pipeline any) bson.D {
	return bson.D{{Key: "aggregate", Value: "doc"}, {Key: "pipeline", Value: pipeline}, {Key: "cursor", Value: bson.D{}}}
}
