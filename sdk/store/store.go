// Package store keeps a plugin's own records, apart for every tenant. What a record may hold is declared in plugin.json
// (records): identifiers of Jira things and platform values, never issue content. The host refuses anything else.
// Needs the permission "store" in plugin.json.
package store

import (
	"context"

	"github.com/pergola-platform/pergola/sdk/hostcall"
)

//go:generate msgp -tests=false -io=false -o zz_store_msgp.go

// Host call operations.
const (
	OpGet    = "store.get"    // Key → Record
	OpPut    = "store.put"    // Records → Records, all or nothing
	OpDelete = "store.delete" // Key → nothing
	OpList   = "store.list"   // Query → Listing
)

// Record is one stored document.
//
// Since: v0.1
type Record struct {
	Type string `msg:"type"` // a record type of plugin.json
	ID   string `msg:"id"`   // 1 to 128 of A-Z a-z 0-9 . _ -
	// Rev counts the writes of this record, from 1. Put with Rev 0 creates; with the Rev that was read it replaces; a
	// Rev that is no longer the current one is refused with the code exists.
	Rev int64 `msg:"rev,omitempty"`
	// Fields holds the declared fields: identifiers and other strings, times in RFC 3339, numbers in decimal, booleans
	// as "true" and "false".
	Fields map[string]string `msg:"fields,limit=16384"`
}

// Key names a record.
type Key struct {
	Type string `msg:"type"`
	ID   string `msg:"id"`
}

// Records is a batch.
type Records struct {
	Records []Record `msg:"records,limit=16384"`
}

// Query lists records of a type, in the order of their ids.
//
// Since: v0.1
type Query struct {
	Type string `msg:"type"`
	// Field and Value keep only the records whose field has that value. The field must be declared with "indexed".
	Field  string `msg:"field,omitempty"`
	Value  string `msg:"value,omitempty"`
	Limit  int    `msg:"limit,omitempty"` // 1 to 500; 0 means 100
	Cursor string `msg:"cursor,omitempty"`
}

// Listing is a page of records.
//
// Since: v0.1
type Listing struct {
	Records []Record `msg:"records,limit=16384"`
	Next    string   `msg:"next,omitempty"` // empty on the last page
}

// Get returns a record. Errors: not_found.
//
// Since: v0.1
func Get(ctx context.Context, typ, id string) (*Record, error) {
	key := Key{Type: typ, ID: id}
	var out Record
	if err := hostcall.Exchange(ctx, OpGet, key.MarshalMsg, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return &out, nil
}

// Put writes up to 500 records, all of them or none, and returns them with their new revisions. Errors: exists where a
// revision moved on, invalid where a field is not declared or does not fit its declaration.
//
// Since: v0.1
func Put(ctx context.Context, records ...Record) ([]Record, error) {
	in := Records{Records: records}
	var out Records
	if err := hostcall.Exchange(ctx, OpPut, in.MarshalMsg, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return out.Records, nil
}

// Delete removes a record. Deleting what is not there is no error.
//
// Since: v0.1
func Delete(ctx context.Context, typ, id string) error {
	key := Key{Type: typ, ID: id}
	return hostcall.Exchange(ctx, OpDelete, key.MarshalMsg, nil)
}

// List returns a page of records.
//
// Since: v0.1
func List(ctx context.Context, q Query) (*Listing, error) {
	var out Listing
	if err := hostcall.Exchange(ctx, OpList, q.MarshalMsg, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return &out, nil
}
