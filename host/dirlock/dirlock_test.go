package dirlock_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/dirlock"
)

func TestOneHoldsADirectory(t *testing.T) {
	taken := errors.New("open elsewhere")
	path := filepath.Join(t.TempDir(), "lock")
	first, err := dirlock.Hold(path, taken)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dirlock.Hold(path, taken); !errors.Is(err, taken) || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Errorf("a second time: %v", err)
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	again, err := dirlock.Hold(path, taken)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Release(); err != nil {
		t.Error(err)
	}
	if _, err := dirlock.Hold(filepath.Join(path, "below"), taken); err == nil || errors.Is(err, taken) {
		t.Errorf("below a file: %v", err)
	}
}
