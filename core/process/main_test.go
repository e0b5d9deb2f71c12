//go:build linux

package process_test

import (
	"os"
	"testing"

	"github.com/pergola-platform/pergola/core/drivertest/fixture"
	sdkprocess "github.com/pergola-platform/pergola/sdk/process"
	"github.com/pergola-platform/pergola/sdk/process/frame"
)

// This test's program is also the plugins and the host that the tests start.
func TestMain(m *testing.M) {
	switch {
	case os.Getenv(frame.Handshake.MagicCookieKey) != "":
		sdkprocess.Serve(fixture.New())
	case os.Getenv(rawHandshake.MagicCookieKey) != "":
		serveRaw()
	default:
		os.Exit(m.Run())
	}
}
