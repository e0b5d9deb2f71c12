package app_test

import (
	"flag"
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/pergola-platform/pergola/host/chromiumtest"
)

// TestMain has twice as many tests run side by side as there are processors, unless -parallel says how many: most of the time they wait for
// browsers, for hosts that start, and for clocks.
func TestMain(m *testing.M) {
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said {
		if err := flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil {
			panic(err)
		}
	}
	os.Exit(chromiumtest.Main(m))
}
