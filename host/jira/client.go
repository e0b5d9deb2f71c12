package jira

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/jira/limit"
	"github.com/pergola-platform/pergola/host/tenant"
)

// Config is what a Client needs. AppKey is required.
type Config struct {
	AppKey string
	// TokenURL is where tokens are had for calls in the name of a person, see AsUser; empty refuses them.
	TokenURL string
	// Limits decides when a call is made; clients of one host share one. nil: one of the client's own, with its defaults.
	Limits *limit.Limiter
	// Bearers has the tokens for sites that have the app by Forge; nil refuses their calls.
	Bearers Bearers
	// HTTP makes the calls; redirects are never followed, whatever it says. nil: a client with a timeout of 20 seconds.
	HTTP *http.Client
	// MaxBody bounds an answer, in bytes; 0 means 8 MiB.
	MaxBody int64
	// Clock is time.Now where it is nil.
	Clock func() time.Time
	// Sleep waits before a call is tried again, or until ctx ends; nil: a timer.
	Sleep func(ctx context.Context, d time.Duration) error
	// Rand returns a number from 0 to below 1, for pauses that differ from each other; nil: rand.Float64.
	Rand func() float64
}

const (
	tokenLife   = 3 * time.Minute
	httpTimeout = 20 * time.Second
	idleConns   = 32
	maxBody     = 8 << 20
)

// Client calls Jira sites. It is safe for concurrent use and shared by all tenants. Make it with New.
type Client struct {
	appKey  string
	http    http.Client
	maxBody int64
	clock   func() time.Time
	sleep   func(context.Context, time.Duration) error
	rand    func() float64
	limits  *limit.Limiter
	users   users
	readers readers
	alone   readers // sites that do not let the app act in people's names
	bearers Bearers
}

// New returns a client.
func New(c Config) (*Client, error) {
	if c.AppKey == "" {
		return nil, errors.New("jira client: the app key is missing")
	}
	out := &Client{appKey: c.AppKey, http: http.Client{Timeout: httpTimeout}, maxBody: c.MaxBody, clock: c.Clock, sleep: c.Sleep, rand: c.Rand, limits: c.Limits, users: users{url: c.TokenURL}, bearers: c.Bearers}
	if c.HTTP != nil {
		out.http = *c.HTTP
	} else {
		out.http.Transport = transport()
	}
	// A redirect could carry the signed token to another host.
	out.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if out.maxBody <= 0 {
		out.maxBody = maxBody
	}
	if out.clock == nil {
		out.clock = time.Now
	}
	if out.sleep == nil {
		out.sleep = sleep
	}
	if out.rand == nil {
		out.rand = chance
	}
	if out.limits == nil {
		var err error
		if out.limits, err = limit.New(limit.Config{}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// transport keeps as many connections to a site as a host uses at a time. The default keeps two, so that calls side by side over HTTP/1, such
// as a synchronization's writes, would open others and close them again.
func transport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = idleConns
	return t
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// call is one REST call.
type call struct {
	what   string // for errors: what is done, in words, without names or values
	method string
	path   string // below the site's address, escaped
	query  url.Values
	body   any  // sent as JSON; nil for none. A GET never has one: Jira answers 403
	again  bool // carrying it out twice is the same as once
	words  bool // a refusal's own words may be shown: they are about what the user typed
	out    any  // takes the answer's JSON; nil drops it
	wrong  any  // takes the JSON of a 400, which says what is wrong with what; nil drops it

	locale string  // in which names are answered, such as de-DE; "" for the site's own
	task   *string // takes the id of the task that a 303 leads to; where it is nil, a 303 is no answer

	mayBeEmpty bool         // a 204 is an answer too, and leaves out as it is
	header     *http.Header // takes the headers of a success; nil drops them
}

// do carries out a call, and again where that makes sense.
func (c *Client) do(ctx context.Context, t tenant.Tenant, q call) error {
	if t.State != tenant.Active {
		return failed(q.what, notActive, nil)
	}
	if t.SharedSecret.Reveal() == "" && !t.OnForge() { // a tenant out of a list; what it signs, anybody could
		return fmt.Errorf("%s: the secret of tenant %s is not at hand; read the tenant by its id", q.what, t.ID)
	}
	body, err := encode(q)
	if err != nil {
		return err
	}
	return c.patiently(ctx, q, func() error { return c.once(ctx, t, q, body) })
}

func encode(q call) ([]byte, error) {
	if q.body == nil {
		return nil, nil
	}
	body, err := json.Marshal(q.body)
	if err != nil {
		return nil, fmt.Errorf("%s: encode: %w", q.what, err)
	}
	return body, nil
}

// once carries out a call once. Jira refuses a token before it does anything, so a call in a person's name whose token is not taken any
// more, which can be long before its end, is made again with a new one.
func (c *Client) once(ctx context.Context, t tenant.Tenant, q call, body []byte) error {
	err := c.send(ctx, t, q, body)
	var f *Failure
	if userOf(ctx) != "" && errors.As(err, &f) && f.status == http.StatusUnauthorized {
		return c.send(ctx, t, q, body)
	}
	return err
}

func (c *Client) send(ctx context.Context, t tenant.Tenant, q call, body []byte) error {
	req, err := c.request(ctx, t, q, body)
	if err != nil {
		return err
	}
	leave, err := c.limits.Acquire(ctx, limit.Call{Site: siteOf(t), Method: q.method, Path: q.path})
	if err != nil {
		return held(ctx, q.what, err)
	}
	var told limit.Answer
	defer func() { leave.Done(told) }()
	res, err := c.http.Do(req)
	if err != nil {
		f := unreachable(ctx, q.what, err)
		f.cut = cut(ctx, err)
		return f
	}
	defer res.Body.Close()
	told = limit.Read(res.StatusCode, res.Header, c.clock())
	raw, err := io.ReadAll(io.LimitReader(res.Body, c.maxBody+1))
	switch {
	case err != nil:
		return unreachable(ctx, q.what, err)
	case int64(len(raw)) > c.maxBody:
		return failed(q.what, tooLarge, nil)
	case res.StatusCode == http.StatusUnauthorized && userOf(ctx) != "":
		c.users.drop(actor{t.ID, userOf(ctx)}, strings.TrimPrefix(req.Header.Get("Authorization"), bearerPrefix))
		f := failed(q.what, mayNotAct, nil)
		if t.OnForge() {
			f = failed(q.what, mayNotActOnForge, nil)
		}
		f.status = res.StatusCode
		return f
	case res.StatusCode == http.StatusSeeOther && q.task != nil:
		if *q.task = path.Base(res.Header.Get("Location")); !taskForm.MatchString(*q.task) {
			return failed(q.what, unreadable, nil)
		}
		return nil
	case res.StatusCode < 200 || res.StatusCode > 299:
		if q.wrong != nil && res.StatusCode == http.StatusBadRequest {
			_ = json.Unmarshal(raw, q.wrong) // what is no JSON says nothing
		}
		return refused(q, res, raw, told)
	}
	if q.header != nil {
		*q.header = res.Header
	}
	if q.out == nil || q.mayBeEmpty && res.StatusCode == http.StatusNoContent {
		return nil
	}
	if err := json.Unmarshal(raw, q.out); err != nil {
		// The decoder's words quote the answer.
		return failed(q.what, unreadable, nil)
	}
	told.Objects = objects(q)
	return nil
}

// request builds and signs a request. The query string hash leaves out the path of the site's own address.
func (c *Client) request(ctx context.Context, t tenant.Tenant, q call, body []byte) (*http.Request, error) {
	base := t.BaseURL
	if t.OnForge() {
		base = t.Forge.APIBaseURL
	}
	site, err := url.Parse(base)
	if err != nil || site.Host == "" {
		return nil, fmt.Errorf("%s: the address of tenant %s is none", q.what, t.ID)
	}
	target := base + q.path
	if len(q.query) > 0 {
		target += "?" + q.query.Encode()
	}
	var reader io.Reader
	if body != nil {
		reader = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, q.method, target, reader)
	if err != nil {
		return nil, fmt.Errorf("%s: the address of tenant %s is none", q.what, t.ID)
	}
	authorization, err := c.authorize(ctx, t, q, auth.QSH(q.method, target, site.EscapedPath()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", authorization)
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "pergola")
	if q.locale != "" {
		// Without the second header Jira answers in the language of the app's own account.
		req.Header.Set("Accept-Language", strings.ReplaceAll(q.locale, "_", "-"))
		req.Header.Set("X-Force-Accept-Language", "true")
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// authorize is the header that says who calls: the app itself, or a person through it.
func (c *Client) authorize(ctx context.Context, t tenant.Tenant, q call, qsh string) (string, error) {
	if t.OnForge() {
		token, err := c.forgeBearer(ctx, t, q.what)
		return bearerPrefix + token, err
	}
	if account := userOf(ctx); account != "" {
		token, err := c.bearer(ctx, t, account)
		return bearerPrefix + token, err
	}
	now := c.clock()
	token, err := auth.SignHS256(auth.Claims{
		Issuer: c.appKey, Audience: []string{t.ClientKey}, IssuedAt: now, Expiry: now.Add(tokenLife), QSH: qsh,
	}, t.SharedSecret.Reveal())
	if err != nil {
		return "", fmt.Errorf("%s: tenant %s: %w", q.what, t.ID, err)
	}
	return "JWT " + token, nil
}
