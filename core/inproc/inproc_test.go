package inproc_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest"
	"github.com/pergola-platform/pergola/core/drivertest/fixture"
	"github.com/pergola-platform/pergola/core/inproc"
)

func open(testing.TB) driver.Driver {
	return inproc.New(slog.New(slog.DiscardHandler), fixture.New())
}

func TestDriverPassesTheSuite(t *testing.T) {
	drivertest.Run(t, drivertest.Subject{
		Open: open,
		Code: []byte(fixture.ID),
		Skip: map[string]string{
			"deadline ends code that spins":                         "nothing can stop a goroutine that looks at nothing",
			"deadline ends code that sleeps":                        "nothing can wake a goroutine that sleeps",
			"endless recursion is an error and the next call works": "Go ends the process when a stack is exhausted",
			"code that spins leaves others to answer":               "nothing can stop a goroutine that looks at nothing",
			"resume after kill":                                     "what ends the plugin's program ends the host",
			"memory bomb is exhausted and the next call works":      "the plugin's memory is the process's own",
			"memory cap is exhausted":                               "the plugin's memory is the process's own",
			"memory of one tenant is not seen by another":           "a Go program has one set of variables",
			"no call sees what another left":                        "a Go program has one set of variables",
		},
	})
}

func TestUnknownPluginIsNamed(t *testing.T) {
	_, err := open(t).Load(context.Background(), []byte("nobody"), driver.Limits{})
	if err == nil || !strings.Contains(err.Error(), `"nobody"`) {
		t.Errorf("got %v", err)
	}
}

func BenchmarkCall(b *testing.B) {
	drivertest.Benchmark(b, drivertest.Subject{Open: open, Code: []byte(fixture.ID)})
}
