package company

// dice are pseudo-random numbers by SplitMix64 (Steele, Lea and Flood, 2014). They are our own so that no release of a
// library changes what the company looks like.
type dice uint64

func (d *dice) next() uint64 {
	*d += 0x9e3779b97f4a7c15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// n returns a number from 0 to below limit.
func (d *dice) n(limit int) int { return int(d.next() % uint64(limit)) } // #nosec G115 -- limit is positive and small

// between returns a number from low to high.
func (d *dice) between(low, high int) int { return low + d.n(high-low+1) }

// chance is true in so many of a hundred cases.
func (d *dice) chance(percent int) bool { return d.n(100) < percent }

// code returns length characters of a serial number, without those that are read for others.
func (d *dice) code(length int) string {
	const letters = "0123456789ABCDEFGHJKLMNPQRSTVWXYZ"
	out := make([]byte, length)
	for i := range out {
		out[i] = letters[d.n(len(letters))]
	}
	return string(out)
}

func pick[T any](d *dice, from []T) T { return from[d.n(len(from))] }
