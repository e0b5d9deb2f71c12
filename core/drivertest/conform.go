package drivertest

import (
	"context"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/view"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// Conform checks a plugin, in the form that a driver loads, from outside: that it says the truth about itself, that it
// answers what it does not know with the right error, and that no request and no host, however empty, damaged or mean, ends
// it. It is for plugins in languages that sdktest.Conform cannot see into; for one in Go that is the better place.
//
// An error with the code internal and the source plugin counts as a defect, since that is also how a trap is told.
func Conform(t *testing.T, s Subject) {
	t.Helper()
	c := &conformance{exchange: Start(t, s)}
	if !t.Run("describes itself", c.describes) {
		return
	}
	t.Run("refuses what it does not know", c.refuses)
	t.Run("withstands damaged calls", c.damagedCalls)
	t.Run("withstands empty requests", func(t *testing.T) { c.everyHandler(t, sdk.Request{}, nil) })
	t.Run("withstands strange requests", func(t *testing.T) {
		for _, s := range []string{"", "-1", "9e99", "<script>", "\x00\xff", "../..", "ä€𐍈", "\xed\xa0\x80"} {
			c.everyHandler(t, sdk.Request{
				Context: sdk.Context{Account: s, Module: s, IssueID: s, ProjectID: s, SiteURL: s, LinkURL: s, Locale: s, TimeZone: s},
				Params:  map[string]string{"code": s, s: s}, Form: map[string][]string{s: {s, s}, "x": nil}, State: []byte(s),
			}, mirror)
		}
	})
	for _, code := range []sdk.Code{sdk.PermissionDenied, sdk.NotFound, sdk.Unimplemented, sdk.Unavailable, sdk.Exhausted, sdk.Internal, "a_code_of_tomorrow"} {
		t.Run("withstands a host that answers "+string(code), func(t *testing.T) {
			c.everyHandler(t, sdk.Request{}, reply(driver.Refuse(code, "not today")))
		})
	}
	t.Run("withstands a host that answers nonsense", func(t *testing.T) {
		for _, raw := range [][]byte{nil, {}, {0xc1}, {0x80}, {0x81, 0xa4, 'b', 'o', 'd', 'y', 0xa1, 'x'}, {0x81, 0xa5, 'e', 'r', 'r', 'o', 'r', 0x80}} {
			c.everyHandler(t, sdk.Request{}, reply(raw))
		}
	})
}

// View asks a plugin for a view once.
func View(t testing.TB, s Subject, host hostcall.Host, r *sdk.Request) (*view.Page, error) {
	t.Helper()
	var page view.Page
	err := Start(t, s)(t, driver.Call{Message: Message(t, wire.OpView, r), Host: host}, &page)
	return &page, err
}

// Start loads a plugin until the test ends. It returns what makes one call of it and decodes the body of the answer into out.
func Start(t testing.TB, s Subject) func(t testing.TB, c driver.Call, out msgp.Unmarshaler) error {
	t.Helper()
	m := load(t, s.Open(t), s.Code, driver.Limits{})
	t.Cleanup(func() { _ = m.Close(context.Background()) })
	return func(t testing.TB, c driver.Call, out msgp.Unmarshaler) error {
		t.Helper()
		return answer(context.Background(), t, m, c, out)
	}
}

// conformance is a plugin under test, and what it says of itself.
type conformance struct {
	exchange func(t testing.TB, c driver.Call, out msgp.Unmarshaler) error
	is       sdk.Description
	shape    *sdk.Plugin // with handlers of the same names, which nobody calls
}

var (
	idForm      = regexp.MustCompile(`^[a-z][a-z0-9]*(\.[a-z][a-z0-9]*)+$`)
	versionForm = regexp.MustCompile(`^\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?$`)
	nameForm    = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)
)

func (c *conformance) describes(t *testing.T) {
	if err := c.call(t, Message(t, wire.OpDescribe, nil), nil, &c.is); err != nil {
		t.Fatal(err)
	}
	if !idForm.MatchString(c.is.ID) {
		t.Errorf("the id is %q; write words of lower-case letters and digits joined by dots, such as acme.labels", c.is.ID)
	}
	if !versionForm.MatchString(c.is.Version) {
		t.Errorf("the version is %q; write three numbers joined by dots, such as 1.4.0", c.is.Version)
	}
	if c.is.SDK == "" {
		t.Error("sdk is empty; name the version of whatever speaks the ABI for the plugin")
	}
	if len(c.is.Views)+len(c.is.Actions)+len(c.is.Files)+len(c.is.Synchronizers)+len(c.is.Services)+len(c.is.Suggesters)+len(c.is.Events)+len(c.is.Jobs)+len(c.is.Functions)+len(c.is.Routes) == 0 {
		t.Error("it offers nothing: no view, no action, no file, no suggester, no synchronizer, no service, no handler of events, jobs, functions or routes")
	}
	c.shape = &sdk.Plugin{Views: map[string]sdk.View{}, Actions: map[string]sdk.Action{}, Files: map[string]sdk.File{}, Suggesters: map[string]sdk.Suggester{}}
	for _, list := range [][]string{c.is.Views, c.is.Actions, c.is.Files, c.is.Synchronizers, c.is.Services, c.is.Suggesters, c.is.Guards, c.is.Events, c.is.Jobs, c.is.Functions, c.is.Routes} {
		for i, name := range list {
			if !nameForm.MatchString(name) {
				t.Errorf("the name %q: start with a lower-case letter and go on with lower-case letters, digits, _ and -, 64 at most", name)
			}
			if slices.Contains(list[:i], name) {
				t.Errorf("the name %q is there twice", name)
			}
		}
	}
	for _, name := range c.is.Views {
		c.shape.Views[name] = sdk.ViewFunc(nil)
	}
	for _, name := range c.is.Actions {
		c.shape.Actions[name] = sdk.ActionFunc(nil)
	}
	for _, name := range c.is.Files {
		c.shape.Files[name] = sdk.FileFunc(nil)
	}
	for _, name := range c.is.Suggesters {
		c.shape.Suggesters[name] = sdk.SuggesterFunc(nil)
	}
}

func (c *conformance) refuses(t *testing.T) {
	wantError(t, c.call(t, Message(t, "an_operation_of_tomorrow", nil), nil, ignored{}), sdk.Unimplemented, sdk.FromPlugin)
	ops := []string{wire.OpView, wire.OpAction, wire.OpFile}
	if len(c.is.Suggesters) > 0 { // without one, a plugin need not know the operation
		ops = append(ops, wire.OpSuggest)
	}
	for _, op := range ops {
		r := &sdk.Request{Name: "a_name_that_nobody_has"}
		wantError(t, c.call(t, Message(t, op, r), nil, ignored{}), sdk.NotFound, sdk.FromPlugin)
	}
}

func (c *conformance) damagedCalls(t *testing.T) {
	deep := append(slices.Repeat([]byte{0x91}, wire.MaxDepth), 0xc0)
	wide := append(msgp.AppendArrayHeader(nil, wire.MaxValues), make([]byte, wire.MaxValues)...)
	question := msgp.AppendString(msgp.AppendString(msgp.AppendString(msgp.AppendMapHeader(nil, 2), "op"), wire.OpDescribe), "more")
	for _, raw := range [][]byte{
		nil, {0xc0}, {0xc1}, {0x90}, []byte("describe"), {0xdd, 0xff, 0xff, 0xff, 0xff}, slices.Repeat([]byte{0x91}, 1<<16),
		slices.Concat(question, deep), slices.Concat(question, wide), // well formed, and more than the bounds allow
	} {
		wantError(t, c.call(t, raw, nil, ignored{}), sdk.Invalid, sdk.FromPlugin)
	}
	random := rand.New(rand.NewPCG(1, 2)) // the same damage in every run
	c.each(func(op, name string) {
		whole := Message(t, op, &sdk.Request{Name: name, Params: map[string]string{"a": "b"}, Context: sdk.Context{IssueID: "10001"}})
		for n := range whole {
			wantError(t, c.call(t, whole[:n], nil, ignored{}), sdk.Invalid, sdk.FromPlugin)
		}
		for range 200 {
			damaged := slices.Clone(whole)
			damaged[random.IntN(len(damaged))] ^= byte(1 + random.IntN(255))
			c.withstands(t, op+" "+name, c.call(t, damaged, nil, ignored{})) // may be another valid call
		}
	})
}

// everyHandler calls all of the plugin with a request; each must return a page that is in order or an error that is one.
func (c *conformance) everyHandler(t *testing.T, r sdk.Request, host hostcall.Host) {
	t.Helper()
	c.each(func(op, name string) {
		r.Name = name
		if op == wire.OpFile {
			var f sdk.Attachment
			err := c.call(t, Message(t, op, &r), host, &f)
			c.withstands(t, op+" "+name, err)
			if err == nil && (f.Name == "" || f.ContentType == "") {
				t.Errorf("%s %s: a file without name or type: %q, %q", op, name, f.Name, f.ContentType)
			}
			return
		}
		if op == wire.OpSuggest {
			var choices view.Choices
			err := c.call(t, Message(t, op, &r), host, &choices)
			c.withstands(t, op+" "+name, err)
			if err == nil {
				for _, wrong := range sdktest.CheckChoices(&choices) {
					t.Errorf("%s %s: %s", op, name, wrong)
				}
			}
			return
		}
		var page view.Page
		err := c.call(t, Message(t, op, &r), host, &page)
		c.withstands(t, op+" "+name, err)
		if err == nil {
			for _, wrong := range sdktest.Check(c.shape, &page) {
				t.Errorf("%s %s: %s", op, name, wrong)
			}
		}
	})
}

// withstands judges the outcome of a call that may fail.
func (c *conformance) withstands(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	e, isError := err.(*sdk.Error)
	switch {
	case !isError:
		t.Errorf("%s: %v", what, err)
	case e.Code == "" || e.Source == "" || e.Message == "":
		t.Errorf("%s: an error without code, source or message: %+v", what, *e)
	case e.Source == sdk.FromPlugin && (e.Code == sdk.Internal || e.Code == sdk.Deadline):
		t.Errorf("%s: %v", what, e)
	}
}

func (c *conformance) call(t *testing.T, raw []byte, host hostcall.Host, out msgp.Unmarshaler) error {
	t.Helper()
	return c.exchange(t, driver.Call{Message: raw, Host: host}, out)
}

// each calls f for every handler.
func (c *conformance) each(f func(op, name string)) {
	for _, name := range c.is.Views {
		f(wire.OpView, name)
	}
	for _, name := range c.is.Actions {
		f(wire.OpAction, name)
	}
	for _, name := range c.is.Files {
		f(wire.OpFile, name)
	}
	for _, name := range c.is.Suggesters {
		f(wire.OpSuggest, name)
	}
}

// ignored takes any body.
type ignored struct{}

// UnmarshalMsg implements msgp.Unmarshaler.
func (ignored) UnmarshalMsg([]byte) ([]byte, error) { return nil, nil }
