// Package hostcall carries a question from a plugin to its host. Plugins use the typed clients (sdk/jira, sdk/store, …);
// this package is for those who write such a client.
//
// A call goes to the [Host] that the context carries, see [With]: so it is in tests and for built-in plugins. Where the
// context carries none, it goes through the imports of ABI v1 in a Wasm build, and is an error in any other.
package hostcall

import (
	"context"
	"errors"
	"fmt"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// Host answers host calls: call and result are the bytes of a wire.Call and a wire.Result.
type Host interface {
	HostCall(ctx context.Context, call []byte) (result []byte)
}

// HostFunc makes a Host of a function.
type HostFunc func(ctx context.Context, call []byte) []byte

// HostCall calls f.
func (f HostFunc) HostCall(ctx context.Context, call []byte) []byte { return f(ctx, call) }

type hostKey struct{}

// With returns a context whose host calls go to h.
func With(ctx context.Context, h Host) context.Context { return context.WithValue(ctx, hostKey{}, h) }

func do(ctx context.Context, call []byte) []byte {
	if h, ok := ctx.Value(hostKey{}).(Host); ok {
		return h.HostCall(ctx, call)
	}
	return ask(call)
}

// Do asks the host for op with the body in and decodes the answer into out; either may be nil. The error, if any, is a
// *sdk.Error.
func Do(ctx context.Context, op string, in msgp.Marshaler, out msgp.Unmarshaler) error {
	var encode, decode func([]byte) ([]byte, error)
	if in != nil {
		encode = in.MarshalMsg
	}
	if out != nil {
		decode = out.UnmarshalMsg
	}
	return Exchange(ctx, op, encode, decode)
}

// Exchange is Do for the methods MarshalMsg of the body and UnmarshalMsg of the answer; either may be nil.
//
// The SDK's own clients use it because of a plugin's size: a call of UnmarshalMsg through an interface makes the linker
// keep that method of every type, those of the view blocks above all, which no plugin ever decodes: 250 KB.
func Exchange(ctx context.Context, op string, encode, decode func([]byte) ([]byte, error)) error {
	call := wire.Call{Op: op}
	if encode != nil {
		body, err := encode(nil)
		if err != nil {
			return sdk.Errorf(sdk.Invalid, "encode %s: %v", op, err)
		}
		call.Body = body
	}
	raw, err := call.MarshalMsg(nil)
	if err != nil {
		return sdk.Errorf(sdk.Invalid, "encode %s: %v", op, err)
	}
	if len(raw) > wire.MaxMessage {
		return sdk.Errorf(sdk.Invalid, "%s: the message is %d bytes long, at most %d are allowed; send less at a time", op, len(raw), wire.MaxMessage)
	}
	var result wire.Result
	if _, err := result.UnmarshalMsg(do(ctx, raw)); err != nil {
		return undecodable(op, err)
	}
	if result.Error != nil && result.Error.Code == "" {
		return undecodable(op, errors.New("an error without a code"))
	}
	if result.Error != nil {
		return result.Error
	}
	if decode == nil {
		return nil
	}
	if _, err := decode(result.Body); err != nil {
		return undecodable(op, err)
	}
	return nil
}

func undecodable(op string, err error) error {
	return &sdk.Error{Code: sdk.Internal, Source: sdk.FromHost, Message: fmt.Sprintf("decode the answer to %s: %v", op, err)}
}
