package jobs_test

import (
	"context"
	"log/slog"
	"strconv"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

func benchJobs(b *testing.B, kinds ...jobs.Kind) *jobs.Jobs {
	b.Helper()
	raw, err := sqlitestore.Open(b.Context(), b.TempDir(), sqlitestore.Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = raw.Close() }) // nothing of it is needed any more
	gate := gated(b, raw)
	j, err := jobs.Open(b.Context(), jobs.Config{
		Store: gate, Keys: sealtest.Keeper(b, gate), Dir: b.TempDir(), Log: slog.New(slog.DiscardHandler), MaxLive: 1 << 20,
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = j.Close(context.Background()) }) // nothing of it is needed any more
	for _, k := range kinds {
		if err := j.Register(k); err != nil {
			b.Fatal(err)
		}
	}
	if err := j.Work(); err != nil {
		b.Fatal(err)
	}
	return j
}

// BenchmarkStep measures steps that do nothing, of one run: what is left is a commit.
func BenchmarkStep(b *testing.B) {
	done := make(chan bool)
	j := benchJobs(b, jobs.Kind{Name: "nothing", Step: func(_ context.Context, s jobs.Step) (jobs.Next, error) {
		if s.Number+1 == b.N {
			close(done)
		}
		return jobs.Next{Cursor: []byte(strconv.Itoa(s.Number)), Done: s.Number+1 >= b.N, Add: 1, Total: int64(b.N)}, nil
	}})
	b.ResetTimer()
	if _, err := j.Start(b.Context(), acme, jobs.Request{Kind: "nothing"}); err != nil {
		b.Fatal(err)
	}
	<-done
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
}

// BenchmarkStart measures from the call of Start to the first step, one run after the other.
func BenchmarkStart(b *testing.B) {
	began := make(chan time.Time, 1)
	j := benchJobs(b, jobs.Kind{Name: "nothing", Step: func(context.Context, jobs.Step) (jobs.Next, error) {
		began <- time.Now()
		return jobs.Next{Done: true}, nil
	}})
	for b.Loop() {
		if _, err := j.Start(b.Context(), acme, jobs.Request{Kind: "nothing"}); err != nil {
			b.Fatal(err)
		}
		<-began
	}
}

// BenchmarkRun measures whole runs of one step, of which many wait.
func BenchmarkRun(b *testing.B) {
	began := make(chan bool, 1024)
	j := benchJobs(b, jobs.Kind{Name: "nothing", Step: func(context.Context, jobs.Step) (jobs.Next, error) {
		began <- true
		return jobs.Next{Done: true}, nil
	}})
	b.ResetTimer()
	go func() {
		for range b.N {
			if _, err := j.Start(b.Context(), acme, jobs.Request{Kind: "nothing"}); err != nil {
				b.Error(err)
				return
			}
		}
	}()
	for range b.N {
		<-began
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "runs/s")
}
