package rounds_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/bench/rounds"
)

func TestSpread(t *testing.T) {
	for _, tt := range []struct {
		in   []float64
		want rounds.Spread
	}{
		{nil, rounds.Spread{}},
		{[]float64{7}, rounds.Spread{Low: 7, Median: 7, High: 7}},
		{[]float64{3, 1}, rounds.Spread{Low: 1.5, Median: 2, High: 2.5}},
		{[]float64{5, 1, 4, 2, 3}, rounds.Spread{Low: 2, Median: 3, High: 4}},
	} {
		if got := rounds.Of(tt.in); got != tt.want {
			t.Errorf("%v: got %+v, want %+v", tt.in, got, tt.want)
		}
	}
	if got := rounds.Quantile([]float64{9, 0}, 1); got != 9 {
		t.Errorf("the last of two: got %v, want 9", got)
	}
}

func TestEveryCaseRunsInEveryRound(t *testing.T) {
	runs := map[string][]int{}
	of := func(name string) rounds.Case {
		return rounds.Case{Name: name, Run: func(n int) error {
			runs[name] = append(runs[name], n)
			return nil
		}}
	}
	busy := rounds.Case{Name: "busy", Run: func(n int) error {
		for end := time.Now().Add(time.Duration(n) * 10 * time.Microsecond); time.Now().Before(end); {
		}
		return nil
	}}
	r, err := rounds.Measure([]rounds.Case{busy, of("a")}, rounds.Config{Rounds: 3, Slot: time.Microsecond})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(runs["a"]); n < 1+3 { // once at least to know how long it takes
		t.Errorf("a ran %d times in 3 rounds", n)
	}
	if ratio := r.Ratio("busy", "a").Median; ratio <= 1 {
		t.Errorf("a case that does something took %v of the time of one that does nothing", ratio)
	}
	if strings.Join(r.Names(), " ") != "busy a" {
		t.Errorf("names: %v", r.Names())
	}
}

func TestErrorNamesItsCase(t *testing.T) {
	broken := errors.New("it broke")
	_, err := rounds.Measure([]rounds.Case{{Name: "glass", Run: func(int) error { return broken }}}, rounds.Config{})
	if !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "glass: ") {
		t.Errorf("got %v", err)
	}
}
