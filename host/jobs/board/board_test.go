package board_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jobs/board"
	"github.com/pergola-platform/pergola/host/jobs/natstest"
)

const acme capability.TenantID = "acme"

var due = time.UnixMilli(1_790_000_000_000)

// network is a NATS that boards connect to: one server in the process, or a cluster.
type network struct {
	url      string
	options  []nats.Option
	replicas int
}

// eachNetwork runs a test on both.
func eachNetwork(t *testing.T, f func(t *testing.T, n network)) {
	t.Run("in the process", func(t *testing.T) {
		f(t, network{replicas: 1, options: []nats.Option{natstest.StartServer(t)}})
	})
	t.Run("cluster", func(t *testing.T) {
		f(t, network{replicas: 3, url: natstest.StartCluster(t).URL()})
	})
}

func (n network) connect(t *testing.T) *nats.Conn {
	t.Helper()
	conn, err := nats.Connect(n.url, append([]nats.Option{
		nats.MaxReconnects(-1), nats.ReconnectWait(20 * time.Millisecond), nats.ReconnectBufSize(-1), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}),
	}, n.options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

func (n network) open(t *testing.T) *board.Board {
	t.Helper()
	b, err := board.Open(t.Context(), board.Config{Conn: n.connect(t), Replicas: n.replicas, Lease: 2 * time.Second, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close(context.Background()) }) // a test may have ended it
	return b
}

// until waits for a change of the board after which something holds.
func until(t *testing.T, b *board.Board, what string, holds func() bool) {
	t.Helper()
	changed, stop := b.Changes()
	defer stop()
	timeout := time.After(20 * time.Second)
	for !holds() {
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("never: %s", what)
		}
	}
}

func post(t *testing.T, b *board.Board, ticket board.Ticket) board.Ticket {
	t.Helper()
	if err := b.Post(t.Context(), ticket); err != nil {
		t.Fatal(err)
	}
	seen, ok := b.Ticket(ticket.Tenant, ticket.Run)
	if !ok {
		t.Fatalf("ticket %s was posted and is not seen", ticket.Run)
	}
	return seen
}

func sees(t *testing.T, b *board.Board, run string) board.Ticket {
	t.Helper()
	var ticket board.Ticket
	until(t, b, "ticket "+run, func() (ok bool) { ticket, ok = b.Ticket(acme, run); return ok })
	return ticket
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func TestOneOfManyHostsGetsAHold(t *testing.T) {
	eachNetwork(t, func(t *testing.T, n network) {
		hosts := []*board.Board{n.open(t), n.open(t), n.open(t)}
		for i := range 10 {
			post(t, hosts[i%3], board.Ticket{Tenant: acme, Run: fmt.Sprint("r", i), Due: due})
		}
		var mu sync.Mutex
		won := map[string]int{}
		var wg sync.WaitGroup
		for _, b := range hosts {
			wg.Go(func() {
				for i := range 10 {
					run := fmt.Sprint("r", i)
					ticket := sees(t, b, run)
					h, err := b.Claim(t.Context(), ticket, 100)
					for errors.Is(err, board.ErrTaken) && !held(b, run) {
						h, err = b.Claim(t.Context(), ticket, 100)
					}
					if err == nil {
						mu.Lock()
						won[h.Ticket.Run]++
						mu.Unlock()
					} else if !errors.Is(err, board.ErrTaken) {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		for i := range 10 {
			if run := fmt.Sprint("r", i); won[run] != 1 {
				t.Errorf("run %s is held %d times", run, won[run])
			}
		}
	})
}

func held(b *board.Board, run string) (is bool) {
	b.Lines(func(l board.Line) bool { is = l.Held(run); return true })
	return is
}

func TestLimitsHoldExactlyWhicheverHostsCompete(t *testing.T) {
	eachNetwork(t, func(t *testing.T, n network) {
		hosts := []*board.Board{n.open(t), n.open(t), n.open(t)}
		for i := range 12 {
			post(t, hosts[0], board.Ticket{Tenant: acme, Run: fmt.Sprint("r", i), Due: due, Key: fmt.Sprint("k", i%3)})
		}
		var mu sync.Mutex
		all, most := 0, 0
		ofKey := map[string]int{}
		var wg sync.WaitGroup
		for h, b := range hosts {
			wg.Go(func() {
				for turn := range 40 {
					ticket := sees(t, b, fmt.Sprint("r", (turn*5+h)%12))
					hold, err := b.Claim(t.Context(), ticket, 2)
					if err != nil {
						continue
					}
					mu.Lock()
					all++
					ofKey[ticket.Key]++
					most = max(most, all)
					if all > 2 || ofKey[ticket.Key] > 1 {
						t.Errorf("%d holds, %d of key %s", all, ofKey[ticket.Key], ticket.Key)
					}
					all--
					ofKey[ticket.Key]--
					mu.Unlock()
					if err := b.Release(t.Context(), hold); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if most == 0 {
			t.Error("nobody ever held anything")
		}
	})
}

func TestAKeyAndATenantHaveTheirLimits(t *testing.T) {
	n := network{replicas: 1, options: []nats.Option{natstest.StartServer(t)}}
	a, b := n.open(t), n.open(t)
	for _, ticket := range []board.Ticket{
		{Run: "r1", Key: "k"}, {Run: "r2", Key: "k"}, {Run: "r3", Key: "two", KeyLimit: 2}, {Run: "r4", Key: "two", KeyLimit: 2}, {Run: "r5"}, {Run: "r6"},
	} {
		ticket.Tenant, ticket.Due = acme, due
		post(t, a, ticket)
	}
	for _, tt := range []struct {
		run  string
		want error
	}{{"r1", nil}, {"r1", board.ErrTaken}, {"r2", board.ErrFull}, {"r3", nil}, {"r4", nil}, {"r5", nil}, {"r6", board.ErrFull}} {
		_, err := b.Claim(t.Context(), sees(t, b, tt.run), 4)
		wantErr(t, "claim "+tt.run, err, tt.want)
	}
}

func TestTokensGrowFromHoldToHold(t *testing.T) {
	n := network{replicas: 1, options: []nats.Option{natstest.StartServer(t)}}
	a, b := n.open(t), n.open(t)
	ticket := post(t, a, board.Ticket{Tenant: acme, Run: "r", Due: due})
	first, err := a.Claim(t.Context(), ticket, 1)
	if err != nil {
		t.Fatal(err)
	}
	until(t, b, "the hold", func() bool { return held(b, "r") })
	_, err = b.Claim(t.Context(), sees(t, b, "r"), 1)
	wantErr(t, "a second claim", err, board.ErrTaken)
	if err := a.Release(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	until(t, b, "the release", func() bool { return !held(b, "r") })
	second, err := b.Claim(t.Context(), sees(t, b, "r"), 1)
	if err != nil {
		t.Fatal(err)
	}
	if !first.Token.Less(second.Token) || second.Token.Less(first.Token) {
		t.Errorf("%v, then %v", first.Token, second.Token)
	}
}

func TestHoldsOfASilentHostAreTakenOver(t *testing.T) {
	eachNetwork(t, func(t *testing.T, n network) {
		a, b := n.open(t), n.open(t)
		silent := n
		if n.url == "" {
			t.Skip("a host in the process of the server is never cut off from it")
		}
		link := natstest.NewLink(t, n.url[len("nats://"):len("nats://127.0.0.1:00000")])
		silent.url = link.URL()
		s := silent.open(t)
		ticket := post(t, a, board.Ticket{Tenant: acme, Run: "r", Due: due})
		hold, err := s.Claim(t.Context(), sees(t, s, "r"), 1)
		if err != nil {
			t.Fatal(err)
		}
		until(t, b, "the hold", func() bool { return held(b, "r") })
		_, err = b.Claim(t.Context(), sees(t, b, "r"), 1)
		wantErr(t, "a claim while its holder lives", err, board.ErrTaken)
		link.Cut()
		until(t, b, "the end of the silent host's hold", func() bool { return !held(b, "r") })
		if hold.Session.Alive() {
			t.Error("the silent host believes in its session when others do not any more")
		}
		if _, err := b.Claim(t.Context(), sees(t, b, "r"), 1); err != nil {
			t.Errorf("claim what a silent host held: %v", err)
		}
		wantErr(t, "a claim of the silent host", claimed(s, ticket), board.ErrUnavailable)
		link.Mend()
		until(t, s, "a new session", func() bool { return s.Healthy() == nil })
		until(t, s, "the hold of the other", func() bool { return held(s, "r") })
	})
}

func claimed(b *board.Board, ticket board.Ticket) error {
	_, err := b.Claim(context.Background(), ticket, 1)
	return err
}

func TestAClosedHostsHoldsAreFreeAtOnce(t *testing.T) {
	n := network{replicas: 1, options: []nats.Option{natstest.StartServer(t)}}
	a, b := n.open(t), n.open(t)
	ticket := post(t, a, board.Ticket{Tenant: acme, Run: "r", Due: due})
	if _, err := a.Claim(t.Context(), ticket, 1); err != nil {
		t.Fatal(err)
	}
	until(t, b, "the hold", func() bool { return held(b, "r") })
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	until(t, b, "the end of the hold", func() bool { return !held(b, "r") })
	wantErr(t, "a closed board", a.Healthy(), board.ErrUnavailable)
}

func TestATicketThatWasPostedAnewIsNotRemoved(t *testing.T) {
	n := network{replicas: 1, options: []nats.Option{natstest.StartServer(t)}}
	a, b := n.open(t), n.open(t)
	old := post(t, a, board.Ticket{Tenant: acme, Run: "r", Due: due})
	renewed := post(t, b, board.Ticket{Tenant: acme, Run: "r", Due: due.Add(time.Hour)})
	if err := a.Remove(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	until(t, a, "the new ticket", func() bool { seen, _ := a.Ticket(acme, "r"); return seen.Due.Equal(renewed.Due) })
	if err := b.Remove(t.Context(), renewed); err != nil {
		t.Fatal(err)
	}
	until(t, a, "its removal", func() bool { _, there := a.Ticket(acme, "r"); return !there })
}

func TestTicketsStandInTheOrderOfTheirWork(t *testing.T) {
	n := network{replicas: 1, options: []nats.Option{natstest.StartServer(t)}}
	b := n.open(t)
	post(t, b, board.Ticket{Tenant: acme, Run: "third", Due: due.Add(time.Minute)})
	post(t, b, board.Ticket{Tenant: acme, Run: "second", Due: due})
	post(t, b, board.Ticket{Tenant: acme, Run: "first", Due: due.Add(2 * time.Minute), Priority: 1})
	post(t, b, board.Ticket{Tenant: acme, Run: "last", Due: due, Priority: -1})
	var order []string
	b.Lines(func(l board.Line) bool {
		for _, ticket := range l.Tickets {
			order = append(order, ticket.Run)
		}
		return true
	})
	if got, want := fmt.Sprint(order), "[first second third last]"; got != want {
		t.Errorf("order %s, want %s", got, want)
	}
}

func TestForgetLeavesNothingOfATenant(t *testing.T) {
	n := network{replicas: 1, options: []nats.Option{natstest.StartServer(t)}}
	a, b := n.open(t), n.open(t)
	ticket := post(t, a, board.Ticket{Tenant: acme, Run: "r", Due: due})
	other := post(t, a, board.Ticket{Tenant: "other", Run: "r", Due: due})
	if _, err := a.Claim(t.Context(), ticket, 1); err != nil {
		t.Fatal(err)
	}
	if err := a.SetAlarm(t.Context(), board.Alarm{Tenant: acme, ID: "nightly.sync", At: due}); err != nil {
		t.Fatal(err)
	}
	until(t, b, "the alarm", func() bool { return len(b.Alarms()) == 1 })
	if err := b.Forget(t.Context(), acme); err != nil {
		t.Fatal(err)
	}
	until(t, a, "the end", func() bool { return a.Waiting(acme) == 0 && len(a.Alarms()) == 0 })
	if _, there := a.Ticket("other", other.Run); !there {
		t.Error("another tenant's ticket went too")
	}
}

func TestHostsHearWhatIsTold(t *testing.T) {
	eachNetwork(t, func(t *testing.T, n network) {
		a, b := n.open(t), n.open(t)
		heard := make(chan string, 10)
		stop, err := b.Listen("progress", acme, "", func(tenant capability.TenantID, id string, data []byte) {
			if id != "first" || len(heard) == 0 {
				heard <- fmt.Sprintf("%s %s %s", tenant, id, data)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		defer stop()
		for begun := false; !begun; { // until all nodes know that somebody listens
			if err := a.Tell("progress", acme, "first", nil); err != nil {
				t.Fatal(err)
			}
			select {
			case <-heard:
				begun = true
			case <-time.After(20 * time.Millisecond):
			}
		}
		for _, told := range []struct {
			tenant capability.TenantID
			id     string
		}{{"other", "x"}, {acme, "r.1"}, {acme, "r2"}} {
			if err := a.Tell("progress", told.tenant, told.id, []byte("7")); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range []string{"acme r.1 7", "acme r2 7"} {
			select {
			case got := <-heard:
				for got == "acme first " { // told more than once
					got = <-heard
				}
				if got != want {
					t.Errorf("heard %q, want %q", got, want)
				}
			case <-time.After(20 * time.Second):
				t.Fatalf("%q is not heard", want)
			}
		}
	})
}
