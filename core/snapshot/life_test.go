package snapshot_test

import (
	"bytes"
	"errors"
	"runtime"
	"testing"

	"github.com/pergola-platform/pergola/core/snapshot"
)

func TestImageLivesUntilItsLastMemory(t *testing.T) {
	forEachKind(t, func(t *testing.T, k kind) {
		want := noise(17, mib)
		image, err := k.take(want)
		if err != nil {
			t.Fatal(err)
		}
		m := mapped(t, image, mib)
		for range 2 {
			if err := image.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := image.Map(mib); !errors.Is(err, snapshot.ErrClosed) {
			t.Errorf("map of a closed image: %v, want ErrClosed", err)
		}
		m.Bytes()[5]++
		reset(t, m)
		if !bytes.Equal(m.Bytes(), want) {
			t.Error("the memory is not as it was")
		}
		m.Free()
		m.Free()
		if _, err := m.Reset(); !errors.Is(err, snapshot.ErrClosed) {
			t.Errorf("reset of a freed memory: %v, want ErrClosed", err)
		}
		if err := m.Trim(); !errors.Is(err, snapshot.ErrClosed) {
			t.Errorf("trim of a freed memory: %v, want ErrClosed", err)
		}
		if m.Bytes() != nil || m.Reallocate(mib) != nil || m.Grown() {
			t.Error("a freed memory has bytes")
		}
	})
}

func TestCollectorLeavesMemoryAlone(t *testing.T) {
	forEachKind(t, func(t *testing.T, k kind) {
		want := noise(19, mib)
		// Only the slice is left of memory and image.
		mem := func() []byte {
			image, err := k.take(want)
			if err != nil {
				t.Fatal(err)
			}
			m, err := image.Map(mib)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { m.Free(); _ = image.Close() })
			return m.Bytes()
		}()
		for range 5 {
			runtime.GC()
			_ = noise(1, mib)
			if !bytes.Equal(mem, want) {
				t.Fatal("the memory changed by itself")
			}
			mem[7]++
			mem[7]--
		}
	})
}
