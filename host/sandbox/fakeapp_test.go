package sandbox_test

import (
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/pergola-platform/pergola/host/auth"
)

type object = map[string]any

// fakeApp is a Connect app. It checks the signed calls with nothing but the standard library and the key that the site
// serves, as an app that was written elsewhere would.
type fakeApp struct {
	t          testing.TB
	key        string
	url        string
	descriptor object

	mu        sync.Mutex
	clientKey string
	secret    string
	events    []lifecycleEvent
	refuse    int                         // status of the installed hook, if set
	serve     map[string]http.HandlerFunc // pages by path
	keyHost   string                      // where install keys are fetched
}

type lifecycleEvent struct {
	name, alg string
	claims    object
	body      object
	problem   error
}

func newApp(t testing.TB, change ...func(object)) *fakeApp {
	t.Helper()
	a := &fakeApp{t: t, key: "example.app", serve: map[string]http.HandlerFunc{}}
	srv := httptest.NewServer(a)
	t.Cleanup(srv.Close)
	a.url = srv.URL
	a.descriptor = object{
		"key": a.key, "name": "Example app", "description": "Shows what the sandbox can do.", "baseUrl": a.url,
		"authentication": object{"type": "jwt"}, "vendor": object{"name": "Example Ltd", "url": "https://example.com"},
		"lifecycle":     object{"installed": "/installed", "uninstalled": "/uninstalled", "enabled": "/enabled", "disabled": "/disabled"},
		"apiMigrations": object{"signed-install": true, "context-qsh": true},
		"scopes":        []string{"READ", "WRITE", "DELETE"},
		"modules": object{
			"jiraIssueContents": []object{{
				"key": "panel", "name": object{"value": "Example panel"}, "tooltip": object{"value": "Example"},
				"icon":   object{"width": 24, "height": 24, "url": "/icon.svg"},
				"target": object{"type": "web_panel", "url": "/panel?issue={issue.id}&key={issue.key}&project={project.id}"},
			}},
			"generalPages": []object{
				{"key": "page", "name": object{"value": "Example page"}, "url": "/page?code={ac.code}"},
				{"key": "hidden", "name": object{"value": "Hidden page"}, "url": "/page?code={ac.code}", "location": "none"},
			},
			"adminPages": []object{{"key": "admin", "name": object{"value": "Example admin"}, "url": "/admin"}},
			"dialogs":    []object{{"key": "dialog", "url": "/dialog?key={issue.key}"}},
		},
	}
	for _, c := range change {
		c(a.descriptor)
	}
	return a
}

func (a *fakeApp) credentials() (clientKey, secret string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.clientKey, a.secret
}

func (a *fakeApp) lifecycle() []lifecycleEvent {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]lifecycleEvent{}, a.events...)
}

func (a *fakeApp) eventNames() []string {
	var out []string
	for _, e := range a.lifecycle() {
		out = append(out, e.name+" "+e.alg)
	}
	return out
}

func (a *fakeApp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; path {
	case "/atlassian-connect.json":
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(a.descriptor)
	case "/installed", "/uninstalled", "/enabled", "/disabled":
		a.hook(w, r, path[1:])
	default:
		a.mu.Lock()
		page := a.serve[path]
		a.mu.Unlock()
		if page == nil {
			http.NotFound(w, r)
			return
		}
		page(w, r)
	}
}

func (a *fakeApp) hook(w http.ResponseWriter, r *http.Request, name string) {
	raw, _ := io.ReadAll(r.Body)
	e := lifecycleEvent{name: name}
	e.problem = json.Unmarshal(raw, &e.body)
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "JWT ")
	if e.problem == nil {
		e.alg, e.claims, e.problem = a.verify(token, e.body)
	}
	if e.problem == nil && e.claims["qsh"] != auth.QSH(r.Method, r.RequestURI, "") {
		e.problem = fmt.Errorf("qsh %v does not match", e.claims["qsh"])
	}
	a.mu.Lock()
	a.events = append(a.events, e)
	status := a.refuse
	if status == 0 && e.problem == nil && name == "installed" {
		a.clientKey, a.secret = e.body["clientKey"].(string), e.body["sharedSecret"].(string)
	}
	a.mu.Unlock()
	switch {
	case e.problem != nil:
		http.Error(w, e.problem.Error(), http.StatusUnauthorized)
	case status != 0:
		http.Error(w, "no", status)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// verify checks the signature by the algorithm of the header.
func (a *fakeApp) verify(token string, body object) (alg string, claims object, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", nil, fmt.Errorf("token %q has %d parts", token, len(parts))
	}
	var header struct{ Alg, Kid string }
	decode := func(part string, v any) error {
		raw, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			return err
		}
		return json.Unmarshal(raw, v)
	}
	if err := decode(parts[0], &header); err != nil {
		return "", nil, err
	}
	if err := decode(parts[1], &claims); err != nil {
		return header.Alg, nil, err
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return header.Alg, nil, err
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	switch header.Alg {
	case "RS256":
		key, err := fetchKey(a.keyHost + "/" + header.Kid)
		if err != nil {
			return header.Alg, claims, err
		}
		return header.Alg, claims, rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature)
	case "HS256":
		a.mu.Lock()
		secret := a.secret
		a.mu.Unlock()
		c, err := resign(token, secret)
		if err == nil && c != parts[2] {
			err = fmt.Errorf("the signature is not that of the shared secret")
		}
		return header.Alg, claims, err
	}
	return header.Alg, claims, fmt.Errorf("algorithm %q", header.Alg)
}

func fetchKey(address string) (*rsa.PublicKey, error) {
	resp, err := http.Get(address)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, fmt.Errorf("%s: status %d, no PEM", address, resp.StatusCode)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%T is no RSA key", key)
	}
	return public, nil
}

// resign returns the signature that the secret gives to a token's first two parts.
func resign(token, secret string) (string, error) {
	end := strings.LastIndexByte(token, '.')
	if end < 0 || secret == "" {
		return "", fmt.Errorf("nothing to sign with")
	}
	m := hmac.New(sha256.New, []byte(secret))
	m.Write([]byte(token[:end]))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)), nil
}
