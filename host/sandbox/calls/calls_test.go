package calls_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox/calls"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
)

func numbers(list []calls.Call) (out []int64) {
	for _, c := range list {
		out = append(out, c.Number)
	}
	return out
}

func TestLogForgetsTheOldest(t *testing.T) {
	var l calls.Log
	var wait sync.WaitGroup
	for n := range 4 {
		wait.Go(func() {
			for k := range calls.Size {
				l.Add(rest.Record{Path: fmt.Sprint(n, k)})
			}
		})
	}
	wait.Wait()
	all := l.Find(calls.Filter{}, 10*calls.Size)
	if len(all) != calls.Size || all[0].Number != 4*calls.Size || all[len(all)-1].Number != 3*calls.Size+1 {
		t.Errorf("%d calls, from %d to %d", len(all), all[0].Number, all[len(all)-1].Number)
	}
	if l.Clear(); len(l.Find(calls.Filter{}, 1)) != 0 {
		t.Error("a call is left")
	}
}

func TestFindFilters(t *testing.T) {
	var l calls.Log
	for _, r := range []rest.Record{
		{App: "a", Method: "GET", Path: "/rest/api/3/issue/OPS-1", Status: 200},
		{App: "b", Method: "PUT", Path: "/rest/api/3/issue/OPS-1", Status: 204},
		{Method: "GET", Path: "/rest/api/3/field", Status: 404},
		{App: "a", Method: "GET", Path: "/rest/api/3/field", Status: 429},
		{App: "a", Method: "GET", Path: "/rest/api/3/myself"},
	} {
		l.Add(r)
	}
	for _, tt := range []struct {
		name string
		in   calls.Filter
		want []int64
	}{
		{"all", calls.Filter{}, []int64{5, 4, 3, 2, 1}},
		{"an app", calls.Filter{App: "a"}, []int64{5, 4, 1}},
		{"people", calls.Filter{App: "people"}, []int64{3}},
		{"method and path", calls.Filter{Method: "GET", Path: "FIELD"}, []int64{4, 3}},
		{"refused or cut", calls.Filter{Status: "refused"}, []int64{5, 4, 3}},
		{"fine", calls.Filter{Status: "ok"}, []int64{2, 1}},
		{"a status", calls.Filter{Status: "429"}, []int64{4}},
		{"a class", calls.Filter{Status: "4"}, []int64{4, 3}},
	} {
		if diff := cmp.Diff(tt.want, numbers(l.Find(tt.in, 10))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestBodiesAreKeptOnlyIfAskedFor(t *testing.T) {
	var l calls.Log
	add := func() string {
		l.Add(rest.Record{Request: "in", Answer: "out"})
		c := l.Find(calls.Filter{}, 1)[0]
		return c.Request + c.Answer
	}
	if got := add(); got != "" {
		t.Errorf("kept %q unasked", got)
	}
	l.KeepBodies(true)
	if got := add(); got != "inout" {
		t.Errorf("kept %q", got)
	}
	l.KeepBodies(false)
	for _, c := range l.Find(calls.Filter{}, 10) {
		if c.Request+c.Answer != "" {
			t.Errorf("call %d still has %q", c.Number, c.Request)
		}
	}
}
