package jira_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/sandbox/world"
	"github.com/pergola-platform/pergola/sdk"
)

const (
	namesPath = "/rest/api/3/user/bulk"
	checkPath = "/rest/api/3/permissions/check"
)

func TestNamesAreThoseThatTheViewerMayKnow(t *testing.T) {
	ids := []string{string(world.Mia), string(world.Jonas), "712020:nobody"}
	want := map[string]string{string(world.Mia): "Mia Admin", string(world.Jonas): "Jonas User", "712020:nobody": ""}
	for _, tt := range []struct {
		name   string
		scopes []string
		viewer world.AccountID
		want   map[string]string
		calls  map[string]int
	}{
		{"as the viewer", []string{"READ", "ACT_AS_USER"}, world.Jonas, want, map[string]int{tokens: 1, namesPath: 2}},
		{"as the app for one who may browse users", []string{"READ"}, world.Jonas, want, map[string]int{tokens: 1, checkPath: 2, namesPath: 2}},
		{"not as the app for one who may not", []string{"READ"}, world.Ada, nil, map[string]int{tokens: 2, checkPath: 2}},
		{"to nobody", []string{"READ", "ACT_AS_USER"}, "", nil, map[string]int{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPeople(t, tt.scopes...)
			for range 2 {
				got, err := p.client.Names(t.Context(), p.tenant, string(tt.viewer), ids)
				if diff := cmp.Diff(tt.want, got); diff != "" || (err == nil) != (tt.want != nil) || err != nil && sdk.CodeOf(err) != sdk.PermissionDenied {
					t.Fatalf("%v (-want +got):\n%s", err, diff)
				}
			}
			if diff := cmp.Diff(tt.calls, p.calls); diff != "" {
				t.Errorf("what two questions asked of Jira (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAccountsThatWereClosedForGoodHaveNoName(t *testing.T) {
	p := newPeople(t, "READ", "ACT_AS_USER")
	if status, body := p.site.Do("mia@pergola.example", http.MethodDelete, "/rest/api/3/user?accountId="+string(world.Ada), nil); status != http.StatusNoContent {
		t.Fatalf("%d %s", status, body)
	}
	got, err := p.client.Names(t.Context(), p.tenant, string(world.Jonas), []string{string(world.Ada)})
	if diff := cmp.Diff(map[string]string{string(world.Ada): ""}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestNamesOfManyAccountsAreOneRequest(t *testing.T) {
	p := newPeople(t, "READ", "ACT_AS_USER")
	ids := []string{string(world.Mia)}
	for i := range 150 {
		ids = append(ids, fmt.Sprintf("712020:%s-%d", strings.Repeat("a", 110), i))
	}
	got, err := p.client.Names(t.Context(), p.tenant, string(world.Jonas), ids)
	if err != nil || len(got) != 100 || got[string(world.Mia)] != "Mia Admin" || p.calls[namesPath] != 1 {
		t.Errorf("%d names, %v; calls %v", len(got), err, p.calls)
	}
}
