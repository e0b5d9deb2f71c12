package snapshot_test

import (
	"encoding/binary"
	"os"
	"testing"
	"unsafe"

	"github.com/pergola-platform/pergola/core/snapshot"
)

func TestReadingAPageMapsNoNeighbours(t *testing.T) {
	if err := snapshot.NoFaultAround(); err != nil {
		t.Skip(err) // a container's seccomp profile may well say no; resets are slower then
	}
	pagemap, err := os.Open("/proc/self/pagemap")
	if err != nil {
		noPagemap(t, err)
	}
	defer pagemap.Close()
	forEachTracker(t, func(t *testing.T, k kind) {
		m := mapped(t, take(t, k, noise(51, 4*mib)), 4*mib)
		page := os.Getpagesize()
		for at := 0; at < len(m.Bytes()); at += 64 * page {
			sink += m.Bytes()[at]
		}
		entries := make([]byte, 8*len(m.Bytes())/page)
		first := int64(uintptr(unsafe.Pointer(&m.Bytes()[0]))) / int64(page)
		if _, err := pagemap.ReadAt(entries, 8*first); err != nil {
			t.Fatal(err)
		}
		present := 0
		for ; len(entries) > 0; entries = entries[8:] {
			present += int(binary.LittleEndian.Uint64(entries) >> 63)
		}
		if want := len(m.Bytes()) / page / 64; present != want {
			t.Errorf("%d pages are mapped, and %d were read", present, want)
		}
	})
}
