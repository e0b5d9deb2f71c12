package world_test

import (
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

func TestSearchesSeeAChangeAfterTheLag(t *testing.T) {
	from, err := seeded()
	if err != nil {
		t.Fatal(err)
	}
	at := now
	s, err := world.Open(world.Config{Dir: t.TempDir(), From: from, Clock: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	sees := func(want string) {
		t.Helper()
		if got := s.Lagged().FindIssue("OPS-1").Summary; got != want {
			t.Errorf("after %v searches see %q, want %q", at.Sub(now), got, want)
		}
	}
	change(t, s, rename("OPS-1", "before"))
	sees("before") // no lag
	s.SetLag(10 * time.Second)
	sees("before")
	change(t, s, rename("OPS-1", "one"))
	at = at.Add(4 * time.Second)
	change(t, s, rename("OPS-1", "two"))
	sees("before")
	at = now.Add(10*time.Second - 1)
	sees("before")
	at = now.Add(10 * time.Second)
	sees("one")
	at = now.Add(14 * time.Second)
	sees("two")
	at = now.Add(time.Hour)
	sees("two")
	change(t, s, rename("OPS-1", "three"))
	sees("two")
	if s.State().FindIssue("OPS-1").Summary != "three" || s.Lag() != 10*time.Second {
		t.Error("the current state lags, too")
	}
	s.SetLag(0)
	sees("three")
}

func TestSitesCanBeginWithALag(t *testing.T) {
	from, err := seeded()
	if err != nil {
		t.Fatal(err)
	}
	s, err := world.Open(world.Config{From: from, Clock: clock, Lag: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	was := s.Lagged().FindIssue("OPS-1").Summary
	change(t, s, rename("OPS-1", "new"))
	if got := s.Lagged().FindIssue("OPS-1").Summary; got != was {
		t.Errorf("searches see %q at once", got)
	}
	if s.Restore(from) != nil || s.Lagged().FindIssue("OPS-1").Summary != was {
		t.Error("a restored site is not seen")
	}
}
