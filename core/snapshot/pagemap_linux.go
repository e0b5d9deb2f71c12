package snapshot

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// tracker restores a copy-on-write mapping by one strategy. It may be used by many memories at the same time.
type tracker interface {
	strategy() Strategy
	// restore makes dst, a private mapping of the file that src maps, equal src, and says how many pages it copied.
	restore(dst, src []byte, s *scratch) (pages int, err error)
	close() error
}

// scratch is where the kernel's answers go, one for each memory. It must lie on the heap, whose objects do not move: the
// kernel gets addresses in it.
type scratch struct {
	scan    scanArg
	regions []pageRegion
	entries []uint64
}

func newTracker(s Strategy) (tracker, error) {
	switch s {
	case Copy:
		return copyTracker{}, nil
	case PagemapScan, Pagemap:
		fd, err := unix.Open("/proc/self/pagemap", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return nil, fmt.Errorf("open /proc/self/pagemap: %w: %w", errors.ErrUnsupported, err)
		}
		if s == PagemapScan {
			return &scanTracker{fd}, nil
		}
		return &readTracker{fd}, nil
	}
	return nil, errors.ErrUnsupported
}

type copyTracker struct{}

func (copyTracker) strategy() Strategy { return Copy }
func (copyTracker) close() error       { return nil }

func (copyTracker) restore(dst, src []byte, _ *scratch) (int, error) {
	return restoreAll(dst, src), nil
}

// The ioctl PAGEMAP_SCAN and its structures, from include/uapi/linux/fs.h and Documentation/admin-guide/mm/pagemap.rst.
const (
	pagemapScan = 0xc0606610 // _IOWR('f', 16, struct pm_scan_arg)

	pageIsFile    = 1 << 2 // not anonymous
	pageIsPresent = 1 << 3
	pageIsSwapped = 1 << 4 // or on its way to another frame
)

// scanArg is struct pm_scan_arg.
type scanArg struct {
	size, flags                           uint64
	start, end, walkEnd                   uint64
	vec, vecLen                           uint64
	maxPages                              uint64
	inverted, mask, anyOfMask, returnMask uint64
}

// pageRegion is struct page_region.
type pageRegion struct{ start, end, categories uint64 }

// scanTracker has the kernel list the ranges of private pages. A page of a private file mapping is the file's until it is
// written; then it is anonymous, in memory or in swap.
type scanTracker struct{ fd int }

func (*scanTracker) strategy() Strategy { return PagemapScan }
func (t *scanTracker) close() error     { return unix.Close(t.fd) }

// maxRegions is how many ranges one ioctl can return. Guests write to some ten places in a call.
const maxRegions = 128

func (t *scanTracker) restore(dst, src []byte, s *scratch) (pages int, err error) {
	if s.regions == nil {
		s.regions = make([]pageRegion, maxRegions)
	}
	base := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(dst))))
	end := base + uint64(len(dst))
	for at := base; at < end; at = s.scan.walkEnd {
		s.scan = scanArg{
			size:       uint64(unsafe.Sizeof(s.scan)),
			start:      at,
			end:        end,
			vec:        uint64(uintptr(unsafe.Pointer(unsafe.SliceData(s.regions)))),
			vecLen:     uint64(len(s.regions)),
			inverted:   pageIsFile,
			mask:       pageIsFile, // inverted: those that are not the file's
			anyOfMask:  pageIsPresent | pageIsSwapped,
			returnMask: pageIsPresent,
		}
		n, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(t.fd), pagemapScan, uintptr(unsafe.Pointer(&s.scan)))
		runtime.KeepAlive(s)
		if errno != 0 {
			return pages, fmt.Errorf("scan pagemap: %w", errno)
		}
		if n > uintptr(len(s.regions)) || s.scan.walkEnd <= at || s.scan.walkEnd > end {
			return pages, fmt.Errorf("scan pagemap: %d ranges up to byte %d of %d make no sense", n, s.scan.walkEnd-base, len(dst))
		}
		for _, r := range s.regions[:n] {
			if r.start < at || r.end > end || r.start >= r.end {
				return pages, fmt.Errorf("scan pagemap: a range from byte %d to %d makes no sense", r.start-base, r.end-base)
			}
			copy(dst[r.start-base:r.end-base], src[r.start-base:r.end-base])
			pages += int(r.end-r.start) / hostPage
		}
	}
	return pages, nil
}

// Bits of an entry of /proc/PID/pagemap, from Documentation/admin-guide/mm/pagemap.rst.
const (
	entryFile    = 1 << 61 // the file's, or shared anonymous memory
	entrySwapped = 1 << 62
	entryPresent = 1 << 63
)

// private says whether an entry is of a page that was written.
func private(entry uint64) bool {
	return entry&(entryPresent|entrySwapped) != 0 && entry&entryFile == 0
}

// readTracker reads the eight bytes that the kernel has for each page.
type readTracker struct{ fd int }

func (*readTracker) strategy() Strategy { return Pagemap }
func (t *readTracker) close() error     { return unix.Close(t.fd) }

// maxEntries is how many pages one read tells of: 4 MiB, for pages of 4 KiB.
const maxEntries = 1024

func (t *readTracker) restore(dst, src []byte, s *scratch) (pages int, err error) {
	if s.entries == nil {
		s.entries = make([]uint64, maxEntries)
	}
	first := int64(uintptr(unsafe.Pointer(unsafe.SliceData(dst)))) / int64(hostPage)
	for page, total := 0, len(dst)/hostPage; page < total; {
		entries := s.entries[:min(maxEntries, total-page)]
		if err := t.read(entries, first+int64(page)); err != nil {
			return pages, fmt.Errorf("read pagemap: %w", err)
		}
		for i := 0; i < len(entries); i++ {
			if !private(entries[i]) {
				continue
			}
			from := i
			for i < len(entries) && private(entries[i]) {
				i++
			}
			copy(dst[(page+from)*hostPage:(page+i)*hostPage], src[(page+from)*hostPage:])
			pages += i - from
		}
		page += len(entries)
	}
	return pages, nil
}

func (t *readTracker) read(entries []uint64, page int64) error {
	const size = 8
	buf := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(entries))), len(entries)*size)
	for at := page * size; len(buf) > 0; {
		n, err := unix.Pread(t.fd, buf, at)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return err
		case n == 0:
			return io.ErrUnexpectedEOF
		}
		buf, at = buf[n:], at+int64(n)
	}
	return nil
}
