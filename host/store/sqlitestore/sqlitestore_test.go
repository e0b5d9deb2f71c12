package sqlitestore_test

import (
	"testing"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
	"github.com/pergola-platform/pergola/host/store/storetest"
)

func open(t testing.TB, dir string, cfg sqlitestore.Config) *sqlitestore.Store {
	t.Helper()
	s, err := sqlitestore.Open(t.Context(), dir, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStorePassesTheSuite(t *testing.T) {
	storetest.Run(t, func(t *testing.T, dir string) store.Store { return open(t, dir, sqlitestore.Config{}) })
}
