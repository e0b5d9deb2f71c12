package config

import (
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/settings"
)

//go:generate msgp -tests=false -io=false -o zz_message_msgp.go

// Document is what an admin wrote.
//
// Since: v0.5
type Document struct {
	Type string `msg:"type"` // one of configs in plugin.json
	// ID is the host's: it names the document for ever, and is what a record's field of the kind platform.config holds.
	ID     string          `msg:"id"`
	Rev    int64           `msg:"rev"` // grows with each change, from 1
	Values settings.Values `msg:"values"`
}

// Key names a document.
type Key struct {
	Type string `msg:"type"`
	ID   string `msg:"id"`
}

// Query lists the documents of a type.
//
// Since: v0.5
type Query struct {
	Type   string `msg:"type"`
	Cursor string `msg:"cursor,omitempty"`
}

// Listing is a page of documents.
//
// Since: v0.5
type Listing struct {
	Documents []Document `msg:"documents,limit=16384"`
	Next      string     `msg:"next,omitempty"` // empty on the last page
}

// What an admin is about to do.
const (
	Save   = "save"
	Delete = "delete"
)

// Change is what a guard is asked about, before it is done.
//
// Since: v0.5
type Change struct {
	Name string `msg:"name"` // of the guard in the code: a key of sdk.Plugin.Guards
	Op   string `msg:"op"`   // Save or Delete
	Type string `msg:"type"`
	ID   string `msg:"id,omitempty"` // empty for a new document
	// Context names the admin, and is otherwise that of a page of the host's own.
	Context sdk.Context `msg:"context"`
	// Before is what the document holds, nil for a new one. After is what it is about to hold, nil for one that is to be deleted.
	Before *settings.Values `msg:"before,omitempty"`
	After  *settings.Values `msg:"after,omitempty"`
}

// Verdict is what a guard says. With problems nothing is done.
//
// Since: v0.5
type Verdict struct {
	Problems []Problem `msg:"problems,omitempty,limit=16384"`
}

// Problem says to the admin what is wrong and what to do about it.
//
// Since: v0.5
type Problem struct {
	Setting string `msg:"setting,omitempty"` // beside which it is shown; empty for the whole
	Message string `msg:"message"`
}
