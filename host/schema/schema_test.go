package schema_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pergola-platform/pergola/host/schema"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

func open(t *testing.T) *sqlitestore.Store {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), t.TempDir(), sqlitestore.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestMigrationsRunOnceAndInOrder(t *testing.T) {
	s := open(t)
	var ran []string
	step := func(name string) schema.Migration {
		return schema.Migration{Name: name, Run: func(context.Context) error { ran = append(ran, name); return nil }}
	}
	all := []schema.Migration{step("a"), step("b"), step("c")}
	for _, n := range []int{0, 2, 2, 3} {
		if _, err := schema.Migrate(t.Context(), s, all[:n]); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"a", "b", "c"}; !slices.Equal(ran, want) {
		t.Errorf("ran %q, want %q", ran, want)
	}
	if _, err := schema.Migrate(t.Context(), s, all[:2]); !errors.Is(err, schema.ErrNewer) {
		t.Errorf("an older host: %v, want ErrNewer", err)
	}
}

func TestFailedMigrationRunsAgain(t *testing.T) {
	s := open(t)
	fails := true
	all := []schema.Migration{{Name: "mend", Run: func(context.Context) error {
		if fails {
			return errors.New("disk")
		}
		return nil
	}}}
	if _, err := schema.Migrate(t.Context(), s, all); err == nil || !strings.Contains(err.Error(), "version 1 (mend)") {
		t.Errorf("error %v, want one that names the migration", err)
	}
	fails = false
	if ran, err := schema.Migrate(t.Context(), s, all); err != nil || ran != 1 {
		t.Errorf("Migrate = %d, %v; want 1", ran, err)
	}
}

func TestHostsThatMigrateTogetherAgree(t *testing.T) {
	s := open(t)
	nothing := schema.Migration{Name: "nothing", Run: func(context.Context) error { return nil }}
	all := []schema.Migration{nothing, nothing, nothing}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := schema.Migrate(t.Context(), s, all); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if ran, err := schema.Migrate(t.Context(), s, all); ran != 0 || err != nil {
		t.Errorf("Migrate afterwards = %d, %v; want nothing to do", ran, err)
	}
}
