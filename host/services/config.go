package services

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	sdkstore "github.com/pergola-platform/pergola/sdk/store"
)

// Configs knows the documents that admins wrote for a plugin; feature.Configs does. Errors are those that a plugin gets.
type Configs interface {
	Get(ctx context.Context, b *capability.Binding, typ, id string) (*config.Document, error)
	List(ctx context.Context, b *capability.Binding, typ string) ([]config.Document, error)
	// Names says whether one of the plugin's documents has the account in a setting that holds accounts.
	Names(ctx context.Context, b *capability.Binding, account string) (bool, error)
}

// configService hands a plugin the documents that admins wrote for it.
type configService struct{ configs Configs }

func (s *configService) get(ctx context.Context, b *capability.Binding, k *config.Key) (*config.Document, error) {
	if s.configs == nil {
		return nil, hostError(sdk.Unimplemented, "this host keeps no configuration documents")
	}
	return s.configs.Get(ctx, b, k.Type, k.ID)
}

func (s *configService) list(ctx context.Context, b *capability.Binding, q *config.Query) (*config.Listing, error) {
	if s.configs == nil {
		return nil, hostError(sdk.Unimplemented, "this host keeps no configuration documents")
	}
	all, err := s.configs.List(ctx, b, q.Type)
	if err != nil {
		return nil, err
	}
	after, err := decodeCursor(q.Cursor)
	if err != nil {
		return nil, err
	}
	if after != "" {
		i := slices.IndexFunc(all, func(d config.Document) bool { return d.ID == after })
		if i < 0 {
			return nil, withField("cursor", hostError(sdk.Exists, "an admin changed the documents meanwhile; list them again from the first"))
		}
		all = all[i+1:]
	}
	out := &config.Listing{Documents: []config.Document{}}
	size := 0
	for i, d := range all {
		if size += d.Msgsize(); i > 0 && size > maxListing {
			out.Next = encodeCursor(all[i-1].ID)
			break
		}
		out.Documents = append(out.Documents, d)
	}
	return out, nil
}

// NewConfigID returns an id for a configuration document.
func NewConfigID() (string, error) { return randomText(rand.Reader, sdkstore.TokenLength) }

// referrers are the queries that find the records of a plugin that refer to a configuration document.
func referrers(m *manifest.Manifest, t capability.TenantID, typ, id string) []store.Query {
	var out []store.Query
	for _, r := range m.Records {
		for name, f := range r.Fields {
			if f.Kind == manifest.KindConfig && f.Config == typ {
				out = append(out, store.Query{Tenant: t, Collection: privacy.RecordCollection(m.ID, r.Type), Index: name, Value: id})
			}
		}
	}
	return out
}

// maxReferring is up to which number Referring counts.
const maxReferring = 1000

// Referring counts the records of a plugin that refer to a configuration document. more says that there are more than n.
func Referring(ctx context.Context, s store.Driver, m *manifest.Manifest, t capability.TenantID, typ, id string) (n int, more bool, err error) {
	for _, q := range referrers(m, t, typ, id) {
		q.Limit = maxReferring + 1 - n
		some, err := s.Count(ctx, q)
		if err != nil {
			return 0, false, fmt.Errorf("count what refers to a configuration document: %w", err)
		}
		if n += some; n > maxReferring {
			return maxReferring, true, nil
		}
	}
	return n, false, nil
}

// PurgeConfigs removes the configuration documents of a tenant that were deleted before a time, each after all records that refer to it, and
// returns how many records and documents went. Calling it again goes on from where it was stopped.
func PurgeConfigs(ctx context.Context, s store.Driver, configs *tenant.Configs, manifests []*manifest.Manifest, t capability.TenantID, before time.Time) (removed int, err error) {
	for _, m := range manifests {
		for _, c := range m.Configs {
			of := tenant.ConfigType{Plugin: m.ID, Type: c.Type}
			all, err := configs.List(ctx, t, of)
			if err != nil {
				return removed, err
			}
			for _, d := range all {
				if d.Deleted.IsZero() || !d.Deleted.Before(before) {
					continue
				}
				n, err := purgeConfig(ctx, s, m, t, c.Type, d.ID)
				removed += n
				if err != nil {
					return removed, err
				}
				if err := configs.Purge(ctx, t, d); errors.Is(err, store.ErrConflict) {
					continue // it was taken back just now
				} else if err != nil {
					return removed, err
				}
				removed++
			}
		}
	}
	return removed, nil
}

// purgeConfig removes the records that refer to a document.
func purgeConfig(ctx context.Context, s store.Driver, m *manifest.Manifest, t capability.TenantID, typ, id string) (removed int, err error) {
	for _, q := range referrers(m, t, typ, id) {
		q.Limit = expiryPage
		for {
			docs, err := s.List(ctx, q)
			if err != nil {
				return removed, fmt.Errorf("purge the records of a configuration document: %w", err)
			}
			if len(docs) == 0 {
				break
			}
			ops := make([]store.Op, len(docs))
			for i, d := range docs {
				ops[i] = store.Op{Doc: store.Doc{Key: d.Key}, Delete: true, IfRev: store.Any}
			}
			if _, err := s.Write(ctx, ops...); err != nil {
				return removed, fmt.Errorf("purge the records of a configuration document: %w", err)
			}
			removed += len(docs)
		}
	}
	return removed, nil
}
