package desk

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// The size of a page: where nothing is asked for, and at most.
const (
	pageSize    = 50
	maxPageSize = 100
)

// bounds reads start and limit. What is no number counts as not given: the documents have no status for it.
func bounds(c *rest.Call) (start, limit int) {
	number := func(name string, fallback int) int {
		n, err := strconv.Atoi(c.URL.Query().Get(name))
		if err != nil || n < 0 {
			return fallback
		}
		return n
	}
	return number("start", 0), min(max(number("limit", pageSize), 1), maxPageSize)
}

// paged answers a page of a list.
func paged[T any](s *API, c *rest.Call, list []T, show func(T) object) (rest.Answer, error) {
	start, limit := bounds(c)
	values := []object{}
	for _, v := range rest.Window(list, start, limit) {
		values = append(values, show(v))
	}
	at := func(start int) string {
		q := c.URL.Query()
		q.Set("start", strconv.Itoa(start))
		q.Set("limit", strconv.Itoa(limit))
		return s.Base + c.URL.EscapedPath() + "?" + q.Encode()
	}
	links := object{"base": s.Link(root), "context": "", "self": s.Base + c.URL.RequestURI()}
	last := start+len(values) >= len(list)
	if !last {
		links["next"] = at(start + limit)
	}
	if start > 0 {
		links["prev"] = at(max(0, start-limit))
	}
	return rest.Answer{Status: http.StatusOK, Body: object{
		"_expands": []string{}, "size": len(values), "start": start, "limit": limit, "isLastPage": last, "_links": links, "values": values,
	}}, nil
}

// firstPage is the beginning of a list as a member of something else; path is where the whole list is.
func firstPage[T any](s *API, path string, list []T, show func(T) object) object {
	values := []object{}
	for _, v := range rest.Window(list, 0, pageSize) {
		values = append(values, show(v))
	}
	links := object{"base": s.Link(root), "context": "", "self": s.Base + path}
	last := len(values) == len(list)
	if !last {
		links["next"] = s.Link("%s?start=%d&limit=%d", path, pageSize, pageSize)
	}
	return object{"_expands": []string{}, "size": len(values), "start": 0, "limit": pageSize, "isLastPage": last, "_links": links, "values": values}
}

// expansion is which members a request wants in full.
type expansion []string

func expansionOf(c *rest.Call) expansion { return rest.SplitNames(c.URL.Query()["expand"]) }

func (e expansion) has(name string) bool { return slices.Contains(e, name) }

// rest lists those of the names that were not asked for.
func (e expansion) rest(names ...string) []string {
	return slices.DeleteFunc(append([]string{}, names...), e.has)
}

// below are the expansions of a member: "comment.attachment" is "attachment" of "comment".
func (e expansion) below(name string) expansion {
	var out expansion
	for _, each := range e {
		if part, ok := strings.CutPrefix(each, name+"."); ok {
			out = append(out, part)
		}
	}
	return out
}

// date is a moment in all the forms that Jira Service Management writes one in, in the time zone of whoever reads it.
func (s *API) date(st *world.State, who world.AccountID, t time.Time) object {
	t = t.In(zoneOf(st, who))
	return object{
		"iso8601": t.Format("2006-01-02T15:04:05-0700"), "jira": t.Format("2006-01-02T15:04:05.000-0700"), "friendly": Friendly(s.now(), t),
		"epochMillis": t.UnixMilli(),
	}
}

// zoneOf is somebody's time zone.
func zoneOf(st *world.State, who world.AccountID) *time.Location {
	if u := st.User(who); u != nil && u.TimeZone != "" {
		if zone, err := time.LoadLocation(u.TimeZone); err == nil {
			return zone
		}
	}
	return time.UTC
}

// Friendly is a moment in the words of somebody who reads it now.
func Friendly(now, t time.Time) string {
	day := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	switch days := int(day(now.In(t.Location())).Sub(day(t)).Hours() / 24); {
	case days == 0:
		return t.Format("Today 3:04 PM")
	case days == 1:
		return t.Format("Yesterday 3:04 PM")
	case days > 1 && days < 7:
		return t.Format("Monday 3:04 PM")
	}
	return t.Format("02/Jan/06 3:04 PM")
}

// userJSON is a person as Jira Service Management shows one.
func (s *API) userJSON(u *world.User) object {
	self := s.Link("/rest/api/2/user?accountId=%s", u.Account)
	out := object{
		"accountId": u.Account, "displayName": u.Name, "active": !u.Closed && !u.Inactive, "timeZone": u.TimeZone,
		"_links": object{"self": self, "jiraRest": self, "avatarUrls": s.UserJSON(u)["avatarUrls"]},
	}
	if u.ShowsEmail {
		out["emailAddress"] = u.Email
	}
	return out
}

// people are the users of accounts; those that are gone are left out.
func people(st *world.State, accounts []world.AccountID) []*world.User {
	var out []*world.User
	for _, a := range accounts {
		if u := st.User(a); u != nil {
			out = append(out, u)
		}
	}
	return out
}
