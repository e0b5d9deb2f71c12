package app_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/app"
	"github.com/pergola-platform/pergola/host/config"
)

// Browsers open connections before they have anything to ask.
func TestWhatEndsDoesNotWaitForConnectionsWithoutARequest(t *testing.T) {
	t.Parallel()
	type server interface {
		URL() string
		Close(context.Context) error
	}
	for name, start := range map[string]func(*testing.T) (server, error){
		"host": func(t *testing.T) (server, error) {
			cfg := config.Default()
			cfg.Data, cfg.Listen, cfg.Plugins.Dir = t.TempDir(), "127.0.0.1:0", t.TempDir()
			return app.Start(t.Context(), cfg, slog.New(slog.DiscardHandler))
		},
		"sandbox": func(t *testing.T) (server, error) {
			return app.StartSandbox(app.SandboxConfig{Dir: t.TempDir(), Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := start(t)
			if err != nil {
				t.Fatal(err)
			}
			c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			answer, err := http.Get(s.URL() + "/") // comes after that connection
			if err != nil {
				t.Fatal(err)
			}
			_ = answer.Body.Close()
			begun := time.Now()
			if err := s.Close(t.Context()); err != nil {
				t.Errorf("it ended with %v", err)
			}
			if took := time.Since(begun); took > 2*time.Second {
				t.Errorf("it took %v to end", took)
			}
		})
	}
}
