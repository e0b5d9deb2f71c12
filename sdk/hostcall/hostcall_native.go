//go:build !wasip1

package hostcall

import (
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/wire"
)

func ask([]byte) []byte {
	result := wire.Result{Error: &sdk.Error{
		Code: sdk.Unavailable, Source: sdk.FromHost,
		Message: "no host: pass on the context that the handler was given, or run the plugin with sdk/sdktest",
	}}
	raw, err := result.MarshalMsg(nil)
	if err != nil {
		panic(err) // a constant that does not encode
	}
	return raw
}
