package jobs_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jobs"
	"github.com/pergola-platform/pergola/host/jobs/when"
	"github.com/pergola-platform/pergola/host/privacy"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

// A kind of run that reads an outside source in pages, a run by hand with its progress, and a schedule.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "jobs")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)

	// A host has all this: a store that takes what is declared, and the keys of its tenants.
	raw, err := sqlitestore.Open(ctx, filepath.Join(dir, "store"), sqlitestore.Config{})
	if err != nil {
		panic(err)
	}
	defer raw.Close()
	types, err := privacy.NewTypes(nil, append(jobs.Types(), seal.Types()...)...)
	if err != nil {
		panic(err)
	}
	gate := privacy.NewGate(raw, types)
	wrapping, err := seal.ParseKeys(seal.GenerateKey())
	if err != nil {
		panic(err)
	}
	ring, err := seal.NewRing(wrapping...)
	if err != nil {
		panic(err)
	}
	keys, err := seal.NewKeeper(gate, ring, time.Now, seal.Config{})
	if err != nil {
		panic(err)
	}

	j, err := jobs.Open(ctx, jobs.Config{Store: gate, Keys: keys, Dir: filepath.Join(dir, "queue"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	defer j.Close(ctx)

	const rows, page = 1000, 250
	err = j.Register(jobs.Kind{
		Name: "pages.read", Counts: []string{"created", "unchanged"},
		Step: func(_ context.Context, s jobs.Step) (jobs.Next, error) {
			at := 0 // the position in the source: the cursor holds no row
			if s.Cursor != nil {
				var err error
				if at, err = strconv.Atoi(string(s.Cursor)); err != nil {
					return jobs.Next{}, jobs.Permanent(err)
				}
			}
			// Here a page is read and written, with s.ID as the key of idempotency.
			at += page
			return jobs.Next{
				Cursor: []byte(strconv.Itoa(at)), Done: at >= rows, Add: page, Total: rows,
				Counts: map[string]int64{"created": 10, "unchanged": page - 10},
			}, nil
		},
	})
	if err != nil {
		panic(err)
	}
	if err := j.Work(); err != nil {
		panic(err)
	}

	const site capability.TenantID = "acme"
	id, err := j.Start(ctx, site, jobs.Request{Kind: "pages.read", Key: "source 7", By: "5b10ac8d82e05b22cc7d4ef5"})
	if err != nil {
		panic(err)
	}
	progress, err := j.Watch(ctx, site, id) // for server-sent events, or a line in a terminal
	if err != nil {
		panic(err)
	}
	var last jobs.Progress
	for last = range progress {
	}
	fmt.Println(last.State, last.Done, "of", last.Total, "created", last.Counts["created"])

	nightly := jobs.Schedule{
		ID: "source.7.nightly", Kind: "pages.read", Key: "source 7",
		When: when.Spec{Cron: "30 2 * * mon-fri", Zone: "Europe/Berlin", Jitter: 10 * time.Minute},
	}
	if err := j.PutSchedule(ctx, site, nightly); err != nil {
		panic(err)
	}
	kept, err := j.Schedule(ctx, site, nightly.ID)
	if err != nil {
		panic(err)
	}
	fmt.Println(kept.Missed, kept.Overlap, kept.Next.After(time.Now()))
	// Output:
	// done 1000 of 1000 created 40
	// once skip true
}
