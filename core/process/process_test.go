//go:build linux

package process_test

import (
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"testing"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest"
	"github.com/pergola-platform/pergola/core/process"
)

func digest(code []byte) string {
	sum := sha256.Sum256(code)
	return hex.EncodeToString(sum[:])
}

func open(t testing.TB, c process.Config) *process.Driver {
	t.Helper()
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	d, err := process.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func subject(t testing.TB) drivertest.Subject {
	code := drivertest.Program(t)
	return drivertest.Subject{
		Open: func(t testing.TB) driver.Driver { return open(t, process.Config{Allow: []string{digest(code)}}) },
		Code: code,
		Skip: map[string]string{
			"memory of one tenant is not seen by another": "a process has one memory for all tenants",
			"no call sees what another left":              "a process has one memory for all calls",
		},
	}
}

func TestDriverPassesTheSuite(t *testing.T) { drivertest.Run(t, subject(t)) }
