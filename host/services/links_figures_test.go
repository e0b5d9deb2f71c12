package services_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/services"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/store"
)

var (
	figures = flag.Bool("figures", false, "measure what links between issues cost, and print the figures")
	many    = flag.Int("links", 1_000_000, "how many links the larger tenant has when measuring")
)

// figureRecords are links as a plugin keeps them: who and when included.
var figureRecords = []manifest.Record{
	{Type: "link", ID: manifest.RecordID{Fields: []string{"relation", "outward", "inward"}}, Erasure: manifest.EraseField, Fields: map[string]manifest.Field{
		"relation": {Kind: manifest.KindToken}, "outward": {Kind: manifest.KindIssue, Indexed: true}, "inward": {Kind: manifest.KindIssue, Indexed: true},
		"by": {Kind: manifest.KindAccount, Indexed: true}, "at": {Kind: manifest.KindTime},
	}},
	{Type: "side", ID: manifest.RecordID{Fields: []string{"relation", "issue"}}, Fields: map[string]manifest.Field{
		"relation": {Kind: manifest.KindToken}, "issue": {Kind: manifest.KindIssue},
	}},
}

const (
	linksEach = 10     // of an issue, outward; and as many inward
	hubLinks  = 10_000 // of one issue more
	hub       = "77777777"
)

// linked is a site with that many links, in a database of its own, all of which came one issue after the other, so that those
// of one issue lie far apart.
type linked struct {
	ctx       context.Context
	issues    int
	relations []string
}

func (l *linked) issue(i int) string { return strconv.Itoa(10_000_000 + i%l.issues) }

func (l *linked) link(relation, outward, inward string) store.Record {
	return store.Record{Type: "link", Fields: map[string]string{
		"relation": relation, "outward": outward, "inward": inward, "by": "712020:3b1f77aa-0000-4c00-8000-00000000000" + outward[len(outward)-1:], "at": "2026-03-01T12:00:00Z",
	}}
}

func newLinked(t *testing.T, n int) *linked {
	t.Helper()
	deps := all(t, nil)
	deps.Manifests = services.ManifestsFunc(func(capability.PluginID, string) *manifest.Manifest {
		return &manifest.Manifest{ID: "acme.labels", Records: figureRecords}
	})
	l := &linked{ctx: hostcall.With(t.Context(), broker(t, services.New(deps)).Host(binding("abcdefghijklmnopqrstuvwxyz"), capability.Allowance{HostCalls: 1 << 40})), issues: n / linksEach}
	relations, err := store.Tokens(l.ctx, 5)
	if err != nil {
		t.Fatal(err)
	}
	l.relations = relations
	var batch []store.Record
	flush := func() {
		if _, err := store.Put(l.ctx, batch...); err != nil {
			t.Fatal(err)
		}
		batch = batch[:0]
	}
	for k := range n {
		round := k / l.issues
		batch = append(batch, l.link(relations[round%5], l.issue(k), l.issue(k+1+round*977)))
		if len(batch) == 500 {
			flush()
		}
	}
	flush()
	return l
}

// read reads all links of one issue, as a panel does.
func (l *linked) read(t *testing.T, i int) {
	for _, field := range []string{"outward", "inward"} {
		page, err := store.List(l.ctx, store.Query{Type: "link", Field: field, Value: l.issue(i), IDs: true})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Records) != linksEach {
			t.Fatalf("%d links, want %d", len(page.Records), linksEach)
		}
	}
}

// TestLinkFigures measures links through the whole of a host's storage: the SDK's client, the broker, the checks of the service and
// SQLite. The two sites take turns. Each read is of another issue and timed by itself, so that what else the machine does falls on
// some reads and not on the median; the ratio is the median of the rounds' ratios.
func TestLinkFigures(t *testing.T) {
	if !*figures {
		t.Skip("measures only with -figures")
	}
	small := newLinked(t, 1000)
	begin := time.Now()
	large := newLinked(t, *many)
	t.Logf("%d links were put in %v", *many, time.Since(begin).Round(time.Second))

	const rounds, reads = 31, 200
	took := map[*linked][]time.Duration{}
	var ratios []float64
	for round := range rounds {
		middle := map[*linked]time.Duration{}
		for _, l := range []*linked{small, large} {
			var each []time.Duration
			for i := range reads {
				begin := time.Now()
				l.read(t, (round*reads+i)*7919)
				each = append(each, time.Since(begin))
			}
			middle[l] = median(each)
			took[l] = append(took[l], each...)
		}
		ratios = append(ratios, us(middle[large])/us(middle[small]))
	}
	slices.Sort(ratios)
	fmt.Printf("figure links_read_us %.1f\nfigure links_1m_vs_1k_read_ratio %.2f\n", us(median(took[large])), ratios[rounds/2])
	t.Logf("an issue's links among 1000: %v; rounds' ratios are %.2f to %.2f", median(took[small]), ratios[0], ratios[rounds-1])

	large.measureHub(t)
}

// measureHub measures one issue with very many links.
func (l *linked) measureHub(t *testing.T) {
	var batch []store.Record
	for i := range hubLinks {
		if batch = append(batch, l.link(l.relations[i%2], l.issue(i*13), hub)); len(batch) == 500 {
			if _, err := store.Put(l.ctx, batch...); err != nil {
				t.Fatal(err)
			}
			batch = batch[:0]
		}
	}
	q := store.Query{Type: "link", Field: "inward", Value: hub, Limit: 500}
	of := q
	of.Prefix = l.relations[:1]
	timed := func(n int, f func(i int)) time.Duration {
		var all []time.Duration
		for i := range n {
			begin := time.Now()
			f(i)
			all = append(all, time.Since(begin))
		}
		return median(all)
	}
	fmt.Printf("figure links_10k_pages_ms %.1f\n", ms(timed(9, func(int) {
		n := 0
		for q := q; ; {
			page, err := store.List(l.ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			n += len(page.Records)
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
		if n != hubLinks {
			t.Fatalf("%d links on the pages, want %d", n, hubLinks)
		}
	})))
	fmt.Printf("figure links_first_page_us %.1f\n", us(timed(101, func(int) {
		if page, err := store.List(l.ctx, store.Query{Type: "link", Field: "inward", Value: hub, Prefix: l.relations[1:2], Limit: 20}); err != nil || len(page.Records) != 20 {
			t.Fatal(len(page.Records), err)
		}
	})))
	for _, limit := range []int{3, 10_000} {
		fmt.Printf("figure links_count_%d_us %.1f\n", limit, us(timed(51, func(int) {
			n, err := store.Count(l.ctx, store.Query{Type: "link", Field: "inward", Value: hub, Limit: limit})
			if err != nil || n.Records != limit || n.More != (limit < hubLinks) {
				t.Fatal(n, err)
			}
		})))
	}
	fmt.Printf("figure links_count_prefix_us %.1f\n", us(timed(51, func(int) {
		if n, err := store.Count(l.ctx, store.Query{Type: "link", Field: "inward", Value: hub, Prefix: of.Prefix, Limit: 10_000}); err != nil || n.Records != hubLinks/2 {
			t.Fatal(n, err)
		}
	})))
	side := []store.Record{{Type: "side", Fields: map[string]string{"relation": l.relations[0], "issue": hub}}}
	fmt.Printf("figure links_guarded_write_us %.1f\n", us(timed(101, func(i int) {
		written, err := store.Write(l.ctx, store.Changes{Put: append(side, l.link(l.relations[4], strconv.Itoa(90_000_000+i), hub))})
		if err != nil {
			t.Fatal(err)
		}
		side = written[:1:1]
	})))
	begin, n := time.Now(), 0
	for more := true; more; {
		cleared, err := store.Clear(l.ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		n += cleared.Records
		more = cleared.More
	}
	fmt.Printf("figure links_clear_10k_ms %.1f\n", ms(time.Since(begin)))
	if n != hubLinks+101 {
		t.Errorf("%d links cleared, want %d", n, hubLinks+101)
	}
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

func us(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
