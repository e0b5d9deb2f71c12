package snapshot_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"testing"

	"github.com/pergola-platform/pergola/core/snapshot"
)

const mib = 1 << 20

// kind is one way to keep memory; every test that can runs with all that the system has.
type kind struct {
	name string
	take func([]byte) (*snapshot.Image, error)
}

func kinds(t testing.TB) []kind {
	t.Helper()
	list := []kind{{"heap", func(mem []byte) (*snapshot.Image, error) { return snapshot.TakeHeap(mem), nil }}}
	for _, s := range []snapshot.Strategy{snapshot.PagemapScan, snapshot.Pagemap, snapshot.Copy} {
		take := func(mem []byte) (*snapshot.Image, error) { return snapshot.TakeAs(s, mem) }
		image, err := take(make([]byte, snapshot.PageSize))
		if errors.Is(err, errors.ErrUnsupported) {
			t.Logf("not on this system: %v", err)
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := image.Close(); err != nil {
			t.Fatal(err)
		}
		list = append(list, kind{string(s), take})
	}
	return list
}

func forEachKind(t *testing.T, test func(t *testing.T, k kind)) {
	for _, k := range kinds(t) {
		t.Run(k.name, func(t *testing.T) { test(t, k) })
	}
}

// noise is bytes that look like nothing else, with holes of zeroes as real memory has.
func noise(seed uint64, size int) []byte {
	mem := make([]byte, size)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), 7})
	for at := 0; at < size; at += snapshot.PageSize {
		if r.Uint64()%3 > 0 {
			_, _ = r.Read(mem[at : at+snapshot.PageSize])
		}
	}
	return mem
}

func take(t testing.TB, k kind, mem []byte) *snapshot.Image {
	t.Helper()
	image, err := k.take(mem)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := image.Close(); err != nil {
			t.Error(err)
		}
	})
	return image
}

func mapped(t testing.TB, image *snapshot.Image, max int) *snapshot.Memory {
	t.Helper()
	m, err := image.Map(uint64(max))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Free)
	return m
}

func reset(t testing.TB, m *snapshot.Memory) int {
	t.Helper()
	pages, err := m.Reset()
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// scribble writes to mem what a hostile guest might.
func scribble(r *rand.Rand, mem []byte) {
	page := os.Getpagesize()
	for range 1 + r.IntN(40) {
		at := r.IntN(len(mem))
		switch r.IntN(8) {
		case 0: // one byte
			mem[at]++
		case 1: // a run
			for i := range mem[at:min(at+r.IntN(5*page), len(mem))] {
				mem[at+i] ^= byte(1 + r.IntN(255))
			}
		case 2: // both sides of a border
			border := max(at/page*page, 1)
			mem[border-1]--
			mem[border]--
		case 3: // first and last byte
			mem[0]++
			mem[len(mem)-1]++
		case 4: // zeroes
			clear(mem[at:min(at+3*page, len(mem))])
		case 5: // what is there already
			mem[at]++
			mem[at]--
		case 6: // every other page from here, which is more ranges than one answer of the kernel can hold
			for i := at; i < min(len(mem), at+600*page); i += 2 * page {
				mem[i]++
			}
		case 7: // moves
			copy(mem[at:min(at+2*page, len(mem))], mem[r.IntN(len(mem)):])
		}
	}
	if r.IntN(50) == 0 { // all of it
		for i := 0; i < len(mem); i += 1 + r.IntN(512) {
			mem[i]++
		}
	}
}

func TestResetUndoesEveryWrite(t *testing.T) {
	forEachKind(t, func(t *testing.T, k kind) {
		for _, tt := range []struct {
			name         string
			size, rounds int
		}{
			{"one page", snapshot.PageSize, 400},
			{"three pages", 3 * snapshot.PageSize, 400},
			{"4 MiB", 4 * mib, 200},
			{"6 MiB and a page", 6*mib + snapshot.PageSize, 100},
			{"64 MiB", 64 * mib, 10},
		} {
			t.Run(tt.name, func(t *testing.T) {
				want := noise(uint64(tt.size), tt.size)
				image := take(t, k, want)
				m := mapped(t, image, tt.size)
				r := rand.New(rand.NewPCG(1, uint64(tt.size)))
				for round := range tt.rounds {
					scribble(r, m.Bytes())
					if round%7 == 6 {
						if err := m.Trim(); err != nil {
							t.Fatal(err)
						}
					} else {
						reset(t, m)
					}
					if !bytes.Equal(m.Bytes(), want) {
						t.Fatalf("round %d: the memory is not as it was", round)
					}
				}
				if n := image.Fallbacks(); n != 0 {
					t.Errorf("%d of %d resets fell back", n, tt.rounds)
				}
			})
		}
	})
}

func TestWholeMemoryOverwrittenGoesBack(t *testing.T) {
	forEachKind(t, func(t *testing.T, k kind) {
		want := noise(3, 4*mib)
		m := mapped(t, take(t, k, want), 8*mib)
		for i := range m.Bytes() {
			m.Bytes()[i] ^= 0xff
		}
		if got, want := reset(t, m), 4*mib/os.Getpagesize(); got != want {
			t.Errorf("restored %d pages, want all %d", got, want)
		}
		if !bytes.Equal(m.Bytes(), want) {
			t.Error("the memory is not as it was")
		}
	})
}

func TestGrownMemoryIsRefused(t *testing.T) {
	forEachKind(t, func(t *testing.T, k kind) {
		want := noise(5, 4*mib)
		image := take(t, k, want)
		r := rand.New(rand.NewPCG(5, 5))
		for range 20 {
			m := mapped(t, image, 16*mib)
			scribble(r, m.Bytes())
			reset(t, m)
			if m.Grown() {
				t.Fatal("a memory that did not grow says it did")
			}

			scribble(r, m.Bytes())
			before := bytes.Clone(m.Bytes())
			size := 4*mib + (1+r.IntN(12*mib/snapshot.PageSize))*snapshot.PageSize
			grown := m.Reallocate(uint64(size))
			if len(grown) != size || cap(grown) != size || len(m.Bytes()) != size || !m.Grown() {
				t.Fatalf("grew to %d bytes (capacity %d), want %d", len(grown), cap(grown), size)
			}
			if !bytes.Equal(grown[:4*mib], before) {
				t.Fatal("growth changed what was there")
			}
			if !bytes.Equal(grown[4*mib:], make([]byte, size-4*mib)) {
				t.Fatal("new bytes are not zero")
			}
			scribble(r, grown)
			after := bytes.Clone(grown)
			if _, err := m.Reset(); !errors.Is(err, snapshot.ErrGrown) {
				t.Fatalf("reset: %v, want ErrGrown", err)
			}
			if err := m.Trim(); !errors.Is(err, snapshot.ErrGrown) {
				t.Fatalf("trim: %v, want ErrGrown", err)
			}
			if !bytes.Equal(m.Bytes(), after) {
				t.Fatal("a refused reset changed the memory")
			}
			m.Free()
		}
		if m := mapped(t, image, 4*mib); !bytes.Equal(m.Bytes(), want) {
			t.Error("the image is not as it was taken")
		}
	})
}

func TestReallocateKeepsToItsBounds(t *testing.T) {
	forEachKind(t, func(t *testing.T, k kind) {
		m := mapped(t, take(t, k, noise(1, 2*snapshot.PageSize)), 4*snapshot.PageSize)
		first := &m.Bytes()[0]
		for _, tt := range []struct {
			name string
			size uint64
			want int
		}{
			{"the same", 2 * snapshot.PageSize, 2 * snapshot.PageSize},
			{"less", snapshot.PageSize, 0},
			{"zero", 0, 0},
			{"a part of a page", 2*snapshot.PageSize + 1, 0},
			{"too much", 5 * snapshot.PageSize, 0},
			{"far too much", 1 << 63, 0},
			{"a page more", 3 * snapshot.PageSize, 3 * snapshot.PageSize},
			{"less than it grew to", 2 * snapshot.PageSize, 0},
			{"the maximum", 4 * snapshot.PageSize, 4 * snapshot.PageSize},
		} {
			got := m.Reallocate(tt.size)
			if len(got) != tt.want || (got == nil) != (tt.want == 0) {
				t.Errorf("%s: %d bytes, want %d", tt.name, len(got), tt.want)
			}
		}
		if m.Mapped() && first != &m.Bytes()[0] {
			t.Error("a mapping moved")
		}
		if m.Mapped() == (k.name == "heap") {
			t.Errorf("Mapped is %v", m.Mapped())
		}
	})
}

func TestReadsDoNotDirty(t *testing.T) {
	forEachKind(t, func(t *testing.T, k kind) {
		want := noise(9, 4*mib)
		m := mapped(t, take(t, k, want), 4*mib)
		if !bytes.Equal(m.Bytes(), want) {
			t.Fatal("a new memory is not as its image")
		}
		if n := reset(t, m); n != 0 {
			t.Errorf("restored %d pages after reads, want none", n)
		}
		page := os.Getpagesize()
		for _, at := range []int{0, 100 * page, 101*page + 7, 4*mib - 1} {
			m.Bytes()[at] ^= 0xff
		}
		if n := reset(t, m); n != 4 {
			t.Errorf("restored %d pages, want the 4 that were written", n)
		}
		if !bytes.Equal(m.Bytes(), want) {
			t.Error("the memory is not as it was")
		}
		if err := m.Trim(); err != nil {
			t.Fatal(err)
		}
		if n := reset(t, m); n != 0 {
			t.Errorf("restored %d pages after a trim, want none", n)
		}
	})
}

func TestImageIsACopyThatWritesCannotReach(t *testing.T) {
	forEachKind(t, func(t *testing.T, k kind) {
		source := noise(11, mib)
		want := bytes.Clone(source)
		image := take(t, k, source)
		clear(source)
		if image.Size() != mib {
			t.Errorf("size %d, want %d", image.Size(), mib)
		}
		a, b := mapped(t, image, mib), mapped(t, image, mib)
		for i := range a.Bytes() {
			a.Bytes()[i] = 0xaa
		}
		if !bytes.Equal(b.Bytes(), want) {
			t.Error("a memory sees what another wrote")
		}
		for i := range b.Bytes() {
			b.Bytes()[i] = 0xbb
		}
		reset(t, a)
		if !bytes.Equal(a.Bytes(), want) {
			t.Error("a memory sees what another wrote")
		}
		if c := mapped(t, image, mib); !bytes.Equal(c.Bytes(), want) {
			t.Error("a new memory is not as the image was taken")
		}
	})
}

func TestMemoriesOfOneImageWorkInParallel(t *testing.T) {
	forEachKind(t, func(t *testing.T, k kind) {
		want := noise(13, 2*mib)
		image := take(t, k, want)
		var group sync.WaitGroup
		for worker := range 16 {
			group.Go(func() {
				r := rand.New(rand.NewPCG(13, uint64(worker)))
				for range 3 {
					m, err := image.Map(4 * mib)
					if err != nil {
						t.Error(err)
						return
					}
					for range 15 {
						scribble(r, m.Bytes())
						if _, err := m.Reset(); err != nil {
							t.Error(err)
						}
						if !bytes.Equal(m.Bytes(), want) {
							t.Error("a memory is not as it was")
						}
					}
					if m.Reallocate(3*mib) == nil {
						t.Error("a memory did not grow")
					}
					m.Free()
				}
			})
		}
		group.Wait()
	})
}

func TestBadSizesAreRefused(t *testing.T) {
	forEachKind(t, func(t *testing.T, k kind) {
		image := take(t, k, make([]byte, 2*snapshot.PageSize))
		for _, max := range []uint64{0, snapshot.PageSize, 2*snapshot.PageSize + 1, 1 << 63, 1<<64 - 1} {
			if m, err := image.Map(max); err == nil {
				m.Free()
				t.Errorf("a memory of at most %d bytes was made", max)
			}
		}
	})
	for _, size := range []int{0, 1, snapshot.PageSize - 1, snapshot.PageSize + 1} {
		if _, err := snapshot.Take(make([]byte, size)); err == nil {
			t.Errorf("an image of %d bytes was taken", size)
		}
	}
	if _, err := snapshot.TakeAs("guess", make([]byte, snapshot.PageSize)); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("unknown strategy: %v, want ErrUnsupported", err)
	}
}

func TestProbeSaysWhatTakeUses(t *testing.T) {
	report := snapshot.Probe()
	t.Logf("%+v", report)
	image, err := snapshot.Take(make([]byte, snapshot.PageSize))
	if err != nil {
		t.Fatal(err)
	}
	defer image.Close()
	if image.Strategy() != report.Strategy || report.Strategy == snapshot.Auto {
		t.Errorf("image has %q, the probe said %q", image.Strategy(), report.Strategy)
	}
}
