package serve_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/serve"
	"github.com/pergola-platform/pergola/sdk/view"
	"github.com/pergola-platform/pergola/sdk/wire"
)

var plugin = &sdk.Plugin{
	ID: "example.test", Version: "1.2.3",
	Views: map[string]sdk.View{
		"panel": sdk.ViewFunc(func(_ context.Context, r *sdk.Request) (*view.Page, error) {
			return &view.Page{Title: "Issue " + r.Context.IssueID}, nil
		}),
		"nothing": sdk.ViewFunc(func(context.Context, *sdk.Request) (*view.Page, error) { return nil, nil }),
		"typed":   fails(&sdk.Error{Code: sdk.Exhausted, Source: sdk.FromDownstream, Message: "slow down", Field: "jql"}),
		"wrapped": fails(fmt.Errorf("read the sheet: %w", &sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: "no such record"})),
		"plain":   fails(errors.New("the paper is too small")),
		"ended":   fails(fmt.Errorf("draw: %w", context.DeadlineExceeded)),
		"nil":     fails((*sdk.Error)(nil)),
	},
	Actions: map[string]sdk.Action{"save": sdk.ActionFunc(func(_ context.Context, r *sdk.Request) (*view.Page, error) {
		return &view.Page{Title: r.Form["name"][0]}, nil
	})},
	Suggesters: map[string]sdk.Suggester{"assets": sdk.SuggesterFunc(func(_ context.Context, r *sdk.Request) (*view.Choices, error) {
		return &view.Choices{Choices: []view.Choice{{Value: "1", Label: r.Params["q"]}}}, nil
	})},
	Files: map[string]sdk.File{
		"label": sdk.FileFunc(func(context.Context, *sdk.Request) (*sdk.Attachment, error) {
			return &sdk.Attachment{Name: "label.svg", ContentType: "image/svg+xml", Body: []byte("<svg/>")}, nil
		}),
		"huge": sdk.FileFunc(func(context.Context, *sdk.Request) (*sdk.Attachment, error) {
			return &sdk.Attachment{Name: "huge.pdf", ContentType: "application/pdf", Body: make([]byte, wire.MaxMessage)}, nil
		}),
	},
}

// fails is a view that fails. That err can be a nil pointer is the point of one of the tests.
func fails(err error) sdk.View {
	return sdk.ViewFunc(func(context.Context, *sdk.Request) (*view.Page, error) { return nil, err })
}

func TestDispatchRunsTheHandlerThatIsNamed(t *testing.T) {
	var page view.Page
	decode(t, dispatch(t, plugin, wire.OpView, &sdk.Request{Name: "panel", Context: sdk.Context{IssueID: "10001"}}), &page)
	if page.Title != "Issue 10001" {
		t.Errorf("view: %+v", page)
	}
	decode(t, dispatch(t, plugin, wire.OpAction, &sdk.Request{Name: "save", Form: map[string][]string{"name": {"A4"}}}), &page)
	if page.Title != "A4" {
		t.Errorf("action: %+v", page)
	}
	var file sdk.Attachment
	decode(t, dispatch(t, plugin, wire.OpFile, &sdk.Request{Name: "label"}), &file)
	if string(file.Body) != "<svg/>" {
		t.Errorf("file: %+v", file)
	}
	var choices view.Choices
	decode(t, dispatch(t, plugin, wire.OpSuggest, &sdk.Request{Name: "assets", Params: map[string]string{"q": "lap"}}), &choices)
	if diff := cmp.Diff(view.Choices{Choices: []view.Choice{{Value: "1", Label: "lap"}}}, choices); diff != "" {
		t.Errorf("choices (-want +got):\n%s", diff)
	}
	var d sdk.Description
	decode(t, dispatch(t, plugin, wire.OpDescribe, nil), &d)
	if diff := cmp.Diff(plugin.Describe(), &d); diff != "" {
		t.Errorf("description (-code +wire):\n%s", diff)
	}
}

func TestDispatchSaysWhatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		name   string
		plugin *sdk.Plugin
		op     string
		view   string
		want   sdk.Error
	}{
		{"unknown view", plugin, wire.OpView, "nowhere", sdk.Error{Code: sdk.NotFound, Source: sdk.FromPlugin, Message: `view "nowhere"`}},
		{"a file is no view", plugin, wire.OpView, "label", sdk.Error{Code: sdk.NotFound, Source: sdk.FromPlugin, Message: `view "label"`}},
		{"unknown suggester", plugin, wire.OpSuggest, "nobody", sdk.Error{Code: sdk.NotFound, Source: sdk.FromPlugin, Message: `suggest "nobody"`}},
		{"unknown operation", plugin, "sync", "", sdk.Error{Code: sdk.Unimplemented, Source: sdk.FromPlugin, Message: `operation "sync"; this plugin was built with SDK ` + sdk.Version}},
		{"neither answer nor error", plugin, wire.OpView, "nothing", sdk.Error{Code: sdk.Internal, Source: sdk.FromPlugin, Message: "the handler returned neither an answer nor an error"}},
		{"typed error", plugin, wire.OpView, "typed", sdk.Error{Code: sdk.Exhausted, Source: sdk.FromDownstream, Message: "slow down", Field: "jql"}},
		{"wrapped error", plugin, wire.OpView, "wrapped", sdk.Error{Code: sdk.NotFound, Source: sdk.FromHost, Message: "read the sheet: no such record"}},
		{"plain error", plugin, wire.OpView, "plain", sdk.Error{Code: sdk.Internal, Source: sdk.FromPlugin, Message: "the paper is too small"}},
		{"context's error", plugin, wire.OpView, "ended", sdk.Error{Code: sdk.Deadline, Source: sdk.FromPlugin, Message: "draw: context deadline exceeded"}},
		{"nil of a typed error", plugin, wire.OpView, "nil", sdk.Error{Code: sdk.Internal, Source: sdk.FromPlugin, Message: "the handler returned a nil *sdk.Error as its error; return nil"}},
		{"answer too large", plugin, wire.OpFile, "huge", sdk.Error{Code: sdk.Exhausted, Source: sdk.FromPlugin, Message: "the answer is 4194364 bytes long, at most 4194304 are allowed; show or make less at a time"}},
		{"no plugin", nil, wire.OpDescribe, "", sdk.Error{Code: sdk.Internal, Source: sdk.FromPlugin, Message: "no plugin is registered; call serve.Plugin in an init function of package main"}},
		{"empty plugin", &sdk.Plugin{}, wire.OpAction, "x", sdk.Error{Code: sdk.NotFound, Source: sdk.FromPlugin, Message: `action "x"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			result := dispatch(t, tt.plugin, tt.op, &sdk.Request{Name: tt.view})
			if result.Error == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(tt.want, *result.Error); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDispatchRefusesARequestThatIsNone(t *testing.T) {
	call := wire.Call{Op: wire.OpView, Body: []byte{0xa1, 'x'}}
	raw, err := call.MarshalMsg(nil)
	if err != nil {
		t.Fatal(err)
	}
	var result wire.Result
	if _, err := result.UnmarshalMsg(serve.Dispatch(t.Context(), plugin, raw)); err != nil || result.Error == nil || result.Error.Code != sdk.Invalid {
		t.Errorf("result = %+v, %v", result.Error, err)
	}
}

func FuzzDispatch(f *testing.F) {
	for _, op := range []string{wire.OpDescribe, wire.OpView, wire.OpAction, wire.OpFile, wire.OpSuggest, "sync"} {
		f.Add(encode(f, op, &sdk.Request{Name: "panel", Params: map[string]string{"a": "b"}}))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		safe := &sdk.Plugin{ID: "example.fuzz", Version: "0.1.0", Views: map[string]sdk.View{"panel": plugin.Views["panel"]}}
		var result wire.Result
		if _, err := result.UnmarshalMsg(serve.Dispatch(t.Context(), safe, raw)); err != nil {
			t.Errorf("the answer does not decode: %v", err)
		}
	})
}

func dispatch(t *testing.T, p *sdk.Plugin, op string, r *sdk.Request) wire.Result {
	t.Helper()
	var result wire.Result
	rest, err := result.UnmarshalMsg(serve.Dispatch(t.Context(), p, encode(t, op, r)))
	if err != nil || len(rest) > 0 {
		t.Fatalf("the answer does not decode: %v, %d bytes left", err, len(rest))
	}
	return result
}

func encode(t testing.TB, op string, r *sdk.Request) []byte {
	t.Helper()
	call := wire.Call{Op: op}
	var err error
	if r != nil {
		if call.Body, err = r.MarshalMsg(nil); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := call.MarshalMsg(nil)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func decode(t *testing.T, r wire.Result, out interface {
	UnmarshalMsg([]byte) ([]byte, error)
}) {
	t.Helper()
	if r.Error != nil {
		t.Fatal(r.Error)
	}
	if _, err := out.UnmarshalMsg(r.Body); err != nil {
		t.Fatal(err)
	}
}
