package jira

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/jira/limit"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

// What an assertion says, as https://developer.atlassian.com/cloud/jira/software/user-impersonation-for-connect-apps/ has it.
const (
	grantType     = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	clientPrefix  = "urn:atlassian:connect:clientid:"
	userPrefix    = "urn:atlassian:connect:useraccountid:"
	assertionLife = time.Minute
	// leeway is how long before its end a token is not used any more.
	leeway = 30 * time.Second

	bearerPrefix = "Bearer "
)

type userKey struct{}

// AsUser returns a context whose calls are made in the name of an account, with its permissions and not those of the app; "" is the
// app itself. The site has to grant the app the scope ACT_AS_USER.
func AsUser(ctx context.Context, account string) context.Context {
	return context.WithValue(ctx, userKey{}, account)
}

func userOf(ctx context.Context) string {
	account, _ := ctx.Value(userKey{}).(string)
	return account
}

// users keeps tokens of people while they are good, in memory alone: with each of them a person's whole site could be read.
type users struct {
	url  string // of the token endpoint
	mu   sync.Mutex
	kept map[actor]userToken
}

type actor struct {
	tenant  capability.TenantID
	account string
}

type userToken struct {
	text string
	ends time.Time
}

// maxActors bounds the tokens that are kept.
const maxActors = 10_000

func (u *users) get(a actor, now time.Time) (string, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	t, ok := u.kept[a]
	return t.text, ok && now.Before(t.ends)
}

// ends is when the token that is kept ends; zero where there is none.
func (u *users) ends(a actor) time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.kept[a].ends
}

func (u *users) put(a actor, t userToken) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.kept == nil || len(u.kept) >= maxActors && u.kept[a].text == "" {
		u.kept = map[actor]userToken{}
	}
	u.kept[a] = t
}

// drop forgets a token that Jira does not take any more. Another one that came in its place meanwhile stays.
func (u *users) drop(a actor, text string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.kept[a].text == text {
		delete(u.kept, a)
	}
}

var (
	errNoUsers = errors.New("no token endpoint is set")
	mayNotAct  = sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromDownstream, Message: "The app may not act in this account's name. It needs the scope ACT_AS_USER on this site, and the account has to be active."}
)

// bearer returns a token with which calls are made in the name of an account.
func (c *Client) bearer(ctx context.Context, t tenant.Tenant, account string) (string, error) {
	const what = "act as a user"
	if c.users.url == "" {
		return "", failed(what, mayNotAct, errNoUsers)
	}
	a := actor{t.ID, account}
	now := c.clock()
	if text, ok := c.users.get(a, now); ok {
		return text, nil
	}
	audience, err := url.Parse(c.users.url)
	if err != nil {
		return "", failed(what, mayNotAct, errNoUsers)
	}
	assertion, err := auth.SignHS256(auth.Claims{
		Issuer: clientPrefix + t.OAuthClientID, Subject: userPrefix + account, Tenant: t.BaseURL, Audience: []string{audience.Scheme + "://" + audience.Host},
		IssuedAt: now, Expiry: now.Add(assertionLife),
	}, t.SharedSecret.Reveal())
	if err != nil {
		return "", failed(what, mayNotAct, err)
	}
	form := url.Values{"grant_type": {grantType}, "assertion": {assertion}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.users.url, strings.NewReader(form.Encode()))
	if err != nil {
		return "", failed(what, mayNotAct, errNoUsers)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "pergola")
	res, err := c.http.Do(req)
	if err != nil {
		return "", unreachable(ctx, what, err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	switch {
	case err != nil:
		return "", unreachable(ctx, what, err)
	case res.StatusCode == http.StatusTooManyRequests || res.StatusCode >= http.StatusInternalServerError:
		return "", refused(call{what: what}, res, nil, limit.Read(res.StatusCode, res.Header, now))
	case res.StatusCode != http.StatusOK:
		return "", failed(what, mayNotAct, nil)
	}
	var got struct {
		Token   string `json:"access_token"`
		Seconds int    `json:"expires_in"`
	}
	if json.Unmarshal(raw, &got) != nil || got.Token == "" {
		return "", failed(what, unreadable, nil)
	}
	c.users.put(a, userToken{got.Token, now.Add(time.Duration(got.Seconds)*time.Second - leeway)})
	return got.Token, nil
}
