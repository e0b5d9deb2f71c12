package core_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/core"
	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/view"
	"github.com/pergola-platform/pergola/sdk/wire"
)

func TestEveryKindOfRequestReachesThePlugin(t *testing.T) {
	p := &sdk.Plugin{
		ID: "x.y", Version: "1.0.0",
		Views: map[string]sdk.View{"panel": sdk.ViewFunc(func(_ context.Context, r *sdk.Request) (*view.Page, error) {
			return &view.Page{Title: r.Context.IssueID + " " + r.Params["q"]}, nil
		})},
		Actions: map[string]sdk.Action{"save": sdk.ActionFunc(func(_ context.Context, r *sdk.Request) (*view.Page, error) {
			return &view.Page{Title: strings.Join(r.Form["name"], "+")}, nil
		})},
		Files: map[string]sdk.File{"csv": sdk.FileFunc(func(_ context.Context, r *sdk.Request) (*sdk.Attachment, error) {
			return &sdk.Attachment{Name: "a.csv", ContentType: "text/csv", Body: r.State}, nil
		})},
		Suggesters: map[string]sdk.Suggester{"assets": sdk.SuggesterFunc(func(_ context.Context, r *sdk.Request) (*view.Choices, error) {
			return &view.Choices{Choices: []view.Choice{{Value: r.Context.IssueID, Label: r.Params["q"]}}}, nil
		})},
	}
	e := newEngine(t, core.Config{Drivers: drivers(&versions{byCode: map[string]*sdk.Plugin{"v1": p}})})
	add(t, e, manifestOf("x.y", "1.0.0", "panel"), "v1")
	b := acme
	b.Context = sdk.Context{IssueID: "10007"}
	ctx := context.Background()

	r := &sdk.Request{Name: "panel", Params: map[string]string{"q": "hello"}, Context: sdk.Context{IssueID: "666"}}
	if page, err := e.View(ctx, b, r); err != nil || page.Title != "10007 hello" {
		t.Errorf("view: got %+v, %v; the issue must be the binding's", page, err)
	}
	if r.Context.IssueID != "666" {
		t.Error("the caller's request was changed")
	}
	if page, err := e.Action(ctx, b, &sdk.Request{Name: "save", Form: map[string][]string{"name": {"a", "b"}}}); err != nil || page.Title != "a+b" {
		t.Errorf("action: got %+v, %v", page, err)
	}
	if file, err := e.File(ctx, b, &sdk.Request{Name: "csv", State: []byte("1,2")}); err != nil || string(file.Body) != "1,2" {
		t.Errorf("file: got %+v, %v", file, err)
	}
	if got, err := e.Suggest(ctx, b, &sdk.Request{Name: "assets", Params: map[string]string{"q": "lap"}}); err != nil || got.Choices[0] != (view.Choice{Value: "10007", Label: "lap"}) {
		t.Errorf("suggest: got %+v, %v", got, err)
	}
	_, err := e.View(ctx, b, &sdk.Request{Name: "nothing"})
	wantCode(t, err, sdk.NotFound, sdk.FromPlugin)
	_, err = e.Suggest(ctx, b, &sdk.Request{Name: "nothing"})
	wantCode(t, err, sdk.NotFound, sdk.FromPlugin)
	_, err = e.View(ctx, capability.Binding{Plugin: "no.body"}, r)
	wantCode(t, err, sdk.NotFound, sdk.FromHost)
}

func TestGrantsCountOnlyWhereTheManifestAsks(t *testing.T) {
	var seen capability.Binding
	broker, err := capability.NewBroker([]capability.Row{{Op: "peek", Handle: func(_ context.Context, b *capability.Binding, _ []byte) ([]byte, error) {
		seen = *b
		return nil, nil
	}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := pluginOf("x.y", "1.0.0", func(ctx context.Context, _ *sdk.Request) (*view.Page, error) {
		return &view.Page{}, hostcall.Do(ctx, "peek", nil, nil)
	})
	m := manifestOf("x.y", "1.0.0", "panel")
	m.Permissions = []manifest.Permission{{Name: "jira:read", Reason: "to show"}, {Name: "store", Reason: "to keep"}}
	e := newEngine(t, core.Config{Drivers: drivers(&versions{byCode: map[string]*sdk.Plugin{"v1": p}}), Broker: broker})
	add(t, e, m, "v1")
	b := capability.Binding{Tenant: "acme", Plugin: "x.y", Version: "0.0.1", SettingsRev: 4, GrantRev: 5,
		Grants: capability.Grants{"jira:read": true, "store": false, "jira:write": true}}
	title(t, e, b)
	want := b
	want.Version, want.Grants = "1.0.0", capability.Grants{"jira:read": true}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("binding of the host call (-want +got):\n%s", diff)
	}
}

// raw is a driver whose plugins answer with fixed bytes once they are loaded.
type raw struct {
	describe sdk.Description
	answer   []byte
	err      error
	call     driver.Call // the last one
	spend    int64       // fuel that each call tells its quota of
}

func (r *raw) Load(context.Context, []byte, driver.Limits) (driver.Module, error) { return r, nil }
func (r *raw) Close(context.Context) error                                        { return nil }

// answering returns a raw whose plugin draws an empty page.
func answering() *raw {
	page, _ := (&view.Page{Blocks: []view.Block{}}).MarshalMsg(nil)
	answer, _ := (&wire.Result{Body: page}).MarshalMsg(nil)
	return &raw{describe: sdk.Description{ID: "x.y", Version: "1.0.0", Views: []string{"panel"}}, answer: answer}
}

func (*raw) Facts() driver.Facts { return driver.Facts{} }

func (r *raw) Call(_ context.Context, c driver.Call) (driver.Result, error) {
	var call wire.Call
	if _, err := call.UnmarshalMsg(c.Message); err != nil {
		return driver.Result{}, err
	}
	if call.Op == wire.OpDescribe {
		body, _ := r.describe.MarshalMsg(nil)
		answer, err := (&wire.Result{Body: body}).MarshalMsg(nil)
		return driver.Result{Message: answer}, err
	}
	r.call = c
	if c.Quota != nil && r.spend > 0 {
		if err := c.Quota.Spend(r.spend); err != nil {
			return driver.Result{}, err
		}
	}
	return driver.Result{Message: r.answer, Usage: driver.Usage{Fuel: 7}}, r.err
}

func TestAnswersOfAPluginAreNotTrusted(t *testing.T) {
	failing := func(e sdk.Error) []byte {
		out, _ := (&wire.Result{Error: &e, Body: msgp.AppendNil(nil)}).MarshalMsg(nil)
		return out
	}
	with := func(body []byte) []byte {
		out, _ := (&wire.Result{Body: body}).MarshalMsg(nil)
		return out
	}
	long := strings.Repeat("é", 2000)
	tests := []struct {
		name   string
		answer []byte
		want   sdk.Error // Message only has to be contained
		most   int
	}{
		{"nothing", nil, sdk.Error{Code: sdk.Internal, Source: sdk.FromPlugin, Message: "cannot be decoded"}, 200},
		{"rubbish", []byte("HTTP/1.1 200 OK"), sdk.Error{Code: sdk.Internal, Source: sdk.FromPlugin, Message: "cannot be decoded"}, 200},
		{"body of another kind", with(msgp.AppendInt(nil, 7)), sdk.Error{Code: sdk.Internal, Source: sdk.FromPlugin, Message: "not of the kind"}, 200},
		{"honest error", failing(sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: "fill in the name", Field: "name"}),
			sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: "fill in the name", Field: "name"}, 200},
		{"error passed on", failing(sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream, Message: "Jira is busy"}),
			sdk.Error{Code: sdk.Unavailable, Source: sdk.FromDownstream, Message: "Jira is busy"}, 200},
		{"made-up code and source", failing(sdk.Error{Code: "teapot", Source: "admin", Message: "pay"}), sdk.Error{Code: sdk.Internal, Source: sdk.FromPlugin, Message: "pay"}, 200},
		{"silent", failing(sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin}), sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: "does not say why"}, 200},
		{"overlong", failing(sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: long}), sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: "éé"}, 1024},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := &raw{describe: sdk.Description{ID: "x.y", Version: "1.0.0", Views: []string{"panel"}}, answer: tt.answer}
			e := newEngine(t, core.Config{Drivers: map[string]driver.Driver{"inproc": d}})
			add(t, e, manifestOf("x.y", "1.0.0", "panel"), "code")
			_, err := e.View(context.Background(), acme, &sdk.Request{Name: "panel"})
			got, isError := err.(*sdk.Error)
			if !isError || got.Code != tt.want.Code || got.Source != tt.want.Source || got.Field != tt.want.Field || !strings.Contains(got.Message, tt.want.Message) {
				t.Fatalf("got %#v, want %#v", err, tt.want)
			}
			if len(got.Message) > tt.most {
				t.Errorf("the message is %d bytes long", len(got.Message))
			}
		})
	}
}

func TestTenantPaysForTheCallAndIsNotInTheMessage(t *testing.T) {
	page, _ := (&view.Page{Title: "hello", Blocks: []view.Block{}}).MarshalMsg(nil)
	answer, _ := (&wire.Result{Body: page}).MarshalMsg(nil)
	d := &raw{describe: sdk.Description{ID: "x.y", Version: "1.0.0", Views: []string{"panel"}}, answer: answer}
	e := newEngine(t, core.Config{Drivers: map[string]driver.Driver{"inproc": d}})
	add(t, e, manifestOf("x.y", "1.0.0", "panel"), "code")
	title(t, e, capability.Binding{Tenant: "tenant-of-acme", Plugin: "x.y"})
	if d.call.Tenant != "tenant-of-acme" || strings.Contains(string(d.call.Message), "tenant-of-acme") {
		t.Errorf("tenant %q, message %q", d.call.Tenant, d.call.Message)
	}
}

func TestObserverSeesEveryCall(t *testing.T) {
	var got []core.Observation
	p := pluginOf("x.y", "1.0.0", func(_ context.Context, r *sdk.Request) (*view.Page, error) {
		if r.Params["do"] == "panic" {
			panic("as asked")
		}
		return &view.Page{}, nil
	})
	e := newEngine(t, core.Config{Drivers: drivers(&versions{byCode: map[string]*sdk.Plugin{"v1": p}}), Observer: observer(func(o core.Observation) { got = append(got, o) })})
	add(t, e, manifestOf("x.y", "1.0.0", "panel"), "v1")
	for _, do := range []string{"", "panic"} {
		_, _ = e.View(context.Background(), acme, &sdk.Request{Name: "panel", Params: map[string]string{"do": do}})
	}
	want := []core.Observation{
		{Tenant: "acme", Plugin: "x.y", Version: "1.0.0", Op: "view"},
		{Tenant: "acme", Plugin: "x.y", Version: "1.0.0", Op: "view", Code: sdk.Internal, Source: sdk.FromPlugin, Trapped: true},
	}
	for i := range got {
		got[i].Took = 0
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("observations (-want +got):\n%s", diff)
	}
}

type observer func(core.Observation)

func (f observer) PluginCall(_ context.Context, o core.Observation) { f(o) }
