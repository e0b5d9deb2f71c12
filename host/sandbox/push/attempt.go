package push

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// Outcome is what came of an attempt.
type Outcome string

// The outcomes.
const (
	Delivered Outcome = "delivered"
	Again     Outcome = "again"   // it will be tried again
	Refused   Outcome = "refused" // the app's answer does not change with time
	Failed    Outcome = "failed"  // given up after the last retry
	Dropped   Outcome = "dropped" // never sent
)

// Attempt is a line of the log.
type Attempt struct {
	Time    time.Time `json:"time"`
	ID      string    `json:"id"` // the identifier that the app reads
	App     string    `json:"app"`
	Event   string    `json:"event"`
	URL     string    `json:"url"`
	Retry   int       `json:"retry"`
	Status  int       `json:"status,omitempty"` // of the app's answer; 0 where there was none
	Outcome Outcome   `json:"outcome"`
	Problem string    `json:"problem,omitempty"`
}

// attempt sends a delivery once and decides what becomes of it.
func (s *Sender) attempt(d *delivery) {
	status, err := s.post(d)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	problem := ""
	if err != nil {
		problem = err.Error()
	}
	var unsigned *signError
	switch {
	case errors.As(err, &unsigned):
		s.done(d, Dropped, status, problem)
	case err == nil && status >= 200 && status < 300:
		s.done(d, Delivered, status, "")
	case err == nil && !retried(status):
		s.done(d, Refused, status, "")
	case d.retry == MaxRetries:
		s.pending--
		s.fail(d, status, problem)
	default:
		s.note(d, Again, status, problem)
		d.retry++
		s.later(s.cfg.Backoff(d.retry), func() { s.enqueue(d) })
	}
}

// retried says whether an answer may change with time.
func retried(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return status >= 500
}

// signError says that there is nobody to sign for.
type signError struct{ error }

func (s *Sender) post(d *delivery) (status int, err error) {
	token, err := s.cfg.Sign(d.hook.App, http.MethodPost, d.hook.URL)
	if err != nil {
		return 0, &signError{err}
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.cfg.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.hook.URL, bytes.NewReader(d.body))
	if err != nil {
		return 0, &signError{err}
	}
	r.GetBody = nil // a request that may have arrived is a retry, with a retry's header
	if token != "" {
		r.Header.Set("Authorization", token)
	}
	r.Header.Set("Content-Type", "application/json; charset=UTF-8")
	r.Header.Set("X-Atlassian-Webhook-Identifier", d.id)
	r.Header.Set("X-Atlassian-Webhook-Flow", "Primary")
	if d.retry > 0 {
		r.Header.Set("X-Atlassian-Webhook-Retry", strconv.Itoa(d.retry))
	}
	resp, err := s.cfg.Client.Do(r)
	if err != nil {
		return 0, cause(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	return resp.StatusCode, nil
}

// cause leaves out the address that a url.Error repeats.
func cause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// done ends a delivery. The caller holds s.mu, as for the next one.
func (s *Sender) done(d *delivery, o Outcome, status int, problem string) {
	s.pending--
	s.note(d, o, status, problem)
}

func (s *Sender) note(d *delivery, o Outcome, status int, problem string) {
	s.log = append(s.log, Attempt{
		Time: s.cfg.Clock().UTC(), ID: d.id, App: d.hook.App, Event: d.event, URL: d.hook.URL, Retry: d.retry, Status: status, Outcome: o, Problem: problem,
	})
	s.log = s.log[max(0, len(s.log)-s.cfg.Keep):]
}

// Log returns the attempts, the latest first.
func (s *Sender) Log() []Attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.log)
	slices.Reverse(out)
	if out == nil {
		out = []Attempt{}
	}
	return out
}

// Waiting is how many deliveries are not done, retries included.
func (s *Sender) Waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending
}
