package privacy

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

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

	mu     sync.RWMutex
	former map[capability.PluginID]*manifest.Manifest // what plugins have ever declared, see Remember
}

// NewTypes returns the types of the host's own documents and of the plugins that m knows; nil for none. An error means that
// two packages claim one collection, or that a declaration cannot work.
func NewTypes(m Manifests, own ...Type) (*Types, error) {
	t := &Types{own: map[string]Type{}, manifests: m, former: map[capability.PluginID]*manifest.Manifest{}}
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

// Of returns what documents of a collection may hold, whoever wrote them and when: a record type has the fields of every version
// of its plugin that runs or ever ran.
func (t *Types) Of(collection string) (Type, bool) {
	if own, ok := t.own[collection]; ok {
		return own, true
	}
	plugin, name, ok := recordOf(collection)
	if !ok {
		return Type{}, false
	}
	t.mu.RLock()
	versions := []*manifest.Manifest{t.former[plugin]}
	t.mu.RUnlock()
	if t.manifests != nil {
		versions = append(versions, t.manifests.Versions(plugin)...)
	}
	return union(versions, name)
}

// current says whether a record type is one that an installed plugin declares, or the type one of the host's own.
func (t *Types) current(collection string) bool {
	if _, ok := t.own[collection]; ok {
		return true
	}
	plugin, name, ok := recordOf(collection)
	if !ok || t.manifests == nil {
		return false
	}
	_, ok = union(t.manifests.Versions(plugin), name)
	return ok
}

// union is a record type with the fields of all versions; the last one decides about all else.
func union(versions []*manifest.Manifest, name string) (out Type, found bool) {
	for _, m := range versions {
		if m == nil {
			continue
		}
		r, ok := m.Record(name)
		if !ok {
			continue
		}
		next := OfRecord(m, r)
		for _, f := range out.Fields {
			if !slices.ContainsFunc(next.Fields, func(g Field) bool { return g.Path == f.Path }) {
				next.Fields = append(next.Fields, f)
			}
		}
		if r.Erasure == "" { // only a version before it names accounts
			next.Erasure = out.Erasure
		}
		out, found = next, true
	}
	return out, found
}

// All returns every type: the host's own by name, then those of the plugins by plugin, of what was taken out too.
func (t *Types) All() []Type {
	var all []Type
	for _, typ := range t.own {
		all = append(all, typ)
	}
	slices.SortFunc(all, func(a, b Type) int {
		return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Name, b.Name))
	})
	manifests := t.Declared()
	if t.manifests != nil {
		manifests = append(manifests, t.manifests.Manifests()...)
	}
	var collections []string
	for _, m := range manifests {
		for _, r := range m.Records {
			collections = append(collections, RecordCollection(m.ID, r.Type))
		}
	}
	slices.Sort(collections)
	for _, c := range slices.Compact(collections) {
		if typ, ok := t.Of(c); ok {
			all = append(all, typ)
		}
	}
	return all
}
