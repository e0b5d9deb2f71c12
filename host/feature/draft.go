package feature

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
)

// Draft is a configuration document, or the settings of a plugin, as somebody wants them to be.
type Draft struct {
	Plugin capability.PluginID
	Type   string          // "" for the settings of the plugin
	ID     string          // of the document; "" for settings
	Values json.RawMessage // nil deletes the document, and leaves every setting at its default
	Rev    int64           // of what is there, 0 where nothing was ever written
}

type draftsKey struct{}

// drafts are those of one tenant.
type drafts struct {
	tenant capability.TenantID
	all    []Draft
}

// asIf returns a context in which plugins read drafts as if they were written. A rule can so be judged by what it will refer to, whichever
// of several documents is written first, and by services of other plugins too, which are asked in the same context.
func asIf(ctx context.Context, t capability.TenantID, all []Draft) context.Context {
	return context.WithValue(ctx, draftsKey{}, drafts{t, all})
}

// draftsIn returns the drafts of a tenant that hold in a context.
func draftsIn(ctx context.Context, t capability.TenantID) []Draft {
	if d, ok := ctx.Value(draftsKey{}).(drafts); ok && d.tenant == t {
		return d.all
	}
	return nil
}

// draftedSettings are what a tenant chose, with the draft of the settings that holds in the context.
func draftedSettings(ctx context.Context, t capability.TenantID, choice tenant.Module) tenant.Module {
	for _, d := range draftsIn(ctx, t) {
		if d.Type == "" && d.Plugin == choice.Plugin {
			choice.Settings = d.Values
		}
	}
	return choice
}

// reader reads configuration documents.
type reader interface {
	Get(ctx context.Context, t capability.TenantID, of tenant.ConfigType, id string) (tenant.Config, error)
	List(ctx context.Context, t capability.TenantID, of tenant.ConfigType) ([]tenant.Config, error)
}

// drafted returns the documents as they are in a context: with the drafts that hold there.
func drafted(ctx context.Context, t capability.TenantID, stored reader) reader {
	if all := draftsIn(ctx, t); len(all) > 0 {
		return overlay{stored, all}
	}
	return stored
}

// overlay reads drafts in the place of what is stored. What is stored already keeps its place in the order; what is new stands at the end.
type overlay struct {
	stored reader
	drafts []Draft
}

// longAgo is the time of a deletion that a draft means: what matters is that there is one.
var longAgo = time.Unix(0, 0).UTC()

func (d Draft) over(c tenant.Config) tenant.Config {
	c.ID = d.ID
	if d.Values == nil { // the rest stays as it was: queries name the document by its label
		c.Deleted = longAgo
		return c
	}
	c.Values, c.Deleted = d.Values, time.Time{}
	return c
}

func (o overlay) Get(ctx context.Context, t capability.TenantID, of tenant.ConfigType, id string) (tenant.Config, error) {
	c, err := o.stored.Get(ctx, t, of, id)
	i := slices.IndexFunc(o.drafts, func(d Draft) bool { return d.Plugin == of.Plugin && d.Type == of.Type && d.ID == id })
	if i < 0 || err != nil && !errors.Is(err, store.ErrNotFound) {
		return c, err
	}
	return o.drafts[i].over(c), nil
}

func (o overlay) List(ctx context.Context, t capability.TenantID, of tenant.ConfigType) ([]tenant.Config, error) {
	all, err := o.stored.List(ctx, t, of)
	if err != nil {
		return nil, err
	}
	for _, d := range o.drafts {
		if d.Plugin != of.Plugin || d.Type != of.Type {
			continue
		}
		if i := slices.IndexFunc(all, func(c tenant.Config) bool { return c.ID == d.ID }); i >= 0 {
			all[i] = d.over(all[i])
		} else {
			all = append(all, d.over(tenant.Config{}))
		}
	}
	return all, nil
}
