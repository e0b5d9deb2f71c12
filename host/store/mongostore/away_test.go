package mongostore_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/mongostore"
)

// startOwn starts a FerretDB for one test, whatever the others run against.
func startOwn(t *testing.T, dir, addr string, more ...string) *ferret {
	t.Helper()
	f, err := startFerret(dir, addr, more...)
	if errors.Is(err, os.ErrNotExist) {
		missing(t, noFerret)
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestServerThatGoesAwayIsUnavailableUntilItIsBack(t *testing.T) {
	dir := t.TempDir()
	f := startOwn(t, dir, "127.0.0.1:0")
	s := open(t, mongostore.Config{URI: f.uri(), Database: "pergola", WithoutTransactions: true, ServerWait: 300 * time.Millisecond})
	defer closeStore(t, s)
	before := note("before", "owner", "ann")
	if _, err := s.Write(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	f.kill()
	key := before.Doc.Key
	for name, try := range map[string]func() error{
		"Get":         func() error { _, err := s.Get(t.Context(), key); return err },
		"List":        func() error { _, err := s.List(t.Context(), store.Query{Tenant: "t", Collection: "notes"}); return err },
		"Write":       func() error { _, err := s.Write(t.Context(), note("a")); return err },
		"batch":       func() error { _, err := s.Write(t.Context(), note("a"), note("b")); return err },
		"Tenants":     func() error { _, err := s.Tenants(t.Context(), "", 0); return err },
		"Collections": func() error { _, err := s.Collections(t.Context(), "t"); return err },
		"Ping":        func() error { return s.Ping(t.Context()) },
	} {
		err := try()
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s without a server: %v, want ErrUnavailable", name, err)
		}
		wantMessage(t, err, "see that MongoDB runs", f.addr)
	}
	f = startOwn(t, dir, f.addr)
	defer f.kill()
	// The driver looks for a lost server twice a second. Each try waits for it; until it is found, it is unavailable and nothing else.
	var err error
	for range 100 {
		if err = s.Ping(t.Context()); !errors.Is(err, store.ErrUnavailable) {
			break
		}
	}
	if err != nil {
		t.Fatalf("Ping with the server back: %v", err)
	}
	if _, err := s.Get(t.Context(), key); err != nil {
		t.Errorf("Get with the server back: %v", err)
	}
	if revs, err := s.Write(t.Context(), before); err != nil || revs[0] != 2 {
		t.Errorf("Write with the server back: %v, %v; want revision 2", revs, err)
	}
}
