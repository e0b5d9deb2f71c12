package archive_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/archive"
)

func FuzzLine(f *testing.F) {
	for _, seed := range []string{
		`{"tenant":"a","collection":"things","id":"1","index":{"owner":"ann"},"body":"e30="}`,
		`{"tenant":"_platform","collection":"import","id":"progress","body":"e30="}`,
		`{"tenant":"a","collection":"things","id":"1","body":"e30="}{}`,
		`{"tenant":"a","collection":"things","id":"1","body":"e30=","more":1}`,
		`{"tenant":"","collection":"T","id":"\u0000","body":"e"}`,
		`{"tenant":"\ud800","collection":"t","id":"\ufffd","body":null}`,
		"{\"tenant\":\"a\xff\"}", "[]", "null", "", "\n", strings.Repeat("[", 20000),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := archive.ParseLine(b)
		if err != nil {
			return
		}
		if err := store.ValidateOp(store.Op{Doc: d}); err != nil {
			t.Errorf("%q became a document that no store takes: %v", b, err)
		}
		encoded, err := archive.EncodeLine(d)
		if err != nil || bytes.IndexByte(encoded, '\n') != len(encoded)-1 {
			t.Fatalf("%q became %q, %v; want one line", b, encoded, err)
		}
		again, err := archive.ParseLine(encoded)
		if diff := cmp.Diff(d, again, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("%q: %v (-first +again):\n%s", b, err, diff)
		}
	})
}
