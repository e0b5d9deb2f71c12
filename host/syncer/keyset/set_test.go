package keyset_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pergola-platform/pergola/host/syncer/identity"
	"github.com/pergola-platform/pergola/host/syncer/keyset"
)

// add reads keys until the set is whole, and returns how many readings that took.
func add(t *testing.T, s *keyset.Set, keys []identity.Digest) int {
	t.Helper()
	for n := 1; n <= 2; n++ {
		for _, d := range keys {
			s.Add(d)
		}
		if s.Close() {
			return n
		}
	}
	t.Fatal("the set is not whole after two readings")
	return 0
}

func digest(n uint64) identity.Digest { return identity.Digest(fmt.Sprintf("%026d", n)) }

// source returns keys in any order, and how often it has each.
func source(random *rand.Rand, rows, most int) (keys []identity.Digest, times map[identity.Digest]int) {
	times = map[identity.Digest]int{}
	for len(keys) < rows {
		d := digest(random.Uint64())
		for range 1 + random.IntN(most) {
			keys = append(keys, d)
			times[d]++
		}
	}
	random.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	return keys, times
}

func TestSetKnowsWhatAMapKnows(t *testing.T) {
	kinds := map[string]func() *keyset.Set{"as it is": keyset.New, "with many that look the same": keyset.Coarse}
	for name, set := range kinds {
		for _, rows := range []int{0, 1, 2, 100, 65_535, 65_536, 65_537, 150_000} {
			for most := 1; most <= 3; most++ {
				t.Run(fmt.Sprintf("%s, %d rows, up to %d of a key", name, rows, most), func(t *testing.T) {
					seed := rand.Uint64()
					t.Logf("seed %d", seed)
					keys, times := source(rand.New(rand.NewPCG(seed, 0)), rows, most)
					s := set()
					add(t, s, keys)
					if s.Empty() != (rows == 0) {
						t.Errorf("empty: %v", s.Empty())
					}
					for d, n := range times {
						if !s.Has(d) || s.Doubled(d) != (n > 1) {
							t.Fatalf("a key that is there %d times: has %v, doubled %v", n, s.Has(d), s.Doubled(d))
						}
					}
				})
			}
		}
	}
}

func TestStrangeKeysAreNotThere(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	keys, times := source(random, 200_000, 1)
	s := keyset.New()
	add(t, s, keys)
	wrong := 0
	for range 100_000 {
		if d := digest(random.Uint64()); times[d] == 0 && (s.Has(d) || s.Doubled(d)) {
			wrong++
		}
	}
	if wrong > 1 { // one is met in a thousand runs, two in a million
		t.Errorf("%d keys are taken for others", wrong)
	}
}

func TestOneReadingIsEnoughWhereNoKeyComesTwice(t *testing.T) {
	keys, _ := source(rand.New(rand.NewPCG(3, 4)), 100_000, 1)
	again := 0
	for range 3 {
		again += add(t, keyset.New(), keys) - 1
	}
	if again > 1 { // which happens to each set with a chance of one in 3,500
		t.Errorf("%d of 3 sets wanted a second reading", again)
	}
	if n := add(t, keyset.Coarse(), keys); n != 2 {
		t.Error("keys that look the same were judged in one reading")
	}
	if n := add(t, keyset.New(), append(keys, keys[0])); n != 2 {
		t.Error("a key that came twice was judged in one reading")
	}
}

func TestTheSecondReadingDecides(t *testing.T) {
	s := keyset.New()
	for _, n := range []uint64{1, 2, 1, 2, 3} {
		s.Add(digest(n))
	}
	if s.Close() {
		t.Fatal("there was no suspicion")
	}
	for _, n := range []uint64{1, 1, 1, 2, 4, 4} { // the other 2 is gone, 4 is new
		s.Add(digest(n))
	}
	if !s.Close() {
		t.Fatal("a third reading is wanted")
	}
	var got []bool
	for n := range uint64(6) {
		got = append(got, s.Doubled(digest(n)))
	}
	if want := []bool{false, true, false, false, false, false}; !slices.Equal(got, want) {
		t.Errorf("doubled: %v, want %v", got, want)
	}
}

func TestOneKeyOfAllRows(t *testing.T) {
	s := keyset.New()
	add(t, s, slices.Repeat([]identity.Digest{digest(7)}, 200_000))
	if !s.Doubled(digest(7)) || !s.Has(digest(7)) || s.Has(digest(8)) {
		t.Error("the key is not known")
	}
}

func TestKeysThatComeLaterAreMet(t *testing.T) {
	s := keyset.New()
	add(t, s, nil)
	s.Meet(digest(1))
	if !s.Has(digest(1)) || s.Has(digest(2)) || s.Empty() {
		t.Error("the key that was met is not the one that is there")
	}
}

func TestForgottenKeysAreDoubledStill(t *testing.T) {
	s := keyset.New()
	add(t, s, []identity.Digest{digest(1), digest(1), digest(2)})
	s.Forget()
	if !s.Doubled(digest(1)) || s.Doubled(digest(2)) || s.Bytes() > 0 {
		t.Errorf("doubled %v, %v; %d bytes", s.Doubled(digest(1)), s.Doubled(digest(2)), s.Bytes())
	}
}

func TestAKeyTakesLessThanFourBytes(t *testing.T) {
	const rows = 1_000_000
	s := keyset.New()
	for n := range uint64(rows) {
		s.Add(digest(n))
	}
	s.Close()
	if per := float64(s.Bytes()) / rows; per > 4 {
		t.Errorf("a key takes %.2f bytes", per)
	}
}

func BenchmarkSet(b *testing.B) {
	for _, rows := range []int{10_000, 1_000_000} {
		keys, _ := source(rand.New(rand.NewPCG(5, 6)), rows, 1)
		b.Run(fmt.Sprintf("add/%d", rows), func(b *testing.B) {
			for b.Loop() {
				s := keyset.New()
				for _, d := range keys {
					s.Add(d)
				}
				s.Close()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/key")
		})
		s := keyset.New()
		for _, d := range keys {
			s.Add(d)
		}
		s.Close()
		b.Run(fmt.Sprintf("has/%d", rows), func(b *testing.B) {
			for b.Loop() {
				for _, d := range keys {
					if !s.Has(d) {
						b.Fatal("a key is not there")
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/key")
		})
		random := rand.New(rand.NewPCG(7, 8))
		strange, _ := source(random, 10_000, 1)
		b.Run(fmt.Sprintf("strange/%d", rows), func(b *testing.B) {
			for b.Loop() {
				for _, d := range strange {
					s.Has(d)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(strange)), "ns/key")
		})
	}
}
