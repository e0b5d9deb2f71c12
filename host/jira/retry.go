package jira

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"syscall"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jira/limit"
	"github.com/pergola-platform/pergola/host/tenant"
)

const (
	retries = 2
	// firstPause is the most that the first other try waits for; it doubles with each.
	firstPause = time.Second
	// maxWait is the longest pause that a site which is not there can ask for.
	maxWait = 5 * time.Second
)

// patiently makes a call, and again where that can help and does no harm. After a refusal for coming too often the limiter says when, or
// that it takes too long.
func (c *Client) patiently(ctx context.Context, q call, once func() error) error {
	var first error // why there was another try
	for try := 0; ; try++ {
		err := once()
		f := (*Failure)(nil)
		if !errors.As(err, &f) {
			return err
		}
		if f.unsent && first != nil {
			return first
		}
		pause, ok := c.pause(f, try)
		if !ok || !q.again || try == retries {
			return err
		}
		if deadline, ok := ctx.Deadline(); ok && c.clock().Add(pause).After(deadline) {
			return err
		}
		if pause > 0 && c.sleep(ctx, pause) != nil {
			return err
		}
		first = err
	}
}

// pause says how long to wait before a call is tried again, if that can help: Jira is too busy, or it, what stands before it or the
// connection was just then not there. What failed together does not come back together: the pause is any time up to its bound
// (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
func (c *Client) pause(f *Failure, try int) (time.Duration, bool) {
	switch {
	case f.status == http.StatusTooManyRequests:
		return 0, true
	case f.cut, f.status == http.StatusBadGateway, f.status == http.StatusServiceUnavailable, f.status == http.StatusGatewayTimeout:
		return f.RetryAfter + time.Duration(c.rand()*float64(firstPause<<try)), f.RetryAfter <= maxWait
	}
	return 0, false
}

func chance() float64 { return rand.Float64() } //nolint:gosec // a pause is no secret

// cut says whether a connection ended before there was an answer, and not because somebody's time was over.
func cut(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// held translates that a call was not made. Jira has heard nothing of it.
func held(ctx context.Context, what string, err error) *Failure {
	r := (*limit.Refusal)(nil)
	if !errors.As(err, &r) {
		f := unreachable(ctx, what, err)
		f.unsent = true
		return f
	}
	f := failed(what, busy, nil)
	f.Reason, f.unsent = string(r.Reason), true
	f.after(r.RetryAfter)
	return f
}

// siteOf is what a site's calls are counted under. One that is no tenant yet has no id.
func siteOf(t tenant.Tenant) capability.TenantID {
	if t.ID == "" {
		return capability.TenantID(t.Forge.APIBaseURL)
	}
	return t.ID
}
