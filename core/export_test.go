package core

import (
	"context"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/view"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// ViewAs is View under the limits of another class. No operation of the wire is an event yet, and the limits of events are to hold when
// there is one.
func (e *Engine) ViewAs(ctx context.Context, class driver.Class, b capability.Binding, r *sdk.Request) (*view.Page, error) {
	l, err := e.lease(b.Plugin, b.Tenant)
	if err != nil {
		return nil, err
	}
	defer l.release()
	var page view.Page
	if err := e.ask(ctx, l, b, class, wire.OpView, r, &page); err != nil {
		return nil, err
	}
	return &page, nil
}
