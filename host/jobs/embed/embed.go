// Package embed runs a NATS server with JetStream inside of the process: a file store in a directory, and no port. Start with
// [Start].
//
// Each write is on the disk when it is acknowledged (JetStream's sync_interval "always"), so it survives the end of the process
// and of the machine. A directory belongs to one process at a time.
package embed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Config is what a Server needs. Dir and Log are required.
type Config struct {
	// Dir is made where it is not there. Nobody else writes into it.
	Dir string
	// MaxBytes bounds the store; 0 means 1 GiB.
	MaxBytes int64
	// Log gets what the server says of itself. No message's content is in it.
	Log *slog.Logger
}

const (
	defaultMaxBytes = 1 << 30
	maxMemory       = 16 << 20 // for streams in memory, of which there are none
	startTime       = 30 * time.Second
	patience        = 100 * time.Millisecond
)

// Server is a running server. It is safe for concurrent use. Make it with Start.
type Server struct {
	cfg  Config
	nats *server.Server
	lock *lock

	mu     sync.Mutex
	closed bool
}

// Start starts a server on a directory. ErrLocked where another process has it.
func Start(ctx context.Context, cfg Config) (_ *Server, err error) {
	if cfg.Dir == "" || cfg.Log == nil {
		return nil, errors.New("start the job queue: Dir and Log are required")
	}
	if cfg.MaxBytes <= 0 {
		cfg.MaxBytes = defaultMaxBytes
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("directory of the job queue: %w", err)
	}
	lock, err := acquire(filepath.Join(cfg.Dir, lockFile))
	if err != nil {
		return nil, fmt.Errorf("start the job queue: %w", err)
	}
	s := &Server{cfg: cfg, lock: lock}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	s.nats, err = server.NewServer(&server.Options{
		ServerName: "pergola", DontListen: true, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: cfg.Dir, SyncAlways: true, JetStreamMaxStore: cfg.MaxBytes, JetStreamMaxMemory: maxMemory,
	})
	if err != nil {
		return nil, fmt.Errorf("start the job queue in %s: %w", cfg.Dir, err)
	}
	log := logger{ctx: context.WithoutCancel(ctx), to: cfg.Log, fatal: make(chan string, 1)}
	s.nats.SetLoggerV2(log, false, false, false)
	go s.nats.Start() // Close waits for its end
	return s, s.ready(ctx, log.fatal)
}

// ready waits until the server can be used, or says that it cannot.
func (s *Server) ready(ctx context.Context, fatal <-chan string) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		if s.nats.ReadyForConnections(patience) && s.nats.JetStreamEnabled() {
			return nil
		}
		select {
		case why := <-fatal:
			return fmt.Errorf("start the job queue in %s: %s; see that the disk is not full and the directory can be written", s.cfg.Dir, why)
		case <-ctx.Done():
			return fmt.Errorf("start the job queue in %s: it does not get ready: %w; look at what it logged", s.cfg.Dir, ctx.Err())
		default:
		}
	}
}

// Option makes nats.Connect use the server, whatever address it is given.
func (s *Server) Option() nats.Option { return nats.InProcessServer(s.nats) }

// Revive starts storing again after the server gave it up, which it does when its disk is full. It does nothing while all is
// well. An error says that the disk is no better.
func (s *Server) Revive() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.nats.JetStreamEnabled() {
		return nil
	}
	err := s.nats.EnableJetStream(&server.JetStreamConfig{
		StoreDir: s.cfg.Dir, MaxStore: s.cfg.MaxBytes, MaxMemory: maxMemory, SyncAlways: true, SyncInterval: 2 * time.Minute, CompressOK: true, Strict: true,
	})
	if err != nil {
		return fmt.Errorf("start the job queue in %s again: %w; make room on the disk", s.cfg.Dir, err)
	}
	return nil
}

// Stores says whether the server stores anything just now.
func (s *Server) Stores() bool { return s.nats.JetStreamEnabled() }

// Close ends the server and waits until its files are closed. Closing twice is no error.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.nats != nil {
		s.nats.Shutdown()
		s.nats.WaitForShutdown()
	}
	return s.lock.release()
}

// logger passes on what a server says of itself. Its notices are details to us; its debug and trace lines, which hold subjects
// and payloads, are switched off, and dropped here once more.
type logger struct {
	ctx context.Context //nolint:containedctx // the server's logger knows no contexts
	to  *slog.Logger
	// fatal gets why the server cannot start. It then only returns from Start.
	fatal chan string
}

func (l logger) Noticef(format string, args ...any) { l.say(slog.LevelDebug, format, args) }
func (l logger) Warnf(format string, args ...any)   { l.say(slog.LevelWarn, format, args) }
func (l logger) Errorf(format string, args ...any)  { l.say(slog.LevelError, format, args) }
func (logger) Debugf(string, ...any)                {}
func (logger) Tracef(string, ...any)                {}

func (l logger) Fatalf(format string, args ...any) {
	select {
	case l.fatal <- fmt.Sprintf(format, args...):
	default:
	}
}

func (l logger) say(level slog.Level, format string, args []any) {
	l.to.Log(l.ctx, level, "job queue", "says", fmt.Sprintf(format, args...))
}
