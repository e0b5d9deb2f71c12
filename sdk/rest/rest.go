// Package rest is for programs that call a plugin: the routes of its REST API, below /api/v1/ and the plugin's id.
//
// "routes" of plugin.json declare them, each with its method, path, scope and the JSON Schemas of what it takes and answers; the OpenAPI
// document of the host is made from these. The host verifies the caller's token, that it has the route's scope and that the plugin is switched on,
// and judges what was sent by the schemas before a handler is called: a parameter or a body that reaches one is as declared. The call has
// the rights of the account whose token it is, as that user's pages have.
//
// What was sent as JSON comes as MessagePack, and so goes the answer, so that a plugin needs no JSON codec: types with the methods that msgp
// generates read and write it, and the names of their fields are those of the JSON. A plugin's errors become problems by RFC 9457, with the
// status that belongs to their code: 400 for invalid, 404 for not_found, 409 for exists, and so on.
package rest

import (
	"context"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
)

//go:generate msgp -tests=false -io=false -o zz_rest_msgp.go

// Request is one call of a route.
//
// Since: v0.5
type Request struct {
	Name    string      `msg:"name"` // of the handler in the code: a key of sdk.Plugin.Routes
	Context sdk.Context `msg:"context"`
	// Params are the parameters of path and query that were sent, as text, and those left out that have a default.
	Params map[string]string `msg:"params,omitempty,limit=16384"`
	// Body is what was sent as JSON, in MessagePack: whole numbers are integers. Nil where the route takes none. See [Request.Read].
	Body []byte `msg:"body,omitempty,limit=4194304"`
}

// Read decodes the body.
//
// Since: v0.5
func (r *Request) Read(into msgp.Unmarshaler) error {
	if _, err := into.UnmarshalMsg(r.Body); err != nil {
		return sdk.Errorf(sdk.Invalid, "the body is not what this route takes: %v", err)
	}
	return nil
}

// Answer is what the caller gets.
//
// Since: v0.5
type Answer struct {
	// Status is one of those that plugin.json declares among the route's answers, 200 to 299.
	Status int `msg:"status"`
	// Body becomes JSON: it is MessagePack of maps with text as keys. Nil where the status has none. Where plugin.json declares contentMediaType of the
	// answer, such as application/pdf, the caller gets a file: Body is its bytes as MessagePack has them, msgp.Raw(msgp.AppendBytes(nil, pdf)).
	Body []byte `msg:"body,omitempty,limit=4194304"`
}

// Handler answers calls of routes: one for sdk.Plugin.Routes. It returns a status and the body that goes with it, nil for none. Of an error the
// caller reads code, field and message, so the message is written for people.
//
// Since: v0.5
type Handler func(ctx context.Context, r *Request) (status int, body msgp.Marshaler, err error)

var _ sdk.Route = Handler(nil)

// Answer implements sdk.Route.
func (h Handler) Answer(ctx context.Context, request []byte) ([]byte, error) {
	var r Request
	if _, err := r.UnmarshalMsg(request); err != nil {
		return nil, sdk.Errorf(sdk.Invalid, "decode a request of a route: %v", err)
	}
	status, body, err := h(ctx, &r)
	if err != nil {
		return nil, err
	}
	a := Answer{Status: status}
	if body != nil {
		if a.Body, err = body.MarshalMsg(nil); err != nil {
			return nil, sdk.Errorf(sdk.Internal, "encode an answer: %v", err)
		}
	}
	return a.MarshalMsg(nil)
}
