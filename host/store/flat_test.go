package store_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/store"
)

var flats = []string{
	`{}`, `{"a":"b"}`, `{"a":"1","b":"2","a":"3"}`, `{"":""}`, `{"a":"b"}x`, `{"a":"b","c":{"d":"e"}}`,
	`{"a":"\u0041"}`, `{"a":"\""}`, `{"ä":"ö"}`, "{\"a\":\"\xff\"}", "{\"a\":\"\x7f\"}", "{\"a\":\"\n\"}", `{ "a" : "b" }`, `{"a":null}`, `null`,
	``, `{`, `{"a`, `{"a"`, `{"a":`, `{"a":"b`, `{"a":"b"`, `{"a":"b",`, `{"a":"b",}`, `{,}`, `{"a":1}`, `{"a":"b";"c":"d"}`, `[]`, `"a"`, `{"a","b"}`,
}

// asJSON fails where Flat and CutFlat do not do with raw what json.Unmarshal does.
func asJSON(t *testing.T, raw string) {
	t.Helper()
	var want map[string]string
	wrong := json.Unmarshal([]byte(raw), &want)
	got, err := store.Flat([]byte(raw))
	if (err == nil) != (wrong == nil) {
		t.Errorf("Flat(%q): %v, json says %v", raw, err, wrong)
	}
	if diff := cmp.Diff(want, got); wrong == nil && diff != "" {
		t.Errorf("Flat(%q) (-json +got):\n%s", raw, diff)
	}
	cut, rest, ok := store.CutFlat(raw)
	if !ok {
		return
	}
	object, found := strings.CutSuffix(raw, rest)
	want = nil
	if err := json.Unmarshal([]byte(object), &want); err != nil || !found {
		t.Errorf("CutFlat(%q) takes %q: %v", raw, object, err)
	}
	if diff := cmp.Diff(want, cut); diff != "" {
		t.Errorf("CutFlat(%q) (-json +got):\n%s", raw, diff)
	}
}

func TestFlatDecodesWhatJSONDoes(t *testing.T) {
	for _, raw := range flats {
		asJSON(t, raw)
	}
}

// What is stored is nearly always of this shape; if it took the long way, nobody would see.
func TestCutFlatTakesWhatIsWritten(t *testing.T) {
	raw, err := json.Marshal(map[string]string{"inward": "10100", "at": "2026-03-01T12:00:00Z", "by": "712020:3b1f77aa-0000"})
	if err != nil {
		t.Fatal(err)
	}
	if m, rest, ok := store.CutFlat(string(raw) + ","); !ok || rest != "," || len(m) != 3 {
		t.Errorf("CutFlat(%s): %v, %q, %v", raw, m, rest, ok)
	}
}

func FuzzFlat(f *testing.F) {
	for _, raw := range flats {
		f.Add(raw)
	}
	f.Fuzz(asJSON)
}
