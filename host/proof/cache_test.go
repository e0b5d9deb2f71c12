package proof_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/proof"
)

var now = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)

func entry(t capability.TenantID, value int) proof.Entry[int] {
	return proof.Entry[int]{Tenant: t, Value: value, Checked: now, Until: now.Add(time.Minute), Bytes: 100}
}

func key(n int) proof.Key { return proof.KeyOf(fmt.Sprint("token ", n)) }

func put(c *proof.Cache[int], n int, e proof.Entry[int]) { c.Put(c.Mark(), key(n), e) }

func TestEntriesEnd(t *testing.T) {
	c := proof.New[int](100, 100_000)
	put(c, 1, entry("a", 7))
	for _, tt := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {time.Minute - 1, true}, {time.Minute, false}, {time.Hour, false}} {
		if e, ok := c.Get(key(1), now.Add(tt.after)); ok != tt.want || ok && e.Value != 7 {
			t.Errorf("after %s: %v %v, want %v", tt.after, e.Value, ok, tt.want)
		}
	}
	if _, ok := c.Get(key(2), now); ok {
		t.Error("a token that nobody put is there")
	}
	c.Drop(key(1))
	if _, ok := c.Get(key(1), now); ok {
		t.Error("a dropped entry is there")
	}
	if n, bytes := c.Size(); n != 0 || bytes != 0 {
		t.Errorf("%d entries of %d bytes are left", n, bytes)
	}
}

func TestEntriesAreFreshForAWhile(t *testing.T) {
	e := entry("a", 1)
	for after, want := range map[time.Duration]bool{-time.Second: false, 0: true, proof.Believed - 1: true, proof.Believed: false} {
		if e.Fresh(now.Add(after)) != want {
			t.Errorf("after %s: fresh is %v", after, !want)
		}
	}
}

func TestFloodStaysWithinBounds(t *testing.T) {
	for _, tt := range []struct {
		name                 string
		entries, bytes, each int
	}{{"by number", 50, 1 << 20, 100}, {"by bytes", 1000, 5000, 100}, {"by large ones", 1000, 5000, 2000}, {"by one that is too large", 1000, 5000, 6000}} {
		t.Run(tt.name, func(t *testing.T) {
			c := proof.New[int](tt.entries, tt.bytes)
			for i := range 10_000 {
				e := entry("a", i)
				e.Bytes = tt.each
				put(c, i%3000, e)
				c.Get(key((i*7)%3000), now) // which moves some from the old to the young
				if n, bytes := c.Size(); i%100 == 0 && (n > tt.entries || bytes > tt.bytes) {
					t.Fatalf("after %d tokens: %d entries, %d bytes", i, n, bytes)
				}
			}
		})
	}
}

// Whoever is asked for now and then stays, however many others come once.
func TestWhatIsUsedStaysInAFlood(t *testing.T) {
	c := proof.New[int](100, 1<<20)
	put(c, -1, entry("a", 7))
	for i := range 1000 {
		put(c, i, entry("b", i))
		if i%20 == 0 {
			if _, ok := c.Get(key(-1), now); !ok {
				t.Fatalf("gone after %d others", i)
			}
		}
	}
	if _, ok := c.Get(key(0), now); ok {
		t.Error("what came once is still there")
	}
}

func TestForgettingASiteLeavesTheOthers(t *testing.T) {
	c := proof.New[int](20, 1<<20)
	for i := range 15 { // some are old by the end
		put(c, i, entry(capability.TenantID([]string{"a", "b"}[i%2]), i))
	}
	c.Forget("a")
	for i := range 15 {
		if _, ok := c.Get(key(i), now); ok != (i%2 == 1) {
			t.Errorf("entry %d is there: %v", i, ok)
		}
	}
}

// What was read of a site before it changed is not kept after it has.
func TestVerificationThatAChangeOvertookIsNotKept(t *testing.T) {
	c := proof.New[int](20, 1<<20)
	before := c.Mark()
	c.Forget("a")
	c.Put(before, key(1), entry("a", 1))
	if _, ok := c.Get(key(1), now); ok {
		t.Error("kept")
	}
	put(c, 1, entry("a", 1))
	if _, ok := c.Get(key(1), now); !ok {
		t.Error("not kept, though nothing changed since")
	}
}

func TestManyUseACacheAtOnce(t *testing.T) {
	c := proof.New[int](64, 1<<20)
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 3000 {
				n := (i*13 + g) % 200
				switch i % 50 {
				case 0:
					c.Forget(capability.TenantID(fmt.Sprint(n % 3)))
				case 1:
					c.Drop(key(n))
				default:
					if e, ok := c.Get(key(n), now); ok && e.Value != n {
						t.Errorf("token %d proves what %d does", n, e.Value)
					}
					put(c, n, entry(capability.TenantID(fmt.Sprint(n%3)), n))
				}
			}
		})
	}
	all.Wait()
	if n, bytes := c.Size(); n > 64 || bytes != 0 && n == 0 {
		t.Errorf("%d entries of %d bytes", n, bytes)
	}
}
