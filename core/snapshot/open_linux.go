package snapshot

import (
	"bytes"
	"errors"
	"fmt"
)

// open saves mem for a strategy; refused are better ones than what Auto found.
func open(s Strategy, mem []byte) (st store, refused []error, err error) {
	if s == Auto {
		return openBest(mem)
	}
	st, err = openMapped(s, mem)
	return st, nil, err
}

func openBest(mem []byte) (st store, refused []error, err error) {
	for _, s := range []Strategy{PagemapScan, Pagemap, Copy} {
		st, err := openMapped(s, mem)
		if err == nil {
			return st, refused, nil
		}
		refused = append(refused, err)
	}
	return newHeapStore(mem), refused, nil // no memfd, or no mappings
}

// openMapped saves mem in a memfd, after a trial of the strategy on an image of one page.
func openMapped(s Strategy, mem []byte) (store, error) {
	if PageSize%hostPage != 0 {
		return nil, fmt.Errorf("strategy %q: system pages of %d bytes: %w", s, hostPage, errors.ErrUnsupported)
	}
	small, err := newMappedStore(s, make([]byte, PageSize))
	if err != nil {
		return nil, fmt.Errorf("strategy %q: %w", s, err)
	}
	err = errors.Join(trial(small), small.close())
	if err != nil {
		return nil, fmt.Errorf("strategy %q: %w: %w", s, errors.ErrUnsupported, err)
	}
	st, err := newMappedStore(s, mem)
	if err != nil {
		return nil, fmt.Errorf("strategy %q: %w", s, err)
	}
	return st, nil
}

// trial finds out whether a store's memories go back, and whether they do so with no more work than they must. A kernel
// or sandbox that answers wrongly does not return an error, so the only way to know is to look.
func trial(st store) error {
	image := st.bytes()
	sp, err := st.space(len(image))
	if err != nil {
		return err
	}
	defer sp.free()
	mem, err := sp.grow(len(image))
	if err != nil {
		return err
	}

	last := len(image)/hostPage - 1
	written := map[int]bool{0: true, last / 2: true, last: true}
	if !bytes.Equal(mem, image) { // reads every page, so that those count which are not to be found
		return errors.New("a new memory is not as its image")
	}
	for range 2 { // in the second round the pages are private already
		for page := range written {
			for at := range mem[page*hostPage : (page+1)*hostPage] {
				mem[page*hostPage+at] ^= 0xff
			}
		}
		pages, err := sp.restore()
		switch {
		case err != nil:
			return err
		case !bytes.Equal(mem, image):
			return errors.New("it misses pages that were written")
		case pages != len(written):
			return fmt.Errorf("it finds %d pages where %d were written", pages, len(written))
		}
	}
	return nil
}
