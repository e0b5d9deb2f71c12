package sdktest

import (
	"fmt"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/event"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// Event tells the plugin that something happened. A Name that is empty becomes that of the handler which plugin.json has for the kind, an
// ID that is empty "event". As in a host nobody looks on: the handler runs in the background, without a user. The error is the handler's. It is not
// called at the same time as other methods.
//
// Since: v0.5
func (h *Host) Event(e event.Event) error {
	if e.Name == "" {
		name, ok := h.listens[e.Kind]
		if !ok {
			return fmt.Errorf("plugin.json does not listen to %q", e.Kind)
		}
		e.Name = name
	}
	if e.ID == "" {
		e.ID = "event"
	}
	before, background := h.Context, h.Background
	defer func() { h.Context, h.Background = before, background }()
	h.Context, h.Background = sdk.Context{SiteURL: before.SiteURL, LinkURL: before.LinkURL}, true
	e.Context = h.Context
	return h.call(wire.OpEvent, &e, nothing{})
}

// nothing is the answer to an event.
type nothing struct{}

func (nothing) UnmarshalMsg(raw []byte) ([]byte, error) {
	if len(raw) == 0 {
		return raw, nil
	}
	return msgp.Skip(raw)
}
