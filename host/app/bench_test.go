package app_test

import (
	"bytes"
	"encoding/json"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
)

const benchConnections = 16

// BenchmarkIssuePanel compares the issue panel through everything (token, tenant, permission check and issue in Jira,
// Wasm plugin, page) with a bare Fiber that sends the same bytes. Both are asked in turns in one run, so a noisy machine
// slows both; the figure is the median of the rounds' ratios of requests per second.
func BenchmarkIssuePanel(b *testing.B) {
	d := startDev(b, b.TempDir(), "--set", "log.level=warn", "--set", "web.rates.tenant=10000000", "--listen", "127.0.0.1:0", "--sandbox", "127.0.0.1:0")
	panel := panelAddress(b, d.Issue)
	bare := bareFiber(b, body(b, panel))

	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: benchConnections}}
	rate(b, client, bare)
	rate(b, client, panel)
	var ratios, panels []float64
	for b.Loop() {
		p := rate(b, client, panel)
		ratios = append(ratios, p/rate(b, client, bare))
		panels = append(panels, p)
	}
	slices.Sort(ratios)
	slices.Sort(panels)
	b.ReportMetric(ratios[len(ratios)/2], "issue_panel_vs_bare_fiber")
	b.ReportMetric(panels[len(panels)/2], "panels/s")
}

// rate asks one address over several connections for a while and returns the answers per second.
func rate(b *testing.B, client *http.Client, address string) float64 {
	const window = 150 * time.Millisecond
	var mu sync.Mutex
	var wg sync.WaitGroup
	total, start := 0, time.Now()
	for range benchConnections {
		wg.Go(func() {
			n := 0
			for time.Since(start) < window {
				r, err := client.Get(address)
				if err != nil {
					b.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				_ = r.Body.Close()
				if r.StatusCode != http.StatusOK {
					b.Errorf("GET %s: %s", address, r.Status)
					return
				}
				n++
			}
			mu.Lock()
			defer mu.Unlock()
			total += n
		})
	}
	wg.Wait()
	return float64(total) / time.Since(start).Seconds()
}

// panelAddress logs in and reads the signed address of the panel out of the issue's page.
func panelAddress(t testing.TB, issue string) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := (&http.Client{Jar: jar}).Get(issue)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	page, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`data-frame="([^"]+)"`).FindSubmatch(page)
	if found == nil {
		t.Fatalf("the issue's page has no frame:\n%s", page)
	}
	var frame struct{ URL string }
	if err := json.Unmarshal([]byte(html.UnescapeString(string(found[1]))), &frame); err != nil {
		t.Fatal(err)
	}
	return frame.URL
}

func body(t testing.TB, address string) []byte {
	t.Helper()
	r, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	all, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s %v", address, r.Status, err)
	}
	return bytes.Clone(all)
}

// bareFiber serves one answer with nothing around it.
func bareFiber(t testing.TB, answer []byte) string {
	t.Helper()
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get("/", func(c *fiber.Ctx) error {
		c.Type("html", "utf-8")
		return c.Send(answer)
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = app.Listener(l) }()
	t.Cleanup(func() { _ = app.Shutdown() })
	return "http://" + l.Addr().String() + "/"
}
