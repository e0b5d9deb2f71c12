package limit_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pergola-platform/pergola/host/jira/limit"
)

func TestNoMoreCallsThanTheBoundsAreUnderWay(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			dice := rand.New(rand.NewPCG(seed, 1))
			all, each := 1+dice.IntN(8), 1+dice.IntN(4)
			l := open(t, limit.Config{InFlight: all, PerSite: each, Unpaced: true})
			var mu sync.Mutex
			flying, background, made := map[string]int{}, 0, 0
			var calls sync.WaitGroup
			for range 300 {
				site, behind := fmt.Sprint("t", dice.IntN(5)), dice.IntN(2) == 0
				start, length := time.Duration(dice.IntN(2000))*time.Millisecond, time.Duration(1+dice.IntN(100))*time.Millisecond
				ctx, cancel := context.WithTimeout(t.Context(), start+time.Duration(dice.IntN(4000))*time.Millisecond)
				calls.Go(func() {
					defer cancel()
					time.Sleep(start)
					asking := ctx
					if behind {
						asking = limit.Background(ctx)
					}
					p, err := l.Acquire(asking, get(site))
					if err != nil {
						return
					}
					count := func(n int) {
						mu.Lock()
						defer mu.Unlock()
						flying[""] += n
						flying[site] += n
						if behind {
							background += n
						}
						made++
						if flying[""] > all || flying[site] > min(all, each) || background > max(1, all-all/8) {
							t.Errorf("seed %d: %d calls, %d of them in the background, %d of %s; bounds are %d and %d", seed, flying[""], background, flying[site], site, all, each)
						}
					}
					count(1)
					time.Sleep(length)
					count(-1)
					p.Done(limit.Answer{})
				})
			}
			calls.Wait()
			if s := l.Stats(); s.InFlight != 0 || s.Waiting != 0 || made == 0 {
				t.Errorf("seed %d: %+v at the end, %d calls made", seed, s, made)
			}
		})
	}
}

func TestSiteWaitsForOneCallOfEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, limit.Config{InFlight: 2, PerSite: 2, Unpaced: true})
		var mu sync.Mutex
		var order []string
		var calls sync.WaitGroup
		send := func(site string, n int) {
			for range n {
				calls.Go(func() {
					p, err := l.Acquire(t.Context(), get(site))
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					order = append(order, site)
					mu.Unlock()
					time.Sleep(100 * time.Millisecond)
					p.Done(limit.Answer{})
				})
			}
			synctest.Wait()
		}
		const others = 3
		for n := range others {
			send(fmt.Sprint("flood", n), 60)
		}
		for range 5 {
			time.Sleep(330 * time.Millisecond) // never at a moment at which calls end: what is in order by then would be chance
			mu.Lock()
			before := len(order)
			mu.Unlock()
			send("small", 1)
			time.Sleep((others + 1) * 100 * time.Millisecond)
			mu.Lock()
			at := -1
			for i, site := range order[before:] {
				if site == "small" {
					at = i
				}
			}
			if at < 0 || at > others {
				t.Errorf("the small site's call was number %d after it had come, want one of the first %d: %q", at, others+1, order[before:])
			}
			mu.Unlock()
		}
		calls.Wait()
	})
}

func TestTheLineIsLeftInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, limit.Config{InFlight: 1})
		p, err := l.Acquire(t.Context(), get("t1"))
		if err != nil {
			t.Fatal(err)
		}
		short, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		var r *limit.Refusal
		if took, err := waits(t, l, short, get("t2")); !errors.As(err, &r) || r.Reason != limit.InLine || took != 2*time.Second {
			t.Errorf("with a deadline: %v after %s", err, took)
		}
		if took, err := waits(t, l, t.Context(), get("t2")); !errors.As(err, &r) || r.Reason != limit.InLine || took != 20*time.Second {
			t.Errorf("without one: %v after %s", err, took)
		}
		canceled, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if took, err := waits(t, l, canceled, get("t2")); !errors.Is(err, context.Canceled) || took != time.Second {
			t.Errorf("given up: %v after %s", err, took)
		}
		p.Done(limit.Answer{})
		expect(t, l, "a call after that", t.Context(), get("t2"), 0)
		if s := l.Stats(); s.Waiting != 0 || s.InFlight != 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestPagesComeBeforeTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, limit.Config{InFlight: 8, PerSite: 4, Unpaced: true})
		var mu sync.Mutex
		var order []string
		var calls sync.WaitGroup
		work := func(name string, ctx context.Context) { // it reads better
			calls.Go(func() {
				p, err := l.Acquire(ctx, get("t1"))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				order = append(order, name)
				length := time.Second + time.Duration(len(order))*time.Millisecond // so that no two end at once
				mu.Unlock()
				time.Sleep(length)
				p.Done(limit.Answer{})
			})
			synctest.Wait()
		}
		for range 7 {
			work("job", limit.Background(t.Context()))
		}
		work("page", t.Context()) // the slot that jobs leave free
		work("page", t.Context())
		work("page", t.Context())
		calls.Wait()
		want := "[job job job page page page job job job job]"
		if got := fmt.Sprint(order); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	})
}

func TestPageDoesNotWaitForASlotOfTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, limit.Config{PerSite: 4})
		var jobs sync.WaitGroup
		for range 5 {
			jobs.Go(func() {
				p, err := l.Acquire(limit.Background(t.Context()), get("t1"))
				if err != nil {
					t.Error(err)
					return
				}
				time.Sleep(5 * time.Second)
				p.Done(limit.Answer{})
			})
		}
		synctest.Wait()
		tell(t, l, edit("t1", "10001"), refusal(limit.IssueWrites, time.Second, 0))
		expect(t, l, "a page", t.Context(), edit("t1", "10001"), time.Second)
		jobs.Wait()
	})
}
