package manifest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/pergola-platform/pergola/core/manifest"
)

// Whatever the bytes are, Parse returns a manifest or problems, and a manifest that was written out and read again is
// the same one.
func FuzzParse(f *testing.F) {
	f.Add([]byte(full(f)))
	f.Add([]byte(`{"manifestVersion":1,"id":"a.b","name":"B","version":"0.1.0","publisher":{"name":"A"},"description":"d","compat":{"abi":1},"runtime":{"kind":"wasm","entry":"b.wasm"},"settings":{"type":"object","properties":{"a":{"type":"array","items":{"type":"string"},"default":["<&>"],"x-jira":"field"}}}}`))
	f.Add([]byte(`{"limits":{"request":{"memoryMiB":1e5}}}`))
	f.Add([]byte(`[[[{"a":"\ud800"}]]]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := manifest.Parse("plugin.json", data)
		if err != nil {
			var problems manifest.Errors
			if !errors.As(err, &problems) || len(problems) == 0 {
				t.Fatalf("error = %v, want manifest.Errors", err)
			}
			return
		}
		once, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		again, err := manifest.Parse("plugin.json", once)
		if err != nil {
			t.Fatalf("written out, it is refused: %v\n%s", err, once)
		}
		twice, err := json.Marshal(again)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(once, twice) {
			t.Errorf("written out:\n%s\nread and written out again:\n%s", once, twice)
		}
	})
}

func FuzzValidateValue(f *testing.F) {
	for _, v := range []string{"10001", "2026-01-31T12:00:00Z", "-7", "true", "customfield_10001", "5b10a:x-y_z"} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, kind := range manifest.Kinds() {
			if err := manifest.ValidateValue(kind, value); err == nil && (value == "" || len(value) > 128) {
				t.Errorf("%s accepts %q", kind, value)
			}
		}
	})
}
