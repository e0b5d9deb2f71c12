package core

import (
	"context"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk/rest"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// Route has the version that is held answer a call of its REST API: the handler that r names. It runs under b and the limits of the class
// request; r.Context is replaced by that of b. Errors are a *sdk.Error, as those of [Engine.View].
func (h *Hold) Route(ctx context.Context, b capability.Binding, r rest.Request) (*rest.Answer, error) {
	b = h.bind(b)
	r.Context, b.Synchronizer, b.Depth = b.Context, "", 0
	var out rest.Answer
	if err := h.engine.ask(ctx, h.loaded, b, driver.Request, wire.OpRoute, &r, &out); err != nil {
		return nil, err
	}
	return &out, nil
}
