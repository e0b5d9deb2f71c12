package jira_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/sandbox/sandboxtest"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

const (
	bulk   = "/issue/bulk"
	tokens = "/oauth2/token"
)

// people is a site with the app, and a client that may act in people's names.
type people struct {
	*testing.T
	site   *sandboxtest.Site
	client *jira.Client
	tenant tenant.Tenant
	calls  map[string]int // by path
	bodies []string       // of what makes issues
	// refuses answers a call with 401 instead of the site; nil refuses none.
	refuses func(*http.Request) bool
}

func newPeople(t *testing.T, scopes ...string) *people {
	t.Helper()
	p := &people{T: t, site: sandboxtest.Start(t), calls: map[string]int{}}
	app := p.site.InstallApp(appKey, scopes...)
	p.tenant = tenant.Tenant{
		ID: capability.TenantID("t1"), ClientKey: app.ClientKey, SharedSecret: seal.NewSecret(app.Secret), OAuthClientID: app.OAuthClientID,
		BaseURL: p.site.URL, State: tenant.Active,
	}
	var err error
	p.client, err = jira.New(jira.Config{AppKey: appKey, TokenURL: p.site.URL + "/oauth2/token", HTTP: &http.Client{Transport: p}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// RoundTrip implements http.RoundTripper.
func (p *people) RoundTrip(r *http.Request) (*http.Response, error) {
	p.calls[r.URL.Path]++
	if strings.HasSuffix(r.URL.Path, bulk) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		p.bodies = append(p.bodies, string(body))
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	if p.refuses != nil && p.refuses(r) {
		return &http.Response{StatusCode: http.StatusUnauthorized, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	}
	if r.URL.Path == tokens {
		return p.number(http.DefaultTransport.RoundTrip(r))
	}
	sent := r.Clone(r.Context())
	token, _, _ := strings.Cut(r.Header.Get("Authorization"), "~")
	sent.Header.Set("Authorization", token)
	return http.DefaultTransport.RoundTrip(sent)
}

// number tells tokens apart that the site makes within a second: "~2" is behind the second one.
func (p *people) number(res *http.Response, err error) (*http.Response, error) {
	if err != nil || res.StatusCode != http.StatusOK {
		return res, err
	}
	var out map[string]any
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		return nil, err
	}
	out["access_token"] = fmt.Sprintf("%v~%d", out["access_token"], p.calls[tokens])
	raw, err := json.Marshal(out)
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
	return res, err
}

// reporter makes an issue in the name of an account, and returns who reported it.
func (p *people) reporter(account string) (string, error) {
	p.Helper()
	made, err := p.client.Create(jira.AsUser(p.Context(), account), p.tenant, []jira.Draft{{Fields: map[string]any{
		"project": map[string]string{"id": "10000"}, "issuetype": map[string]string{"id": "10001"}, "summary": "In somebody's name",
	}}})
	if err != nil {
		return "", err
	}
	if made[0].Refused != nil {
		p.Fatal(made[0].Refused)
	}
	got, err := p.client.Fetch(p.Context(), p.tenant, []string{made[0].ID}, []string{"creator"}, nil)
	if err != nil || len(got) != 1 {
		p.Fatal(got, err)
	}
	return string(got[0].Fields["creator"]), nil
}

// account is the id of a person.
func (p *people) account(mail string) string {
	p.Helper()
	status, body := p.site.Do(mail, http.MethodGet, "/rest/api/3/myself", nil)
	var me struct{ AccountID string }
	if err := json.Unmarshal(body, &me); err != nil || status != http.StatusOK {
		p.Fatal(status, err)
	}
	return me.AccountID
}

func TestCallsInTheNameOfAPerson(t *testing.T) {
	p := newPeople(t, "WRITE", "ACT_AS_USER")
	jonas := p.account("jonas@pergola.example")
	for range 3 {
		if creator, err := p.reporter(jonas); err != nil || !strings.Contains(creator, jonas) {
			t.Fatal(creator, err)
		}
	}
	if n := p.calls["/oauth2/token"]; n != 1 {
		t.Errorf("%d tokens were asked for, want one that is used again", n)
	}
	if creator, err := p.reporter(""); err != nil || strings.Contains(creator, jonas) {
		t.Error("the app's own issue is of", creator, err)
	}
}

func TestNobodyIsActedForWithoutLeave(t *testing.T) {
	p := newPeople(t, "WRITE")
	if _, err := p.reporter(p.account("jonas@pergola.example")); sdk.CodeOf(err) != sdk.PermissionDenied {
		t.Errorf("without the scope: %v", err)
	}
	p = newPeople(t, "WRITE", "ACT_AS_USER")
	if _, err := p.reporter("712020:nobody"); sdk.CodeOf(err) != sdk.PermissionDenied {
		t.Errorf("an account that is not there: %v", err)
	}
	client, err := jira.New(jira.Config{AppKey: appKey})
	if err != nil {
		t.Fatal(err)
	}
	p.client = client
	if _, err := p.reporter(p.account("jonas@pergola.example")); sdk.CodeOf(err) != sdk.PermissionDenied {
		t.Errorf("where it is not set up: %v", err)
	}
}

// A token can end before its time: the site was restarted, or an admin ended all sessions of the person.
func TestACallWhoseTokenIsNotTakenIsMadeAgainWithANewOne(t *testing.T) {
	p := newPeople(t, "WRITE", "ACT_AS_USER")
	jonas := p.account("jonas@pergola.example")
	if _, err := p.reporter(jonas); err != nil {
		t.Fatal(err)
	}
	var old string
	p.refuses = func(r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, bulk) && old == "" {
			old = r.Header.Get("Authorization")
		}
		return old != "" && r.Header.Get("Authorization") == old
	}
	if creator, err := p.reporter(jonas); err != nil || !strings.Contains(creator, jonas) {
		t.Fatal(creator, err)
	}
	if n := p.calls[tokens]; n != 2 {
		t.Errorf("%d tokens were asked for, want a second one", n)
	}
	if len(p.bodies) != 3 || p.bodies[1] != p.bodies[2] || p.bodies[1] == "" {
		t.Errorf("the call was made again with another body: %q", p.bodies)
	}
	if _, err := p.reporter(jonas); err != nil || p.calls[tokens] != 2 {
		t.Errorf("the new token was not kept: %d, %v", p.calls[tokens], err)
	}
}

func TestACallThatIsRefusedWithANewTokenTooIsGivenUp(t *testing.T) {
	p := newPeople(t, "WRITE", "ACT_AS_USER")
	jonas := p.account("jonas@pergola.example")
	p.refuses = func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, bulk) }
	if _, err := p.reporter(jonas); sdk.CodeOf(err) != sdk.PermissionDenied || !strings.Contains(err.Error(), "401") {
		t.Error(err)
	}
	if len(p.bodies) != 2 || p.calls[tokens] != 2 {
		t.Errorf("%d calls with %d tokens, want two of each", len(p.bodies), p.calls[tokens])
	}
	if _, err := p.reporter(""); err == nil {
		t.Fatal("the app's own call was not refused")
	}
	if len(p.bodies) != 3 {
		t.Errorf("the app's own call was made %d times; its token is new each time", len(p.bodies)-2)
	}
}

func TestATokenThatAnotherCallHasRenewedStays(t *testing.T) {
	p := newPeople(t, "WRITE", "ACT_AS_USER")
	jonas := p.account("jonas@pergola.example")
	var old string
	p.refuses = func(r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, bulk) && old == "" {
			old = r.Header.Get("Authorization")
			if _, err := p.reporter(jonas); err != nil { // renews the token while this call is under way
				t.Error(err)
			}
		}
		return old != "" && r.Header.Get("Authorization") == old
	}
	if _, err := p.reporter(jonas); err != nil || p.calls[tokens] != 2 {
		t.Errorf("%d tokens were asked for, want one and another: %v", p.calls[tokens], err)
	}
}
