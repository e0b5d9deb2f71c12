package openapitest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
)

var answers, violations atomic.Int64

// Watch stands before a sandbox's handler for the length of a test and fails it for every answer below /rest that is not as
// Atlassian's documents say. Where they are absent it returns the handler; with CI=true it fails the test.
func Watch(t testing.TB, h http.Handler) http.Handler {
	t.Helper()
	d, err := Load()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		return h
	}
	return d.Handler(h, func(r *http.Request, a Answer, err error) {
		t.Errorf("%s %s: %d is not as Atlassian's document says: %v\n%.600s", r.Method, r.URL.RequestURI(), a.Status, err, a.Body)
	})
}

// Handler passes requests on to h and reports answers that are not as the documents say. report may be called by several
// goroutines at once.
func (d *Documents) Handler(h http.Handler, report func(*http.Request, Answer, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.EscapedPath() // before a handler changes it
		tee := &recorder{ResponseWriter: w, status: http.StatusOK}
		h.ServeHTTP(tee, r)
		if len(path) < 6 || path[:6] != "/rest/" {
			return
		}
		answers.Add(1)
		a := Answer{Status: tee.status, ContentType: w.Header().Get("Content-Type"), Body: tee.body.Bytes()}
		if err := d.Check(r.Method, path, a); err != nil {
			violations.Add(1)
			report(r, a, err)
		}
	})
}

// recorder keeps a copy of what it passes on.
type recorder struct {
	http.ResponseWriter
	status  int
	started bool
	body    bytes.Buffer
}

func (r *recorder) WriteHeader(status int) {
	if !r.started && status >= 200 {
		r.status, r.started = status, true
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	r.started = true
	r.body.Write(b)
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Figures writes what this process has judged, for a TestMain.
func Figures(w io.Writer) {
	fmt.Fprintf(w, "figure openapi_responses_checked %d\n", answers.Load())
	fmt.Fprintf(w, "figure openapi_response_violations %d\n", violations.Load())
}
