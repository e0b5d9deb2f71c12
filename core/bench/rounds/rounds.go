// Package rounds measures cases against each other on a machine that also does other things. What it measures are ratios: every
// case runs once in each round, in an order that is shuffled anew, and a ratio is the median of the rounds' ratios, so
// that whatever slows the machine for a while slows all of them. It is no profiler and has no opinion on figures. Start with
// [Measure].
//
//	r, err := rounds.Measure([]rounds.Case{{"a", a}, {"b", b}}, rounds.Config{Rounds: 15})
//	fmt.Println(r.Time("b"), r.Ratio("b", "a"))
package rounds

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"
)

// Case is one thing that is measured.
type Case struct {
	Name string
	// Run does it n times, one after the other.
	Run func(n int) error
	// Prepare, where it is not nil, comes before each slot and is not measured.
	Prepare func() error
}

// Config says how much is measured. The zero value works.
type Config struct {
	Rounds int           // 0 means 15
	Slot   time.Duration // for which a case runs in a round; one that takes longer runs once. 0 means 30 ms
}

// Result is what was measured: nanoseconds for one run, by case and round.
type Result struct {
	names []string
	ns    map[string][]float64
}

// Measure runs the cases. It first runs each on its own until it knows how often it fits into a slot, which also warms it up. The
// heap is collected before each slot, so that nobody pays for another's garbage.
func Measure(cases []Case, c Config) (*Result, error) {
	c.Rounds = cmp.Or(c.Rounds, 15)
	c.Slot = cmp.Or(c.Slot, 30*time.Millisecond)
	r := &Result{ns: map[string][]float64{}}
	times := make([]int, len(cases))
	for i, one := range cases {
		n, err := fit(one, c.Slot)
		if err != nil {
			return nil, err
		}
		times[i] = n
		r.names = append(r.names, one.Name)
	}
	order := make([]int, len(cases))
	for i := range order {
		order[i] = i
	}
	for range c.Rounds {
		rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] }) //nolint:gosec // an order is no secret
		for _, i := range order {
			if prepare := cases[i].Prepare; prepare != nil {
				if err := prepare(); err != nil {
					return nil, fmt.Errorf("%s: %w", cases[i].Name, err)
				}
			}
			runtime.GC()
			took, err := run(cases[i], times[i])
			if err != nil {
				return nil, err
			}
			r.ns[cases[i].Name] = append(r.ns[cases[i].Name], float64(took.Nanoseconds())/float64(times[i]))
		}
	}
	return r, nil
}

func run(c Case, n int) (time.Duration, error) {
	start := time.Now()
	if err := c.Run(n); err != nil {
		return 0, fmt.Errorf("%s: %w", c.Name, err)
	}
	return time.Since(start), nil
}

// fit finds how often a case runs in a slot.
func fit(c Case, slot time.Duration) (int, error) {
	for n := 1; ; n *= 2 {
		took, err := run(c, n)
		if err != nil {
			return 0, err
		}
		if took >= slot/4 {
			return max(1, int(float64(n)*float64(slot)/float64(took))), nil
		}
	}
}

// Values are the nanoseconds of each case, round by round, in the order of the cases: what a child tells its parent.
func (r *Result) Values() []float64 {
	var out []float64
	for i := range r.ns[r.names[0]] {
		for _, name := range r.names {
			out = append(out, r.ns[name][i])
		}
	}
	return out
}

// Collect makes a result of the values of one, or those of several behind each other, for the same cases.
func Collect(names []string, values []float64) (*Result, error) {
	if len(names) == 0 || len(values)%len(names) != 0 {
		return nil, fmt.Errorf("%d values are no rounds of %d cases", len(values), len(names))
	}
	r := &Result{names: names, ns: map[string][]float64{}}
	for i, v := range values {
		name := names[i%len(names)]
		r.ns[name] = append(r.ns[name], v)
	}
	return r, nil
}

// Names are the cases, in the order in which they were given.
func (r *Result) Names() []string { return r.names }

// Time is the median of what one run of a case took.
func (r *Result) Time(name string) time.Duration {
	return time.Duration(Of(r.ns[name]).Median)
}

// Ratio compares a case with another, round by round.
func (r *Result) Ratio(name, with string) Spread {
	a, b := r.ns[name], r.ns[with]
	ratios := make([]float64, len(a))
	for i := range a {
		ratios[i] = a[i] / b[i]
	}
	return Of(ratios)
}

// Spread is where the middle of some values lies: their median and their quartiles.
type Spread struct{ Low, Median, High float64 }

// String is the quartiles as a reader wants them.
func (s Spread) String() string { return fmt.Sprintf("%.3g–%.3g", s.Low, s.High) }

// Of returns the spread of values; that of none is zero.
func Of(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	sorted := slices.Sorted(slices.Values(values))
	return Spread{Low: at(sorted, 0.25), Median: at(sorted, 0.5), High: at(sorted, 0.75)}
}

// Quantile returns the value below which the share q of values lies.
func Quantile(values []float64, q float64) float64 {
	return at(slices.Sorted(slices.Values(values)), q)
}

// at is the value at a share of sorted ones, between two of them where it falls there.
func at(sorted []float64, q float64) float64 {
	p := q * float64(len(sorted)-1)
	i := int(p)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (p-float64(i))*(sorted[i+1]-sorted[i])
}
