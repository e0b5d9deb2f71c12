package sdktest

import (
	"context"
	"errors"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/service"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// usePrefix begins the names of grants that let a plugin use a service.
const usePrefix = "service:"

// serve answers a question of the plugin to another one. h is locked; a service does not ask h.
func (h *Host) serve(q *service.Question) (msgp.Marshaler, error) {
	if h.Grants != nil && !h.Grants[usePrefix+q.Service] {
		return nil, service.Absent(sdk.PermissionDenied, "the plugin may not use "+q.Service+"; list it in requires of plugin.json")
	}
	s := h.Services[q.Service]
	if s == nil {
		return nil, service.Absent(sdk.Unavailable, "no plugin provides "+q.Service+"; put one into Services")
	}
	in := service.Request{Name: q.Service, Op: q.Op, Caller: h.plugin.ID, Context: h.Context, Body: q.Body, Background: h.Background}
	raw, err := in.MarshalMsg(nil)
	if err != nil {
		return nil, err
	}
	body, err := s.Serve(context.Background(), raw)
	if e := (*sdk.Error)(nil); errors.As(err, &e) && (e.Source == sdk.FromPlugin || service.Missing(err)) {
		theirs := *e
		theirs.Source = sdk.FromDownstream // what another plugin says, and what it does without, is not the caller's
		return nil, &theirs
	}
	if err != nil {
		return nil, err
	}
	out := new(service.Answer)
	_, err = out.UnmarshalMsg(body)
	return out, err
}

// Serve asks the plugin's own service of that name, as its host does for another plugin. encode makes the body of the
// question and decode reads the answer; either may be nil.
//
// Since: v0.4
func (h *Host) Serve(r service.Request, encode, decode func([]byte) ([]byte, error)) error {
	if r.Context == (sdk.Context{}) {
		r.Context = h.Context
	}
	if r.Background {
		before := h.Background
		defer func() { h.Background = before }()
		h.Background = true
	}
	if encode != nil {
		body, err := encode(nil)
		if err != nil {
			return err
		}
		r.Body = body
	}
	var out service.Answer
	if err := h.call(wire.OpService, &r, &out); err != nil || decode == nil {
		return err
	}
	_, err := decode(out.Body)
	return err
}
