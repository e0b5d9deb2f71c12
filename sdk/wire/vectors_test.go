package wire_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"
)

var update = flag.Bool("update", false, "write vectors that are missing")

// current is where the vectors of this version lie. When a type gains a field, its old vector must stay as it is:
// start the next directory. A field that is renamed, removed or changes its type breaks plugins that exist.
const current = "testdata/v0.5"

func TestEncodingIsTheGoldenOne(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(types)) {
		raw := encode(sample(name))
		file := filepath.Join(current, name+".hex")
		if _, err := os.Stat(file); os.IsNotExist(err) && *update {
			if err := os.WriteFile(file, []byte(dump(raw)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Errorf("%v; go test ./sdk/wire -update writes what is missing", err)
			continue
		}
		if want := undump(t, string(text)); !bytes.Equal(want, raw) {
			t.Errorf("%s is encoded otherwise than %s says (-golden +now):\n%s", name, file, cmp.Diff(generic(t, want), generic(t, raw)))
		}
	}
}

// Every vector of every version decodes, and nothing that it says is lost.
func TestOldVectorsStillDecode(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*.hex")
	if err != nil || len(files) < len(types) {
		t.Fatalf("%d vectors, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".hex")
		if types[name] == nil {
			t.Errorf("%s: the type is gone, but plugins that exist still use it", file)
			continue
		}
		raw := undump(t, string(text))
		m := types[name]()
		rest, err := m.UnmarshalMsg(raw)
		if err != nil || len(rest) > 0 {
			t.Errorf("%s: %v, %d bytes left", file, err, len(rest))
			continue
		}
		missing(t, file, generic(t, raw), generic(t, encode(m)))
	}
}

// missing reports what old says and now does not.
func missing(t *testing.T, at string, old, now any) {
	t.Helper()
	switch old := old.(type) {
	case map[string]any:
		n, _ := now.(map[string]any)
		for k, v := range old {
			missing(t, at+"."+k, v, n[k])
		}
	case []any:
		n, _ := now.([]any)
		if len(n) != len(old) {
			t.Errorf("%s: had %d members, has %d", at, len(old), len(n))
			return
		}
		for i := range old {
			missing(t, at, old[i], n[i])
		}
	default:
		if diff := cmp.Diff(old, now); diff != "" {
			t.Errorf("%s (-old +now):\n%s", at, diff)
		}
	}
}

func TestUnknownFieldsAreSkipped(t *testing.T) {
	for name := range types {
		raw := encode(sample(name))
		n, rest, err := msgp.ReadMapHeaderBytes(raw)
		if err != nil {
			continue // a string type
		}
		future, err := msgp.AppendIntf(nil, map[string]any{"a": []any{1, "two", map[string]any{"three": 3.0}}})
		if err != nil {
			t.Fatal(err)
		}
		newer := msgp.AppendMapHeader(nil, n+2)
		newer = append(msgp.AppendString(newer, "a_field_of_tomorrow"), future...)
		newer = append(newer, rest...)
		newer = append(msgp.AppendString(newer, ""), future...)
		m := types[name]()
		if _, err := m.UnmarshalMsg(newer); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(sample(name), m); diff != "" {
			t.Errorf("%s (-sent +got):\n%s", name, diff)
		}
	}
}

func TestAbsentFieldsAreZero(t *testing.T) {
	for name := range types {
		m := sample(name)
		if _, _, err := msgp.ReadMapHeaderBytes(encode(m)); err != nil {
			continue // a string type
		}
		fresh := types[name]()
		if _, err := fresh.UnmarshalMsg([]byte{0x80}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(types[name](), fresh); diff != "" {
			t.Errorf("%s (-zero +got):\n%s", name, diff)
		}
	}
}

// dump writes bytes as lines of hex, as a person can compare them.
func dump(raw []byte) string {
	var b strings.Builder
	for chunk := range slices.Chunk(raw, 32) {
		b.WriteString(hex.EncodeToString(chunk) + "\n")
	}
	return b.String()
}

func undump(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(strings.ReplaceAll(text, "\n", ""))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func generic(t *testing.T, raw []byte) any {
	t.Helper()
	var b bytes.Buffer
	if _, err := msgp.UnmarshalAsJSON(&b, raw); err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(b.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	return out
}
