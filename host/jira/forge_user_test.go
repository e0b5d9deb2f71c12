package jira_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/jira"
	"github.com/pergola-platform/pergola/host/sandbox/sandboxtest"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/sdk"
)

const forgeManifest = `app:
  id: ari:cloud:ecosystem::app/406d303d-0393-4ec4-ad7c-1435be94583a
  runtime: {name: nodejs22.x}
remotes:
  - {key: backend, baseUrl: REMOTE}
modules:
  scheduledTrigger:
    - {key: hourly, endpoint: hourly, interval: hour}
  endpoint:
    - {key: hourly, remote: backend, route: {path: /hourly}, auth: {appSystemToken: {enabled: true}}}
permissions:
  scopes:
    read:jira-work: {}
    read:jira-user: {}
    read:app-system-token: {}
    write:jira-work: {IMPERSONATION}
`

// onForge is a site that has the app by Forge, and a client that knows the app's own token.
type onForge struct {
	*testing.T
	site   *sandboxtest.Site
	client *jira.Client
	tenant tenant.Tenant

	mu    sync.Mutex
	calls map[string]int // by path
}

func newOnForge(t *testing.T, impersonation string) *onForge {
	t.Helper()
	f := &onForge{T: t, site: sandboxtest.Start(t), calls: map[string]int{}}
	type arrival struct{ token, api string }
	arrived := make(chan arrival, 10)
	remote := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var claims struct {
			App struct{ APIBaseURL string }
		}
		_ = json.Unmarshal(claimsOf(r.Header.Get("Authorization")), &claims)
		arrived <- arrival{r.Header.Get("X-Forge-Oauth-System"), claims.App.APIBaseURL}
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(remote.Close)
	manifest := strings.NewReplacer("REMOTE", remote.URL, "IMPERSONATION", impersonation).Replace(forgeManifest)
	if status, body := f.site.Do("", http.MethodPost, "/sandbox/forge/apps", map[string]string{"source": manifest}); status != http.StatusCreated {
		t.Fatalf("install: %d %s", status, body)
	}
	if status, body := f.site.Do("", http.MethodPost, "/sandbox/forge/apps/406d303d-0393-4ec4-ad7c-1435be94583a/triggers/hourly", nil); status != http.StatusAccepted {
		t.Fatalf("trigger: %d %s", status, body)
	}
	a := <-arrived
	f.tenant = tenant.Tenant{
		ID: "t1", ClientKey: "forge:cloud", BaseURL: f.site.URL, State: tenant.Active, Forge: tenant.Forge{CloudID: path.Base(a.api), APIBaseURL: a.api},
	}
	var err error
	if f.client, err = jira.New(jira.Config{AppKey: appKey, Bearers: bearers{"t1": a.token}, HTTP: &http.Client{Transport: f}}); err != nil {
		t.Fatal(err)
	}
	return f
}

// RoundTrip implements http.RoundTripper.
func (f *onForge) RoundTrip(r *http.Request) (*http.Response, error) {
	f.mu.Lock()
	f.calls[r.URL.Path]++
	f.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

func (f *onForge) account(mail string) string {
	f.Helper()
	var me struct{ AccountID string }
	status, body := f.site.Do(mail, http.MethodGet, "/rest/api/3/myself", nil)
	if err := json.Unmarshal(body, &me); err != nil || status != http.StatusOK {
		f.Fatal(status, err)
	}
	return me.AccountID
}

// creator makes an issue in the name of an account, "" for the app, and returns who it is of.
func (f *onForge) creator(account string) (string, error) {
	f.Helper()
	made, err := f.client.Create(jira.AsUser(f.Context(), account), f.tenant, []jira.Draft{{Fields: map[string]any{
		"project": map[string]string{"id": "10000"}, "issuetype": map[string]string{"id": "10001"}, "summary": "In somebody's name",
	}}})
	if err != nil {
		return "", err
	}
	if made[0].Refused != nil {
		f.Fatal(made[0].Refused)
	}
	got, err := f.client.Fetch(f.Context(), f.tenant, []string{made[0].ID}, []string{"creator"}, nil)
	if err != nil || len(got) != 1 {
		f.Fatal(got, err)
	}
	return string(got[0].Fields["creator"]), nil
}

func TestOnForgeAnAccountIsWrittenForWithoutItsVisit(t *testing.T) {
	f := newOnForge(t, "allowImpersonation: true")
	jonas := f.account("jonas@pergola.example")
	for range 3 {
		if creator, err := f.creator(jonas); err != nil || !strings.Contains(creator, jonas) {
			t.Fatal(creator, err)
		}
	}
	if n := f.calls["/graphql"]; n != 1 {
		t.Errorf("%d tokens were asked for, want one that is used again", n)
	}
	if creator, err := f.creator(""); err != nil || strings.Contains(creator, jonas) {
		t.Error("the app's own issue is of", creator, err)
	}
	// The token is good for what is written, and for nothing else.
	if _, err := f.client.Fields(jira.AsUser(t.Context(), jonas), f.tenant); err == nil {
		t.Error("the fields could be read in the name of the account")
	}
	if _, err := f.creator("712020:nobody"); sdk.CodeOf(err) != sdk.PermissionDenied {
		t.Errorf("an account that is not there: %v", err)
	}
}

func TestOnForgeNobodyIsWrittenForWithoutLeave(t *testing.T) {
	f := newOnForge(t, "")
	jonas := f.account("jonas@pergola.example")
	_, err := f.creator(jonas)
	if sdk.CodeOf(err) != sdk.PermissionDenied || !strings.Contains(sdkMessage(err), "page of the app open") {
		t.Errorf("without the scope: %v", err)
	}
	if f.calls["/graphql"] != 1 {
		t.Errorf("%d tokens were asked for", f.calls["/graphql"])
	}
}

func sdkMessage(err error) string {
	e := (*sdk.Error)(nil)
	if !errors.As(err, &e) {
		return ""
	}
	return e.Message
}

// claimsOf are the claims of a token behind a scheme.
func claimsOf(header string) []byte {
	parts := strings.Split(header, ".")
	if len(parts) != 3 {
		return nil
	}
	raw, _ := base64.RawURLEncoding.DecodeString(parts[1]) // what cannot be decoded says nothing
	return raw
}

// visitToken is a token of a person that ends at a time.
func visitToken(name string, ends time.Time) string {
	return name + "." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"exp":%d}`, ends.Unix())) + ".signature"
}

func TestTokenOfAVisitIsUsedAsLongAsItIsGood(t *testing.T) {
	var got []string
	refused := ""
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), ".")
		got = append(got, path.Base(r.URL.Path)+" "+name)
		switch {
		case r.URL.Path == "/graphql":
			_, _ = io.WriteString(w, `{"data":{"offlineUserAuthToken":{"success":false,"errors":[{"message":"CANARY"}],"authToken":null}}}`)
		case name == refused:
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(gateway.Close)
	clock := now
	c, err := jira.New(jira.Config{AppKey: appKey, Bearers: bearers{"t1": "app", "t2": "app"}, Clock: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	site := func(id capability.TenantID) tenant.Tenant {
		return tenant.Tenant{ID: id, ClientKey: "forge:cloud", BaseURL: gateway.URL, State: tenant.Active, Forge: tenant.Forge{CloudID: "cloud", APIBaseURL: gateway.URL + "/ex/jira/cloud"}}
	}
	write := func(id capability.TenantID, account, calls string) {
		t.Helper()
		got = nil
		err := c.SetIssueProperty(jira.AsUser(t.Context(), account), site(id), "10000", "p", 1)
		if s := strings.Join(got, ", "); s != calls {
			t.Errorf("calls %q, want %q", s, calls)
		}
		if strings.HasSuffix(calls, "graphql app") != (sdk.CodeOf(err) == sdk.PermissionDenied) || err != nil && strings.Contains(err.Error(), "CANARY") {
			t.Error(err)
		}
	}
	const mia, jonas = "712020:mia", "712020:jonas"
	c.Visited("t1", mia, visitToken("mias", now.Add(10*time.Minute)))
	write("t1", mia, "p mias")
	write("t1", jonas, "graphql app")
	write("t2", mia, "graphql app")
	for _, none := range []string{"", "a b", visitToken("old", now), "no-token", "a.b.c", strings.Repeat("a", 20_000), visitToken("sooner", now.Add(5*time.Minute))} {
		c.Visited("t1", mia, none)
	}
	c.Visited("t1", "", visitToken("nobodys", now.Add(time.Hour)))
	write("t1", mia, "p mias")
	c.Visited("t1", mia, visitToken("newer", now.Add(24*time.Hour)))
	clock = now.Add(50 * time.Minute)
	write("t1", mia, "p newer")
	clock = now.Add(time.Hour)
	write("t1", mia, "graphql app") // nobody's token is kept for longer than an hour
	c.Visited("t1", mia, visitToken("third", clock.Add(time.Hour)))
	refused = "third"
	write("t1", mia, "p third, graphql app") // one that Jira does not take any more is forgotten
	write("t1", mia, "graphql app")
}
