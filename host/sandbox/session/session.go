// Package session keeps people logged in to the site: a cookie names who somebody is, and the site's key signs it.
package session

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// cookie holds "login.signature". It outlives a restart, since the key is part of the state.
const cookie = "sandbox.session"

// User is whose session a request belongs to; nil for none.
func User(r *http.Request, st *world.State) *world.User {
	c, err := r.Cookie(cookie)
	if err != nil {
		return nil
	}
	login, signature, _ := strings.Cut(c.Value, ".")
	if !hmac.Equal([]byte(signature), []byte(sign(st, login))) {
		return nil
	}
	return st.Login(login)
}

// Begin logs somebody in; secure keeps the cookie off plain HTTP.
func Begin(w http.ResponseWriter, st *world.State, u *world.User, secure bool) {
	http.SetCookie(w, &http.Cookie{
		Name: cookie, Value: u.Login + "." + sign(st, u.Login), Path: "/",
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: secure,
	})
}

// End logs out.
func End(w http.ResponseWriter) {
	http.SetCookie(w, &http.Cookie{Name: cookie, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

func sign(st *world.State, login string) string {
	m := hmac.New(sha256.New, st.SessionKey)
	m.Write([]byte("session:" + login))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}
