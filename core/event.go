package core

import (
	"context"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk/event"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// Tell tells the version that is held of something that happened: the handler that v names. It runs under b and the limits of the class
// event; v.Context is replaced by that of b. Errors are a *sdk.Error, as those of [Engine.View].
func (h *Hold) Tell(ctx context.Context, b capability.Binding, v event.Event) error {
	b = h.bind(b)
	v.Context, b.Synchronizer, b.Depth = b.Context, "", 0
	return h.engine.ask(ctx, h.loaded, b, driver.Event, wire.OpEvent, &v, nothing{})
}

// nothing is an answer of which nobody reads anything.
type nothing struct{}

func (nothing) UnmarshalMsg(raw []byte) ([]byte, error) {
	if len(raw) == 0 {
		return raw, nil
	}
	return msgp.Skip(raw)
}
