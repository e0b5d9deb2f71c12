package api_test

import (
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/api"
)

func TestLimiterCountsTokenAndSiteTogether(t *testing.T) {
	var l api.Limiter
	now := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	one, two := api.Rate{Burst: 3, Minute: 60}, api.Rate{Burst: 4, Minute: 60}
	take := func(key string) (api.Left, bool) {
		return l.Take(now, map[string]api.Rate{"site/" + key: one, "site": two})
	}
	for i := range 3 {
		if left, ok := take("a"); !ok || left.Remaining != 2-i || left.Limit != 3 {
			t.Errorf("request %d: %+v, %v", i, left, ok)
		}
	}
	left, ok := take("a")
	if ok || left.Remaining != 0 || left.Retry != time.Second {
		t.Errorf("beyond its burst: %+v, %v", left, ok)
	}
	if _, ok := take("b"); !ok {
		t.Error("what was refused counted for the site")
	}
	if left, ok := take("b"); ok || left.Limit != 4 {
		t.Errorf("beyond the site's: %+v, %v", left, ok)
	}
	now = now.Add(time.Second)
	if _, ok := take("a"); !ok {
		t.Error("after the time that it was told to wait")
	}
	if _, ok := take("a"); ok {
		t.Error("one more than came back")
	}
	now = now.Add(-time.Hour) // a clock that is set back fills nothing, and takes nothing
	if _, ok := take("a"); ok {
		t.Error("a clock that was set back let one through")
	}
}
