// Package config reads the configuration documents that admins of the site write for this plugin, any number of each type: relations
// between issues, shelves, printers. The types, their forms and their rules come from "configs" in plugin.json; what arrives here has
// passed them, with defaults filled in. Needs no permission. The one set of choices that every plugin can have is sdk/settings.
//
// Admins write them on the Pergola page, and nobody else does. So they may hold words that an admin wrote, such as a name, which a
// record (sdk/store) never can. A record refers to a document by a field of the kind platform.config. With a [Guard] a plugin says
// no to what a form alone cannot judge.
package config

import (
	"context"

	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/settings"
)

// Host call operations.
const (
	OpGet  = "config.get"  // Key → Document
	OpList = "config.list" // Query → Listing
)

// Get returns a document. Errors: not_found where there is none, or an admin has deleted it; invalid where plugin.json does not
// declare the type.
//
// Since: v0.5
func Get(ctx context.Context, typ, id string) (*Document, error) {
	key := Key{Type: typ, ID: id}
	var out Document
	if err := hostcall.Exchange(ctx, OpGet, key.MarshalMsg, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return &out, nil
}

// List returns all documents of a type, in the order in which they were written first. There are no more than plugin.json allows.
//
// Since: v0.5
func List(ctx context.Context, typ string) ([]Document, error) {
	var all []Document
	q := Query{Type: typ}
	for {
		var out Listing
		if err := hostcall.Exchange(ctx, OpList, q.MarshalMsg, out.UnmarshalMsg); err != nil {
			return nil, err
		}
		all = append(all, out.Documents...)
		if out.Next == "" {
			return all, nil
		}
		q.Cursor = out.Next
	}
}

// String returns the string setting of that name, "" where there is none.
//
// Since: v0.5
func (d *Document) String(name string) string { return d.Values.String(name) }

// Int returns the numeric setting of that name without its fraction, 0 where there is none.
//
// Since: v0.5
func (d *Document) Int(name string) int { return d.Values.Int(name) }

// Bool returns the boolean setting of that name, false where there is none.
//
// Since: v0.5
func (d *Document) Bool(name string) bool { return d.Values.Bool(name) }

// List returns the list setting of that name, nil where there is none.
//
// Since: v0.5
func (d *Document) List(name string) []string { return d.Values.List(name) }

// Groups returns the rows of a list of groups, nil where there are none. See [settings.Values.Groups].
//
// Since: v0.5
func (d *Document) Groups(name string) []*settings.Values { return d.Values.Groups(name) }
