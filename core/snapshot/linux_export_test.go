//go:build linux

package snapshot

import (
	"golang.org/x/sys/unix"
)

// Private says what an entry of /proc/self/pagemap means.
var Private = private

// Descriptor is the image's memfd.
func (i *Image) Descriptor() int { return i.store.(*mappedStore).fd }

// Break puts /dev/null in the place of the pagemap, so that the kernel's answers fail from now on.
func (i *Image) Break() error {
	null, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(null)
	switch t := i.store.(*mappedStore).tracker.(type) {
	case *scanTracker:
		return unix.Dup3(null, t.fd, unix.O_CLOEXEC)
	case *readTracker:
		return unix.Dup3(null, t.fd, unix.O_CLOEXEC)
	}
	return unix.ENOTSUP
}

// TryLiar runs the trial on a strategy that passes what it restored through lie, which may change the memory too.
func TryLiar(lie func(dst []byte, pages int) int) error {
	st, err := newMappedStore(Copy, make([]byte, PageSize))
	if err != nil {
		return err
	}
	defer st.close()
	st.tracker = liar{lie: lie}
	return trial(st)
}

type liar struct {
	copyTracker
	lie func(dst []byte, pages int) int
}

func (l liar) restore(dst, src []byte, _ *scratch) (int, error) {
	return l.lie(dst, restoreAll(dst, src)), nil
}

// NoFaultAround tries whether the kernel can be kept from mapping neighbours of what is read.
func NoFaultAround() error {
	n, err := openNoFaultAround()
	if err != nil {
		return err
	}
	return n.close()
}
