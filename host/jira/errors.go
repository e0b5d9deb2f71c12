package jira

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/pergola-platform/pergola/host/jira/limit"
	"github.com/pergola-platform/pergola/sdk"
)

// Failure is a call to Jira that did not work. errors.As finds in it the *sdk.Error that a user may read. Error is for
// logs and holds neither address nor content.
type Failure struct {
	// RetryAfter is how long Jira asks to wait, 0 where it does not say.
	RetryAfter time.Duration
	// Reason is the limit that was reached, as limit.Reason has it, such as jira-quota-global-based; "" for other failures.
	Reason string

	what   string
	status int
	public *sdk.Error
	cause  error
	unsent bool // nothing was sent
	cut    bool // the connection ended before there was an answer
}

// Error says what was done and how Jira answered.
func (f *Failure) Error() string {
	s := f.what + ": " + string(f.public.Code)
	if f.status != 0 {
		s += fmt.Sprintf(" (status %d)", f.status)
	}
	if f.Reason != "" {
		s += ": " + f.Reason
	}
	if f.cause != nil {
		s += ": " + f.cause.Error()
	}
	return s
}

// Unwrap returns what a user may read, and the cause.
func (f *Failure) Unwrap() []error {
	if f.cause == nil {
		return []error{f.public}
	}
	return []error{f.public, f.cause}
}

// What a user reads, by what went wrong.
var (
	notActive = sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost, Message: "The app is not switched on for this Jira site. A Jira admin can switch it on under Manage apps."}
	tooLarge  = sdk.Error{Code: sdk.Exhausted, Source: sdk.FromDownstream, Message: "Jira's answer is too large. Ask for fewer issues or fields."}
	// A 200 that is no JSON comes from a proxy or a login page in between.
	unreadable = sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream, Message: "Jira's answer could not be read. Try again in a minute."}
	notThere   = sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream, Message: "Jira does not answer just now. Try again in a minute."}
	slow       = sdk.Error{Code: sdk.Deadline, Source: sdk.FromDownstream, Message: "Jira took too long to answer. Try again."}
	canceled   = sdk.Error{Code: sdk.Canceled, Source: sdk.FromHost, Message: "The request was given up."}
	wrong      = sdk.Error{Code: sdk.Invalid, Source: sdk.FromDownstream, Message: "Jira does not understand the request. Check what was entered."}
	// Nothing of what a user may do: to a plugin it is as if Jira were not there, until the site has installed the app anew.
	stranger  = sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream, Message: "Jira does not recognise the app. It does again once a Jira admin has installed it anew."}
	forbidden = sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromDownstream, Message: "Jira does not allow this to the app. A Jira admin can check the app's permissions."}
	notFound  = sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream, Message: "Jira has no such thing, or it may not be seen."}
	changed   = sdk.Error{Code: sdk.Exists, Source: sdk.FromDownstream, Message: "This was changed in Jira at the same moment. Try again."}
	busy      = sdk.Error{Code: sdk.Exhausted, Source: sdk.FromDownstream, Message: "Jira is asked too often just now. Try again in a minute."}
)

func failed(what string, public sdk.Error, cause error) *Failure {
	return &Failure{what: what, public: &public, cause: cause}
}

// refused translates an answer that is no success.
func refused(q call, res *http.Response, body []byte, told limit.Answer) *Failure {
	f := failed(q.what, public(res.StatusCode), nil)
	f.status, f.Reason = res.StatusCode, string(told.Refused)
	f.after(told.RetryAfter)
	if res.StatusCode == http.StatusBadRequest && q.words {
		if words := ownWords(body); words != "" {
			f.public.Message = words
		}
	}
	return f
}

// after notes when it makes sense to come again.
func (f *Failure) after(d time.Duration) {
	f.RetryAfter = d
	f.public.RetryAfter = int((d + time.Second - 1) / time.Second)
}

func public(status int) sdk.Error {
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
		return wrong
	case http.StatusUnauthorized:
		return stranger
	case http.StatusForbidden:
		return forbidden
	case http.StatusNotFound:
		return notFound
	case http.StatusConflict:
		return changed
	case http.StatusTooManyRequests:
		return busy
	case http.StatusGatewayTimeout, http.StatusRequestTimeout:
		return slow
	default:
		return notThere
	}
}

// ownWords are the messages of an answer, at most 500 characters.
func ownWords(body []byte) string {
	var e struct {
		ErrorMessages []string          `json:"errorMessages"`
		Errors        map[string]string `json:"errors"`
	}
	if json.Unmarshal(body, &e) != nil {
		return ""
	}
	fields := make([]string, 0, len(e.Errors))
	for _, m := range e.Errors {
		fields = append(fields, m)
	}
	slices.Sort(fields)
	words := []rune(strings.TrimSpace(strings.Join(append(e.ErrorMessages, fields...), " ")))
	const most = 500
	if len(words) > most {
		return string(words[:most]) + "…"
	}
	return string(words)
}

// unreachable translates an error of the network. What is kept of it is what the system said: the library's own words name the
// whole address, and quote what Jira answered where that was no HTTP.
func unreachable(ctx context.Context, what string, err error) *Failure {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return failed(what, canceled, context.Canceled)
	case ctx.Err() != nil, errors.As(err, &timeout) && timeout.Timeout():
		return failed(what, slow, system(err))
	default:
		return failed(what, notThere, system(err))
	}
}

// system keeps of an error of the network what holds no words of anybody's.
func system(err error) error {
	var errno syscall.Errno
	var dns *net.DNSError
	switch {
	case errors.As(err, &errno):
		return errno
	case errors.As(err, &dns) && dns.IsNotFound:
		return errors.New("its name is not known")
	}
	for _, known := range []error{io.EOF, io.ErrUnexpectedEOF, context.DeadlineExceeded, context.Canceled, os.ErrDeadlineExceeded} {
		if errors.Is(err, known) {
			return known
		}
	}
	return fmt.Errorf("an error of type %T", err)
}
