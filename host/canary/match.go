package canary

// matcher finds all patterns in one pass, after Wu and Manber: it looks at two bytes at a time and skips as far as the rarest
// end of a pattern allows, most often by ten bytes. Letters' case is folded on the way; forms that tell cases apart look
// again at what was found.
type matcher struct {
	shortest int // bytes of every pattern that the tables know
	skip     [1 << 16]uint8
	ends     map[uint16][]*pattern // by the last two bytes of their first shortest ones
	longest  int
}

func newMatcher(all []*pattern) *matcher {
	m := &matcher{ends: map[uint16][]*pattern{}, shortest: len(all[0].bytes)}
	for _, p := range all {
		m.shortest, m.longest = min(m.shortest, len(p.bytes)), max(m.longest, len(p.bytes))
	}
	for i := range m.skip {
		m.skip[i] = uint8(m.shortest - 1)
	}
	for _, p := range all {
		for i := 1; i < m.shortest; i++ {
			pair := pairOf(p.bytes[i-1], p.bytes[i])
			m.skip[pair] = min(m.skip[pair], uint8(m.shortest-1-i))
			if i == m.shortest-1 {
				m.ends[pair] = append(m.ends[pair], p)
			}
		}
	}
	return m
}

func pairOf(a, b byte) uint16 { return uint16(fold[a])<<8 | uint16(fold[b]) }

// find calls found for every pattern in b.
func (m *matcher) find(b []byte, found func(p *pattern, start, end int)) {
	for i := m.shortest - 1; i < len(b); {
		pair := pairOf(b[i-1], b[i])
		if skip := int(m.skip[pair]); skip > 0 {
			i += skip
			continue
		}
		start := i - m.shortest + 1
		for _, p := range m.ends[pair] {
			if end := start + len(p.bytes); end <= len(b) && p.same(b[start:end], p.bytes) {
				found(p, start, end)
			}
		}
		i++
	}
}
