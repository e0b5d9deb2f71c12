package rest

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// PageBounds reads startAt and maxResults; size is what a page holds where nothing is asked for, and most is all that it can hold.
func (c *Call) PageBounds(size, most int) (start, length int, err error) {
	q := c.URL.Query()
	if start, err = QueryInt(q.Get("startAt"), 0); err != nil {
		return 0, 0, err
	}
	if length, err = QueryInt(q.Get("maxResults"), size); err != nil {
		return 0, 0, err
	}
	return start, min(length, most), nil
}

// Window is the part of a list that a page shows.
func Window[T any](list []T, start, length int) []T {
	start = min(start, len(list))
	return list[start:min(start+length, len(list))]
}

// Paged answers a page of a list, with its place in the list and the way to the next page.
func Paged[T any](c *Call, size int, list []T, show func(T) object) (Answer, error) {
	start, length, err := c.PageBounds(size, max(size, MaxPage))
	if err != nil {
		return Answer{}, err
	}
	end := min(start+length, len(list))
	values := []object{}
	for _, v := range Window(list, start, length) {
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
	return Answer{http.StatusOK, out}, nil
}

// Cut is a page of a list that is answered without its place.
func Cut[T any](c *Call, list []T, show func(T) object) (Answer, error) {
	start, length, err := c.PageBounds(DefaultPage, 1000)
	if err != nil {
		return Answer{}, err
	}
	values := []object{}
	for _, v := range Window(list, start, length) {
		values = append(values, show(v))
	}
	return Answer{http.StatusOK, values}, nil
}

// QueryInt reads a number of a query; fallback where it is not given.
func QueryInt(text string, fallback int) (int, error) {
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, Fail(http.StatusBadRequest, "'%s' is not a number that fits here.", text)
	}
	return n, nil
}

// The page sizes of a search: Jira gives few issues with fields at a time, and many bare ids.
const (
	DefaultPage = 50
	MaxPage     = 100
	MaxIDPage   = 5000
	TokenLife   = 7 * 24 * time.Hour
)

// SplitNames takes lists of names apart that are given several times, or with commas, or both.
func SplitNames(lists []string) []string {
	var out []string
	for _, l := range lists {
		for n := range strings.SplitSeq(l, ",") {
			if n = strings.TrimSpace(n); n != "" {
				out = append(out, n)
			}
		}
	}
	return out
}
