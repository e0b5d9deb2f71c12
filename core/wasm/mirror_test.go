package wasm_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/wire"
)

var mirrors = map[string]string{"C": "core/drivertest/guests/c-mirror", "AssemblyScript": "core/drivertest/guests/as-mirror"}

// The readers and writers of sdk/wire/pergola.h and pergola.ts lose nothing of what a message can hold: the golden vectors of
// every version, and each form of a value at its edges.
func TestOtherLanguagesReadAndWriteWhatGoDoes(t *testing.T) {
	values := map[string][]byte{}
	files, err := filepath.Glob("../../sdk/wire/testdata/*/*.hex")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d vectors, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if values[file], err = hex.DecodeString(strings.ReplaceAll(string(text), "\n", "")); err != nil {
			t.Fatal(err)
		}
	}
	for name, v := range map[string]any{
		"nil and booleans": []any{nil, true, false},
		"ints":             []any{0, 127, 128, 255, 256, 65535, 65536, math.MaxInt32, int64(math.MaxInt64), -1, -32, -33, -128, -129, -32768, -32769, int64(math.MinInt64)},
		"uints":            []any{uint8(200), uint16(60000), uint32(4000000000), uint64(math.MaxInt64)},
		"floats":           []any{0.0, -1.5, math.MaxFloat64, float32(0.25)},
		"strings":          []any{"", "ä€𐍈", strings.Repeat("x", 31), strings.Repeat("x", 32), strings.Repeat("x", 256), strings.Repeat("x", 70000)},
		"bytes":            []any{[]byte{}, []byte{0, 255}, bytes.Repeat([]byte{7}, 300), bytes.Repeat([]byte{7}, 70000)},
		"lists":            []any{[]any{}, make([]any, 15), make([]any, 16), make([]any, 70000)},
		"maps":             map[string]any{"": map[string]any{}, "x": map[string]any{"y": []any{1}}},
	} {
		raw, err := msgp.AppendIntf(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		values[name] = raw
	}
	for language, folder := range mirrors {
		t.Run(language, func(t *testing.T) {
			call := drivertest.Start(t, drivertest.Subject{Open: open, Code: drivertest.Build(t, folder)})
			for name, value := range values {
				body := msgp.AppendMapHeader(nil, 2)
				body = msgp.AppendString(msgp.AppendString(body, "name"), "mirror")
				body = append(msgp.AppendString(body, "value"), value...)
				message, err := (&wire.Call{Op: wire.OpView, Body: body}).MarshalMsg(nil)
				if err != nil {
					t.Fatal(err)
				}
				var got msgp.Raw
				if err := call(t, driver.Call{Message: message}, &got); err != nil {
					t.Errorf("%s: %v", name, err)
					continue
				}
				if diff := cmp.Diff(generic(t, value), generic(t, got)); diff != "" {
					t.Errorf("%s (-sent +came back):\n%.2000s", name, diff)
				}
			}
		})
	}
}

// Whatever the bytes are, a guest answers, and takes for a message just what Go takes for one.
func FuzzOtherLanguagesReadWhatGoDoes(f *testing.F) {
	calls := map[string]func(t testing.TB, c driver.Call, out msgp.Unmarshaler) error{}
	for language, folder := range mirrors {
		calls[language] = drivertest.Start(f, drivertest.Subject{Open: open, Code: drivertest.Build(f, folder)})
	}
	for _, seed := range [][]byte{
		nil, {0xc0}, {0xc1}, {0x7f}, {0xe0}, {0xcc, 1}, {0xcd, 1, 2}, {0xce, 1, 2, 3, 4}, {0xcf, 255, 2, 3, 4, 5, 6, 7, 8}, {0xd0, 1}, {0xd3, 1, 2, 3, 4, 5, 6, 7, 8},
		{0xca, 1, 2, 3, 4}, {0xcb, 1, 2, 3, 4, 5, 6, 7, 8}, {0xa1, 0xff}, {0xd9, 1, 'a'}, {0xda, 0, 1, 'a'}, {0xdb, 0, 0, 0, 1, 'a'}, {0xc4, 1, 9}, {0xc5, 0, 1, 9},
		{0xc6, 0, 0, 0, 1, 9}, {0x91, 0xc0}, {0xdc, 0, 1, 0xc0}, {0xdd, 0, 0, 0, 1, 0xc0}, {0x81, 0xa1, 'k', 0xc0}, {0xde, 0, 1, 0xa1, 'k', 0xc0},
		{0xdf, 0, 0, 0, 1, 0xa1, 'k', 0xc0}, {0xd4, 1, 0}, {0xd6, 1, 0, 0, 0, 0}, {0xc7, 1, 5, 0}, {0xc8, 0, 1, 5, 0}, {0xc9, 0, 0, 0, 1, 5, 0}, {0xc9, 255, 255, 255, 255, 5},
		append(bytes.Repeat([]byte{0x91}, wire.MaxDepth-1), 0xc0), {0xdf, 255, 255, 255, 255}, {0xdb, 255, 255, 255, 255}, []byte("GET / HTTP/1.1"),
	} {
		f.Add(seed)
	}
	question := msgp.AppendString(msgp.AppendString(msgp.AppendString(msgp.AppendMapHeader(nil, 2), "op"), wire.OpDescribe), "more")
	f.Fuzz(func(t *testing.T, raw []byte) {
		whole := append(bytes.Clone(question), raw...) // a field that nobody knows
		for language, call := range calls {
			var d sdk.Description
			if err := call(t, driver.Call{Message: whole}, &d); (err == nil) != (wire.Check(whole) == nil) || err != nil && sdk.CodeOf(err) != sdk.Invalid {
				t.Errorf("%s says %v, Go says %v", language, err, wire.Check(whole))
			}
			if err := call(t, driver.Call{Message: raw}, new(msgp.Raw)); sdk.CodeOf(err) == sdk.Internal || wire.Check(raw) != nil && sdk.CodeOf(err) != sdk.Invalid {
				t.Errorf("%s: on its own: %v", language, err)
			}
		}
	})
}

// generic is a value without the form in which it is encoded.
func generic(t *testing.T, raw []byte) any {
	t.Helper()
	var b bytes.Buffer
	rest, err := msgp.UnmarshalAsJSON(&b, raw)
	if err != nil || len(rest) > 0 {
		t.Errorf("no value: %v, %d bytes left", err, len(rest))
		return nil
	}
	d := json.NewDecoder(&b)
	d.UseNumber() // so that no digit of a long number is lost
	var out any
	if err := d.Decode(&out); err != nil {
		t.Error(err)
	}
	return out
}
