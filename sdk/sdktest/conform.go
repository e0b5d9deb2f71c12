package sdktest

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"regexp"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/event"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/jqlfunc"
	"github.com/pergola-platform/pergola/sdk/rest"
	"github.com/pergola-platform/pergola/sdk/serve"
	"github.com/pergola-platform/pergola/sdk/service"
	"github.com/pergola-platform/pergola/sdk/sync"
	"github.com/pergola-platform/pergola/sdk/view"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// Conform checks what a host expects of every plugin, whatever it does: that it says the truth about itself, that it
// answers what it does not know with the right error, and that no request and no host, however empty, damaged, old or
// mean, makes it panic. In a Wasm host a panic costs the user the page and the plugin its instance.
//
// Since: v0.1
func Conform(t *testing.T, p *sdk.Plugin) {
	t.Helper()
	c := conformance{p}
	t.Run("describes itself", c.describes)
	t.Run("has speakable names", c.names)
	t.Run("refuses what it does not know", c.refuses)
	t.Run("withstands damaged calls", c.damagedCalls)
	t.Run("withstands damaged questions", c.damagedQuestions)
	t.Run("withstands strange events", c.strangeEvents)
	t.Run("withstands strange steps", c.strangeSteps)
	t.Run("withstands strange functions", c.strangeFunctions)
	t.Run("withstands strange calls of routes", c.strangeRoutes)
	t.Run("withstands empty requests", func(t *testing.T) { c.everyHandler(t, New(p), sdk.Request{}) })
	t.Run("withstands strange requests", func(t *testing.T) {
		for _, s := range []string{"", "-1", "9e99", "<script>", "\x00\xff", "../..", "ä€𐍈"} {
			c.everyHandler(t, New(p), sdk.Request{
				Context: sdk.Context{Account: s, Module: s, IssueID: s, ProjectID: s, SiteURL: s, LinkURL: s, Locale: s, TimeZone: s},
				Params:  map[string]string{"code": s, s: s}, Form: map[string][]string{s: {s, s}, "x": nil}, State: []byte(s),
			})
		}
	})
	t.Run("withstands a host without grants", func(t *testing.T) {
		h := New(p)
		h.Grants = map[string]bool{}
		c.everyHandler(t, h, sdk.Request{})
	})
	for _, code := range []sdk.Code{sdk.Unimplemented, sdk.Unavailable, sdk.Exhausted, sdk.Internal, "a_code_of_tomorrow"} {
		t.Run("withstands a host that answers "+string(code), func(t *testing.T) {
			h := New(p)
			h.Answer = func(string, []byte) (msgp.Marshaler, error, bool) {
				return nil, &sdk.Error{Code: code, Source: sdk.FromHost, Message: "not today"}, true
			}
			c.everyHandler(t, h, sdk.Request{})
		})
	}
	t.Run("withstands a host that answers nonsense", func(t *testing.T) {
		for _, answer := range [][]byte{nil, {}, {0xc1}, {0x80}, {0x81, 0xa4, 'b', 'o', 'd', 'y', 0xa1, 'x'}} {
			host := hostcall.HostFunc(func(context.Context, []byte) []byte { return answer })
			c.each(func(op, name string) {
				survive(t, op+" "+name, func() {
					serve.Dispatch(hostcall.With(context.Background(), host), p, encode(op, &sdk.Request{Name: name}))
				})
			})
		}
	})
}

type conformance struct{ plugin *sdk.Plugin }

var (
	idForm      = regexp.MustCompile(`^[a-z][a-z0-9]*(\.[a-z][a-z0-9]*)+$`)
	versionForm = regexp.MustCompile(`^\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$`)
	nameForm    = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)
)

func (c conformance) describes(t *testing.T) {
	got, err := New(c.plugin).Describe()
	if err != nil {
		t.Fatal(err)
	}
	if want := c.plugin.Describe(); !reflect.DeepEqual(normal(got), normal(want)) {
		t.Errorf("over the wire it says %+v, in the code %+v", got, want)
	}
	if !idForm.MatchString(got.ID) {
		t.Errorf("the id is %q; write words of lower-case letters and digits joined by dots, such as acme.labels", got.ID)
	}
	if !versionForm.MatchString(got.Version) {
		t.Errorf("the version is %q; write three numbers joined by dots, such as 1.4.0", got.Version)
	}
	if len(got.Views)+len(got.Actions)+len(got.Files)+len(got.Synchronizers)+len(got.Services)+len(got.Suggesters)+len(got.Events)+len(got.Jobs)+len(got.Functions)+len(got.Routes) == 0 {
		t.Error("it offers nothing: no view, no action, no file, no suggester, no synchronizer, no service, no handler of events, jobs, functions or routes")
	}
}

func normal(d *sdk.Description) sdk.Description {
	out := *d
	out.Views, out.Actions, out.Files = slices.Clip(append([]string{}, d.Views...)), slices.Clip(append([]string{}, d.Actions...)), slices.Clip(append([]string{}, d.Files...))
	out.Synchronizers, out.Services = slices.Clip(append([]string{}, d.Synchronizers...)), slices.Clip(append([]string{}, d.Services...))
	out.Guards = slices.Clip(append([]string{}, d.Guards...))
	out.Suggesters = slices.Clip(append([]string{}, d.Suggesters...))
	out.Events = slices.Clip(append([]string{}, d.Events...))
	out.Jobs = slices.Clip(append([]string{}, d.Jobs...))
	out.Functions = slices.Clip(append([]string{}, d.Functions...))
	out.Routes = slices.Clip(append([]string{}, d.Routes...))
	return out
}

func (c conformance) names(t *testing.T) {
	c.each(func(op, name string) {
		if !nameForm.MatchString(name) {
			t.Errorf("%s %q: start with a lower-case letter and go on with lower-case letters, digits, _ and -, 64 at most", op, name)
		}
	})
	for name, h := range c.plugin.Views {
		if h == nil {
			t.Errorf("the view %q is nil", name)
		}
	}
	for name, h := range c.plugin.Actions {
		if h == nil {
			t.Errorf("the action %q is nil", name)
		}
	}
	for name, h := range c.plugin.Files {
		if h == nil {
			t.Errorf("the file %q is nil", name)
		}
	}
	for name, h := range c.plugin.Suggesters {
		if h == nil {
			t.Errorf("the suggester %q is nil", name)
		}
	}
	for name, s := range c.plugin.Synchronizers {
		if s == nil {
			t.Errorf("the synchronizer %q is nil", name)
		}
		if !nameForm.MatchString(name) {
			t.Errorf("synchronizer %q: start with a lower-case letter and go on with lower-case letters, digits, _ and -, 64 at most", name)
		}
	}
	for name, g := range c.plugin.Guards {
		if g == nil {
			t.Errorf("the guard %q is nil", name)
		}
		if !nameForm.MatchString(name) {
			t.Errorf("guard %q: start with a lower-case letter and go on with lower-case letters, digits, _ and -, 64 at most", name)
		}
	}
	for name, h := range c.plugin.Events {
		if h == nil {
			t.Errorf("the handler of events %q is nil", name)
		}
		if !nameForm.MatchString(name) {
			t.Errorf("handler of events %q: start with a lower-case letter and go on with lower-case letters, digits, _ and -, 64 at most", name)
		}
	}
	for name, h := range c.plugin.Jobs {
		if h == nil {
			t.Errorf("the handler of jobs %q is nil", name)
		}
		if !nameForm.MatchString(name) {
			t.Errorf("handler of jobs %q: start with a lower-case letter and go on with lower-case letters, digits, _ and -, 64 at most", name)
		}
	}
	for name, h := range c.plugin.Functions {
		if h == nil {
			t.Errorf("the handler of functions %q is nil", name)
		}
		if !nameForm.MatchString(name) {
			t.Errorf("handler of functions %q: start with a lower-case letter and go on with lower-case letters, digits, _ and -, 64 at most", name)
		}
	}
	for name, h := range c.plugin.Routes {
		if h == nil {
			t.Errorf("the handler of routes %q is nil", name)
		}
		if !nameForm.MatchString(name) {
			t.Errorf("handler of routes %q: start with a lower-case letter and go on with lower-case letters, digits, _ and -, 64 at most", name)
		}
	}
	for name, s := range c.plugin.Services {
		if s == nil {
			t.Errorf("the service %q is nil", name)
		}
		if !nameForm.MatchString(name) {
			t.Errorf("service %q: start with a lower-case letter and go on with lower-case letters, digits, _ and -, 64 at most", name)
		}
	}
}

func (c conformance) refuses(t *testing.T) {
	h := New(c.plugin)
	if code := c.code(t, h, encode("an_operation_of_tomorrow", nil)); code != sdk.Unimplemented {
		t.Errorf("an unknown operation: code %q, want %q", code, sdk.Unimplemented)
	}
	for _, op := range []string{wire.OpView, wire.OpAction, wire.OpFile, wire.OpSuggest} {
		if code := c.code(t, h, encode(op, &sdk.Request{Name: "a_name_that_nobody_has"})); code != sdk.NotFound {
			t.Errorf("an unknown %s: code %q, want %q", op, code, sdk.NotFound)
		}
	}
	if code := c.code(t, h, question(wire.OpService, &service.Request{Name: "a_name_that_nobody_has"})); code != sdk.NotFound {
		t.Errorf("a question to an unknown service: code %q, want %q", code, sdk.NotFound)
	}
	if code := c.code(t, h, question(wire.OpGuard, &config.Change{Name: "a_name_that_nobody_has"})); code != sdk.NotFound {
		t.Errorf("a change for an unknown guard: code %q, want %q", code, sdk.NotFound)
	}
	if code := c.code(t, h, question(wire.OpEvent, &event.Event{Name: "a_name_that_nobody_has"})); code != sdk.NotFound {
		t.Errorf("an event for an unknown handler: code %q, want %q", code, sdk.NotFound)
	}
	if code := c.code(t, h, question(wire.OpJob, &job.Step{Name: "a_name_that_nobody_has"})); code != sdk.NotFound {
		t.Errorf("a step for an unknown handler: code %q, want %q", code, sdk.NotFound)
	}
	if code := c.code(t, h, question(wire.OpJQL, &jqlfunc.Question{Name: "a_name_that_nobody_has"})); code != sdk.NotFound {
		t.Errorf("a question to an unknown function: code %q, want %q", code, sdk.NotFound)
	}
	if code := c.code(t, h, question(wire.OpRoute, &rest.Request{Name: "a_name_that_nobody_has"})); code != sdk.NotFound {
		t.Errorf("a call for an unknown route: code %q, want %q", code, sdk.NotFound)
	}
	for _, op := range syncOps {
		if code := c.code(t, h, question(op, &sync.Check{Name: "a_name_that_nobody_has"})); code != sdk.NotFound {
			t.Errorf("%s of an unknown synchronizer: code %q, want %q", op, code, sdk.NotFound)
		}
	}
}

var syncOps = []string{sync.OpCheck, sync.OpDiscover, sync.OpRead, sync.OpWrite}

func question(op string, in msgp.Marshaler) []byte {
	body, err := in.MarshalMsg(nil)
	if err != nil {
		panic(err) // strings and bytes always encode
	}
	raw, err := (&wire.Call{Op: op, Body: body}).MarshalMsg(nil)
	if err != nil {
		panic(err)
	}
	return raw
}

func (c conformance) damagedCalls(t *testing.T) {
	h := New(c.plugin)
	for _, raw := range [][]byte{nil, {}, {0xc0}, {0xc1}, {0x90}, []byte("describe"), {0xdd, 0xff, 0xff, 0xff, 0xff}} {
		if code := c.code(t, h, raw); code == "" {
			t.Errorf("the bytes % x are answered as if they were a call", raw)
		}
	}
	random := rand.New(rand.NewPCG(1, 2)) // the same damage in every run
	c.each(func(op, name string) {
		whole := encode(op, &sdk.Request{Name: name, Context: h.Context, Params: map[string]string{"a": "b"}})
		for n := range whole {
			if code := c.code(t, h, whole[:n]); code != sdk.Invalid {
				t.Errorf("%s %s cut to %d of %d bytes: code %q, want %q", op, name, n, len(whole), code, sdk.Invalid)
				return
			}
		}
		for range 200 {
			damaged := slices.Clone(whole)
			damaged[random.IntN(len(damaged))] ^= byte(1 + random.IntN(255))
			c.code(t, h, damaged) // may be another valid call
		}
	})
}

// everyHandler calls all of the plugin with a request; each must return a page that is in order or an error that is one.
func (c conformance) everyHandler(t *testing.T, h *Host, r sdk.Request) {
	t.Helper()
	c.each(func(op, name string) {
		r.Name = name
		survive(t, op+" "+name, func() {
			var result wire.Result
			raw := serve.Dispatch(hostcall.With(context.Background(), h), c.plugin, encode(op, &r))
			if _, err := result.UnmarshalMsg(raw); err != nil {
				t.Errorf("%s %s: the answer does not decode: %v", op, name, err)
				return
			}
			if e := result.Error; e != nil {
				if e.Code == "" || e.Source == "" || e.Message == "" {
					t.Errorf("%s %s: an error without code, source or message: %+v", op, name, *e)
				}
				return
			}
			if op == wire.OpFile {
				var f sdk.Attachment
				if _, err := f.UnmarshalMsg(result.Body); err != nil || f.Name == "" || f.ContentType == "" {
					t.Errorf("%s %s: a file without name or type: %q, %q, %v", op, name, f.Name, f.ContentType, err)
				}
				return
			}
			if op == wire.OpSuggest {
				var choices view.Choices
				if _, err := choices.UnmarshalMsg(result.Body); err != nil {
					t.Errorf("%s %s: the choices do not decode: %v", op, name, err)
				}
				for _, wrong := range CheckChoices(&choices) {
					t.Errorf("%s %s: %s", op, name, wrong)
				}
				return
			}
			var page view.Page
			if _, err := page.UnmarshalMsg(result.Body); err != nil {
				t.Errorf("%s %s: the page does not decode: %v", op, name, err)
				return
			}
			for _, wrong := range Check(c.plugin, &page) {
				t.Errorf("%s %s: %s", op, name, wrong)
			}
		})
	})
}

// each calls f for every handler, in a fixed order.
func (c conformance) each(f func(op, name string)) {
	for _, name := range slices.Sorted(maps.Keys(c.plugin.Views)) {
		f(wire.OpView, name)
	}
	for _, name := range slices.Sorted(maps.Keys(c.plugin.Actions)) {
		f(wire.OpAction, name)
	}
	for _, name := range slices.Sorted(maps.Keys(c.plugin.Files)) {
		f(wire.OpFile, name)
	}
	for _, name := range slices.Sorted(maps.Keys(c.plugin.Suggesters)) {
		f(wire.OpSuggest, name)
	}
}

// code returns the code of the answer to raw, "" for a success.
func (c conformance) code(t *testing.T, h *Host, raw []byte) (code sdk.Code) {
	t.Helper()
	survive(t, fmt.Sprintf("a call of %d bytes", len(raw)), func() {
		var result wire.Result
		if _, err := result.UnmarshalMsg(h.Dispatch(raw)); err != nil {
			t.Errorf("the answer does not decode: %v", err)
		}
		if result.Error != nil {
			code = result.Error.Code
		}
	})
	return code
}

func survive(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("%s: panic: %v\n%s", what, p, debug.Stack())
		}
	}()
	f()
}

func encode(op string, r *sdk.Request) []byte {
	call := wire.Call{Op: op}
	var err error
	if r != nil {
		if call.Body, err = r.MarshalMsg(nil); err != nil {
			panic(err) // strings and bytes always encode
		}
	}
	raw, err := call.MarshalMsg(nil)
	if err != nil {
		panic(err)
	}
	return raw
}
