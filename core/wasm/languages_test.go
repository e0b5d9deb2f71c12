package wasm_test

import (
	"context"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/core/driver"
	"github.com/pergola-platform/pergola/core/drivertest"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/sdktest"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// The contract is in bytes, not in Go: the fixture in other languages behaves as the one in Go does.
func TestDriverPassesTheSuiteWithGuestsInOtherLanguages(t *testing.T) {
	for language, folder := range drivertest.Languages {
		t.Run(language, func(t *testing.T) {
			skip := map[string]string{}
			for _, name := range []string{"synchronizer conforms", "synchronizer gives the same rows everywhere", "page ends where a message is full", "deadline ends a read"} {
				skip[name] = "the fixture has a synchronizer in Go alone"
			}
			drivertest.Run(t, drivertest.Subject{Open: open, Code: drivertest.Build(t, folder), Skip: skip})
		})
	}
}

// hellos are one plugin in three languages.
var hellos = []string{"examples/hello", "examples/c-hello", "examples/as-hello"}

func TestHelloSaysTheSameInEveryLanguage(t *testing.T) {
	for _, folder := range hellos {
		t.Run(folder, func(t *testing.T) {
			s := drivertest.Subject{Open: open, Code: drivertest.Build(t, folder)}
			r := &sdk.Request{Name: "panel", Context: sdk.Context{IssueID: "10001"}}
			page, err := drivertest.View(t, s, issues(t), r)
			if err != nil || sdktest.Text(page) != "Hello\nHello, ÖPS-7!\n" {
				t.Errorf("an issue: got %q, %v", sdktest.Text(page), err)
			}
			r.Context.IssueID = "10002"
			page, err = drivertest.View(t, s, issues(t), r)
			if err != nil || sdktest.Text(page) != "Hello\nHello, whoever you are!\n" {
				t.Errorf("no such issue: got %q, %v", sdktest.Text(page), err)
			}
			denied := driver.Refuse(sdk.PermissionDenied, "grant jira:read")
			_, err = drivertest.View(t, s, hostcall.HostFunc(func(context.Context, []byte) []byte { return denied }), r)
			want := &sdk.Error{Code: sdk.PermissionDenied, Source: sdk.FromHost, Message: "grant jira:read"}
			if diff := cmp.Diff(error(want), err); diff != "" {
				t.Errorf("without the permission (-want +got):\n%s", diff)
			}
		})
	}
}

// issues is a host with one issue.
func issues(t *testing.T) hostcall.Host {
	return hostcall.HostFunc(func(_ context.Context, raw []byte) []byte {
		var call wire.Call
		var query jira.IssueQuery
		if _, err := call.UnmarshalMsg(raw); err != nil || call.Op != jira.OpIssue {
			t.Errorf("the host call is %q, %v", call.Op, err)
		} else if _, err := query.UnmarshalMsg(call.Body); err != nil {
			t.Errorf("the question is no IssueQuery: %v", err)
		}
		if query.ID != "10001" {
			return driver.Refuse(sdk.NotFound, "there is no issue "+query.ID)
		}
		body, err := (&jira.Issue{ID: "10001", Key: "ÖPS-7"}).MarshalMsg(nil)
		if err != nil {
			t.Error(err)
		}
		out, err := (&wire.Result{Body: body}).MarshalMsg(nil)
		if err != nil {
			t.Error(err)
		}
		return out
	})
}

func TestHelloConformsInEveryLanguage(t *testing.T) {
	for _, folder := range hellos {
		t.Run(folder, func(t *testing.T) {
			drivertest.Conform(t, drivertest.Subject{Open: open, Code: drivertest.Build(t, folder)})
		})
	}
}

var given = flag.String("guest", "", "a module that TestGivenGuestConforms checks")

// TestGivenGuestConforms is for those who write a plugin:
//
//	go test ./core/wasm -run TestGivenGuestConforms -v -guest="$PWD/plugin.wasm"
func TestGivenGuestConforms(t *testing.T) {
	if *given == "" {
		return // there is nothing to check, which is no reason to say that something was left out
	}
	code, err := os.ReadFile(*given)
	if err != nil {
		t.Fatal(err)
	}
	drivertest.Conform(t, drivertest.Subject{Open: open, Code: code})
}
