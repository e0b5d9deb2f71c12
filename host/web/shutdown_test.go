package web_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/web"
)

func TestShutdownAnswersWhatIsRunning(t *testing.T) {
	h := start(t)
	running, goOn := make(chan struct{}), make(chan struct{})
	h.slow = func() { close(running); <-goOn }
	answered := make(chan answer, 1)
	go func() { answered <- h.page(panelPage, user) }()
	<-running
	down := make(chan struct{})
	go func() { h.stop(); close(down) }()
	for { // until the listener is closed
		c, err := net.DialTimeout("tcp", strings.TrimPrefix(h.url, "http://"), time.Second)
		if err != nil {
			break
		}
		_ = c.Close()
	}
	select {
	case <-down:
		t.Fatal("the server was down before the request was answered")
	default:
	}
	close(goOn)
	if got := <-answered; got.status != 200 {
		t.Errorf("the running request: status %d", got.status)
	}
	<-down
}

func TestShutdownThatWaitedLongEnoughEndsTheWork(t *testing.T) {
	ended := make(chan error, 1)
	running := make(chan struct{})
	h := start(t, func(c *web.Config) {
		c.Ready = func(ctx context.Context) map[string]error {
			close(running)
			<-ctx.Done()
			ended <- ctx.Err()
			return nil
		}
	})
	go func() { _, _ = h.client.Get(h.url + "/readyz") }()
	<-running
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := h.server.Shutdown(ctx); err == nil {
		t.Error("Shutdown did not say that it gave up")
	}
	if err := <-ended; err == nil {
		t.Error("the work went on")
	}
}

func TestShutdownBeforeServe(t *testing.T) {
	h := start(t)
	s, err := web.New(h.server.Config)
	check(t, err)
	check(t, s.Shutdown(t.Context()))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	check(t, s.Serve(l)) // returns at once
	if _, err := l.Accept(); err == nil {
		t.Error("the listener is still open")
	}
}
