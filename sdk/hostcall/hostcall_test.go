package hostcall_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/hostcall"
	"github.com/pergola-platform/pergola/sdk/jira"
	"github.com/pergola-platform/pergola/sdk/wire"
)

func TestDoCarriesBodyAndAnswer(t *testing.T) {
	ctx := hostcall.With(t.Context(), hostcall.HostFunc(func(_ context.Context, raw []byte) []byte {
		var call wire.Call
		if _, err := call.UnmarshalMsg(raw); err != nil {
			t.Error(err)
		}
		var q jira.IssueQuery
		if _, err := q.UnmarshalMsg(call.Body); err != nil {
			t.Error(err)
		}
		return result(t, wire.Result{Body: encode(t, &jira.Issue{ID: q.ID, Key: call.Op})})
	}))
	var issue jira.Issue
	if err := hostcall.Do(ctx, "jira.issue", &jira.IssueQuery{ID: "10001"}, &issue); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(jira.Issue{ID: "10001", Key: "jira.issue"}, issue); diff != "" {
		t.Errorf("issue (-want +got):\n%s", diff)
	}
	if err := hostcall.Do(ctx, "jira.issue", &jira.IssueQuery{}, nil); err != nil {
		t.Errorf("without an answer: %v", err)
	}
}

func TestDoReturnsTypedErrors(t *testing.T) {
	typed := &sdk.Error{Code: sdk.NotFound, Source: sdk.FromDownstream, Message: "no such issue"}
	answers := func(raw []byte) context.Context {
		return hostcall.With(t.Context(), hostcall.HostFunc(func(context.Context, []byte) []byte { return raw }))
	}
	for _, tt := range []struct {
		name string
		ctx  context.Context
		in   *jira.Search
		want sdk.Error
	}{
		{"host's own", answers(result(t, wire.Result{Error: typed})), &jira.Search{}, *typed},
		{"no host", t.Context(), &jira.Search{}, sdk.Error{Code: sdk.Unavailable, Source: sdk.FromHost, Message: "no host: "}},
		{"error without a code", answers(result(t, wire.Result{Error: &sdk.Error{}})), &jira.Search{}, sdk.Error{Code: sdk.Internal, Source: sdk.FromHost, Message: "decode the answer to jira.search: "}},
		{"no answer", answers(nil), &jira.Search{}, sdk.Error{Code: sdk.Internal, Source: sdk.FromHost, Message: "decode the answer to jira.search: "}},
		{"answer of another type", answers(result(t, wire.Result{Body: []byte{0xa1, 'x'}})), &jira.Search{}, sdk.Error{Code: sdk.Internal, Source: sdk.FromHost, Message: "decode the answer to jira.search: "}},
		{"no body", answers(result(t, wire.Result{})), &jira.Search{}, sdk.Error{Code: sdk.Internal, Source: sdk.FromHost, Message: "decode the answer to jira.search: "}},
		{"question too long", answers(nil), &jira.Search{JQL: strings.Repeat("x", wire.MaxMessage)}, sdk.Error{Code: sdk.Invalid, Source: sdk.FromPlugin, Message: "jira.search: the message is "}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := hostcall.Do(tt.ctx, jira.OpSearch, tt.in, &jira.Found{})
			got, ok := err.(*sdk.Error)
			if !ok || got.Code != tt.want.Code || got.Source != tt.want.Source || !strings.HasPrefix(got.Message, tt.want.Message) {
				t.Errorf("error = %#v, want %#v", err, tt.want)
			}
		})
	}
}

func result(t *testing.T, r wire.Result) []byte { return encode(t, &r) }

func encode(t *testing.T, m interface{ MarshalMsg([]byte) ([]byte, error) }) []byte {
	t.Helper()
	raw, err := m.MarshalMsg(nil)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
