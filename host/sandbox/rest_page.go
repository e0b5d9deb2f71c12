package sandbox

import (
	"net/http"
	"strconv"

	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// pageBounds reads startAt and maxResults; size is what a page holds where nothing is asked for, and most is all that it can hold.
func (c *call) pageBounds(size, most int) (start, length int, err error) {
	q := c.URL.Query()
	if start, err = queryInt(q.Get("startAt"), 0); err != nil {
		return 0, 0, err
	}
	if length, err = queryInt(q.Get("maxResults"), size); err != nil {
		return 0, 0, err
	}
	return start, min(length, most), nil
}

// window is the part of a list that a page shows.
func window[T any](list []T, start, length int) []T {
	start = min(start, len(list))
	return list[start:min(start+length, len(list))]
}

// paged answers a page of a list, with its place in the list and the way to the next page.
func paged[T any](c *call, size int, list []T, show func(T) object) (answer, error) {
	start, length, err := c.pageBounds(size, max(size, maxPage))
	if err != nil {
		return answer{}, err
	}
	end := min(start+length, len(list))
	values := []object{}
	for _, v := range window(list, start, length) {
		values = append(values, show(v))
	}
	at := func(start int) string {
		q := c.URL.Query()
		q.Set("startAt", strconv.Itoa(start))
		q.Set("maxResults", strconv.Itoa(length))
		return c.base + c.URL.EscapedPath() + "?" + q.Encode()
	}
	out := object{
		"self": at(start), "startAt": start, "maxResults": length, "total": len(list), "isLast": end == len(list), "values": values,
	}
	if end < len(list) && end > start {
		out["nextPage"] = at(end)
	}
	return answer{http.StatusOK, out}, nil
}

// cut is a page of a list that is answered without its place.
func cut[T any](c *call, list []T, show func(T) object) (answer, error) {
	start, length, err := c.pageBounds(defaultPage, 1000)
	if err != nil {
		return answer{}, err
	}
	values := []object{}
	for _, v := range window(list, start, length) {
		values = append(values, show(v))
	}
	return answer{http.StatusOK, values}, nil
}

// administers says whether the caller may change what the whole site has: a person by the global permission, an app by its scope.
func (c *call) administers(st *world.State) bool {
	return st.Can(c.who.account, world.Administer) || c.who.app != nil && scopeAdmin.allows(c.who.scopes)
}

// needAdmin refuses everybody who may not administer the site.
func (c *call) needAdmin(st *world.State) error {
	if !c.administers(st) {
		return fail(http.StatusForbidden, "You do not have permission to perform this operation: it needs the global permission Administer Jira.")
	}
	return nil
}

// asAdmin makes a change that only administrators may make.
func (s *Site) asAdmin(c *call, change func(*world.Tx) error) error {
	return s.store.ChangeAs(c.who.account, func(tx *world.Tx) error {
		if err := c.needAdmin(tx.State); err != nil {
			return err
		}
		return change(tx)
	})
}
