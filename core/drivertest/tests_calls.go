package drivertest

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest/fixture"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/config"
	"github.com/pergola-platform/pergola/sdk/event"
	"github.com/pergola-platform/pergola/sdk/job"
	"github.com/pergola-platform/pergola/sdk/jqlfunc"
	"github.com/pergola-platform/pergola/sdk/rest"
	"github.com/pergola-platform/pergola/sdk/service"
	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/view"
	"github.com/pergola-platform/pergola/sdk/wire"
)

func testDescribe(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	var got sdk.Description
	if err := answer(context.Background(), t, m, driver.Call{Message: Message(t, wire.OpDescribe, nil)}, &got); err != nil {
		t.Fatal(err)
	}
	want := fixture.New().Describe()
	if len(got.Synchronizers) == 0 {
		want.Synchronizers = nil // a twin in another language need not have one
	}
	if len(got.Services) == 0 {
		want.Services = nil // nor this
	}
	if len(got.Guards) == 0 {
		want.Guards = nil // nor this
	}
	if len(got.Events) == 0 {
		want.Events = nil // nor this
	}
	if len(got.Jobs) == 0 {
		want.Jobs = nil // nor this
	}
	if len(got.Functions) == 0 {
		want.Functions = nil // nor this
	}
	if len(got.Routes) == 0 {
		want.Routes = nil // nor this
	}
	if len(got.Suggesters) == 0 {
		want.Suggesters = nil // nor this
	}
	if diff := cmp.Diff(want, &got); diff != "" {
		t.Errorf("description (-want +got):\n%s", diff)
	}
}

func testEcho(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	for _, text := range []string{"", "hello", "Grüße, 世界 \x00"} {
		got, err := title(context.Background(), t, m, driver.Call{Tenant: "tenant"}, request(fixture.Echo, "text", text))
		if err != nil || got != text {
			t.Errorf("got %q, %v; want %q", got, err, text)
		}
	}
}

func testService(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	ask := func(r service.Request) (string, error) {
		var got service.Answer
		err := answer(context.Background(), t, m, driver.Call{Message: Message(t, wire.OpService, &r)}, &got)
		return string(got.Body), err
	}
	got, err := ask(service.Request{Name: fixture.Parrot, Op: "say", Caller: "acme.shelf", Body: []byte("hello")})
	if sdk.CodeOf(err) == sdk.NotFound || sdk.CodeOf(err) == sdk.Unimplemented {
		t.Skip("a twin in another language need not have services")
	}
	if err != nil || got != "acme.shelf says hello" {
		t.Errorf("%q, %v", got, err)
	}
	_, err = ask(service.Request{Name: fixture.Parrot, Op: "sing"})
	wantError(t, err, sdk.Unimplemented, sdk.FromPlugin)
	_, err = ask(service.Request{Name: "nobody", Op: "say"})
	wantError(t, err, sdk.NotFound, sdk.FromPlugin)
}

func testGuard(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	judge := func(c config.Change) (config.Verdict, error) {
		var got config.Verdict
		err := answer(context.Background(), t, m, driver.Call{Message: Message(t, wire.OpGuard, &c)}, &got)
		return got, err
	}
	named := func(name string) *settings.Values { return &settings.Values{Strings: map[string]string{"name": name}} }
	got, err := judge(config.Change{Name: fixture.Names, Op: config.Save, Type: "shelf", After: named("somebody")})
	if sdk.CodeOf(err) == sdk.NotFound || sdk.CodeOf(err) == sdk.Unimplemented {
		t.Skip("a twin in another language need not have guards")
	}
	if err != nil || len(got.Problems) > 0 {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = judge(config.Change{Name: fixture.Names, Op: config.Save, Type: "shelf", Before: named("somebody"), After: named("nobody")})
	if diff := cmp.Diff(*config.No("name", "choose another name"), got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	_, err = judge(config.Change{Name: "nobody"})
	wantError(t, err, sdk.NotFound, sdk.FromPlugin)
}

func testEvent(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	tell := func(e event.Event) error {
		return answer(context.Background(), t, m, driver.Call{Message: Message(t, wire.OpEvent, &e)}, ignored{})
	}
	err := tell(event.Event{Name: fixture.Ears, Kind: event.IssueDeleted, ID: "1", IssueID: "10001"})
	if sdk.CodeOf(err) == sdk.NotFound || sdk.CodeOf(err) == sdk.Unimplemented {
		t.Skip("a twin in another language need not hear of events")
	}
	if err != nil {
		t.Error(err)
	}
	err = tell(event.Event{Name: fixture.Ears, Kind: event.LinkDeleted, ID: "2"})
	want := &sdk.Error{Code: sdk.Unavailable, Source: sdk.FromPlugin, Message: "heard of issuelink.deleted"}
	if diff := cmp.Diff(error(want), err); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	wantError(t, tell(event.Event{Name: "nobody"}), sdk.NotFound, sdk.FromPlugin)
}

func testJob(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	work := func(s job.Step) (job.Result, error) {
		var got job.Result
		return got, answer(context.Background(), t, m, driver.Call{Message: Message(t, wire.OpJob, &s)}, &got)
	}
	s := job.Step{Name: fixture.Steps, Job: "count", Run: "r", ID: "r-1", Number: 1, Input: map[string]string{"from": "1"}, Cursor: map[string]string{"at": "1"}}
	got, err := work(s)
	if code := sdk.CodeOf(err); code == sdk.NotFound || code == sdk.Unimplemented {
		t.Skip("a twin in another language need not have jobs")
	}
	want := job.Result{Cursor: map[string]string{"at": "2"}, Done: 1, Total: 3, Counts: map[string]int64{"made": 2}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, (-want +got):\n%s", err, diff)
	}
	s.Input = nil
	_, err = work(s)
	wantError(t, err, sdk.Invalid, sdk.FromPlugin)
	_, err = work(job.Step{Name: "nobody"})
	wantError(t, err, sdk.NotFound, sdk.FromPlugin)
}

func testFunction(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	ask := func(q jqlfunc.Question) (jqlfunc.Answer, error) {
		var got jqlfunc.Answer
		return got, answer(context.Background(), t, m, driver.Call{Message: Message(t, wire.OpJQL, &q)}, &got)
	}
	got, err := ask(jqlfunc.Question{Name: fixture.Labelled, Function: "labelled", Operator: jqlfunc.In, Arguments: []string{`Grüße" OR key = "A-1`}})
	if code := sdk.CodeOf(err); code == sdk.NotFound || code == sdk.Unimplemented {
		t.Skip("a twin in another language need not have functions")
	}
	want := jqlfunc.Answer{JQL: `labels in ("Grüße\" OR key = \"A-1")`}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, (-want +got):\n%s", err, diff)
	}
	if got, err = ask(jqlfunc.Question{Name: fixture.Labelled, Operator: jqlfunc.NotIn}); err != nil || got.JQL != "created is not EMPTY" {
		t.Errorf("what restricts nothing: %q, %v", got.JQL, err)
	}
	_, err = ask(jqlfunc.Question{Name: fixture.Labelled, Operator: jqlfunc.In, Arguments: []string{""}})
	wantError(t, err, sdk.Invalid, sdk.FromPlugin)
	_, err = ask(jqlfunc.Question{Name: "nobody"})
	wantError(t, err, sdk.NotFound, sdk.FromPlugin)
}

func testRoute(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	call := func(r rest.Request) (got rest.Answer, err error) {
		err = answer(context.Background(), t, m, driver.Call{Message: Message(t, wire.OpRoute, &r)}, &got)
		return got, err
	}
	body := []byte{0x81, 0xa4, 't', 'e', 'x', 't', 0xa2, 'h', 'i'}
	got, err := call(rest.Request{Name: fixture.Mirror, Params: map[string]string{"made": "yes"}, Body: body})
	if code := sdk.CodeOf(err); code == sdk.NotFound || code == sdk.Unimplemented {
		t.Skip("a twin in another language need not have routes")
	}
	if diff := cmp.Diff(rest.Answer{Status: 201, Body: body}, got); err != nil || diff != "" {
		t.Errorf("%v, (-want +got):\n%s", err, diff)
	}
	_, err = call(rest.Request{Name: fixture.Mirror})
	want := &sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Field: "text", Message: "send something"}
	if diff := cmp.Diff(error(want), err); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	_, err = call(rest.Request{Name: "nobody"})
	wantError(t, err, sdk.NotFound, sdk.FromPlugin)
}

func testSuggest(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	var got view.Choices
	r := request(fixture.Echo, "q", "Grüße", "field", "asset")
	err := answer(context.Background(), t, m, driver.Call{Message: Message(t, wire.OpSuggest, r)}, &got)
	if sdk.CodeOf(err) == sdk.NotFound || sdk.CodeOf(err) == sdk.Unimplemented {
		t.Skip("a twin in another language need not have suggesters")
	}
	want := view.Choices{Choices: []view.Choice{{Value: "asset", Label: "Grüße"}}, More: true}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, (-want +got):\n%s", err, diff)
	}
	err = answer(context.Background(), t, m, driver.Call{Message: Message(t, wire.OpSuggest, request("no-such-suggester"))}, &got)
	wantError(t, err, sdk.NotFound, sdk.FromPlugin)
}

func testHandlerError(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	_, err := title(context.Background(), t, m, driver.Call{}, request(fixture.Fail, "code", "exists", "text", "choose another name"))
	want := &sdk.Error{Code: sdk.Exists, Source: sdk.FromPlugin, Message: "choose another name"}
	if diff := cmp.Diff(error(want), err); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}

func testUnknownOperation(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	err := answer(context.Background(), t, m, driver.Call{Message: Message(t, "dream", request(fixture.Echo))}, &sdk.Request{})
	wantError(t, err, sdk.Unimplemented, sdk.FromPlugin)
}

func testUnknownView(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	_, err := title(context.Background(), t, m, driver.Call{}, request("no-such-view"))
	wantError(t, err, sdk.NotFound, sdk.FromPlugin)
}

func testMalformedCall(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	whole := Message(t, wire.OpView, request(fixture.Echo, "text", "hello"))
	for _, raw := range [][]byte{nil, {0xc1}, []byte("GET / HTTP/1.1"), whole[:len(whole)/2], {0xdf, 0xff, 0xff, 0xff, 0xff}} {
		err := answer(context.Background(), t, m, driver.Call{Message: raw, Tenant: "tenant"}, &sdk.Request{})
		wantError(t, err, sdk.Invalid, sdk.FromPlugin)
	}
	asBefore(t, m)
}

func testLargeBody(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	state := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	r := request(fixture.Bytes)
	r.State = state
	for range 2 {
		var got sdk.Attachment
		if err := answer(context.Background(), t, m, driver.Call{Message: Message(t, wire.OpFile, r), Tenant: "tenant"}, &got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Body, state) {
			t.Fatalf("got %d bytes back, not the %d that went in", len(got.Body), len(state))
		}
	}
	asBefore(t, m)
}

func testMessageTooLong(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	_, err := m.Call(context.Background(), driver.Call{Message: make([]byte, wire.MaxMessage+1)})
	wantError(t, err, sdk.Invalid, sdk.FromHost)
	asBefore(t, m)
}

func testAnswerTooLong(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	err := answer(context.Background(), t, m, driver.Call{Message: Message(t, wire.OpFile, request(fixture.Big)), Tenant: "tenant"}, &sdk.Attachment{})
	wantError(t, err, sdk.Exhausted, sdk.FromPlugin)
	asBefore(t, m)
}

func testConcurrent(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{Instances: 4, Wait: time.Minute})
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			tenant := fmt.Sprintf("tenant %d", i%3)
			for j := range 2 {
				text := fmt.Sprintf("%s call %d.%d", tenant, i, j)
				got, err := title(context.Background(), t, m, driver.Call{Tenant: tenant}, request(fixture.Echo, "text", text))
				if err != nil || got != text {
					t.Errorf("got %q, %v; want %q", got, err, text)
				}
			}
		})
	}
	wg.Wait()
}

// sized returns a call of view or file name, with a State so long that the call has n bytes.
func sized(t *testing.T, op, name string, n int) []byte {
	t.Helper()
	r := request(name)
	r.State = make([]byte, n-1000)
	r.State = make([]byte, n-1000+n-len(Message(t, op, r)))
	raw := Message(t, op, r)
	if len(raw) != n {
		t.Fatalf("made a call of %d bytes, not of %d", len(raw), n)
	}
	return raw
}

func testExactMessage(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	var page view.Page
	raw := sized(t, wire.OpView, fixture.Size, wire.MaxMessage)
	if err := answer(context.Background(), t, m, driver.Call{Message: raw, Tenant: "tenant"}, &page); err != nil {
		t.Errorf("%d bytes: %v", wire.MaxMessage, err)
	} else if n, err := strconv.Atoi(page.Title); err != nil || n < wire.MaxMessage-1000 || n > wire.MaxMessage {
		t.Errorf("the plugin saw a state of %s bytes", page.Title)
	}
	_, err := m.Call(context.Background(), driver.Call{Message: sized(t, wire.OpView, fixture.Size, wire.MaxMessage+1), Tenant: "tenant"})
	wantError(t, err, sdk.Invalid, sdk.FromHost)
	asBefore(t, m)
}

func testExactAnswer(t *testing.T, b *bench) {
	m := b.load(t, driver.Limits{})
	fill := func(n int) (driver.Result, error) {
		return m.Call(context.Background(), driver.Call{Message: Message(t, wire.OpFile, request(fixture.Fill, "bytes", strconv.Itoa(n))), Tenant: "tenant"})
	}
	const probe = 1 << 20
	got, err := fill(probe)
	if err != nil {
		t.Fatal(err)
	}
	around := len(got.Message) - probe
	if got, err = fill(wire.MaxMessage - around); err != nil || len(got.Message) != wire.MaxMessage {
		t.Errorf("got %d bytes, %v; want %d", len(got.Message), err, wire.MaxMessage)
	}
	err = answer(context.Background(), t, m, driver.Call{
		Message: Message(t, wire.OpFile, request(fixture.Fill, "bytes", strconv.Itoa(wire.MaxMessage-around+1))), Tenant: "tenant",
	}, &sdk.Attachment{})
	wantError(t, err, sdk.Exhausted, sdk.FromPlugin)
	asBefore(t, m)
}
