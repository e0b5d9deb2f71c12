package seed

// keyBook knows which keys were given out, and at which level of the hierarchy: a byte for a key, so that a million of
// them stay small.
type keyBook struct {
	projects map[string]*keyPages
}

type keyPages struct {
	pages map[uint32]*[pageSize]int8 // level + levelShift; 0: no such key
	next  uint32
}

const (
	pageSize   = 4096
	levelShift = 2
)

// take notes a key and says whether it was free.
func (b *keyBook) take(project string, number uint32, level int) bool {
	p := b.project(project)
	page := p.pages[number/pageSize]
	if page == nil {
		page = &[pageSize]int8{}
		p.pages[number/pageSize] = page
	}
	cell := &page[number%pageSize]
	if *cell != 0 {
		return false
	}
	*cell = int8(level + levelShift) // #nosec G115 -- levels are -1 to 10
	p.next = max(p.next, number+1)
	return true
}

// level returns the level of an issue, false where there is none with that key.
func (b *keyBook) level(project string, number uint32) (int, bool) {
	p := b.projects[project]
	if p == nil {
		return 0, false
	}
	page := p.pages[number/pageSize]
	if page == nil || page[number%pageSize] == 0 {
		return 0, false
	}
	return int(page[number%pageSize]) - levelShift, true
}

// free returns the number behind the highest of the project.
func (b *keyBook) free(project string) uint32 { return b.project(project).next }

func (b *keyBook) project(key string) *keyPages {
	p := b.projects[key]
	if p == nil {
		if b.projects == nil {
			b.projects = map[string]*keyPages{}
		}
		p = &keyPages{pages: map[uint32]*[pageSize]int8{}, next: 1}
		b.projects[key] = p
	}
	return p
}
