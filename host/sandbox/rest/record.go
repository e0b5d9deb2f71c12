package rest

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// Record is what is to be remembered of a request.
type Record struct {
	Time    time.Time       // by the site's clock
	Took    time.Duration   // in truth, however the site's clock goes
	App     world.AppKey    // "" for a person
	Account world.AccountID // "" for nobody
	Method  string
	Path    string // with the query, without tokens
	Route   string // of the operation; "" where none is served
	Status  int    // 0 where the connection was cut before an answer
	Refused string // why, in the words of the answer
	Request string // the bodies, up to a few KB, if they are wanted
	Answer  string
}

// maxRecorded is how much of a body is kept.
const maxRecorded = 16 << 10

type recordKey struct{}

// recorded tells of every request that next answers.
func (s *server) recorded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		rec := &Record{Time: s.Clock(), Method: r.Method, Path: withoutToken(r)}
		r = r.WithContext(context.WithValue(r.Context(), recordKey{}, rec))
		tap := &tap{ResponseWriter: w}
		var asked *bytes.Buffer
		if s.Bodies != nil && s.Bodies() {
			tap.body, asked = &bytes.Buffer{}, &bytes.Buffer{}
			r.Body = struct {
				io.Reader
				io.Closer
			}{io.TeeReader(r.Body, &limited{asked}), r.Body}
		}
		// A cut connection leaves by a panic, and is told of, too.
		defer func() {
			rec.Took, rec.Status = time.Since(began), tap.status
			if asked != nil {
				rec.Request, rec.Answer = asked.String(), tap.body.String()
			}
			s.Record(*rec)
		}()
		next.ServeHTTP(tap, r)
	})
}

// withoutToken is the path of a request with its query, in which no token is left.
func withoutToken(r *http.Request) string {
	path := r.URL.EscapedPath()
	if q := r.URL.Query(); len(q) > 0 {
		if q.Has("jwt") {
			q.Set("jwt", "…")
		}
		path += "?" + q.Encode()
	}
	return path
}

func noteCaller(r *http.Request, op Operation, who Caller) {
	rec, ok := r.Context().Value(recordKey{}).(*Record)
	if !ok {
		return
	}
	rec.Account, rec.Route = who.Account, op.Path
	if who.App != nil {
		rec.App = who.App.Key
	}
}

func noteRefusal(r *http.Request, e *Error) {
	rec, ok := r.Context().Value(recordKey{}).(*Record)
	if !ok {
		return
	}
	parts := slices.Clone(e.Messages)
	for _, name := range slices.Sorted(maps.Keys(e.Fields)) {
		parts = append(parts, name+": "+e.Fields[name])
	}
	rec.Refused = strings.Join(parts, " ")
}

// tap looks at an answer on its way.
type tap struct {
	http.ResponseWriter
	status int
	body   *bytes.Buffer // nil keeps none
}

func (t *tap) Unwrap() http.ResponseWriter { return t.ResponseWriter }

func (t *tap) WriteHeader(status int) {
	if t.status == 0 {
		t.status = status
	}
	t.ResponseWriter.WriteHeader(status)
}

func (t *tap) Write(b []byte) (int, error) {
	if t.status == 0 {
		t.status = http.StatusOK
	}
	if t.body != nil {
		_, _ = (&limited{t.body}).Write(b)
	}
	return t.ResponseWriter.Write(b)
}

// limited keeps the beginning of what is written to it.
type limited struct{ to *bytes.Buffer }

func (l *limited) Write(b []byte) (int, error) {
	l.to.Write(b[:min(len(b), max(0, maxRecorded-l.to.Len()))])
	return len(b), nil
}
