package driver

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// Ask hands a host call to h and returns an answer in every case: a nil host, a panic of the host, and a message that is
// longer than wire.MaxMessage in either direction become a wire.Result with an error. Drivers ask through it alone.
func Ask(ctx context.Context, h hostcall.Host, call []byte, log *slog.Logger) (result []byte) {
	if h == nil {
		return Refuse(sdk.Unavailable, "there is no host here: host calls work only while a view, an action or a file is asked for")
	}
	if len(call) > wire.MaxMessage {
		return Refuse(sdk.Invalid, fmt.Sprintf("the host call is %d bytes long, at most %d are allowed; send less at a time", len(call), wire.MaxMessage))
	}
	defer func() {
		if v := recover(); v != nil {
			log.LogAttrs(ctx, slog.LevelError, "host call panicked", slog.String("panic", Panic(v)), slog.String("stack", string(debug.Stack())))
			result = Refuse(sdk.Internal, "the host failed; its operator finds the reason in the log")
		}
	}()
	result = h.HostCall(ctx, call)
	if len(result) > wire.MaxMessage {
		return Refuse(sdk.Exhausted, fmt.Sprintf("the host's answer is %d bytes long, at most %d are allowed; ask for less at a time", len(result), wire.MaxMessage))
	}
	if len(result) == 0 {
		return Refuse(sdk.Internal, "the host gave no answer; its operator finds the reason in the log")
	}
	return result
}

// Refuse returns the bytes of a wire.Result with an error of the host.
func Refuse(code sdk.Code, message string) []byte {
	result := wire.Result{Body: msgp.AppendNil(nil), Error: &sdk.Error{Code: code, Source: sdk.FromHost, Message: message}}
	raw, err := result.MarshalMsg(nil)
	if err != nil {
		panic(err) // strings always encode
	}
	return raw
}

// Panic describes the value of a recovered panic for a log. Only the Go runtime's own errors are quoted: any other value
// may hold issue content, and of that no more than the type is told.
func Panic(v any) string {
	if err, ok := v.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("a value of type %T", v)
}

// TooLong is the error of a call whose message has n bytes, more than wire.MaxMessage.
func TooLong(n int) *sdk.Error {
	return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Message: fmt.Sprintf(
		"the request is %d bytes long, at most %d are allowed; send less at a time", n, wire.MaxMessage)}
}

// AnswerTooLong is the error of a plugin whose answer has n bytes, more than wire.MaxMessage.
func AnswerTooLong(n int) *sdk.Error {
	return Defect(fmt.Sprintf("it answered with %d bytes, and at most %d are allowed", n, wire.MaxMessage))
}

// Defect is the error of a plugin that does what no plugin may. what is a clause about it: "it panicked".
func Defect(what string) *sdk.Error {
	return &sdk.Error{Code: sdk.Internal, Source: sdk.FromPlugin, Message: "the plugin has a defect: " + what + ". Its publisher can help"}
}
