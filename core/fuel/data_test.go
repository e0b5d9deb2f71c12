package fuel_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/pergola-platform/pergola/core/fuel"
)

// withData is a module of one page of memory that begins with some segments.
func withData(segments ...[]byte) *module {
	return &module{memories: [][]byte{ops(0, 1)}, exports: [][]byte{cat(text("memory"), ops(2, 0))}, data: segments}
}

// at is an active segment.
func at(offset int32, content string) []byte {
	return cat(ops(0), num(offset), ops(end), text(content))
}

// dataSegments counts those of a module that Rewrite made: the data section is its last.
func dataSegments(t *testing.T, m *module) int {
	t.Helper()
	out := rewrite(t, m.bytes())
	for pos := 8; pos < len(out); {
		id := out[pos]
		size, n := readUleb(out[pos+1:])
		if pos += 1 + n; id == 11 {
			count, _ := readUleb(out[pos:])
			return count
		}
		pos += size
	}
	return 0
}

func readUleb(b []byte) (v, n int) {
	for shift := 0; ; shift += 7 {
		v |= int(b[n]&0x7f) << shift
		if n++; b[n-1] < 0x80 {
			return v, n
		}
	}
}

func TestDataSegmentsThatLieCloseBecomeOne(t *testing.T) {
	counted := withData(at(0, "a"), at(1, "b"))
	counted.dataCount = uleb(2)
	imported := &module{imports: [][]byte{cat(text("host"), text("memory"), ops(2, 0, 1))}, data: [][]byte{at(0, "a"), at(9, "b")}}
	for _, tt := range []struct {
		name string
		in   *module
		want int
	}{
		{"none", withData(), 0},
		{"neighbours", withData(at(8, "one"), at(11, "two")), 1},
		{"a short gap", withData(at(0, "one"), at(60, "two"), at(70, "three")), 1},
		{"a long gap", withData(at(0, "one"), at(600, "two")), 2},
		{"overlap", withData(at(0, "one"), at(2, "two")), 2},
		{"backwards", withData(at(100, "one"), at(0, "two")), 2},
		{"a gap in which something lies", withData(at(10, "x"), at(0, "a"), at(20, "b")), 3},
		{"beside what lies there", withData(at(100, "x"), at(0, "a"), at(20, "b")), 2},
		{"a passive one between", withData(at(0, "a"), cat(ops(1), text("p")), at(1, "b")), 3},
		{"counted, so that code may name them", counted, 2},
		{"in somebody else's memory", imported, 2},
		{"at the end of the address space", withData(at(-2, "a"), at(-1, "b")), 2},
	} {
		if got := dataSegments(t, tt.in); got != tt.want {
			t.Errorf("%s: %d segments, want %d", tt.name, got, tt.want)
		}
	}
}

func TestMemoryBeginsAsBefore(t *testing.T) {
	r := newRuntime(t, wazero.NewRuntimeConfig())
	provideTick(t, r, &meter{})
	begin := func(code []byte) []byte {
		m, err := r.InstantiateWithConfig(t.Context(), code, anonymous)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = m.Close(t.Context()) }()
		mem, _ := m.Memory().Read(0, m.Memory().Size())
		return bytes.Clone(mem)
	}
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		m := withData()
		for next, n := 0, 1+rnd.IntN(40); n > 0; n-- {
			if rnd.IntN(5) == 0 {
				next = rnd.IntN(2000) // anywhere, be it over another
			}
			content := bytes.Repeat([]byte{byte(1 + rnd.IntN(255))}, rnd.IntN(30))
			m.data = append(m.data, at(int32(next), string(content)))
			next += len(content) + rnd.IntN(100)
		}
		code := m.bytes()
		if want, got := begin(code), begin(rewrite(t, code)); !bytes.Equal(want, got) {
			t.Fatalf("seed %d: memory begins otherwise than without a fuel counter", seed)
		}
	}
}

// A few bytes can announce a gap each; what they make must stay in proportion.
func TestJoinedDataStaysInProportion(t *testing.T) {
	m := withData()
	m.memories = [][]byte{cat(ops(0), uleb(64))}
	for i := range int32(50_000) {
		m.data = append(m.data, at(i*64, ""))
	}
	code := m.bytes()
	out, _, err := fuel.Rewrite(code, fuel.Config{})
	if err != nil || len(out) > 8*len(code) {
		t.Errorf("%d bytes became %d, %v", len(code), len(out), err)
	}
}
