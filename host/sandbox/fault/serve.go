package fault

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/limit"
)

// slowPieces is in how many pieces a slow body comes.
const slowPieces = 10

// Serve answers a request with next, or as the rules want. It panics with http.ErrAbortHandler to end a connection, which
// the server of net/http takes for just that.
func (s *Set) Serve(w http.ResponseWriter, r *http.Request, t Target, next http.HandlerFunc) {
	var decided *hit
	for _, h := range s.hits(t) {
		switch h.Effect {
		case Latency:
			s.record(h, t, "waited "+h.delay.Round(time.Millisecond).String())
			s.wait(r.Context(), h.delay)
		case Skew:
			s.record(h, t, "answered with a clock that is off by "+h.Skew.String())
			w.Header().Set("Date", s.now().Add(time.Duration(h.Skew)).UTC().Format(http.TimeFormat))
		default:
			decided = &h
		}
	}
	if decided == nil {
		next(w, r)
		return
	}
	s.decide(w, r, t, *decided, next)
}

func (s *Set) decide(w http.ResponseWriter, r *http.Request, t Target, h hit, next http.HandlerFunc) {
	switch h.Effect {
	case Status:
		s.record(h, t, h.refuse(w, s.now()))
		return
	case Cut:
		if h.At == "before" {
			s.record(h, t, "cut the connection before anything was done")
			panic(http.ErrAbortHandler)
		}
	}
	a := &held{header: w.Header(), status: http.StatusOK}
	next(a, r)
	body, flush := a.body.Bytes(), http.NewResponseController(w).Flush
	half := body[:len(body)/2]
	switch h.Effect {
	case Lose:
		s.record(h, t, fmt.Sprintf("lost the answer %d after all was done", a.status))
		panic(http.ErrAbortHandler)
	case Cut:
		s.record(h, t, fmt.Sprintf("cut the connection after %d of %d bytes of the answer %d", len(half), len(body), a.status))
		if len(body) > 0 {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			w.WriteHeader(a.status)
			_, _ = w.Write(half)
			_ = flush()
		}
		panic(http.ErrAbortHandler)
	case Truncate:
		s.record(h, t, fmt.Sprintf("answered %d with %d of %d bytes", a.status, len(half), len(body)))
		w.WriteHeader(a.status)
		_, _ = w.Write(half)
	case Slow:
		s.record(h, t, fmt.Sprintf("took %s over the %d bytes of the answer %d", h.delay.Round(time.Millisecond), len(body), a.status))
		w.WriteHeader(a.status)
		for i := range slowPieces {
			s.wait(r.Context(), h.delay/slowPieces)
			_, _ = w.Write(body[len(body)*i/slowPieces : len(body)*(i+1)/slowPieces])
			_ = flush()
		}
	}
}

// refuse answers in place of the site, as Jira and what stands before it do.
func (h *hit) refuse(w http.ResponseWriter, now time.Time) string {
	switch h.Status {
	case http.StatusTooManyRequests:
		e := limit.Example(h.Reason, now, time.Duration(h.RetryAfter))
		e.Headers(w.Header())
		write(w, h.Status, "application/json;charset=UTF-8", `{"errorMessages":["Rate limit exceeded."],"errors":{}}`)
		return fmt.Sprintf("answered 429 %s, to be tried again in %s", h.Reason, e.RetryAfter())
	case http.StatusInternalServerError:
		write(w, h.Status, "application/json;charset=UTF-8", `{"errorMessages":["Internal server error"],"errors":{}}`)
	default: // the gateway speaks, and no JSON
		if h.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(max(1, int(time.Duration(h.RetryAfter).Seconds()))))
		}
		title := fmt.Sprintf("%d %s", h.Status, http.StatusText(h.Status))
		write(w, h.Status, "text/html", "<html><head><title>"+title+"</title></head><body><h1>"+title+"</h1></body></html>\n")
	}
	return fmt.Sprintf("answered %d", h.Status)
}

func write(w http.ResponseWriter, status int, contentType, body string) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

// held keeps an answer back. Headers go to the real answer at once: nothing sends them before its WriteHeader.
type held struct {
	header http.Header
	status int
	wrote  bool
	body   bytes.Buffer
}

func (a *held) Header() http.Header { return a.header }

func (a *held) WriteHeader(status int) {
	if !a.wrote {
		a.status, a.wrote = status, true
	}
}

func (a *held) Write(b []byte) (int, error) {
	a.wrote = true
	return a.body.Write(b)
}
