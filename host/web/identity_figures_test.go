package web_test

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/logbook"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/web"
)

var figures = flag.Bool("figures", false, "measure what it costs to know who asks, and print lines `figure NAME VALUE`")

// TestIdentityFigures asks a Fiber that verifies a page's token and then sends 1 KB, and a bare one that sends the same with nothing before it:
// what that differs in is what it costs to know who asks. And it asks routes of the whole host, with its table of routes, request ids, security
// headers, limits, metrics, a log of each request in a file. All are asked in turns over keep-alive connections, and the medians of the rounds'
// ratios are printed. Without -figures it makes sure that all answer.
func TestIdentityFigures(t *testing.T) {
	rounds, window, sites := 2, 20*time.Millisecond, 3
	if *figures {
		rounds, window, sites = 41, 150*time.Millisecond, 500
	}
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	check(t, err)
	defer file.Close()
	book := logbook.Open(file)
	defer book.Close()
	var whole web.Config
	h := start(t, func(c *web.Config) {
		c.Log = slog.New(book.Handler(slog.NewTextHandler(book, nil)))
		whole = *c
	})
	server, err := web.New(whole) // as routes are added before it serves
	check(t, err)

	body := []byte(`{"text":"` + strings.Repeat("x", 1013) + `"}`)
	answer := func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
		return c.Send(body)
	}
	server.AddCall("/api/measured/known", answer)
	server.AddOpen("/api/measured/open", answer)
	address := serve(t, server.Serve, func() error { return server.Shutdown(context.Background()) })
	if code := status(t, address+"/api/measured/known"); code != http.StatusUnauthorized {
		t.Fatalf("without a token: status %d, want 401", code)
	}
	bare := bareFiber(t, answer)
	verifies := bareFiber(t, func(c *fiber.Ctx) error {
		if c.Path() == "/api/measured/new" {
			whole.Verifier.Forget(h.tenant.ID) // so that this one is verified anew
		}
		r := auth.Request{Method: c.Method(), Target: c.OriginalURL(), Authorization: c.Get(fiber.HeaderAuthorization)}
		if _, err := whole.Verifier.API(c.UserContext(), r); err != nil {
			return err
		}
		return answer(c)
	})
	if code := status(t, verifies+"/api/measured/known"); code == http.StatusOK {
		t.Fatal("the Fiber that verifies answers without a token")
	}
	token := h.contextToken(user, here)
	loads := map[string]*load{}
	for name, of := range map[string][2]string{
		"bare": {bare, "known"}, "cached": {verifies, "known"}, "uncached": {verifies, "new"}, "host": {address, "known"}, "open": {address, "open"},
	} {
		loads[name] = newLoad(t, of[0], "/api/measured/"+of[1], token)
		if !bytes.Equal(loads[name].body, body) {
			t.Fatalf("%s answers %.100q", name, loads[name].body)
		}
	}
	ratios := map[string][]float64{}
	for range rounds {
		rate := map[string]float64{}
		for _, name := range []string{"bare", "cached", "open", "host", "uncached"} {
			rate[name] = loads[name].rate(window)
		}
		for name, of := range map[string][2]string{
			"auth_cached_vs_bare_fiber": {"cached", "bare"}, "auth_uncached_vs_bare_fiber": {"uncached", "bare"},
			"auth_cached_vs_open_route": {"host", "open"}, "open_route_vs_bare_fiber": {"open", "bare"}, "host_vs_bare_fiber": {"host", "bare"},
		} {
			ratios[name] = append(ratios[name], rate[of[0]]/rate[of[1]])
		}
	}
	lookup := lookupTime(t, h, rounds, sites)
	if *figures {
		t.Logf("bare Fiber: %.0f answers a second", loads["bare"].rate(window))
		for _, name := range slices.Sorted(maps.Keys(ratios)) {
			fmt.Printf("figure %s %.2f\n", name, median(ratios[name]))
		}
		fmt.Printf("figure tenant_lookup_us %.1f\n", median(lookup))
	}
}

// lookupTime is how many microseconds it takes to find a site by its client key among others, with its secret.
func lookupTime(t *testing.T, h *host, rounds, sites int) (took []float64) {
	t.Helper()
	const times = 200
	for i := range sites {
		_, err := h.tenants.Install(t.Context(), tenant.Installation{ClientKey: fmt.Sprint("more-", i), SharedSecret: seal.NewSecret(secret), BaseURL: h.site.URL})
		check(t, err)
	}
	for range rounds {
		begin := time.Now()
		for i := range times {
			_, err := h.tenants.ByClientKey(t.Context(), fmt.Sprint("more-", i%sites))
			check(t, err)
		}
		took = append(took, float64(time.Since(begin))/times/float64(time.Microsecond))
	}
	return took
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

// bareFiber serves one handler, as Fiber does by default.
func bareFiber(t *testing.T, answer fiber.Handler) string {
	t.Helper()
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get("/api/measured/:what", answer)
	return serve(t, app.Listener, app.Shutdown)
}

// serve serves until the test ends, and returns the address.
func serve(t *testing.T, on func(net.Listener) error, shut func() error) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	served := make(chan error, 1)
	go func() { served <- on(l) }()
	t.Cleanup(func() {
		check(t, shut())
		check(t, <-served)
	})
	return "http://" + l.Addr().String()
}

func status(t *testing.T, address string) int {
	t.Helper()
	r, err := http.Get(address)
	check(t, err)
	check(t, r.Body.Close())
	return r.StatusCode
}

// load asks for one thing over several connections. It does as little as can be: what a client costs makes two servers look more alike
// than they are.
type load struct {
	t       *testing.T
	request []byte
	conns   []net.Conn
	length  int // of an answer, which is always the same
	body    []byte
}

const loadConnections = 16

func newLoad(t *testing.T, server, target, token string) *load {
	t.Helper()
	address := strings.TrimPrefix(server, "http://")
	l := &load{t: t, request: []byte("GET " + target + " HTTP/1.1\r\nHost: " + address + "\r\nAuthorization: " + token + "\r\n\r\n")}
	for range loadConnections {
		c, err := net.Dial("tcp", address)
		check(t, err)
		t.Cleanup(func() { _ = c.Close() })
		l.conns = append(l.conns, c)
	}
	_, err := l.conns[0].Write(l.request)
	check(t, err)
	var whole bytes.Buffer
	res, err := http.ReadResponse(bufio.NewReader(io.TeeReader(l.conns[0], &whole)), nil)
	check(t, err)
	l.body, err = io.ReadAll(res.Body)
	check(t, err)
	check(t, res.Body.Close())
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s: %s", target, res.Status, l.body)
	}
	l.length = whole.Len()
	return l
}

// rate returns the answers per second.
func (l *load) rate(window time.Duration) float64 {
	var mu sync.Mutex
	var all sync.WaitGroup
	total, begin := 0, time.Now()
	for _, c := range l.conns {
		all.Go(func() {
			n, answer := 0, make([]byte, l.length)
			for time.Since(begin) < window {
				if _, err := c.Write(l.request); err != nil {
					l.t.Error(err)
					return
				}
				if _, err := io.ReadFull(c, answer); err != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.1 200 ")) {
					l.t.Errorf("answer %.40q: %v", answer, err)
					return
				}
				n++
			}
			mu.Lock()
			defer mu.Unlock()
			total += n
		})
	}
	all.Wait()
	return float64(total) / time.Since(begin).Seconds()
}
