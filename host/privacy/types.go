package privacy

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
)

// Manifests knows the manifests of a plugin: of every version that runs, the one that was admitted last at the end.
type Manifests interface {
	Versions(id capability.PluginID) []*manifest.Manifest
	// Manifests returns the newest of each plugin.
	Manifests() []*manifest.Manifest
}

// Types is everything that may be stored: what the host's packages declare, and what the manifests of the installed plugins
// do. It is safe for concurrent use. Make it with NewTypes.
type Types struct {
	own       map[string]Type
	manifests Manifests
}

// NewTypes returns the types of the host's own documents and of the plugins that m knows; nil for none. An error means that
// two packages claim one collection, or that a declaration cannot work.
func NewTypes(m Manifests, own ...Type) (*Types, error) {
	t := &Types{own: map[string]Type{}, manifests: m}
	for _, typ := range own {
		if _, taken := t.own[typ.Collection]; taken {
			return nil, fmt.Errorf("collection %s is declared twice", typ.Collection)
		}
		if _, _, record := recordOf(typ.Collection); record {
			return nil, fmt.Errorf("collection %s: records are declared in plugin.json", typ.Collection)
		}
		for _, f := range typ.Fields {
			if f.Kind == Account && typ.Scope != OfSite {
				return nil, fmt.Errorf("collection %s: %s holds an account, which is only looked for among a site's own documents", typ.Collection, f.Path)
			}
		}
		t.own[typ.Collection] = typ
	}
	return t, nil
}

// Of returns the declaration of a collection. A record type of which several versions of a plugin run has the fields of all
// of them.
func (t *Types) Of(collection string) (Type, bool) {
	if own, ok := t.own[collection]; ok {
		return own, true
	}
	plugin, typ, ok := recordOf(collection)
	if !ok || t.manifests == nil {
		return Type{}, false
	}
	var out Type
	found := false
	for _, m := range t.manifests.Versions(plugin) {
		r, ok := m.Record(typ)
		if !ok {
			continue
		}
		next := OfRecord(m, r)
		for _, f := range out.Fields { // what an older version declares, and the newer one does not
			if !slices.ContainsFunc(next.Fields, func(g Field) bool { return g.Path == f.Path }) {
				next.Fields = append(next.Fields, f)
			}
		}
		out, found = next, true
	}
	return out, found
}

// All returns every type: the host's own by name, then those of the plugins by plugin.
func (t *Types) All() []Type {
	var all []Type
	for _, typ := range t.own {
		all = append(all, typ)
	}
	slices.SortFunc(all, func(a, b Type) int {
		return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Name, b.Name))
	})
	if t.manifests == nil {
		return all
	}
	for _, m := range t.manifests.Manifests() {
		for _, r := range m.Records {
			if typ, ok := t.Of(RecordCollection(m.ID, r.Type)); ok {
				all = append(all, typ)
			}
		}
	}
	return all
}
