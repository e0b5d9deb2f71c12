package services

import (
	"context"
	"log/slog"
	"regexp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk/log"
)

// Limits of a log entry.
const (
	maxLogName  = 64 // bytes of a code or an attribute's name
	maxLogAttrs = 16
)

var logName = regexp.MustCompile(`^[a-z][a-z0-9]*([._][a-z0-9]+)*$`)

var logLevels = map[string]slog.Level{
	log.Debug: slog.LevelDebug, log.Info: slog.LevelInfo, log.Warn: slog.LevelWarn, log.Error: slog.LevelError,
}

// logKinds are the kinds of identifier that an entry may hold, each held to the rules of a stored one.
var logKinds = map[string]string{
	"issue": manifest.KindIssue, "project": manifest.KindProject, "issue_type": manifest.KindIssueType,
	"field": manifest.KindField, "account": manifest.KindAccount,
}

// logService writes plugins' entries to the host's log. What could carry words of an issue is dropped.
type logService struct {
	log     *slog.Logger
	dropped func(*capability.Binding)
}

// write never fails: a plugin is not to stumble over its log.
func (s *logService) write(ctx context.Context, b *capability.Binding, e *log.Entry) (*nothing, error) {
	level, attrs, ok := logRecord(e)
	if !ok {
		if s.dropped != nil {
			s.dropped(b)
		}
		return &nothing{}, nil
	}
	s.log.LogAttrs(ctx, level, "plugin",
		slog.String("code", e.Code),
		slog.String("plugin", string(b.Plugin)),
		slog.String("version", b.Version),
		slog.String("tenant", string(b.Tenant)),
		// A group, so that no name a plugin chooses stands for one of the host's.
		slog.Attr{Key: "attrs", Value: slog.GroupValue(attrs...)},
	)
	return &nothing{}, nil
}

func logRecord(e *log.Entry) (slog.Level, []slog.Attr, bool) {
	level, ok := logLevels[e.Level]
	if !ok || !isLogName(e.Code) || len(e.Attrs) > maxLogAttrs {
		return 0, nil, false
	}
	attrs := make([]slog.Attr, len(e.Attrs))
	for i, a := range e.Attrs {
		if attrs[i], ok = logAttr(a); !ok {
			return 0, nil, false
		}
	}
	return level, attrs, true
}

func logAttr(a log.Attr) (slog.Attr, bool) {
	if !isLogName(a.Name) {
		return slog.Attr{}, false
	}
	if a.Kind == "" {
		return slog.Int64(a.Name, a.Number), a.ID == ""
	}
	kind, ok := logKinds[a.Kind]
	if !ok || a.Number != 0 || manifest.ValidateValue(kind, a.ID) != nil {
		return slog.Attr{}, false
	}
	return slog.String(a.Name, a.ID), true
}

func isLogName(s string) bool { return len(s) <= maxLogName && logName.MatchString(s) }
