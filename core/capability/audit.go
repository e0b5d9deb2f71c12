package capability

import (
	"context"
	"log/slog"

	"github.com/pergola-platform/pergola/sdk"
)

// SlogAudit writes records to a log: what worked at debug level, what a grant was missing for at warn level, failures of
// the host at error level, and every other error at info level.
type SlogAudit struct {
	log *slog.Logger
}

var _ FailureAudit = (*SlogAudit)(nil)

// NewSlogAudit returns an audit that writes to log; nil means slog.Default().
func NewSlogAudit(log *slog.Logger) *SlogAudit {
	if log == nil {
		log = slog.Default()
	}
	return &SlogAudit{log: log}
}

// HostCall implements Audit.
func (a *SlogAudit) HostCall(ctx context.Context, r Record) {
	level := slog.LevelInfo
	switch {
	case r.Code == "":
		level = slog.LevelDebug
	case r.Denied:
		level = slog.LevelWarn
	case r.Code == sdk.Internal:
		level = slog.LevelError
	}
	if !a.log.Enabled(ctx, level) {
		return
	}
	attrs := append(r.attrs(), slog.Duration("took", r.Took))
	if r.Denied {
		attrs = append(attrs, slog.Bool("denied", true))
	}
	a.log.LogAttrs(ctx, level, "host call", attrs...)
}

// HostCallFailed implements FailureAudit.
func (a *SlogAudit) HostCallFailed(ctx context.Context, r Record, cause error, stack []byte) {
	attrs := append(r.attrs(), slog.String("error", cause.Error()))
	if stack != nil {
		attrs = append(attrs, slog.String("stack", string(stack)))
	}
	a.log.LogAttrs(ctx, slog.LevelError, "host call failed", attrs...)
}

func (r Record) attrs() []slog.Attr {
	attrs := []slog.Attr{
		slog.String("tenant", string(r.Tenant)), slog.String("plugin", string(r.Plugin)), slog.String("version", r.Version), slog.String("op", r.Op),
	}
	if r.Code != "" {
		attrs = append(attrs, slog.String("code", string(r.Code)), slog.String("source", string(r.Source)))
	}
	return attrs
}

// Audits returns an audit that passes every record on to each of its parts.
func Audits(parts ...Audit) FailureAudit { return audits(parts) }

type audits []Audit

func (a audits) HostCall(ctx context.Context, r Record) {
	for _, part := range a {
		part.HostCall(ctx, r)
	}
}

func (a audits) HostCallFailed(ctx context.Context, r Record, cause error, stack []byte) {
	for _, part := range a {
		if wants, ok := part.(FailureAudit); ok {
			wants.HostCallFailed(ctx, r, cause, stack)
		}
	}
}
