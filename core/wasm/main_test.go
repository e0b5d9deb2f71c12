package wasm_test

import (
	"os"
	"testing"
)

// cacheDir is shared by the tests, so that the fixture is compiled once.
var cacheDir string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "pergola-wasm-test-")
	if err != nil {
		panic(err)
	}
	cacheDir = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}
