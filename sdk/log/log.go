// Package log writes to the host's log. There is no call that takes a sentence: an entry is a code, chosen when the
// plugin is written, with counts, durations and identifiers. So no issue content can end up in a log. Needs no permission.
package log

import (
	"context"
	"time"

	"github.com/pergola-platform/pergola/sdk/hostcall"
)

//go:generate msgp -tests=false -io=false -o zz_log_msgp.go

// OpWrite is the host call: Entry → nothing.
const OpWrite = "log.write"

// The levels.
const (
	Debug = "debug"
	Info  = "info"
	Warn  = "warn"
	Error = "error"
)

// Entry is one log entry. Code and the attributes' names are lower-case words joined by dots or underscores, such as
// sheet.rendered. plugin.json declares each code in logs, with what it means and each attribute's name in braces; the host
// drops an entry that is made otherwise and counts it.
//
// Since: v0.1
type Entry struct {
	Level string `msg:"level"`
	Code  string `msg:"code"`
	Attrs []Attr `msg:"attrs,omitempty,limit=16384"`
}

// Attr is one attribute of an entry: a number, or an identifier of a kind.
//
// Since: v0.1
type Attr struct {
	Name   string `msg:"name"`
	Number int64  `msg:"number,omitempty"`
	Kind   string `msg:"kind,omitempty"` // of an identifier: "issue", "project", "issue_type", "field", "account"
	ID     string `msg:"id,omitempty"`
}

// Count is a number of things.
//
// Since: v0.1
func Count(name string, n int) Attr { return Attr{Name: name, Number: int64(n)} }

// Took is a duration, logged in microseconds.
//
// Since: v0.1
func Took(name string, d time.Duration) Attr { return Attr{Name: name, Number: d.Microseconds()} }

// Issue is an issue's numeric id.
//
// Since: v0.1
func Issue(id string) Attr { return Attr{Name: "issue", Kind: "issue", ID: id} }

// Project is a project's numeric id.
//
// Since: v0.1
func Project(id string) Attr { return Attr{Name: "project", Kind: "project", ID: id} }

// Write sends an entry. A log that cannot be written is no reason to fail, so there is no error.
//
// Since: v0.1
func Write(ctx context.Context, level, code string, attrs ...Attr) {
	e := Entry{Level: level, Code: code, Attrs: attrs}
	_ = hostcall.Exchange(ctx, OpWrite, e.MarshalMsg, nil)
}
