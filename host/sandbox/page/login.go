package page

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/session"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// login shows who one can be, or with as=NAME starts that person's session and goes to dest.
func (s *Pages) login(w http.ResponseWriter, r *http.Request) {
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
	session.Begin(w, st, u, strings.HasPrefix(s.baseURL, "https:"))
	http.Redirect(w, r, dest, http.StatusSeeOther)
}

func (s *Pages) logout(w http.ResponseWriter, r *http.Request) {
	session.End(w)
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

func (s *Pages) renderLogin(w http.ResponseWriter, r *http.Request, st *world.State, dest, problem string) {
	people := slices.DeleteFunc(st.Users.List(), func(u *world.User) bool { return u.Login == "" })
	body := struct {
		Dest, Problem string
		People        []*world.User
	}{dest, problem, people}
	status := http.StatusOK
	if problem != "" {
		status = http.StatusNotFound
	}
	if err := s.writePage(w, status, "login.html", s.chrome(r, st, "Log in", "", body), nil); err != nil {
		s.log.ErrorContext(r.Context(), "login page", "error", err)
		http.Error(w, "Internal server error", http.StatusInternalServerError)
	}
}
