package core

import (
	"context"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk/jqlfunc"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// Answer asks the version that is held for the answer to a function in JQL: the handler that q names. It runs under b and the limits of the class
// request, since somebody waits for their search; q.Context is replaced by that of b. Errors are a *sdk.Error, as those of [Engine.View].
func (h *Hold) Answer(ctx context.Context, b capability.Binding, q jqlfunc.Question) (*jqlfunc.Answer, error) {
	b = h.bind(b)
	q.Context, b.Synchronizer, b.Depth, b.Function = b.Context, "", 0, true
	var out jqlfunc.Answer
	if err := h.engine.ask(ctx, h.loaded, b, driver.Request, wire.OpJQL, &q, &out); err != nil {
		return nil, err
	}
	return &out, nil
}
