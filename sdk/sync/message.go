package sync

import (
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/settings"
)

//go:generate msgp -tests=false -io=false -o zz_message_msgp.go

// The operations that a host asks of a synchronizer, and the types of their bodies.
const (
	OpCheck    = "sync.check"    // Check → Health
	OpDiscover = "sync.discover" // Discover → Catalog
	OpRead     = "sync.read"     // Read → Page
	OpWrite    = "sync.write"    // Write → Written
)

// Bounds, beside those of every message. A host refuses what is over them.
const (
	DefaultLimit = 500     // rows of a page where Read.Limit is 0
	MaxRows      = 10_000  // rows of a page, and changes of a write
	MaxCursor    = 8 << 10 // bytes of a cursor
	MaxCell      = 1 << 20 // bytes of a value
	MaxDigits    = 1000    // characters of a decimal
)

// Config is one connection to a source.
//
// Since: v0.3
type Config struct {
	// Settings are what an admin wrote, by the names of "connection" in plugin.json, with defaults filled in.
	Settings settings.Values `msg:"settings"`
	// Secrets are what an admin wrote and nobody can read again, by the names of "secrets" in plugin.json. They come with each
	// call: a synchronizer keeps them in memory at most.
	Secrets map[string]Secret `msg:"secrets,omitempty,limit=16384"`
	// Reach is what the operator opens beyond the public internet. The host sets it; no admin can.
	Reach Reach `msg:"reach"`
	// Target is the id of the Jira project in which the host makes issues of the rows; empty where that is not known yet. The
	// engine sets it. A source of the same site leaves that project out, or its issues would be rows of their own.
	Target string `msg:"target,omitempty"`
}

// Reach is what the operator of an installation lets a tenant's synchronizers get at that would otherwise be refused. It is
// for plugins that run as processes, whose connections the host does not see. The zero value opens nothing.
//
// Since: v0.3
type Reach struct {
	// Networks are ranges of addresses, such as 10.20.0.0/16, that may be connected to though they are private, loopback or
	// otherwise not public.
	Networks []string `msg:"networks,omitempty,limit=16384"`
	// Folder is a directory on the host's machine whose files may be read; empty for none.
	Folder string `msg:"folder,omitempty"`
}

// Check asks whether a connection works.
//
// Since: v0.3
type Check struct {
	Name   string `msg:"name"` // of the synchronizer, as in sdk.Plugin.Synchronizers
	Config Config `msg:"config"`
}

// Health is what came of a check. A connection works where there are no problems.
//
// Since: v0.3
type Health struct {
	About    string    `msg:"about,omitempty"` // what answered, such as PostgreSQL 15.18
	Problems []Problem `msg:"problems,omitempty,limit=16384"`
}

// Problem is something that is wrong with a connection, for the admin who made it.
//
// Since: v0.3
type Problem struct {
	Setting string `msg:"setting,omitempty"` // the setting or secret that it is about; empty where it is about none
	What    string `msg:"what"`              // is wrong, in a sentence
	Do      string `msg:"do"`                // about it, in a sentence
}

// Discover asks which streams there are.
//
// Since: v0.3
type Discover struct {
	Name   string `msg:"name"`
	Config Config `msg:"config"`
	// Stream asks for this one alone, with its columns. Empty asks for all, and those may come without columns: a source with
	// thousands of tables need not look at each.
	Stream string `msg:"stream,omitempty"`
	Cursor []byte `msg:"cursor,omitempty,limit=4194304"` // Catalog.Next of the page before; empty for the first
}

// Catalog is a page of streams.
//
// Since: v0.3
type Catalog struct {
	Streams []Stream `msg:"streams,limit=16384"`
	Next    []byte   `msg:"next,omitempty,limit=4194304"` // empty on the last page
}

// Stream is a table, a view, a list: rows with the same columns.
//
// Since: v0.3
type Stream struct {
	Name    string   `msg:"name"`            // never changes, and is unique in its source
	Title   string   `msg:"title,omitempty"` // what admins read; empty means the name
	Columns []Column `msg:"columns,omitempty,limit=16384"`
	// Key names the columns that tell rows apart: their values are there, unique, and stay. Empty where the source does not
	// know: then an admin says it, see Read.Key.
	Key  []string `msg:"key,omitempty,limit=16384"`
	Rows int64    `msg:"rows,omitempty"` // about how many there are; 0 where that is not known
}

// Column is a column of a stream.
//
// Since: v0.3
type Column struct {
	Name     string `msg:"name"` // unique in its stream
	Type     Type   `msg:"type"`
	Of       Type   `msg:"of,omitempty"`       // what a list holds; one type, and no list
	Nullable bool   `msg:"nullable,omitempty"` // whether a value can be missing by the source's own rules
	// Filterable says that Read.Where may name the column, Writable that Write.Columns may.
	Filterable bool   `msg:"filterable,omitempty"`
	Writable   bool   `msg:"writable,omitempty"`
	Native     string `msg:"native,omitempty"` // what the source calls the type, such as numeric(10,2); for admins
}

// Type is what a column holds.
//
// Since: v0.3
type Type string

// The types.
const (
	StringType  Type = "string"
	IntegerType Type = "integer" // of 64 bits, with a sign
	DecimalType Type = "decimal" // exact, with its scale: 12.50 is not 12.5
	BooleanType Type = "boolean"
	DateType    Type = "date" // a day of the calendar, without time and zone
	TimeType    Type = "time" // a moment, with the offset from UTC in which it was told
	BytesType   Type = "bytes"
	ListType    Type = "list"
)

// Read asks for a page of rows.
//
// Since: v0.3
type Read struct {
	Name    string   `msg:"name"`
	Config  Config   `msg:"config"`
	Stream  string   `msg:"stream"`
	Columns []string `msg:"columns,limit=16384"` // wanted, in the order in which the page's rows have them; at least one
	// Key names the columns that tell rows apart, as an admin chose them; empty means those of the stream.
	Key []string `msg:"key,omitempty,limit=16384"`
	// Where keeps only rows for which every condition holds. Its columns are filterable.
	Where  []Condition `msg:"where,omitempty,limit=16384"`
	Cursor []byte      `msg:"cursor,omitempty,limit=4194304"` // Page.Next of the page before; empty for the first
	// Limit is how many rows the page has at most, 1 to [MaxRows]; 0 means [DefaultLimit].
	Limit int64 `msg:"limit,omitempty"`
}

// Condition compares a column with a value. It does not hold for a row in which the column is null.
//
// Since: v0.3
type Condition struct {
	Column string     `msg:"column"`
	Is     Comparison `msg:"is"`
	Value  Value      `msg:"value"` // of the column's type; not null, bytes or a list
}

// Comparison is how a condition compares.
//
// Since: v0.3
type Comparison string

// The comparisons.
const (
	Equal          Comparison = "equal"
	Less           Comparison = "less"
	LessOrEqual    Comparison = "less_or_equal"
	Greater        Comparison = "greater"
	GreaterOrEqual Comparison = "greater_or_equal"
)

// Page is a page of rows. It can have fewer rows than were asked for, even none, and not be the last. Make one with [Fill].
//
// Since: v0.3
type Page struct {
	Rows   [][]Value `msg:"rows,limit=16384"` // each as long as Read.Columns
	Faults []Fault   `msg:"faults,omitempty,limit=16384"`
	// Next is the cursor of the next page, at most [MaxCursor] bytes; empty on the last page. It may hold values of a row: a host
	// that keeps it seals it.
	Next []byte `msg:"next,omitempty,limit=4194304"`
}

// Fault is a value that is there and cannot be told. In its row stands null.
//
// Since: v0.3
type Fault struct {
	Row     int64  `msg:"row"`     // counted from 0 on this page
	Column  int64  `msg:"column"`  // counted from 0 in Read.Columns
	Message string `msg:"message"` // why, without the value itself
}

// Write asks to change rows. Each change stands for itself: one that fails does not keep the others from being made. The same
// write may come again, after a failure.
//
// Since: v0.3
type Write struct {
	Name    string   `msg:"name"`
	Config  Config   `msg:"config"`
	Stream  string   `msg:"stream"`
	Key     []string `msg:"key,omitempty,limit=16384"` // as in Read
	Columns []string `msg:"columns,limit=16384"`       // that are set, at least one; each of them is writable
	Changes []Change `msg:"changes,limit=16384"`       // at most [MaxRows]
}

// Change sets values of the row with that key.
//
// Since: v0.3
type Change struct {
	Key    []Value `msg:"key,limit=16384"`    // in the order of the key's columns
	Values []Value `msg:"values,limit=16384"` // in the order of Write.Columns
}

// Written is what came of a write.
//
// Since: v0.3
type Written struct {
	Outcomes []Outcome `msg:"outcomes,limit=16384"` // one for each change, in their order
}

// Outcome is what came of one change.
//
// Since: v0.3
type Outcome struct {
	// Code is empty where the row now holds the values, not_found where there is no row with that key, and else one of the
	// codes of an error.
	Code    sdk.Code `msg:"code,omitempty"`
	Message string   `msg:"message,omitempty"` // why it was not made, without values
}
