package core

import (
	"context"
	"fmt"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/service"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// maxServices is how many services may call one another in a row.
const maxServices = 4

// Serve asks the version that is held to answer another plugin: the service of that name which its plugin.json provides. caller is the
// binding under which that plugin asks, and who has decided that it may; b is that of the plugin which answers, and gets the caller's
// context and class of limits. Errors are a *sdk.Error, as those of [Engine.View].
func (h *Hold) Serve(ctx context.Context, caller *capability.Binding, b capability.Binding, q *service.Question) (*service.Answer, error) {
	provided, ok := h.loaded.manifest.Service(q.Service)
	if !ok {
		return nil, &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: fmt.Sprintf(
			"the plugin %s %s provides no service %.100q", h.loaded.manifest.ID, h.loaded.manifest.Version, q.Service)}
	}
	if caller.Depth+1 > maxServices {
		return nil, &sdk.Error{Code: sdk.Exhausted, Source: sdk.FromHost, Message: fmt.Sprintf(
			"more than %d services call one another in a row, the last %s of %s; do they ask each other in a circle?", maxServices, q.Service, h.loaded.manifest.ID)}
	}
	link := b.Context.LinkURL
	b = h.bind(b)
	b.Context, b.Context.LinkURL, b.Context.Module = caller.Context, link, ""
	b.Depth, b.Background, b.Synchronizer, b.Portal = caller.Depth+1, caller.Background, "", caller.Portal
	class := driver.Request
	if b.Background {
		class = driver.Step
	}
	in := service.Request{Name: provided.Name, Op: q.Op, Caller: string(caller.Plugin), Context: b.Context, Body: q.Body, Background: b.Background}
	var out service.Answer
	if err := h.engine.ask(ctx, h.loaded, b, class, wire.OpService, &in, &out); err != nil {
		return nil, err
	}
	return &out, nil
}
