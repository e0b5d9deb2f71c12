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
	"github.com/pergola-platform/pergola/sdk/wire"
)

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
	for language, folder := range map[string]string{"C": "core/drivertest/guests/c-mirror", "AssemblyScript": "core/drivertest/guests/as-mirror"} {
		t.Run(language, func(t *testing.T) {
			d := open(t)
			s := drivertest.Subject{Open: func(testing.TB) driver.Driver { return d }, Code: drivertest.Build(t, folder)}
			for name, value := range values {
				body := msgp.AppendMapHeader(nil, 2)
				body = msgp.AppendString(msgp.AppendString(body, "name"), "mirror")
				body = append(msgp.AppendString(body, "value"), value...)
				message, err := (&wire.Call{Op: wire.OpView, Body: body}).MarshalMsg(nil)
				if err != nil {
					t.Fatal(err)
				}
				var got msgp.Raw
				if err := drivertest.Exchange(t, s, driver.Call{Message: message}, &got); err != nil {
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
