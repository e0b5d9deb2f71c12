package sdktest

import (
	"context"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/serve"
	"github.com/pergola-platform/pergola/sdk/sync"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// Source returns the plugin's synchronizer of that name as its host sees it: every question and answer crosses the wire, and
// host calls go to h. The field Name of a question is filled in.
//
// Since: v0.3
func (h *Host) Source(name string) *sync.Source {
	return Remote(name, func(ctx context.Context, call []byte) ([]byte, error) {
		return serve.Dispatch(hostcall.With(ctx, synchronizing{h}), h.plugin, call), nil
	})
}

// synchronizing is a host while it asks a synchronizer.
type synchronizing struct{ host *Host }

// HostCall implements hostcall.Host.
func (s synchronizing) HostCall(_ context.Context, raw []byte) []byte { return s.host.reply(raw, true) }

// Remote returns a synchronizer that is somewhere else. exchange hands the bytes of a wire.Call to it and returns those of its wire.Result.
//
// Since: v0.3
func Remote(name string, exchange func(ctx context.Context, call []byte) ([]byte, error)) *sync.Source {
	r := remote{exchange}
	return &sync.Source{
		Check: sync.CheckFunc(func(ctx context.Context, in *sync.Check) (*sync.Health, error) {
			q, out := *in, new(sync.Health)
			q.Name = name
			return out, r.ask(ctx, sync.OpCheck, &q, out)
		}),
		Discover: sync.DiscoverFunc(func(ctx context.Context, in *sync.Discover) (*sync.Catalog, error) {
			q, out := *in, new(sync.Catalog)
			q.Name = name
			return out, r.ask(ctx, sync.OpDiscover, &q, out)
		}),
		Read: sync.ReadFunc(func(ctx context.Context, in *sync.Read) (*sync.Page, error) {
			q, out := *in, new(sync.Page)
			q.Name = name
			return out, r.ask(ctx, sync.OpRead, &q, out)
		}),
		Write: sync.WriteFunc(func(ctx context.Context, in *sync.Write) (*sync.Written, error) {
			q, out := *in, new(sync.Written)
			q.Name = name
			return out, r.ask(ctx, sync.OpWrite, &q, out)
		}),
	}
}

type remote struct {
	exchange func(ctx context.Context, call []byte) ([]byte, error)
}

func (r remote) ask(ctx context.Context, op string, in msgp.Marshaler, out msgp.Unmarshaler) error {
	body, err := in.MarshalMsg(nil)
	if err != nil {
		return err
	}
	raw, err := (&wire.Call{Op: op, Body: body}).MarshalMsg(nil)
	if err != nil {
		return err
	}
	answer, err := r.exchange(ctx, raw)
	if err != nil {
		return err
	}
	var result wire.Result
	if _, err := result.UnmarshalMsg(answer); err != nil {
		return err
	}
	if result.Error != nil {
		return result.Error
	}
	_, err = out.UnmarshalMsg(result.Body)
	return err
}
