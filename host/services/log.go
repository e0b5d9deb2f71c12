package services

import (
	"context"
	"log/slog"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk/log"
)

const maxLogAttrs = 16

var logLevels = map[string]slog.Level{
	log.Debug: slog.LevelDebug, log.Info: slog.LevelInfo, log.Warn: slog.LevelWarn, log.Error: slog.LevelError,
}

// logKinds are the kinds of identifier that an entry may hold, each held to the rules of a stored one.
var logKinds = map[string]string{
	"issue": manifest.KindIssue, "project": manifest.KindProject, "issue_type": manifest.KindIssueType,
	"field": manifest.KindField, "account": manifest.KindAccount,
}

// logService writes plugins' entries to the host's log. Codes and names of attributes are words that stand in the manifest, so
// that none can be made of an issue's; everything else is dropped.
type logService struct {
	log       *slog.Logger
	manifests Manifests
	dropped   func(*capability.Binding)
}

// write never fails: a plugin is not to stumble over its log.
func (s *logService) write(ctx context.Context, b *capability.Binding, e *log.Entry) (*nothing, error) {
	level, attrs, ok := s.record(b, e)
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

func (s *logService) record(b *capability.Binding, e *log.Entry) (slog.Level, []slog.Attr, bool) {
	if s.manifests == nil {
		return 0, nil, false
	}
	m := s.manifests.Manifest(b.Plugin, b.Version)
	if m == nil {
		return 0, nil, false
	}
	if _, ok := m.Log(e.Code); !ok || len(e.Attrs) > maxLogAttrs {
		return 0, nil, false
	}
	level, ok := logLevels[e.Level]
	if !ok {
		return 0, nil, false
	}
	attrs := make([]slog.Attr, len(e.Attrs))
	for i, a := range e.Attrs {
		if !m.LogAttr(e.Code, a.Name) {
			return 0, nil, false
		}
		if attrs[i], ok = logAttr(a); !ok {
			return 0, nil, false
		}
	}
	return level, attrs, true
}

func logAttr(a log.Attr) (slog.Attr, bool) {
	if a.Kind == "" {
		return slog.Int64(a.Name, a.Number), a.ID == ""
	}
	kind, ok := logKinds[a.Kind]
	if !ok || a.Number != 0 || manifest.ValidateValue(kind, a.ID) != nil {
		return slog.Attr{}, false
	}
	return slog.String(a.Name, a.ID), true
}
