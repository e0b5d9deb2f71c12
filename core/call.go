package core

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/view"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// View asks a plugin to draw one of its views. It runs for the tenant, with the grants and in the context of b; whatever
// r.Context holds is replaced by b.Context, and b.Version by the version that serves. Of the grants only those count that
// the plugin's manifest asks for. r itself is not changed.
//
// The error is a *sdk.Error. Its source says whose it is: the plugin's, the host's or Jira's.
func (e *Engine) View(ctx context.Context, b capability.Binding, r *sdk.Request) (*view.Page, error) {
	var page view.Page
	if err := e.call(ctx, b, wire.OpView, r, &page); err != nil {
		return nil, err
	}
	return &page, nil
}

// Action asks a plugin to carry out one of its actions; see [Engine.View].
func (e *Engine) Action(ctx context.Context, b capability.Binding, r *sdk.Request) (*view.Page, error) {
	var page view.Page
	if err := e.call(ctx, b, wire.OpAction, r, &page); err != nil {
		return nil, err
	}
	return &page, nil
}

// File asks a plugin to make one of its files; see [Engine.View].
func (e *Engine) File(ctx context.Context, b capability.Binding, r *sdk.Request) (*sdk.Attachment, error) {
	var file sdk.Attachment
	if err := e.call(ctx, b, wire.OpFile, r, &file); err != nil {
		return nil, err
	}
	return &file, nil
}

// Suggest asks a plugin's suggester for choices; see [Engine.View].
func (e *Engine) Suggest(ctx context.Context, b capability.Binding, r *sdk.Request) (*view.Choices, error) {
	var choices view.Choices
	if err := e.call(ctx, b, wire.OpSuggest, r, &choices); err != nil {
		return nil, err
	}
	return &choices, nil
}

// Observer is told of every call of a plugin. It gets no content.
type Observer interface {
	PluginCall(ctx context.Context, o Observation)
}

// Observation is one call of a plugin that has ended.
type Observation struct {
	Tenant  capability.TenantID
	Plugin  capability.PluginID
	Version string
	Op      string   // "view", "action", "file", "suggest", or "sync.read" and the like
	Code    sdk.Code // "" for an answer
	Source  sdk.Source
	Limit   string // that was reached, such as "request.fuel"; "" for none
	Trapped bool   // the plugin was stopped: a trap, a deadline, or for want of fuel or memory
	Took    time.Duration
	Usage   driver.Usage
	Asked   capability.Usage
}

func (e *Engine) call(ctx context.Context, b capability.Binding, op string, r *sdk.Request, out msgp.Unmarshaler) error {
	l, err := e.lease(b.Plugin, b.Tenant)
	if err != nil {
		return err
	}
	defer l.release()
	return e.callOn(ctx, l, b, op, r, out)
}

// callOn calls a version that the caller holds a lease of.
func (e *Engine) callOn(ctx context.Context, l *loaded, b capability.Binding, op string, r *sdk.Request, out msgp.Unmarshaler) error {
	request := *r
	request.Context, b.Synchronizer, b.Depth = b.Context, "", 0
	return e.ask(ctx, l, b, driver.Request, op, &request, out)
}

// ask asks a version that the caller holds a lease of for an operation, under the limits of a class.
func (e *Engine) ask(ctx context.Context, l *loaded, b capability.Binding, class driver.Class, op string, in msgp.Marshaler, out msgp.Unmarshaler) error {
	b.Version, b.Background = l.manifest.Version, class != driver.Request
	b.Grants = asked(l.manifest, b.Grants)
	body, err := in.MarshalMsg(nil)
	if err != nil {
		return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Message: "the request cannot be encoded"}
	}
	failure, stopped := e.attempt(ctx, l, &b, class, wire.Call{Op: op, Body: body}, out)
	if stopped {
		policy := policyOf(l.manifest, op)
		if policy == manifest.Retry && ctx.Err() == nil {
			failure, _ = e.attempt(ctx, l, &b, class, wire.Call{Op: op, Body: body}, out)
		}
		if module, known := l.manifest.Module(b.Context.Module); policy == manifest.Hide && known && (module.Type == manifest.IssuePanel || module.Type == manifest.PortalPanel) {
			return nil // out is empty, and so is the panel
		}
	}
	if failure != nil { // a nil *sdk.Error must not become an error
		return failure
	}
	return nil
}

// policyOf says what a plugin wants to happen when a call of an operation had to be stopped.
func policyOf(m *manifest.Manifest, op string) string {
	switch op {
	case wire.OpView:
		return m.FailurePolicy.View
	case wire.OpFile:
		return m.FailurePolicy.File
	}
	return manifest.Closed
}

// attempt makes a call, and tells everybody who wants to know how it ended. stopped says that the plugin gave no answer, since it had to
// be stopped or is in quarantine.
func (e *Engine) attempt(ctx context.Context, l *loaded, b *capability.Binding, class driver.Class, call wire.Call, out msgp.Unmarshaler) (failure *sdk.Error, stopped bool) {
	if failure := e.breakers.enter(breakerKey{b.Tenant, b.Plugin, b.Version}); failure != nil {
		return failure, true
	}
	start := time.Now()
	o := Observation{Tenant: b.Tenant, Plugin: b.Plugin, Version: b.Version, Op: call.Op}
	failure = e.exchange(ctx, l, b, class, call, out, &o)
	o.Took = time.Since(start)
	if failure != nil {
		o.Code, o.Source, o.Limit = failure.Code, failure.Source, failure.Limit
	}
	l.count(failure, o.Trapped)
	e.settle(ctx, b, failure, o.Trapped)
	e.judge(ctx, l, &o)
	if e.config.Observer != nil {
		e.config.Observer.PluginCall(ctx, o)
	}
	return failure, o.Trapped
}

// exchange makes a call and notes in o what it used.
func (e *Engine) exchange(ctx context.Context, l *loaded, b *capability.Binding, class driver.Class, call wire.Call, out msgp.Unmarshaler, o *Observation) *sdk.Error {
	message, err := call.MarshalMsg(nil)
	if err != nil {
		return &sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Message: "the request cannot be encoded"}
	}
	of := &l.limits[class]
	c := driver.Call{Message: message, Tenant: string(b.Tenant), Class: class, Budget: of.budget}
	if c.Quota, err = e.quotas.of(b.Tenant); err != nil {
		return asError(err)
	}
	if e.config.Broker != nil {
		host := e.config.Broker.Host(b, of.allowed)
		c.Host = host
		defer func() { o.Asked = host.Usage() }()
	}
	result, err := l.module.Call(ctx, c)
	o.Usage = result.Usage
	if err != nil {
		failure := asError(err)
		o.Trapped = failure.Source == sdk.FromPlugin
		return l.place(failure)
	}
	if failure := decode(result.Message, out); failure != nil {
		return l.place(failure)
	}
	return nil
}

// decode reads an answer into out. A plugin is not trusted to send a well-formed one.
func decode(raw []byte, out msgp.Unmarshaler) *sdk.Error {
	var result wire.Result
	if _, err := result.UnmarshalMsg(raw); err != nil {
		return defect("its answer cannot be decoded")
	}
	if result.Error != nil {
		return presentable(result.Error)
	}
	var broken *brokenRule
	if rest, err := out.UnmarshalMsg(result.Body); errors.As(err, &broken) {
		return defect("its answer breaks a rule: " + clean(broken.Error()))
	} else if err != nil || len(rest) > 0 {
		return defect("its answer is not of the kind that was asked for")
	}
	return nil
}

// asked returns those of the grants that the manifest asks for: what was granted to an earlier version and is not asked
// for any more is not given.
func asked(m *manifest.Manifest, grants capability.Grants) capability.Grants {
	out := make(capability.Grants, len(m.Permissions))
	for _, name := range m.Grants() {
		if grants[name] {
			out[name] = true
		}
	}
	return out
}

func (l *loaded) count(failure *sdk.Error, trapped bool) {
	l.calls.Add(1)
	if failure != nil {
		l.errors.Add(1)
	}
	switch {
	case trapped:
		l.traps.Add(1)
	case failure == nil || failure.Source == sdk.FromPlugin: // the plugin itself has answered
		l.traps.Store(0)
	}
}

var errClosed = &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromHost, Message: "the host is shutting down; try again in a moment"}

func errNoPlugin(id capability.PluginID) error {
	return &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: fmt.Sprintf("there is no plugin %.128q on this host", id)}
}

func errRefused(id capability.PluginID) error {
	return &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromHost, Message: fmt.Sprintf("the plugin %s could not be loaded; an admin finds the reason on the Pergola page", id)}
}

func defect(what string) *sdk.Error {
	return &sdk.Error{Code: sdk.Internal, Source: sdk.FromPlugin, Message: "the plugin has a defect: " + what + ". Its publisher can help"}
}

// asError makes a *sdk.Error of a driver's error.
func asError(err error) *sdk.Error {
	var e *sdk.Error
	if errors.As(err, &e) {
		return e
	}
	return &sdk.Error{Code: sdk.Internal, Source: sdk.FromHost, Message: "the host could not call the plugin; its operator finds the reason in the log"}
}

// maxRetryAfter bounds how long a plugin can have somebody wait, in seconds.
const maxRetryAfter = 3600

const maxErrorText = 1 << 10 // bytes of a message or a field's name that a plugin sends

// presentable returns a plugin's error with what is not fit for a page taken out: codes and sources that are not known,
// overlong or broken texts.
func presentable(e *sdk.Error) *sdk.Error {
	out := &sdk.Error{Code: e.Code, Source: e.Source, Message: clean(e.Message), Field: clean(e.Field), Limit: clean(e.Limit), RetryAfter: min(max(e.RetryAfter, 0), maxRetryAfter)}
	if !knownCodes[out.Code] {
		out.Code = sdk.Internal
	}
	if out.Source != sdk.FromHost && out.Source != sdk.FromDownstream {
		out.Source = sdk.FromPlugin
	}
	if out.Message == "" {
		out.Message = "the plugin failed and does not say why"
	}
	return out
}

func clean(s string) string {
	if len(s) > maxErrorText {
		s = s[:maxErrorText]
	}
	return strings.ToValidUTF8(s, "")
}

var knownCodes = map[sdk.Code]bool{
	sdk.Invalid: true, sdk.NotFound: true, sdk.Exists: true, sdk.PermissionDenied: true, sdk.Unauthenticated: true, sdk.Exhausted: true,
	sdk.Canceled: true, sdk.Deadline: true, sdk.Unavailable: true, sdk.Unimplemented: true, sdk.Internal: true,
}
