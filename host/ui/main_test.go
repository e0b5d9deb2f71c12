package ui_test

import (
	"os"
	"testing"

	"github.com/pergola-platform/pergola/host/chromiumtest"
)

func TestMain(m *testing.M) { os.Exit(chromiumtest.Main(m)) }
