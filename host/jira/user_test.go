package jira_test

import (
	"encoding/json"
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

// people is a site with the app, and a client that may act in people's names.
type people struct {
	*testing.T
	site   *sandboxtest.Site
	client *jira.Client
	tenant tenant.Tenant
	calls  map[string]int // by path
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
	return http.DefaultTransport.RoundTrip(r)
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
