package app_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/config"
)

var tags = regexp.MustCompile(`<[^>]*>`)

// What an operator writes under engine.request, engine.event and engine.step is what calls of those classes get, each its own.
func TestOperatorsBoundsOfEachClassReachTheEngine(t *testing.T) {
	const asks = `{"memoryMiB":512,"fuel":9000000000000,"timeoutMs":9000,"hostCalls":9000,"egressKiB":9000,"logKiB":900,"concurrency":60}`
	dir := t.TempDir()
	manifest := fmt.Sprintf(manifestText, "test.guest", "1.0.0", "", "", "")
	const few = `"limits":{"request":{"timeoutMs":2000,"fuel":50000000}}`
	if !strings.Contains(manifest, few) {
		t.Fatalf("the manifest has other limits: %s", manifest)
	}
	manifest = strings.Replace(manifest, few, fmt.Sprintf(`"limits":{"request":%s,"event":%[1]s,"step":%[1]s}`, asks), 1)
	put(t, dir, "guest", manifest, release(t, "test.guest", "1.0.0", "release one"))
	r := run(t, dir, func(c *config.Config) {
		for i, class := range []*config.Class{&c.Engine.Request, &c.Engine.Event, &c.Engine.Step} {
			n := i + 1
			*class = config.Class{
				MemoryMiB: 100 + n, Fuel: int64(n) * 1_111_000_000, Timeout: time.Duration(n) * 1100 * time.Millisecond, HostCalls: 200 + n,
				EgressKiB: 300 + n, LogKiB: 400 + n, Concurrency: 10 + n,
			}
		}
	})
	r.install("one")
	_, card := r.page("one", "/connect/admin")
	card = strings.Join(strings.Fields(tags.ReplaceAllString(card, " ")), " ")
	for i, class := range []string{"", ", for each event", ", for each step of a job"} {
		n := i + 1
		for _, want := range []string{
			fmt.Sprintf("Memory%s 512 MiB %d MiB", class, 100+n), fmt.Sprintf("CPU%s 9,000,000 million steps %s million steps", class, []string{"", "1,111", "2,222", "3,333"}[n]),
			fmt.Sprintf("Time%s 9s %v", class, time.Duration(n)*1100*time.Millisecond),
		} {
			if !strings.Contains(card, want) {
				t.Errorf("the card does not say %q", want)
			}
		}
		for _, amount := range []int{200 + n, 300 + n, 400 + n, 10 + n} {
			if !strings.Contains(card, fmt.Sprintf(" %d ", amount)) {
				t.Errorf("the card does not say %d of class %q", amount, class)
			}
		}
	}
	if t.Failed() {
		t.Log(card)
	}
}
