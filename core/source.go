package core

import (
	"context"
	"fmt"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// Source returns a synchronizer of a plugin for the tenant and with the grants of b: what its plugin.json provides under that
// name. Each call goes to the version that serves then. The fields Name and Config.Reach of a question are set here, whatever they hold.
//
// Somebody waits for the answers, as an admin does who tries a connection out: checking and discovering are calls of the class
// request. Reading and writing are of the class step wherever they are asked for, so that a preview and a plan read under the limits of
// the run that they foretell.
//
// A plugin is not trusted to keep the rules of sdk/sync: an answer that breaks one is a defect of the plugin. Errors are a
// *sdk.Error, as those of [Engine.View]. Nothing of a call is kept: neither settings nor secrets nor rows.
func (e *Engine) Source(b capability.Binding, name string) *sync.Source {
	return source{engine: e, binding: b, name: name, looking: driver.Request}.synchronizer()
}

// StepSource is [Engine.Source] for a step of a job, on the version that is held: what the step has discovered is read by the version
// that told it. Nobody waits for a step, so each call is of the class step, also those that check and discover.
func (h *Hold) StepSource(b capability.Binding, name string) *sync.Source {
	return source{engine: h.engine, held: h.loaded, binding: h.bind(b), name: name, looking: driver.Step}.synchronizer()
}

type source struct {
	engine  *Engine
	held    *loaded // the version that is called; nil for the one that serves then
	binding capability.Binding
	name    string
	looking driver.Class // of calls that check and discover
}

func (s source) synchronizer() *sync.Source {
	return &sync.Source{Check: sync.CheckFunc(s.check), Discover: sync.DiscoverFunc(s.discover), Read: sync.ReadFunc(s.read), Write: sync.WriteFunc(s.write)}
}

// config is a connection with what the operator opens to this tenant, and nothing that somebody else wrote there.
func (s source) config(c sync.Config) sync.Config {
	c.Reach = sync.Reach{}
	if s.engine.config.Reach != nil {
		c.Reach = s.engine.config.Reach(s.binding.Tenant)
	}
	return c
}

func (s source) check(ctx context.Context, r *sync.Check) (*sync.Health, error) {
	in, out := *r, new(sync.Health)
	in.Name, in.Config = s.name, s.config(r.Config)
	if err := s.ask(ctx, s.looking, sync.OpCheck, &in, out, func() error { return nil }); err != nil {
		return nil, err
	}
	out.About = clean(out.About)
	for i, p := range out.Problems {
		out.Problems[i] = sync.Problem{Setting: clean(p.Setting), What: clean(p.What), Do: clean(p.Do)}
	}
	return out, nil
}

func (s source) discover(ctx context.Context, r *sync.Discover) (*sync.Catalog, error) {
	in, out := *r, new(sync.Catalog)
	in.Name, in.Config = s.name, s.config(r.Config)
	if err := s.ask(ctx, s.looking, sync.OpDiscover, &in, out, out.Check); err != nil {
		return nil, err
	}
	return out, nil
}

func (s source) read(ctx context.Context, r *sync.Read) (*sync.Page, error) {
	in, out := *r, new(sync.Page)
	in.Name, in.Config = s.name, s.config(r.Config)
	if err := s.ask(ctx, driver.Step, sync.OpRead, &in, out, func() error { return out.Check(&in) }); err != nil {
		return nil, err
	}
	return out, nil
}

func (s source) write(ctx context.Context, r *sync.Write) (*sync.Written, error) {
	in, out := *r, new(sync.Written)
	in.Name, in.Config = s.name, s.config(r.Config)
	if err := s.ask(ctx, driver.Step, sync.OpWrite, &in, out, func() error { return out.Check(&in) }); err != nil {
		return nil, err
	}
	return out, nil
}

// ask makes a call whose answer is good only where rules finds nothing.
func (s source) ask(ctx context.Context, class driver.Class, op string, in msgp.Marshaler, out msgp.Unmarshaler, rules func() error) error {
	l := s.held
	if l == nil {
		var err error
		if l, err = s.engine.lease(s.binding.Plugin, s.binding.Tenant); err != nil {
			return err
		}
		defer l.release()
	}
	if _, provided := l.manifest.Synchronizer(s.name); !provided {
		return &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: fmt.Sprintf(
			"the plugin %s %s provides no synchronizer %.64q; choose another one for this connection", s.binding.Plugin, l.manifest.Version, s.name)}
	}
	b := s.binding
	b.Synchronizer = s.name
	return s.engine.ask(ctx, l, b, class, op, in, &ruled{out, rules})
}

// ruled is an answer that has to keep rules beyond its type.
type ruled struct {
	out   msgp.Unmarshaler
	rules func() error
}

// UnmarshalMsg implements msgp.Unmarshaler.
func (r *ruled) UnmarshalMsg(raw []byte) ([]byte, error) {
	rest, err := r.out.UnmarshalMsg(raw)
	if err != nil {
		return rest, err
	}
	if err := r.rules(); err != nil {
		return rest, &brokenRule{err}
	}
	return rest, nil
}

// brokenRule is what a plugin's answer does that it must not.
type brokenRule struct{ err error }

func (b *brokenRule) Error() string { return b.err.Error() }
