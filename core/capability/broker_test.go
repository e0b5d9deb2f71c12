package capability_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// records is an audit that keeps what it is told.
type records struct {
	mu     sync.Mutex
	all    []capability.Record
	causes []string
	stacks int
}

func (a *records) HostCall(_ context.Context, r capability.Record) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, r)
}

func (a *records) HostCallFailed(_ context.Context, _ capability.Record, cause error, stack []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.causes = append(a.causes, cause.Error())
	if len(stack) > 0 {
		a.stacks++
	}
}

// answers makes a handler of an answer and an error.
func answers(body []byte, err error) func(context.Context, *capability.Binding, []byte) ([]byte, error) {
	return func(context.Context, *capability.Binding, []byte) ([]byte, error) { return body, err }
}

func panics(v any) func(context.Context, *capability.Binding, []byte) ([]byte, error) {
	return func(context.Context, *capability.Binding, []byte) ([]byte, error) { panic(v) }
}

var binding = capability.Binding{
	Tenant: "t1", Plugin: "acme.sync", Version: "1.0.0",
	Grants: capability.Grants{"jira:read": true, "store": false},
}

func newBroker(t testing.TB, audit capability.Audit) *capability.Broker {
	t.Helper()
	b, err := capability.NewBroker([]capability.Row{
		{Op: "free", Handle: answers(msgp.AppendString(nil, "yes"), nil)},
		{Op: "nothing", Handle: answers(nil, nil)},
		{Op: "jira.get", Permission: "jira:read", Handle: answers(msgp.AppendString(nil, "OPS-7"), nil)},
		{Op: "store.put", Permission: "store", Handle: answers(nil, nil)},
		{Op: "mail.send", Permission: "mail", Handle: answers(nil, nil)},
		{Op: "fails.invalid", Handle: answers(nil, sdk.Errorf(sdk.Invalid, "no such field"))},
		{Op: "fails.jira", Handle: answers(nil, fmt.Errorf("ask: %w", &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream, Message: "Jira is busy"}))},
		{Op: "fails.plain", Handle: answers(nil, errors.New("dial db01.internal: refused"))},
		{Op: "fails.deadline", Handle: answers(nil, fmt.Errorf("query: %w", context.DeadlineExceeded))},
		{Op: "fails.canceled", Handle: answers(nil, context.Canceled)},
		{Op: "panics.value", Handle: panics("summary of OPS-7")},
		{Op: "panics.runtime", Handle: func(context.Context, *capability.Binding, []byte) ([]byte, error) {
			var none []byte
			return none[1:], nil
		}},
		{Op: "too.long", Handle: answers(msgp.AppendBytes(nil, make([]byte, wire.MaxMessage)), nil)},
		{Op: "garbage", Handle: answers([]byte{0xc1}, nil)},
	}, audit)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ask makes a host call as a plugin does.
func ask(t testing.TB, h hostcall.Host, op string) *wire.Result {
	t.Helper()
	raw, err := (&wire.Call{Op: op, Body: msgp.AppendNil(nil)}).MarshalMsg(nil)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, h.HostCall(context.Background(), raw))
}

func decode(t testing.TB, raw []byte) *wire.Result {
	t.Helper()
	var result wire.Result
	if _, err := result.UnmarshalMsg(raw); err != nil {
		t.Fatalf("the answer is no wire.Result: %v", err)
	}
	return &result
}

func TestBrokerAnswersAndAudits(t *testing.T) {
	tests := []struct {
		op     string
		body   []byte
		code   sdk.Code
		source sdk.Source
		says   []string
		record string // Op of the record, where it differs
		denied bool
	}{
		{op: "free", body: msgp.AppendString(nil, "yes")},
		{op: "nothing"},
		{op: "jira.get", body: msgp.AppendString(nil, "OPS-7")},
		{op: "store.put", code: sdk.PermissionDenied, source: sdk.FromHost, says: []string{`"store"`, "plugin.json", "admin"}, denied: true},
		{op: "mail.send", code: sdk.PermissionDenied, source: sdk.FromHost, says: []string{`"mail"`}, denied: true},
		{op: "summary of OPS-7", code: sdk.Unimplemented, source: sdk.FromHost, says: []string{"older"}, record: "unknown"},
		{op: "", code: sdk.Unimplemented, source: sdk.FromHost, record: "unknown"},
		{op: "fails.invalid", code: sdk.Invalid, source: sdk.FromHost, says: []string{"no such field"}},
		{op: "fails.jira", code: sdk.Unavailable, source: sdk.FromDownstream, says: []string{"Jira is busy"}},
		{op: "fails.plain", code: sdk.Internal, source: sdk.FromHost, says: []string{"fails.plain", "operator"}},
		{op: "fails.deadline", code: sdk.Deadline, source: sdk.FromHost},
		{op: "fails.canceled", code: sdk.Canceled, source: sdk.FromHost},
		{op: "panics.value", code: sdk.Internal, source: sdk.FromHost, says: []string{"operator"}},
		{op: "panics.runtime", code: sdk.Internal, source: sdk.FromHost},
		{op: "too.long", code: sdk.Exhausted, source: sdk.FromHost, says: []string{"4194304", "less at a time"}},
		{op: "garbage", code: sdk.Internal, source: sdk.FromHost},
	}
	for _, tt := range tests {
		t.Run("op "+tt.op, func(t *testing.T) {
			var audit records
			got := ask(t, newBroker(t, &audit).Host(&binding, capability.Allowance{}), tt.op)
			want := capability.Record{Tenant: "t1", Plugin: "acme.sync", Version: "1.0.0", Op: tt.op, Code: tt.code, Source: tt.source, Denied: tt.denied}
			if tt.record != "" {
				want.Op = tt.record
			}
			if diff := cmp.Diff([]capability.Record{want}, audit.all, cmpopts.IgnoreFields(capability.Record{}, "Took")); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
			if tt.code == "" {
				if got.Error != nil || !bytes.Equal(got.Body, tt.body) {
					t.Errorf("got %x, %v; want %x", got.Body, got.Error, tt.body)
				}
				return
			}
			if got.Error == nil || got.Error.Code != tt.code || got.Error.Source != tt.source {
				t.Fatalf("got %+v, want %s of the %s", got.Error, tt.code, tt.source)
			}
			for _, want := range append(tt.says, " ") {
				if !strings.Contains(got.Error.Message, want) {
					t.Errorf("the message does not say %q: %s", want, got.Error.Message)
				}
			}
			if strings.Contains(got.Error.Message, "db01") {
				t.Errorf("the plugin learns of the host's network: %s", got.Error.Message)
			}
		})
	}
}

func TestFailureReachesTheOperatorWithoutContent(t *testing.T) {
	var audit records
	h := newBroker(t, capability.Audits(&audit)).Host(&binding, capability.Allowance{})
	for _, op := range []string{"fails.plain", "panics.value", "panics.runtime", "fails.invalid"} {
		ask(t, h, op)
	}
	want := []string{"dial db01.internal: refused", "panic with a value of type string", "panic: runtime error: slice bounds out of range [1:0]"}
	if diff := cmp.Diff(want, audit.causes); diff != "" {
		t.Errorf("causes (-want +got):\n%s", diff)
	}
	if audit.stacks != 2 {
		t.Errorf("%d stacks, want one for each of the 2 panics", audit.stacks)
	}
}

func TestHostCallsAreLimited(t *testing.T) {
	b := newBroker(t, nil)
	h := b.Host(&binding, capability.Allowance{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	codes := map[sdk.Code]int{}
	for range 4 {
		wg.Go(func() {
			for range 300 {
				var code sdk.Code
				if r := ask(t, h, "free"); r.Error != nil {
					code = r.Error.Code
				}
				mu.Lock()
				codes[code]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if diff := cmp.Diff(map[sdk.Code]int{"": capability.MaxHostCalls, sdk.Exhausted: 200}, codes); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
	if r := ask(t, b.Host(&binding, capability.Allowance{}), "free"); r.Error != nil {
		t.Errorf("another call of the plugin is limited too: %v", r.Error)
	}
}

func TestMalformedHostCallIsInvalid(t *testing.T) {
	h := newBroker(t, nil).Host(&binding, capability.Allowance{})
	whole, err := (&wire.Call{Op: "free", Body: msgp.AppendNil(nil)}).MarshalMsg(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, raw := range [][]byte{nil, {0xc1}, whole[:len(whole)-1], append(bytes.Clone(whole), 0), make([]byte, wire.MaxMessage+1)} {
		if got := decode(t, h.HostCall(context.Background(), raw)); got.Error == nil || got.Error.Code != sdk.Invalid {
			t.Errorf("%.20x: got %v", raw, got.Error)
		}
	}
}

func TestBrokerRefusesABadTable(t *testing.T) {
	ok := answers(nil, nil)
	for _, tt := range []struct {
		name string
		rows []capability.Row
		want string
	}{
		{"twice", []capability.Row{{Op: "a", Handle: ok}, {Op: "a", Handle: ok}}, "a: it stands in the table twice"},
		{"no name", []capability.Row{{Handle: ok}}, `""`},
		{"the audit's name", []capability.Row{{Op: "unknown", Handle: ok}}, "unknown"},
		{"no handler", []capability.Row{{Op: "a"}}, "nothing answers it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := capability.NewBroker(tt.rows, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestSlogAuditLevels(t *testing.T) {
	var out bytes.Buffer
	audit := capability.NewSlogAudit(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	h := newBroker(t, audit).Host(&binding, capability.Allowance{})
	for _, tt := range []struct{ op, want string }{
		{"free", "level=DEBUG"}, {"store.put", "level=WARN"}, {"fails.invalid", "level=INFO"}, {"fails.plain", "level=ERROR"}, {"panics.value", "stack="},
	} {
		out.Reset()
		ask(t, h, tt.op)
		for _, want := range []string{tt.want, "op=" + tt.op, "tenant=t1", "plugin=acme.sync"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: the log does not say %q:\n%s", tt.op, want, out.String())
			}
		}
		if strings.Contains(out.String(), "OPS-7") {
			t.Errorf("%s: the log quotes content:\n%s", tt.op, out.String())
		}
	}
}

func FuzzHostCall(f *testing.F) {
	whole, err := (&wire.Call{Op: "free", Body: msgp.AppendNil(nil)}).MarshalMsg(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte{0xdf, 0xff, 0xff, 0xff, 0xff})
	b := newBroker(f, nil)
	f.Fuzz(func(t *testing.T, raw []byte) {
		decode(t, b.Host(&binding, capability.Allowance{}).HostCall(context.Background(), raw))
	})
}

func ExampleBroker() {
	broker, err := capability.NewBroker([]capability.Row{{
		Op: "greeting.get", Permission: "greeting",
		Handle: func(_ context.Context, b *capability.Binding, _ []byte) ([]byte, error) {
			return msgp.AppendString(nil, "hello, "+string(b.Plugin)), nil
		},
	}}, nil)
	if err != nil {
		panic(err)
	}
	for _, grants := range []capability.Grants{nil, {"greeting": true}} {
		host := broker.Host(&capability.Binding{Tenant: "acme", Plugin: "example.hello", Grants: grants}, capability.Allowance{})
		call, _ := (&wire.Call{Op: "greeting.get", Body: msgp.AppendNil(nil)}).MarshalMsg(nil)
		var result wire.Result
		_, _ = result.UnmarshalMsg(host.HostCall(context.Background(), call))
		if result.Error != nil {
			fmt.Println(result.Error.Code)
			continue
		}
		text, _, _ := msgp.ReadStringBytes(result.Body)
		fmt.Println(text)
	}
	// Output:
	// permission_denied
	// hello, example.hello
}
