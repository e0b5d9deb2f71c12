// Package keyset knows the keys of all rows of a source, and which of them come twice, in less than four bytes of memory for each row.
//
// It keeps 44 bits of a hash of each key, packed (batch.go). Those do not tell a million keys apart for certain, so keys whose bits are
// the same are only suspected to come twice, and judged by whole hashes in a second reading of the source. Without a suspicion, which is how
// most readings of up to some million rows end, one reading is enough.
//
//	s := keyset.New()
//	for whole := false; !whole; whole = s.Close() {
//		for _, d := range keys { // of all rows, read anew each time
//			s.Add(d)
//		}
//	}
//	s.Doubled(d)
//
// # What can go wrong
//
// Hashes have a seed of the set's own, so what goes wrong in one run does not in the next.
//
//   - A key that comes twice is never missed.
//   - A key is taken for one that comes twice if it shares all 64 bits of the hash with another one: among a million keys, that happens to any at
//     all in one run of forty million.
//   - [Set.Has] takes a strange key for one of the set's with a chance of one in seventeen million where it holds a million.
package keyset

import (
	"hash/maphash"
	"runtime"
	"slices"

	"github.com/pergola-platform/pergola/host/syncer/identity"
)

// Set is a set of keys, known by their digests. It is not safe for concurrent use. Make it with [New].
type Set struct {
	seed  maphash.Seed
	low   uint // bits of a number below those that say its place
	added int  // in the first reading

	open    []uint64 // numbers that are in no batch yet
	batches []*batch
	last    int // the batch that had the last key that was looked up: rows are met in the order in which they were added

	suspects map[uint64]struct{} // numbers of several keys, or of one that came twice
	met      map[uint64]struct{} // hashes of suspects that the second reading has come across
	twice    map[uint64]struct{} // and more than once
	late     map[uint64]struct{} // hashes of keys that came later
	second   bool                // the reading under way is the second one
}

// New returns an empty set.
func New() *Set { return sized(28) }

func sized(low uint) *Set {
	return &Set{seed: maphash.MakeSeed(), low: low, suspects: map[uint64]struct{}{}, twice: map[uint64]struct{}{}, late: map[uint64]struct{}{}}
}

func (s *Set) hash(d identity.Digest) uint64 { return maphash.String(s.seed, string(d)) }

// number is what the set keeps of a hash.
func (s *Set) number(hash uint64) uint64 { return hash >> (64 - placeBits - s.low) }

// Add adds a key in a reading.
func (s *Set) Add(d identity.Digest) {
	hash := s.hash(d)
	if s.second {
		s.judge(hash)
		return
	}
	s.added++
	s.open = append(s.open, s.number(hash))
	if len(s.open) == batchNumbers {
		s.pack()
	}
}

// judge looks in the second reading whether a suspect comes twice.
func (s *Set) judge(hash uint64) {
	if _, suspect := s.suspects[s.number(hash)]; !suspect {
		return
	}
	if _, met := s.met[hash]; met {
		s.twice[hash] = struct{}{}
	}
	s.met[hash] = struct{}{}
}

// Close ends a reading, and says whether the set is whole. Otherwise all keys have to be added once more, and the set to be closed
// again; a key that is new or gone by then does not matter to it.
func (s *Set) Close() (whole bool) {
	if s.second {
		s.suspects, s.met = nil, nil
		return true
	}
	s.pack()
	s.open = nil
	s.compare()
	s.second = true
	if len(s.suspects) == 0 {
		return s.Close()
	}
	s.met = make(map[uint64]struct{}, len(s.suspects))
	return false
}

// pack makes a batch of the open numbers.
func (s *Set) pack() {
	if len(s.open) == 0 {
		return
	}
	slices.Sort(s.open)
	s.suspect(s.open, 0)
	s.batches = append(s.batches, newBatch(slices.Compact(s.open), s.low))
	s.open = s.open[:0]
}

// suspect suspects the numbers that come twice among sorted ones, which have a base.
func (s *Set) suspect(sorted []uint64, base uint64) {
	for i := 1; i < len(sorted); i++ {
		if sorted[i] == sorted[i-1] {
			s.suspects[base|sorted[i]] = struct{}{}
		}
	}
}

// compare suspects the numbers that are in several batches.
func (s *Set) compare() {
	if len(s.batches) < 2 {
		return
	}
	marks := make([]int, len(s.batches))
	var rests []uint64
	for place := range places {
		rests = rests[:0]
		for i, b := range s.batches {
			for ; b.marked(marks[i]); marks[i]++ {
				rests = append(rests, b.rest(marks[i]-place))
			}
			marks[i]++
		}
		slices.Sort(rests)
		s.suspect(rests, uint64(place)<<s.low)
	}
	runtime.KeepAlive(s) // or batches could be freed under the last look at them
}

// Meet adds a key to a whole set, where it is not there: one of a row that came into the source later.
func (s *Set) Meet(d identity.Digest) {
	if !s.Has(d) {
		s.late[s.hash(d)] = struct{}{}
	}
}

// Has says whether a whole set has a key.
func (s *Set) Has(d identity.Digest) bool {
	defer runtime.KeepAlive(s)
	hash := s.hash(d)
	for i := range s.batches {
		at := (s.last + i) % len(s.batches)
		if s.batches[at].has(s.number(hash)) {
			s.last = at
			return true
		}
	}
	_, late := s.late[hash]
	return late
}

// Doubled says whether a key of a whole set came twice.
func (s *Set) Doubled(d identity.Digest) bool {
	if len(s.twice) == 0 {
		return false
	}
	_, ok := s.twice[s.hash(d)]
	return ok
}

// Empty says whether a whole set has no key.
func (s *Set) Empty() bool { return s.added == 0 && len(s.late) == 0 }

// Forget lets go of all keys but those that came twice: neither Meet nor Has may be called any more.
func (s *Set) Forget() { s.batches = nil }
