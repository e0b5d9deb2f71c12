package app_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/app"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/config"
)

const kid = "7b1f6f1e-0000-4000-8000-000000000001"

// atlassian is what signs installations and takes the host's calls to a site.
type atlassian struct {
	*httptest.Server
	key *rsa.PrivateKey

	mu   sync.Mutex
	told map[string]string // the last value of each app property
	next chan struct{}     // closed at the next one
}

// await waits until an app property holds some text, at most 10 s, and returns its last value.
func (a *atlassian) await(name, want string) (string, bool) {
	late := time.After(10 * time.Second)
	for {
		a.mu.Lock()
		got, next := a.told[name], a.next
		a.mu.Unlock()
		if strings.Contains(got, want) {
			return got, true
		}
		select {
		case <-next:
		case <-late:
			return got, false
		}
	}
}

func newAtlassian(t *testing.T) *atlassian {
	t.Helper()
	a := &atlassian{key: newKey(t), told: map[string]string{}, next: make(chan struct{})}
	public, err := x509.MarshalPKIXPublicKey(&a.key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /keys/"+kid, func(w http.ResponseWriter, _ *http.Request) {
		_ = pem.Encode(w, &pem.Block{Type: "PUBLIC KEY", Bytes: public})
	})
	mux.HandleFunc("PUT /rest/atlassian-connect/1/addons/{app}/properties/{name}", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		a.mu.Lock()
		defer a.mu.Unlock()
		a.told[r.PathValue("name")] = string(body)
		close(a.next)
		a.next = make(chan struct{})
		w.WriteHeader(http.StatusCreated)
	})
	mux.HandleFunc("POST /rest/api/3/permissions/check", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"globalPermissions":["ADMINISTER"],"projectPermissions":[]}`) // everybody is an admin
	})
	a.Server = httptest.NewServer(mux)
	t.Cleanup(a.Close)
	return a
}

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestNobodyTakesOverAnInstallation sends forged and replayed installations to a running host. After each of them the site
// that is installed must go on working with the secret it had.
func TestNobodyTakesOverAnInstallation(t *testing.T) {
	site := newAtlassian(t)
	cfg := config.Default()
	cfg.Data, cfg.Listen, cfg.Plugins.Dir = t.TempDir(), "127.0.0.1:0", t.TempDir()
	cfg.Connect.KeyHosts, cfg.Connect.LoopbackSites = []string{site.URL + "/keys"}, true
	h, err := app.Start(context.Background(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})

	const first, second = "first-shared-secret-0123456789abcdef", "second-shared-secret-0123456789abcdef"
	now := time.Now()
	claims := func(issued time.Time) auth.Claims {
		return auth.Claims{
			Issuer: "site-one", Subject: "account", Audience: []string{h.URL()}, IssuedAt: issued, Expiry: issued.Add(3 * time.Minute),
			QSH: auth.QSH(http.MethodPost, "/connect/installed", ""),
		}
	}
	installation := func(clientKey, secret string) string {
		return fmt.Sprintf(`{"key":"pergola","clientKey":%q,"sharedSecret":%q,"baseUrl":%q,"productType":"jira","eventType":"installed"}`, clientKey, secret, site.URL)
	}
	signed := func(c auth.Claims, key *rsa.PrivateKey) string {
		token, err := auth.SignRS256(c, kid, key)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	shared := func(c auth.Claims, secret string) string {
		token, err := auth.SignHS256(c, secret)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	send := func(path, token, body string) int {
		t.Helper()
		r, err := http.NewRequest(http.MethodPost, h.URL()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "JWT "+token)
		r.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	works := func(secret string) bool {
		c := claims(time.Now())
		c.QSH = auth.QSH(http.MethodPost, "/connect/enabled", "")
		return send("/connect/enabled", shared(c, secret), `{"eventType":"enabled"}`) == http.StatusNoContent
	}

	original := signed(claims(now), site.key)
	if got := send("/connect/installed", original, installation("site-one", first)); got != http.StatusNoContent {
		t.Fatalf("the genuine installation answers %d", got)
	}
	if !works(first) {
		t.Fatal("the installed site is not known")
	}

	later := now.Add(5 * time.Second)
	otherSite := claims(later)
	otherSite.Issuer = "site-two"
	otherPath := claims(later)
	otherPath.QSH = auth.QSH(http.MethodPost, "/connect/uninstalled", "")
	otherApp := claims(later)
	otherApp.Audience = []string{"https://elsewhere.example"}
	for _, tt := range []struct{ name, token, body string }{
		{"no token", "", installation("site-one", second)},
		{"somebody's own key", signed(claims(later), newKey(t)), installation("site-one", second)},
		{"the site's own shared secret", shared(claims(later), first), installation("site-one", second)},
		{"another site's genuine token", signed(otherSite, site.key), installation("site-one", second)},
		{"a genuine uninstallation's token", signed(otherPath, site.key), installation("site-one", second)},
		{"a token for another app", signed(otherApp, site.key), installation("site-one", second)},
		{"no JSON", signed(claims(later), site.key), "sharedSecret=" + second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := send("/connect/installed", tt.token, tt.body); got != http.StatusUnauthorized && got != http.StatusBadRequest {
				t.Errorf("answers %d", got)
			}
			if !works(first) {
				t.Error("the genuine site has lost its installation")
			}
			if works(second) {
				t.Error("the forged secret is accepted")
			}
		})
	}

	t.Run("a replay after a reinstallation", func(t *testing.T) {
		if got := send("/connect/installed", signed(claims(later), site.key), installation("site-one", second)); got != http.StatusNoContent {
			t.Fatalf("the genuine reinstallation answers %d", got)
		}
		if got := send("/connect/installed", original, installation("site-one", first)); got != http.StatusConflict {
			t.Errorf("the replayed installation answers %d, want 409", got)
		}
		if works(first) || !works(second) {
			t.Error("the replay brought the old secret back")
		}
	})
}
