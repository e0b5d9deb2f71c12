// Package drivertest is the suite that every driver passes, so that a plugin behaves alike wherever it runs. A driver's
// own test calls [Run]; what it cannot do it skips by name and says why, and a name that no test has is an error.
//
// The plugin that the suite talks to is drivertest/fixture: natively from fixture.New, as a Wasm module from [Guest], as an
// executable from [Program].
package drivertest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/view"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// Subject is a driver under test.
type Subject struct {
	// Open returns a new driver; Run closes it.
	Open func(t testing.TB) driver.Driver
	// Code is the fixture in the form that the driver loads.
	Code []byte
	// Logged, which may be nil, returns what the driver has written to its log so far: not what plugins print.
	Logged func() string
	// Skip says, by the name of a test, why the driver cannot pass it.
	Skip map[string]string
}

// Run runs the suite.
func Run(t *testing.T, s Subject) {
	names := map[string]bool{}
	d := s.Open(t)
	t.Cleanup(func() {
		if err := d.Close(context.Background()); err != nil {
			t.Errorf("close the driver: %v", err)
		}
	})
	// One module stays loaded, so that the driver can share what it prepared for the others.
	keep := load(t, d, s.Code, driver.Limits{})
	defer func() { _ = keep.Close(context.Background()) }()
	for _, test := range tests {
		names[test.name] = true
		t.Run(test.name, func(t *testing.T) {
			if reason, skip := s.Skip[test.name]; skip {
				t.Skip(reason)
			}
			test.run(t, &bench{driver: d, code: s.Code, logged: s.Logged})
		})
	}
	for name := range s.Skip {
		if !names[name] {
			t.Errorf("Skip names %q, and there is no such test", name)
		}
	}
}

// Guest returns the fixture as a Wasm module. It is built once in each test program, with the go command.
func Guest(t testing.TB) []byte { return built(t, guest) }

// Program returns the fixture as an executable for this system, which serves it with sdk/process. It is built once in each
// test program, with the go command.
func Program(t testing.TB) []byte { return built(t, program) }

func built(t testing.TB, once func() ([]byte, error)) []byte {
	t.Helper()
	code, err := once()
	if err != nil {
		t.Fatal(err)
	}
	return code
}

var (
	guest   = sync.OnceValues(func() ([]byte, error) { return buildGo([]string{"GOOS=wasip1", "GOARCH=wasm"}, "-buildmode=c-shared") })
	program = sync.OnceValues(func() ([]byte, error) { return buildGo(nil) })
)

// buildGo builds drivertest/guest.
func buildGo(env []string, flags ...string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "pergola-guest-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	out := filepath.Join(dir, "guest")
	_, here, _, _ := runtime.Caller(0)
	cmd := exec.Command("go", append(append([]string{"build"}, flags...), "-o", out, "./guest")...)
	cmd.Dir = filepath.Dir(here)
	cmd.Env = append(append(os.Environ(), "CGO_ENABLED=0"), env...)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, err
	}
	return os.ReadFile(out)
}

// bench is what a test works with.
type bench struct {
	driver driver.Driver
	code   []byte
	logged func() string // nil where nobody listens
}

// load loads the fixture for one test.
func (b *bench) load(t testing.TB, l driver.Limits) driver.Module {
	t.Helper()
	m := load(t, b.driver, b.code, l)
	t.Cleanup(func() { _ = m.Close(context.Background()) })
	return m
}

func load(t testing.TB, d driver.Driver, code []byte, l driver.Limits) driver.Module {
	t.Helper()
	if l.Timeout == 0 {
		l.Timeout = time.Minute // no test depends on how fast the machine is unless it says so
	}
	m, err := d.Load(context.Background(), code, l)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	return m
}

// Message returns the bytes of a wire.Call.
func Message(t testing.TB, op string, r msgp.Marshaler) []byte {
	t.Helper()
	call := wire.Call{Op: op, Body: msgp.AppendNil(nil)}
	if r != nil {
		body, err := r.MarshalMsg(nil)
		if err != nil {
			t.Fatal(err)
		}
		call.Body = body
	}
	raw, err := call.MarshalMsg(nil)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// request returns a request for a name with pairs of parameters.
func request(name string, params ...string) *sdk.Request {
	r := &sdk.Request{Name: name, Params: map[string]string{}}
	for i := 0; i+1 < len(params); i += 2 {
		r.Params[params[i]] = params[i+1]
	}
	return r
}

// title asks for a view and returns its title, or the error of the driver or the plugin.
func title(ctx context.Context, t testing.TB, m driver.Module, c driver.Call, r *sdk.Request) (string, error) {
	t.Helper()
	c.Message = Message(t, wire.OpView, r)
	var page view.Page
	err := answer(ctx, t, m, c, &page)
	return page.Title, err
}

// answer makes a call and decodes its answer into out.
func answer(ctx context.Context, t testing.TB, m driver.Module, c driver.Call, out msgp.Unmarshaler) error {
	t.Helper()
	got, err := m.Call(ctx, c)
	if err != nil {
		return err
	}
	var result wire.Result
	if _, err := result.UnmarshalMsg(got.Message); err != nil {
		t.Errorf("the answer is no wire.Result: %v", err)
		return err
	}
	if result.Error != nil {
		return result.Error
	}
	if _, err := out.UnmarshalMsg(result.Body); err != nil {
		t.Errorf("the body of the answer is no %T: %v", out, err)
		return err
	}
	return nil
}

// wantError checks code and source of an error.
func wantError(t testing.TB, err error, code sdk.Code, source sdk.Source) {
	t.Helper()
	e, isError := err.(*sdk.Error)
	if !isError {
		t.Errorf("got the error %v (%T), want a *sdk.Error", err, err)
		return
	}
	if e.Code != code || e.Source != source {
		t.Errorf("got %s of the %s (%s), want %s of the %s", e.Code, e.Source, e.Message, code, source)
	}
	if e.Message == "" {
		t.Errorf("%s of the %s says nothing to its reader", e.Code, e.Source)
	}
}

// asBefore checks that a module still works.
func asBefore(t testing.TB, m driver.Module) {
	t.Helper()
	got, err := title(context.Background(), t, m, driver.Call{Tenant: "tenant"}, request("echo", "text", "still here"))
	if err != nil || got != "still here" {
		t.Errorf("afterwards: got %q, %v", got, err)
	}
}

// reply is a host that answers every call with the same bytes.
func reply(raw []byte) hostcall.Host {
	return hostcall.HostFunc(func(context.Context, []byte) []byte { return raw })
}

// mirror is a host that answers a call with its body.
var mirror = hostcall.HostFunc(func(_ context.Context, raw []byte) []byte {
	var call wire.Call
	if _, err := call.UnmarshalMsg(raw); err != nil {
		return driver.Refuse(sdk.Invalid, err.Error())
	}
	result := wire.Result{Body: bytes.Clone(call.Body)}
	out, err := result.MarshalMsg(nil)
	if err != nil {
		return driver.Refuse(sdk.Internal, err.Error())
	}
	return out
})
