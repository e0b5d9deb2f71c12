package mongostore

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

// entry is an index value with its index's name, as one string of the array that is indexed: one index of the database then
// serves every index of every collection. A name has no "=".
func entry(name, value string) string { return name + "=" + value }

// entries are the entries of a document, in one order, so that writing the same document again changes nothing.
func entries(index map[string]string) []string {
	all := make([]string, 0, len(index))
	for name, value := range index {
		all = append(all, entry(name, value))
	}
	slices.Sort(all)
	return all
}

// doc is the document that a record holds. The record's body becomes the document's.
func (r record) doc() (store.Doc, error) {
	d := store.Doc{
		Key: store.Key{Tenant: capability.TenantID(r.Tenant), Collection: r.Collection, ID: r.Name},
		Rev: r.Rev, Body: r.Body,
	}
	for _, e := range r.Index {
		name, value, ok := strings.Cut(e, "=")
		if !ok {
			return store.Doc{}, fmt.Errorf("%s: one of its index entries has no name: somebody else wrote it; restore it from a backup", d.Key)
		}
		if d.Index == nil {
			d.Index = make(map[string]string, len(r.Index))
		}
		d.Index[name] = value
	}
	return d, nil
}
