package feature

import (
	"context"
	"errors"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/ui/schemaform"
	"github.com/pergola-platform/pergola/sdk"
)

// reserved says whether a person is named by a document, by what refers to it, or by what it refers to, however many references away.
// Two documents that refer to the same third one do not reach each other.
func (s *Service) reserved(ctx context.Context, t capability.TenantID, at Contexts, d tenant.Config) (bool, error) {
	if len(d.People) > 0 {
		return true, nil
	}
	r := &reach{s: s, tenant: t, uses: map[schemaform.Source]map[string][]Use{}}
	for _, next := range []step{r.above, r.below} {
		if found, err := r.person(ctx, node{at.Plugin, at.Type, d.ID}, next); found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// node is a configuration document, or the settings of a plugin where it has no type.
type node struct {
	plugin  capability.PluginID
	typ, id string
}

// step leads from a node to those one reference away.
type step func(ctx context.Context, n node) ([]node, error)

// reach follows references within a tenant.
type reach struct {
	s      *Service
	tenant capability.TenantID
	uses   map[schemaform.Source]map[string][]Use // of the types that were asked for
}

// person says whether a node names a person to which next leads, over others or at once.
func (r *reach) person(ctx context.Context, from node, next step) (bool, error) {
	seen := map[node]bool{from: true}
	for open := []node{from}; len(open) > 0; open = open[1:] {
		found, err := next(ctx, open[0])
		if err != nil {
			return false, err
		}
		for _, n := range found {
			if seen[n] {
				continue
			}
			seen[n] = true
			if people, err := r.people(ctx, n); people || err != nil {
				return people, err
			}
			open = append(open, n)
		}
	}
	return false, nil
}

func (r *reach) people(ctx context.Context, n node) (bool, error) {
	if n.typ == "" {
		_, choice, err := r.s.choice(ctx, r.tenant, n.plugin)
		return len(choice.People) > 0, err
	}
	d, err := r.document(ctx, n)
	return len(d.People) > 0, err
}

// document is empty where it is not there or was deleted.
func (r *reach) document(ctx context.Context, n node) (tenant.Config, error) {
	d, err := r.s.Documents.Get(ctx, r.tenant, tenant.ConfigType{Plugin: n.plugin, Type: n.typ}, n.id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !d.Deleted.IsZero() {
		return tenant.Config{}, nil
	}
	return d, err
}

// above is what refers to a document. Nothing refers to settings.
func (r *reach) above(ctx context.Context, n node) ([]node, error) {
	if n.typ == "" {
		return nil, nil
	}
	of := source(n.plugin, n.typ)
	if r.uses[of] == nil {
		uses, err := r.s.uses(ctx, r.tenant, n.plugin, n.typ, nil)
		if err != nil {
			return nil, err
		}
		r.uses[of] = uses
	}
	var out []node
	for _, u := range r.uses[of][n.id] {
		out = append(out, node{u.Plugin, u.Type, u.ID})
	}
	return out, nil
}

// below is what a document refers to.
func (r *reach) below(ctx context.Context, n node) ([]node, error) {
	e, _, err := r.s.choice(ctx, r.tenant, n.plugin)
	if sdk.CodeOf(err) == sdk.NotFound {
		return nil, nil // the plugin was taken out
	}
	if err != nil {
		return nil, err
	}
	c, err := e.config(n.typ)
	if err != nil {
		return nil, err
	}
	d, err := r.document(ctx, n)
	if err != nil {
		return nil, err
	}
	var out []node
	for _, to := range c.form.References(d.Values) {
		plugin, typ, _ := to.To.Documents()
		out = append(out, node{capability.PluginID(plugin), typ, to.ID})
	}
	return out, nil
}
