// Package serve connects a [sdk.Plugin] with its host: it holds the Wasm exports of ABI v1 and the dispatch that every
// transport shares. A plugin's main.go calls [Plugin] in init; nothing else of this package is for plugins.
package serve

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// Dispatch decodes a wire.Call, runs the handler of p that it names, and returns an encoded wire.Result. It does not
// recover panics: in a guest a panic is a trap, and a trapped guest is thrown away.
func Dispatch(ctx context.Context, p *sdk.Plugin, call []byte) []byte {
	body, err := dispatch(ctx, p, call)
	if err != nil {
		return encode(wire.Result{Error: asError(err)})
	}
	raw := encode(wire.Result{Body: body})
	if len(raw) > wire.MaxMessage {
		return encode(wire.Result{Error: &sdk.Error{Code: sdk.Exhausted, Source: sdk.FromPlugin, Message: fmt.Sprintf(
			"the answer is %d bytes long, at most %d are allowed; show or make less at a time", len(raw), wire.MaxMessage)}})
	}
	return raw
}

func encode(result wire.Result) []byte {
	raw, err := result.MarshalMsg(nil)
	if err != nil {
		panic(err) // strings and bytes always encode
	}
	return raw
}

func dispatch(ctx context.Context, p *sdk.Plugin, raw []byte) ([]byte, error) {
	if p == nil {
		return nil, sdk.Errorf(sdk.Internal, "no plugin is registered; call serve.Plugin in an init function of package main")
	}
	var call wire.Call
	if _, err := call.UnmarshalMsg(raw); err != nil {
		return nil, sdk.Errorf(sdk.Invalid, "decode the call: %v", err)
	}
	if call.Op == wire.OpDescribe {
		return p.Describe().MarshalMsg(nil)
	}
	if strings.HasPrefix(call.Op, wire.SyncOps) || call.Op == wire.OpService || call.Op == wire.OpGuard || call.Op == wire.OpEvent || call.Op == wire.OpJob || call.Op == wire.OpJQL || call.Op == wire.OpRoute {
		return named(ctx, p, call)
	}
	var r sdk.Request
	switch call.Op {
	case wire.OpView, wire.OpAction, wire.OpFile, wire.OpSuggest:
		if _, err := r.UnmarshalMsg(call.Body); err != nil {
			return nil, sdk.Errorf(sdk.Invalid, "decode the request of %s: %v", call.Op, err)
		}
	default:
		return nil, sdk.Errorf(sdk.Unimplemented, "operation %q; this plugin was built with SDK %s", call.Op, sdk.Version)
	}
	switch call.Op {
	case wire.OpView:
		if h := p.Views[r.Name]; h != nil {
			return answer(h.View(ctx, &r))
		}
	case wire.OpAction:
		if h := p.Actions[r.Name]; h != nil {
			return answer(h.Act(ctx, &r))
		}
	case wire.OpFile:
		if h := p.Files[r.Name]; h != nil {
			return answer(h.File(ctx, &r))
		}
	case wire.OpSuggest:
		if h := p.Suggesters[r.Name]; h != nil {
			return answer(h.Suggest(ctx, &r))
		}
	}
	return nil, sdk.Errorf(sdk.NotFound, "%s %q", call.Op, r.Name)
}

// named hands a question to the synchronizer, service, guard, or handler of events, a job, a function or a route that its body names. The body stays as it
// is: only a plugin that has one knows its types.
func named(ctx context.Context, p *sdk.Plugin, call wire.Call) ([]byte, error) {
	name, err := nameIn(call.Body)
	if err != nil {
		return nil, sdk.Errorf(sdk.Invalid, "decode the request of %s: %v", call.Op, err)
	}
	what := ""
	switch call.Op {
	case wire.OpService:
		if s := p.Services[name]; s != nil {
			return s.Serve(ctx, call.Body)
		}
		what = "service"
	case wire.OpGuard:
		if g := p.Guards[name]; g != nil {
			return g.Judge(ctx, call.Body)
		}
		what = "guard"
	case wire.OpEvent:
		if h := p.Events[name]; h != nil {
			return nil, h.Handle(ctx, call.Body)
		}
		what = "handler of events"
	case wire.OpJob:
		if h := p.Jobs[name]; h != nil {
			return h.Work(ctx, call.Body)
		}
		what = "handler of a job"
	case wire.OpJQL:
		if h := p.Functions[name]; h != nil {
			return h.Answer(ctx, call.Body)
		}
		what = "handler of a function"
	case wire.OpRoute:
		if h := p.Routes[name]; h != nil {
			return h.Answer(ctx, call.Body)
		}
		what = "handler of a route"
	default:
		if s := p.Synchronizers[name]; s != nil {
			return s.Synchronize(ctx, call.Op, call.Body)
		}
		what = "synchronizer"
	}
	return nil, sdk.Errorf(sdk.NotFound, "%s %q", what, name)
}

// nameIn returns the field "name" of a map.
func nameIn(raw []byte) (string, error) {
	n, raw, err := msgp.ReadMapHeaderBytes(raw)
	for range n {
		var field []byte
		if field, raw, err = msgp.ReadMapKeyZC(raw); err != nil {
			return "", err
		}
		if string(field) == "name" {
			name, _, err := msgp.ReadStringBytes(raw)
			return name, err
		}
		if raw, err = msgp.Skip(raw); err != nil {
			return "", err
		}
	}
	return "", err
}

// answer encodes what a handler returned. Neither an answer nor an error is a defect.
func answer[T any, P interface {
	*T
	MarshalMsg([]byte) ([]byte, error)
}](v P, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	if v == nil {
		return nil, sdk.Errorf(sdk.Internal, "the handler returned neither an answer nor an error")
	}
	return v.MarshalMsg(nil)
}

// asError makes an sdk.Error of whatever a handler returned. Of one that is wrapped it keeps code, source and field, and
// the words around it become part of the message.
func asError(err error) *sdk.Error {
	var inner *sdk.Error
	if errors.As(err, &inner) && inner == nil {
		return &sdk.Error{Code: sdk.Internal, Source: sdk.FromPlugin, Message: "the handler returned a nil *sdk.Error as its error; return nil"}
	}
	if inner == nil {
		return &sdk.Error{Code: sdk.CodeOf(err), Source: sdk.FromPlugin, Message: err.Error()}
	}
	out := *inner
	if out.Source == "" {
		out.Source = sdk.FromPlugin
	}
	out.Message = strings.Replace(err.Error(), inner.Error(), inner.Message, 1)
	return &out
}
