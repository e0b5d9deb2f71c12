package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mappedStore keeps an image in a sealed memfd, of which memories are copy-on-write mappings.
type mappedStore struct {
	view    []byte // the image, not writable
	fd      int
	tracker tracker
	lone    noFaultAround
}

// newMappedStore saves mem in a memfd, without a trial of the strategy.
func newMappedStore(s Strategy, mem []byte) (st *mappedStore, err error) {
	track, err := newTracker(s)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = track.close()
		}
	}()
	fd, err := seal(mem)
	if err != nil {
		return nil, err
	}
	// Private, since kernels before 6.7 refuse to share even a read-only mapping of what is sealed against writing.
	view, err := unix.Mmap(fd, 0, len(mem), unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		_ = unix.Close(fd)
		return nil, fmt.Errorf("map %d bytes to read: %w", len(mem), err)
	}
	st = &mappedStore{view: view, fd: fd, tracker: track, lone: noFaultAround{-1}}
	if s != Copy { // which looks at every page anyway
		st.lone, _ = openNoFaultAround() // without it everything is slower, and right
	}
	return st, nil
}

// seal returns a memfd that holds mem for ever.
func seal(mem []byte) (fd int, err error) {
	const name = "pergola-snapshot" // seen in /proc/PID/maps
	fd, err = unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_NOEXEC_SEAL)
	if errors.Is(err, unix.EINVAL) { // before 6.3
		fd, err = unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	}
	if err != nil {
		return -1, fmt.Errorf("create memfd: %w", err)
	}
	defer func() {
		if err != nil {
			_ = unix.Close(fd)
		}
	}()
	if err := unix.Ftruncate(fd, int64(len(mem))); err != nil {
		return -1, fmt.Errorf("size memfd to %d bytes: %w", len(mem), err)
	}
	// Blocks of zeroes stay holes, which take no memory until a guest touches them.
	zero := make([]byte, PageSize)
	for at := 0; at < len(mem); at += PageSize {
		if block := mem[at : at+PageSize]; !bytes.Equal(block, zero) {
			if err := writeAt(fd, block, int64(at)); err != nil {
				return -1, fmt.Errorf("write memfd: %w", err)
			}
		}
	}
	seals := unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals); err != nil {
		return -1, fmt.Errorf("seal memfd: %w", err)
	}
	return fd, nil
}

func writeAt(fd int, b []byte, at int64) error {
	for len(b) > 0 {
		n, err := unix.Pwrite(fd, b, at)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return err
		case n == 0:
			return unix.ENOSPC
		}
		b, at = b[n:], at+int64(n)
	}
	return nil
}

func (m *mappedStore) bytes() []byte      { return m.view }
func (m *mappedStore) strategy() Strategy { return m.tracker.strategy() }

func (m *mappedStore) close() error {
	return errors.Join(unix.Munmap(m.view), unix.Close(m.fd), m.tracker.close(), m.lone.close())
}

// space reserves max bytes of addresses that nobody may touch, and puts a private mapping of the image at their beginning.
func (m *mappedStore) space(max int) (space, error) {
	base, err := unix.MmapPtr(-1, 0, nil, uintptr(max), unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("reserve %d bytes of addresses: %w", max, err)
	}
	s := &mappedSpace{store: m, all: unsafe.Slice((*byte)(base), max)}
	_, err = unix.MmapPtr(m.fd, 0, base, uintptr(len(m.view)), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_FIXED)
	if err != nil {
		s.free()
		return nil, fmt.Errorf("map %d bytes copy-on-write: %w", len(m.view), err)
	}
	_ = m.lone.apply(base, len(m.view)) // as above
	s.size = len(m.view)
	return s, nil
}

type mappedSpace struct {
	store   *mappedStore
	all     []byte // what is reserved; only the first size bytes may be touched
	size    int
	scratch scratch
}

// grow makes reserved pages usable. They are zero, since nobody could write to them.
func (s *mappedSpace) grow(size int) ([]byte, error) {
	if size > s.size {
		if err := unix.Mprotect(s.all[s.size:size], unix.PROT_READ|unix.PROT_WRITE); err != nil {
			return nil, fmt.Errorf("commit %d bytes: %w", size-s.size, err)
		}
		s.size = size
	}
	return s.all[:size:size], nil
}

func (s *mappedSpace) restore() (int, error) {
	image := s.store.view
	return s.store.tracker.restore(s.all[:len(image)], image, &s.scratch)
}

// trim drops private pages, whereupon the image's are seen again.
func (s *mappedSpace) trim() error {
	return unix.Madvise(s.all[:len(s.store.view)], unix.MADV_DONTNEED)
}

func (s *mappedSpace) free() {
	if err := unix.MunmapPtr(unsafe.Pointer(unsafe.SliceData(s.all)), uintptr(len(s.all))); err != nil {
		// It can fail when the process has as many mappings as it may have, for the kernel joins reservations that lie side by
		// side, and cutting one out makes one more. The addresses are lost then, but not the memory.
		_ = unix.Madvise(s.all[:s.size], unix.MADV_DONTNEED)
	}
	s.all, s.size = nil, 0
}
