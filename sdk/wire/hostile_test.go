package wire_test

import (
	"bytes"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/view"
	"github.com/pergola-platform/pergola/sdk/wire"
)

func TestCheckKnowsEveryFormOfAValue(t *testing.T) {
	for name, raw := range map[string][]byte{
		"nil": {0xc0}, "false": {0xc2}, "true": {0xc3}, "fixint": {0x7f}, "negative fixint": {0xe0},
		"uint8": {0xcc, 1}, "uint16": {0xcd, 1, 2}, "uint32": {0xce, 1, 2, 3, 4}, "uint64": {0xcf, 1, 2, 3, 4, 5, 6, 7, 8},
		"int8": {0xd0, 1}, "int16": {0xd1, 1, 2}, "int32": {0xd2, 1, 2, 3, 4}, "int64": {0xd3, 1, 2, 3, 4, 5, 6, 7, 8},
		"float32": {0xca, 1, 2, 3, 4}, "float64": {0xcb, 1, 2, 3, 4, 5, 6, 7, 8},
		"fixstr": {0xa2, 'a', 'b'}, "str8": {0xd9, 1, 'a'}, "str16": {0xda, 0, 1, 'a'}, "str32": {0xdb, 0, 0, 0, 1, 'a'},
		"bin8": {0xc4, 1, 9}, "bin16": {0xc5, 0, 1, 9}, "bin32": {0xc6, 0, 0, 0, 1, 9},
		"fixarray": {0x91, 0xc0}, "array16": {0xdc, 0, 1, 0xc0}, "array32": {0xdd, 0, 0, 0, 1, 0xc0},
		"fixmap": {0x81, 0xa1, 'k', 0xc0}, "map16": {0xde, 0, 1, 0xa1, 'k', 0xc0}, "map32": {0xdf, 0, 0, 0, 1, 0xa1, 'k', 0xc0},
		"fixext1": {0xd4, 1, 0}, "fixext2": append([]byte{0xd5, 1}, make([]byte, 2)...), "fixext4": append([]byte{0xd6, 1}, make([]byte, 4)...),
		"fixext8": append([]byte{0xd7, 1}, make([]byte, 8)...), "fixext16": append([]byte{0xd8, 1}, make([]byte, 16)...),
		"ext8": {0xc7, 1, 5, 0}, "ext16": {0xc8, 0, 1, 5, 0}, "ext32": {0xc9, 0, 0, 0, 1, 5, 0},
	} {
		if err := wire.Check(raw); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for n := range raw {
			if err := wire.Check(raw[:n]); err == nil {
				t.Errorf("%s cut to %d bytes passes", name, n)
			}
		}
		if err := wire.Check(append(slices.Clone(raw), 0xc0)); err == nil {
			t.Errorf("%s with another value behind it passes", name)
		}
	}
	if err := wire.Check([]byte{0xc1}); err == nil {
		t.Error("the byte that is never used passes")
	}
}

func TestCheckHoldsItsBounds(t *testing.T) {
	nested := func(n int) []byte { return append(bytes.Repeat([]byte{0x91}, n-1), 0xc0) }
	list := func(n int) []byte {
		return append(msgp.AppendArrayHeader(nil, uint32(n)), bytes.Repeat([]byte{0x80}, n)...)
	}
	blob := func(n int) []byte { return msgp.AppendBytes(nil, make([]byte, n-5)) }
	for _, tt := range []struct {
		name string
		raw  []byte
		want string
	}{
		{"deepest", nested(wire.MaxDepth), ""},
		{"too deep", nested(wire.MaxDepth + 1), "levels deep"},
		{"very deep", nested(wire.MaxMessage), "levels deep"},
		{"most values", list(wire.MaxValues - 1), ""},
		{"too many values", list(wire.MaxValues), "more than"},
		{"longest", blob(wire.MaxMessage), ""},
		{"too long", blob(wire.MaxMessage + 1), "bytes long"},
		{"header without members", []byte{0xdd, 0xff, 0xff, 0xff, 0xff}, "too early"},
		{"map header without members", []byte{0xdf, 0xff, 0xff, 0xff, 0xff}, "too early"},
		{"string without bytes", []byte{0xdb, 0xff, 0xff, 0xff, 0xff}, "too early"},
		{"nothing", nil, "too early"},
	} {
		err := wire.Check(tt.raw)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: error = %v, want %q", tt.name, err, tt.want)
		}
		if err != nil && sdk.CodeOf(err) != sdk.Invalid {
			t.Errorf("%s: code %s", tt.name, sdk.CodeOf(err))
		}
	}
}

// A message of a few bytes can announce four thousand million members, and one of 4 MiB can hold four million empty maps,
// each of which becomes a Go value of some hundred bytes. Neither may cost memory.
func TestHostileMessagesTakeLittleMemory(t *testing.T) {
	for name, make := range types {
		for _, field := range fieldNames(make()) {
			for _, header := range [][]byte{{0xdd, 0xff, 0xff, 0xff, 0xff}, {0xdf, 0xff, 0xff, 0xff, 0xff}, {0xc6, 0xff, 0xff, 0xff, 0xff}, {0xdd, 0, 0, 0x40, 0}, {0xdf, 0, 0, 0x40, 0}} {
				raw := append(msgp.AppendString(msgp.AppendMapHeader(nil, 1), field), header...)
				var err error
				used := memory(func() { _, err = make().UnmarshalMsg(raw) })
				if err == nil {
					t.Errorf("%s.%s: % x is accepted", name, field, raw)
				}
				if used > 8<<20 {
					t.Errorf("%s.%s: %d bytes took %d MiB to refuse", name, field, len(raw), used>>20)
				}
			}
		}
	}
	var fields []byte
	fields = msgp.AppendString(msgp.AppendMapHeader(fields, 1), "body")
	fields = msgp.AppendString(msgp.AppendMapHeader(fields, 1), "blocks")
	fields = msgp.AppendString(msgp.AppendMapHeader(msgp.AppendArrayHeader(fields, 1), 1), "form")
	fields = msgp.AppendString(msgp.AppendMapHeader(fields, 1), "fields")
	fields = append(msgp.AppendArrayHeader(fields, 4_000_000), bytes.Repeat([]byte{0x80}, 4_000_000)...)
	deep := append(msgp.AppendString(msgp.AppendMapHeader(nil, 1), "body"), bytes.Repeat([]byte{0x91}, 4_000_000)...)
	for name, raw := range map[string][]byte{"wide": fields, "deep": append(deep, 0xc0)} {
		var err error
		used := memory(func() { _, err = new(wire.Result).UnmarshalMsg(raw) })
		if err == nil || used > 1<<20 {
			t.Errorf("%s: %d bytes took %d KiB, error %v", name, len(raw), used>>10, err)
		}
	}
}

func fieldNames(m message) []string {
	typ := reflect.TypeOf(m).Elem()
	if typ.Kind() != reflect.Struct {
		return nil
	}
	if typ == reflect.TypeFor[wire.Call]() || typ == reflect.TypeFor[wire.Result]() {
		return []string{"op", "error", "body"}
	}
	var out []string
	for i := range typ.NumField() {
		switch f := typ.Field(i); f.Type.Kind() {
		case reflect.Slice, reflect.Map:
			name, _, _ := strings.Cut(f.Tag.Get("msg"), ",")
			out = append(out, name)
		}
	}
	return out
}

func memory(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestDamagedVectorsAreErrorsNotPanics(t *testing.T) {
	for name, make := range types {
		raw := encode(sample(name))
		for n := range raw {
			if _, err := make().UnmarshalMsg(raw[:n]); err == nil {
				t.Errorf("%s cut to %d of %d bytes is accepted", name, n, len(raw))
			}
			for _, bit := range []byte{0x01, 0x10, 0x80, 0xff} {
				damaged := slices.Clone(raw)
				damaged[n] ^= bit
				_, _ = make().UnmarshalMsg(damaged) // may be another valid message
			}
		}
	}
}

func TestEnvelopeKeepsNothingOfItsInput(t *testing.T) {
	raw := encode(&wire.Call{Op: "op", Body: encode(&jira.Search{JQL: "project = OPS"})})
	var c wire.Call
	if _, err := c.UnmarshalMsg(raw); err != nil {
		t.Fatal(err)
	}
	clear(raw)
	var s jira.Search
	if _, err := s.UnmarshalMsg(c.Body); err != nil || c.Op != "op" || s.JQL != "project = OPS" {
		t.Errorf("%+v, %+v, %v", c, s, err)
	}
}

func FuzzCheck(f *testing.F) {
	for name := range types {
		f.Add(encode(sample(name)))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		err := wire.Check(raw)
		rest, skip := msgp.Skip(raw)
		whole := skip == nil && len(rest) == 0
		if err == nil && !whole {
			t.Errorf("Check passes what msgp does not: %v, %d bytes left", skip, len(rest))
		}
		if err != nil && whole && len(raw) <= wire.MaxMessage && !strings.Contains(err.Error(), "deep") && !strings.Contains(err.Error(), "values") {
			t.Errorf("Check refuses what msgp passes: %v", err)
		}
	})
}

// Whatever the bytes are, decoding returns; and what was decoded once says the same when it is sent on.
func FuzzDecode(f *testing.F) {
	for name := range types {
		f.Add(encode(sample(name)))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for name, make := range types {
			m := make()
			if _, err := m.UnmarshalMsg(raw); err != nil {
				continue
			}
			again := make()
			if _, err := again.UnmarshalMsg(encode(m)); err != nil {
				t.Errorf("%s: decoded, encoded and then refused: %v", name, err)
			}
		}
		var p view.Page
		if _, err := p.UnmarshalMsg(raw); err == nil && len(p.Blocks) > len(raw) {
			t.Errorf("%d blocks of %d bytes", len(p.Blocks), len(raw))
		}
	})
}

func BenchmarkDecodeCall(b *testing.B) {
	raw := encode(sample("wire.Call"))
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		var c wire.Call
		if _, err := c.UnmarshalMsg(raw); err != nil {
			b.Fatal(err)
		}
	}
}
