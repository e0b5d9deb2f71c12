package keyset

// Coarse returns an empty set that keeps so few bits of each key that many look the same.
func Coarse() *Set { return sized(4) }

// Bytes is how much memory a closed set holds, without what it knows of keys that came twice.
func (s *Set) Bytes() (n int) {
	for _, b := range s.batches {
		n += len(b.block)
	}
	return n + cap(s.open)*8
}
