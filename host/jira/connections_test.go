package jira_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/tenant"
)

func TestConnectionsOfCallsSideBySideAreUsedAgain(t *testing.T) {
	const calls = 8
	var arrived sync.WaitGroup
	var opened atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		arrived.Done()
		arrived.Wait() // all are under way at a time
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`[]`))
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	client, err := jira.New(jira.Config{AppKey: appKey})
	if err != nil {
		t.Fatal(err)
	}
	site := tenant.Tenant{ID: "t1", ClientKey: "k", SharedSecret: seal.NewSecret("a secret of this test alone"), BaseURL: server.URL, State: tenant.Active}
	for range 4 {
		arrived.Add(calls)
		var wait sync.WaitGroup
		for range calls {
			wait.Go(func() {
				if _, err := client.Fields(t.Context(), site); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
	}
	if n := opened.Load(); n > 2*calls { // one may come a moment late to where it waits to be used again
		t.Errorf("%d connections were opened for %d calls at a time", n, calls)
	}
}
