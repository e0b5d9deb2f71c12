// Package store keeps a plugin's own records, apart for every tenant. What a record may hold, its id included, is declared in
// plugin.json (records): identifiers of Jira things and platform values, never issue content. The host refuses anything else.
// Needs the permission "store" in plugin.json.
package store

import (
	"context"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
)

//go:generate msgp -tests=false -io=false -o zz_store_msgp.go

// Host call operations.
const (
	OpGet    = "store.get"    // Key → Record
	OpPut    = "store.put"    // Records → Records, all or nothing
	OpDelete = "store.delete" // Key → nothing
	OpList   = "store.list"   // Query → Listing
	OpWrite  = "store.write"  // Changes → Records, all or nothing
	OpCount  = "store.count"  // Query → Tally
	OpClear  = "store.clear"  // Query → Tally
	OpTokens = "store.tokens" // Mint → Minted
)

// Record is one stored document.
//
// Since: v0.1
type Record struct {
	Type string `msg:"type"` // a record type of plugin.json
	// ID is of the kind that plugin.json declares for the type's ids. Where the id is made of fields, it may be left empty: the
	// host fills it in. Such an id never changes: with another value in one of its fields, it is another record.
	ID string `msg:"id"`
	// Rev grows with each write of this record, from 1. Put with Rev 0 creates; with the Rev that was read it replaces; a
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
	Limit  int    `msg:"limit,omitempty"` // 1 to 500; 0 means 100. Count and Clear say what it means to them
	Cursor string `msg:"cursor,omitempty"`
	// Prefix keeps only the records whose id begins with these values: of the first fields of which plugin.json makes the id, in
	// their order, and not of all of them. Alone or with Field, it costs what the records that it finds cost, however many others
	// there are: with Field "inward", Value an issue and Prefix a relation, the links of that relation to that issue. Since v0.5.
	Prefix []string `msg:"prefix,omitempty,limit=16384"`
	// IDs has a list give the records' ids alone, and of their fields those of which plugin.json makes the id: all that a plugin needs of
	// records that join two things. It costs about half, and in a large store less than that. Rev is 0. Since v0.5.
	IDs bool `msg:"ids,omitempty"`
	// After is the id of a record behind which a list begins, whether it is there or not: for a job, which may remember ids and no Cursor. It is
	// there without a Cursor only. Since v0.5.
	After string `msg:"after,omitempty"`
}

// Listing is a page of records.
//
// Since: v0.1
type Listing struct {
	// Records can be fewer than the limit, even none, and not be the last: those whose time is over are left out.
	Records []Record `msg:"records,limit=16384"`
	Next    string   `msg:"next,omitempty"` // empty on the last page
}

// Mint asks for tokens.
//
// Since: v0.2
type Mint struct {
	Count int `msg:"count"` // 1 to 500
}

// Minted are fresh tokens.
//
// Since: v0.2
type Minted struct {
	Tokens []string `msg:"tokens,limit=16384"`
}

// Get returns a record. Errors: not_found, also where the type's retention is over.
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
// revision moved on, invalid where the id or a field is not declared or does not fit its declaration; the error names it.
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

// Tokens returns n random tokens, 1 to 500: TokenLength characters of TokenAlphabet that nobody finds by trying. They are the
// only values that an id or a field of the kind platform.token takes. The host tells its own by a check that is part of
// them, so no word of an issue can pass for one; they are good for this plugin on this site alone. Nothing is stored.
//
// Since: v0.2
func Tokens(ctx context.Context, n int) ([]string, error) {
	in := Mint{Count: n}
	var out Minted
	if err := hostcall.Exchange(ctx, OpTokens, in.MarshalMsg, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	if len(out.Tokens) != n {
		return nil, sdk.Errorf(sdk.Internal, "the host returned %d tokens for %d", len(out.Tokens), n)
	}
	return out.Tokens, nil
}
