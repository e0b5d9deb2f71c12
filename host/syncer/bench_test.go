package syncer_test

import (
	"strconv"
	"testing"

	"github.com/pergola-platform/pergola/host/jira"
)

// benchRows is small enough for a machine that others share; the sandbox is on it, too, and does most of the work.
const benchRows = 2000

func filled(b *testing.B) *rig {
	r := newRig(b)
	r.length = 0 // as a host has it
	r.restart()
	r.do("PUT", "/sandbox/limits", map[string]any{"off": true})
	for n := range benchRows {
		r.table.put(int64(n), "price", strconv.Itoa(n), "place", "Berlin HQ")
	}
	return r
}

func perSecond(b *testing.B, rows int) {
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkBareCreate is what the site itself can do: bulks of issues with nothing around them.
func BenchmarkBareCreate(b *testing.B) {
	r := filled(b)
	drafts := make([]jira.Draft, jira.MaxCreated)
	for n := range drafts {
		drafts[n] = jira.Draft{
			Fields: map[string]any{
				"project": map[string]string{"id": "10000"}, "issuetype": map[string]string{"id": "10001"}, "summary": "Device",
				"customfield_10004": n, "customfield_10002": map[string]string{"id": "10010"},
			},
			Properties: map[string]any{"bench": map[string]string{"row": "x"}},
		}
	}
	for b.Loop() {
		for range benchRows / len(drafts) {
			if _, err := r.client.Create(b.Context(), r.sync.Tenant, drafts); err != nil {
				b.Fatal(err)
			}
		}
	}
	perSecond(b, benchRows)
}

func BenchmarkInitial(b *testing.B) {
	r := filled(b)
	n := 0
	for b.Loop() {
		n++
		r.sync.ID = "devices" + strconv.Itoa(n) // rows that no issue knows
		if out := r.run(); out.counts["created"] != benchRows {
			b.Fatal(out.counts)
		}
	}
	perSecond(b, benchRows)
}

func BenchmarkUnchanged(b *testing.B) {
	r := filled(b)
	r.run()
	for b.Loop() {
		if out := r.run(); out.counts["skipped"] != benchRows {
			b.Fatal(out.counts)
		}
	}
	perSecond(b, benchRows)
}

func BenchmarkChanged1Percent(b *testing.B) {
	r := filled(b)
	r.run()
	price := 10_000
	for b.Loop() {
		price++
		for n := 0; n < benchRows; n += 100 {
			r.table.put(int64(n), "price", strconv.Itoa(price))
		}
		if out := r.run(); out.counts["changed"] != benchRows/100 {
			b.Fatal(out.counts)
		}
	}
	perSecond(b, benchRows)
}
