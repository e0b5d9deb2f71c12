package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// caller is who sent a request: a person in a browser, or an app; the zero value is nobody.
type caller struct {
	account world.AccountID
	app     *world.App // nil for a person
	scopes  []string   // that the app was granted
	appBase string     // where the app is
}

// apiToken is the API token of everybody: the sandbox knows people, and no secrets of theirs.
const apiToken = "sandbox"

// caller finds out who sent a REST request: an app by its token, a person by mail address and API token or by the session
// cookie.
func (s *Site) caller(r *http.Request, st *world.State) (caller, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		switch {
		case strings.EqualFold(scheme, "JWT"):
			return s.verifyApp(r, st, strings.TrimSpace(token))
		case strings.EqualFold(scheme, "Basic"):
			return verifyPerson(r, st)
		}
		return caller{}, fail(http.StatusUnauthorized, "The sandbox knows no authorization schemes but JWT and Basic.")
	}
	if u := sessionUser(r, st); u != nil {
		return caller{account: u.Account}, nil
	}
	return caller{}, nil
}

// verifyPerson takes a mail address with an API token, as scripts send them to Jira Cloud.
func verifyPerson(r *http.Request, st *world.State) (caller, error) {
	email, token, ok := r.BasicAuth()
	if ok && token == apiToken && email != "" {
		for u := range st.Users.All() {
			if u.Login != "" && strings.EqualFold(u.Email, email) {
				return caller{account: u.Account}, nil
			}
		}
	}
	return caller{}, fail(http.StatusUnauthorized, "Client must be authenticated to access this resource.")
}

// sessionCookie holds "login.signature". It outlives a restart, since the key is part of the state.
const sessionCookie = "sandbox.session"

func sessionUser(r *http.Request, st *world.State) *world.User {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil
	}
	login, signature, _ := strings.Cut(c.Value, ".")
	if !hmac.Equal([]byte(signature), []byte(sessionSignature(st, login))) {
		return nil
	}
	return st.Login(login)
}

func sessionSignature(st *world.State, login string) string {
	m := hmac.New(sha256.New, st.SessionKey)
	m.Write([]byte("session:" + login))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// login shows who one can be, or with as=NAME starts that person's session and goes to dest.
func (s *Site) login(w http.ResponseWriter, r *http.Request) {
	st := s.store.State()
	dest := localPath(r.URL.Query().Get("dest"))
	as := r.URL.Query().Get("as")
	if as == "" {
		s.renderLogin(w, r, st, dest, "")
		return
	}
	u := st.Login(as)
	if u == nil {
		s.renderLogin(w, r, st, dest, "Nobody logs in as “"+as+"” here.")
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: u.Login + "." + sessionSignature(st, u.Login), Path: "/",
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(s.baseURL, "https:"),
	})
	http.Redirect(w, r, dest, http.StatusSeeOther)
}

func (s *Site) logout(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// localPath returns dest if it leads to this site, and the dashboard otherwise.
func localPath(dest string) string {
	u, err := url.Parse(dest)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(dest, "/") ||
		strings.HasPrefix(dest, "//") || strings.Contains(dest, "\\") || strings.ContainsAny(dest, "\r\n\t") {
		return "/"
	}
	return dest
}
