package storetest_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/store/storetest"
)

// skipEnv makes TestSkippingDriver run the suite with the skips of that name.
const skipEnv = "PERGOLA_TEST_SKIP"

const pages = "a page is as long as its limit"

var skips = map[string]struct {
	skips  []storetest.Skip
	output string
	fails  bool
}{
	"known":          {skips: []storetest.Skip{{Check: pages, Why: "the server has one page"}}, output: "the server has one page"},
	"unknown":        {skips: []storetest.Skip{{Check: "a page is long", Why: "no pages"}}, output: `"a page is long": the suite has no such check`, fails: true},
	"without reason": {skips: []storetest.Skip{{Check: pages}}, output: "say why", fails: true},
}

func TestSkipNamesACheckAndAReason(t *testing.T) {
	for name, c := range skips {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.run=^TestSkippingDriver$/^"+strings.ReplaceAll(pages, " ", "_")+"$")
			cmd.Env = append(os.Environ(), skipEnv+"="+name)
			out, err := cmd.CombinedOutput()
			if (err != nil) != c.fails || !strings.Contains(string(out), c.output) {
				t.Errorf("error %v, want one %t and the words %q:\n%s", err, c.fails, c.output, out)
			}
			skipped := strings.Contains(string(out), "--- SKIP: TestSkippingDriver/"+strings.ReplaceAll(pages, " ", "_"))
			if skipped != !c.fails {
				t.Errorf("skipped %t, want %t:\n%s", skipped, !c.fails, out)
			}
		})
	}
}

// TestSkippingDriver is run by TestSkipNamesACheckAndAReason in a process of its own.
func TestSkippingDriver(t *testing.T) {
	c, ok := skips[os.Getenv(skipEnv)]
	if !ok {
		t.Skip("runs as a child of TestSkipNamesACheckAndAReason")
	}
	storetest.Run(t, func(t *testing.T, dir string) store.Store {
		d, err := sqlitestore.Open(t.Context(), dir, sqlitestore.Config{})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}, c.skips...)
}

func TestFaultsNameChecks(t *testing.T) {
	for name, fault := range faults {
		if !slices.Contains(storetest.Checks(), fault.check) {
			t.Errorf("the driver that %s is to be found by %q, which is no check", name, fault.check)
		}
	}
}
