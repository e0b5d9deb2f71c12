package web

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/events"
)

// FuzzBodies takes what is read of bodies before, or beside, whoever they are for.
func FuzzBodies(f *testing.F) {
	for _, body := range []string{
		`{"clientKey":"one","timestamp":1798761600000}`, `{"clientKey":1,"timestamp":"x"}`, `{"clientKey":"one","clientKey":"two","timestamp":1e300}`,
		`{"clientKey":"one"} {"clientKey":"two"}`, `{"CLIENTKEY":"one","timestamp":-9223372036854775808}`, `null`, `[]`, ``,
	} {
		f.Add([]byte(body))
	}
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		if key := clientKey(body); key != "" && !json.Valid(body) {
			t.Errorf("%q is the client key of what is no JSON", key)
		}
		if at := events.Happened(body, now); at.Before(now.Add(-4*24*time.Hour)) || at.After(now.Add(time.Hour)) {
			t.Errorf("it happened at %s", at)
		}
	})
}
