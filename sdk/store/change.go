package store

import (
	"context"

	"github.com/pergola-platform/pergola/sdk/hostcall"
)

//go:generate msgp -tests=false -io=false -o zz_change_msgp.go

// Changes is what Write does, all of it or nothing.
//
// Since: v0.5
type Changes struct {
	// Put are written as by Put.
	Put []Record `msg:"put,omitempty,limit=16384"`
	// Delete are deleted. Of each its Type and its ID count, or without an ID the fields of which its id is made, and its Rev:
	// one that is not the current one is refused with the code exists, a record that is gone included. Rev 0 deletes whatever
	// is there, be it nothing.
	Delete []Record `msg:"delete,omitempty,limit=16384"`
}

// Tally is how many records there were.
//
// Since: v0.5
type Tally struct {
	Records int  `msg:"records"`
	More    bool `msg:"more,omitempty"` // whether there are more than that
}

// Write puts and deletes up to 500 records in all, everything or nothing, and returns those that were put with their new
// revisions. Errors are those of Put.
//
// Two users who change things at once can break a rule that only holds over several records, such as "at most three links of
// this kind to an issue": each counts two, and adds one. A record for what the rule is about, written with the Rev that was read
// before the count, lets one of them win; the other gets the code exists, reads again and meets the third. It need not hold the
// number: see the example.
//
// Since: v0.5
func Write(ctx context.Context, c Changes) ([]Record, error) {
	var out Records
	if err := hostcall.Exchange(ctx, OpWrite, c.MarshalMsg, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return out.Records, nil
}

// Count says how many records a query finds, up to its Limit: 1 to 10000, 0 means 1000. With more than that, Tally.More is set.
// Only index entries are read, some half a microsecond each on SQLite, unless the type has a retention: then
// every record is read, to leave out those whose time is over, and it costs what listing them costs the host. A cursor is
// refused.
//
// Since: v0.5
func Count(ctx context.Context, q Query) (*Tally, error) {
	var out Tally
	if err := hostcall.Exchange(ctx, OpCount, q.MarshalMsg, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return &out, nil
}

// Clear deletes the records that a query finds, up to its Limit: 1 to 500, 0 means 500. It says how many those were, and whether
// there are more; call it again for these, as often as the time of the call allows. Each call is all or nothing. No record
// crosses over to the plugin, so that ten thousand cost twenty small messages. The query needs a Field or a Prefix; a cursor
// is refused. Errors: exists where others kept writing these records; call again.
//
// Since: v0.5
func Clear(ctx context.Context, q Query) (*Tally, error) {
	var out Tally
	if err := hostcall.Exchange(ctx, OpClear, q.MarshalMsg, out.UnmarshalMsg); err != nil {
		return nil, err
	}
	return &out, nil
}
