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
)

// Browsers open connections before they have anything to ask.
func TestSandboxDoesNotWaitForConnectionsWithoutARequest(t *testing.T) {
	t.Parallel()
	site, err := app.StartSandbox(app.SandboxConfig{Dir: t.TempDir(), Listen: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", strings.TrimPrefix(site.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	answer, err := http.Get(site.URL() + "/rest/api/3/serverInfo") // comes after that connection
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if err := site.Close(ctx); err != nil {
		t.Errorf("it ended with %v", err)
	}
}
