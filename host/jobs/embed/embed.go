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
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/pergola-platform/pergola/host/dirlock"
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
	lock *dirlock.Lock

	mu     sync.Mutex
	nats   *server.Server // nil while none runs
	closed bool
}

// Start starts a server on a directory. ErrLocked where another process has it.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Dir == "" || cfg.Log == nil {
		return nil, errors.New("start the job queue: Dir and Log are required")
	}
	if cfg.MaxBytes <= 0 {
		cfg.MaxBytes = defaultMaxBytes
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("directory of the job queue: %w", err)
	}
	lock, err := dirlock.Hold(filepath.Join(cfg.Dir, lockFile), ErrLocked)
	if err != nil {
		return nil, fmt.Errorf("start the job queue: %w", err)
	}
	s := &Server{cfg: cfg, lock: lock}
	if err := s.Restart(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Restart ends the server, where it still runs, and starts it anew on what it stored. That is what helps after the disk was full: NATS
// does not write to a stream again of which one write failed. Connections are opened anew by themselves.
func (s *Server) Restart(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errors.New("start the job queue: it is closed")
	}
	s.shutdown()
	next, err := server.NewServer(&server.Options{
		ServerName: "pergola", DontListen: true, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: s.cfg.Dir, SyncAlways: true, JetStreamMaxStore: s.cfg.MaxBytes, JetStreamMaxMemory: maxMemory,
	})
	if err != nil {
		return fmt.Errorf("start the job queue in %s: %w", s.cfg.Dir, err)
	}
	log := logger{ctx: context.WithoutCancel(ctx), to: s.cfg.Log, fatal: make(chan string, 1)}
	next.SetLoggerV2(log, false, false, false)
	go next.Start() // shutdown waits for its end
	s.nats = next
	if err := s.ready(ctx, log.fatal); err != nil {
		s.shutdown()
		return err
	}
	return nil
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

// shutdown ends the server and waits until its files are closed. Callers hold mu.
func (s *Server) shutdown() {
	if s.nats == nil {
		return
	}
	s.nats.Shutdown()
	s.nats.WaitForShutdown()
	s.nats = nil
}

// Option makes nats.Connect use the server, whatever address it is given.
func (s *Server) Option() nats.Option { return nats.InProcessServer(s) }

// InProcessConn opens a connection to the server that runs just now.
func (s *Server) InProcessConn() (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.nats == nil {
		return nil, errors.New("connect to the job queue: it does not run just now")
	}
	return s.nats.InProcessConn()
}

// Close ends the server and waits until its files are closed. Closing twice is no error.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.shutdown()
	return s.lock.Release()
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
