// Package relations is what the plugins around relations say to one another: the services by which they work together, with the
// types of the questions and answers. It is no plugin itself, and no plugin needs another one of them to be switched on.
//
//	links.go   pergola.links/v1         which relations there are, and what they join; provided by advanced-links, which asks the others
//	bulk.go    the same for many links at once, for jobs
//	choose.go  pergola.datalogic/v1     what can be linked, and by whose rights        pergola.parentfilter/v1  what another link leaves of that
//	           pergola.fieldselect/v1   what tells a choice from others
//	draw.go    pergola.issueview/v1     how linked issues look
//	page.go    what their pages have in common               context.go  pairs of projects and types
//	variables  JQL of admins with variables in it        issuelist  lists, tables and cards of issues
//
// A plugin of a partner can provide one of these services in the place of ours, or ask it.
package relations

import (
	"context"

	"github.com/pergola-platform/pergola/sdk/service"
)

//go:generate msgp -tests=false -io=false -o zz_relations_msgp.go

// The two ends of a relation. A link reads “first, outward label, second”.
const (
	First  = "first"  // the outward issue of a link
	Second = "second" // the inward one
)

// Other returns the end that faces this one.
func Other(end string) string {
	if end == First {
		return Second
	}
	return First
}

// End is one end of a relation: where an issue is that is linked by it.
type End struct {
	Relation string `msg:"relation"` // id of the configuration document of type pergola.links/relation
	End      string `msg:"end"`      // First or Second
}

// message is what a question or an answer is.
type message interface {
	MarshalMsg([]byte) ([]byte, error)
	UnmarshalMsg([]byte) ([]byte, error)
}

// ask has a service answer into out; there is false where it is optional and not there: its plugin is switched off, or the admin has not
// granted it. Any other error says that nobody knows what the service would have said.
func ask(ctx context.Context, name, op string, question, out message) (there bool, err error) {
	err = service.Ask(ctx, name, op, question.MarshalMsg, out.UnmarshalMsg)
	if service.Missing(err) {
		return false, nil
	}
	return err == nil, err
}
