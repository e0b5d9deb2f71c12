package core

import (
	"context"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// Judge asks the guard that c names, of the version that is held, about a change of a configuration document. It runs under b and as a
// request, since an admin waits for it; c.Context is replaced by that of b. Errors are a *sdk.Error, as those of [Engine.View].
func (h *Hold) Judge(ctx context.Context, b capability.Binding, c config.Change) (*config.Verdict, error) {
	b = h.bind(b)
	c.Context, b.Synchronizer, b.Depth = b.Context, "", 0
	var out config.Verdict
	if err := h.engine.ask(ctx, h.loaded, b, driver.Request, wire.OpGuard, &c, &out); err != nil {
		return nil, err
	}
	return &out, nil
}
