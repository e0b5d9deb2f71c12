package board_test

import (
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/jobs/board"
	"github.com/pergola-platform/pergola/host/jobs/natstest"
)

// A server ends leases by its wall clock. Where that is set back, a host that is gone must not hold its runs until it comes to
// where it was.
func TestMachineClockThatJumpsEndsLeasesOfThoseWhoAreGone(t *testing.T) {
	if os.Getenv("PERGOLA_MACHINE") == "" {
		t.Skip("it sets the clock of a whole machine: make machine")
	}
	n := network{url: natstest.StartCluster(t).URL(), replicas: 3}
	for _, jump := range []time.Duration{-6 * time.Hour, 6 * time.Hour} {
		t.Run(jump.String(), func(t *testing.T) {
			a := n.open(t)
			link := natstest.NewLink(t, n.url[len("nats://"):len("nats://127.0.0.1:00000")])
			gone := network{url: link.URL(), replicas: 3}.open(t)
			run := "r" + jump.String()
			post(t, a, board.Ticket{Tenant: acme, Run: run, Due: due})
			if _, err := gone.Claim(t.Context(), sees(t, gone, run), 1); err != nil {
				t.Fatal(err)
			}
			until(t, a, "the hold", func() bool { return held(a, run) })
			link.Cut()
			set := func(by time.Duration) {
				to := syscall.NsecToTimeval(time.Now().Add(by).UnixNano())
				if err := syscall.Settimeofday(&to); err != nil {
					t.Fatal(err)
				}
			}
			set(jump)
			defer set(-jump)
			until(t, a, "the end of the hold", func() bool { return !held(a, run) })
			until(t, a, "its own session", func() bool { return a.Healthy() == nil })
			if _, err := a.Claim(t.Context(), sees(t, a, run), 1); err != nil {
				t.Errorf("claim what the other held: %v", err)
			}
		})
	}
}
