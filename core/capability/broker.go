package capability

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// Broker decides over host calls. It is immutable and safe for concurrent use; make one with [NewBroker].
type Broker struct {
	rows  map[string]Row
	audit Audit
}

// NewBroker returns a broker for a table of host calls. It refuses a table with an operation that is empty, that stands
// there twice, or that nothing answers. audit may be nil.
func NewBroker(rows []Row, audit Audit) (*Broker, error) {
	b := &Broker{rows: make(map[string]Row, len(rows)), audit: audit}
	var errs []error
	for i, row := range rows {
		_, twice := b.rows[row.Op]
		switch {
		case row.Op == "" || row.Op == UnknownOp:
			errs = append(errs, fmt.Errorf("host call %d: %q cannot be the name of an operation", i, row.Op))
		case row.Handle == nil:
			errs = append(errs, fmt.Errorf("host call %s: nothing answers it", row.Op))
		case twice:
			errs = append(errs, fmt.Errorf("host call %s: it stands in the table twice", row.Op))
		}
		b.rows[row.Op] = row
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("table of host calls: %w", err)
	}
	return b, nil
}

// Host returns what one call of a plugin sees as its host; the call under binding. Use it for one call only: it counts
// what that asks for. The caller leaves the binding alone afterwards.
func (b *Broker) Host(binding *Binding, allowed Allowance) *Host {
	return &Host{broker: b, binding: binding, ledger: ledger{allowed: allowed.withDefaults()}}
}

// Host answers the host calls of one call of a plugin.
type Host struct {
	broker  *Broker
	binding *Binding
	ledger  ledger
}

var _ hostcall.Host = (*Host)(nil)

// Usage is what was asked for so far.
func (h *Host) Usage() Usage { return h.ledger.usage() }

// HostCall implements hostcall.Host. It returns the bytes of a wire.Result of at most wire.MaxMessage bytes, always.
func (h *Host) HostCall(ctx context.Context, raw []byte) []byte {
	start := time.Now()
	record := Record{Tenant: h.binding.Tenant, Plugin: h.binding.Plugin, Version: h.binding.Version, Op: UnknownOp}
	answer, err := h.answer(ctx, raw, &record)
	result := wire.Result{Body: answer}
	var out []byte
	if err == nil {
		out, err = encode(record.Op, result)
	}
	if err != nil {
		failure := h.explain(ctx, err, &record)
		record.Code, record.Source = failure.Code, failure.Source
		// It holds strings of bounded length, so it encodes and is short enough.
		out, _ = (&wire.Result{Error: failure, Body: nothing}).MarshalMsg(nil)
	}
	if h.broker.audit != nil {
		record.Took = time.Since(start)
		h.broker.audit.HostCall(ctx, record)
	}
	return out
}

var nothing = msgp.AppendNil(nil)

func (h *Host) answer(ctx context.Context, raw []byte, record *Record) (answer []byte, err error) {
	if err := h.ledger.call(); err != nil {
		return nil, err
	}
	if len(raw) > wire.MaxMessage {
		return nil, refusal(sdk.Invalid, "the host call is %d bytes long, at most %d are allowed; send less at a time", len(raw), wire.MaxMessage)
	}
	var call wire.Call
	rest, err := call.UnmarshalMsg(raw)
	if err != nil || len(rest) > 0 {
		return nil, refusal(sdk.Invalid, "the host call cannot be decoded; use the typed clients of the SDK")
	}
	row, known := h.broker.rows[call.Op]
	if !known {
		return nil, refusal(sdk.Unimplemented, "this host has no host call %.64q; it may be older than the plugin's SDK", call.Op)
	}
	record.Op = row.Op
	if row.Permission != "" && !h.binding.Grants[row.Permission] {
		record.Denied = true
		return nil, refusal(sdk.PermissionDenied, "%s needs the permission %q: the plugin has to ask for it in plugin.json, and an admin of the site has to grant it on the Pergola page",
			row.Op, row.Permission)
	}
	if err := h.ledger.bytes(row.Traffic, len(call.Body)); err != nil {
		return nil, err
	}
	defer func() {
		if v := recover(); v != nil {
			answer, err = nil, &panicked{value: v, stack: debug.Stack()}
		}
	}()
	if answer, err = row.Handle(ctx, h.binding, call.Body); err == nil && row.Traffic == Egress {
		err = h.ledger.bytes(Egress, len(answer))
	}
	return answer, err
}

func encode(op string, result wire.Result) ([]byte, error) {
	if len(result.Body) == 0 {
		result.Body = nothing
	}
	if len(result.Body) <= wire.MaxMessage {
		if err := wire.Check(result.Body); err != nil {
			return nil, fmt.Errorf("the answer to %s cannot be sent: %s", op, err.Error()) // a defect of the handler, whatever its code
		}
		out, err := result.MarshalMsg(nil)
		if err != nil {
			return nil, fmt.Errorf("encode the answer to %s: %w", op, err)
		}
		if len(out) <= wire.MaxMessage {
			return out, nil
		}
	}
	return nil, refusal(sdk.Exhausted, "the answer to %s is %d bytes long, at most %d are allowed; ask for less at a time", op, len(result.Body), wire.MaxMessage)
}

// explain returns the error that the plugin gets. What it must not see goes to the audit.
func (h *Host) explain(ctx context.Context, err error, record *Record) *sdk.Error {
	var known *sdk.Error
	switch {
	case errors.As(err, &known):
		out := *known
		if out.Source != sdk.FromDownstream && out.Limit == "" {
			out.Source = sdk.FromHost
		}
		return &out
	case errors.Is(err, context.DeadlineExceeded):
		return refusal(sdk.Deadline, "%s took longer than the call may take; ask for less at a time", record.Op)
	case errors.Is(err, context.Canceled):
		return refusal(sdk.Canceled, "the caller of the plugin went away")
	}
	out := refusal(sdk.Internal, "the host could not carry out %s; its operator finds the reason in the log", record.Op)
	if audit, wants := h.broker.audit.(FailureAudit); wants {
		var stack []byte
		if p := (*panicked)(nil); errors.As(err, &p) {
			stack = p.stack
		}
		record.Code, record.Source = out.Code, out.Source
		audit.HostCallFailed(ctx, *record, err, stack)
	}
	return out
}

func refusal(code sdk.Code, format string, args ...any) *sdk.Error {
	return &sdk.Error{Code: code, Source: sdk.FromHost, Message: fmt.Sprintf(format, args...)}
}

// panicked is the panic of a handler. It quotes the Go runtime's own errors and of other values only the type, for they
// may hold issue content.
type panicked struct {
	value any
	stack []byte
}

func (p *panicked) Error() string {
	if err, isRuntime := p.value.(runtime.Error); isRuntime {
		return "panic: " + err.Error()
	}
	return fmt.Sprintf("panic with a value of type %T", p.value)
}
