package services_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/core/manifest"
	"github.com/pergola-platform/pergola/host/services"
	hoststore "github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/store"
)

func mint(ctx context.Context, t *testing.T, n int) []string {
	t.Helper()
	tokens, err := store.Tokens(ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

func TestTokensAreRandomAndKeepTheirForm(t *testing.T) {
	ctx := as(t, services.New(all(t, nil)), binding("t"))
	seen := map[string]bool{}
	letters := map[rune]int{}
	for range 4 {
		for _, token := range mint(ctx, t, 500) {
			if err := store.Validate(store.KindToken, token); err != nil || seen[token] {
				t.Fatalf("token %q: %v", token, err)
			}
			seen[token] = true
			for _, r := range token {
				letters[r]++
			}
		}
	}
	// 36,000 letters of 58: some 620 each. Seven standard deviations are 173, which chance does not reach.
	for _, r := range store.TokenAlphabet {
		if n := letters[r]; n < 447 || n > 793 {
			t.Errorf("letter %c comes %d times of 36000", r, n)
		}
	}
}

func TestOnlyTokensOfTheHostAreStored(t *testing.T) {
	deps := all(t, nil)
	rows := services.New(deps)
	ctx := as(t, rows, binding("t"))
	own := mint(ctx, t, 2)
	if _, err := store.Put(ctx, store.Record{Type: "visit", ID: own[0]}, store.Record{Type: "code", ID: "8", Fields: map[string]string{"token": own[1]}}); err != nil {
		t.Fatal(err)
	}
	sibling := binding("t")
	sibling.Plugin = "acme"
	foreign := map[string]string{
		"a word":                 "printerfirePrinter",
		"of another tenant":      mint(as(t, rows, binding("u")), t, 1)[0],
		"of another plugin":      mint(as(t, rows, sibling), t, 1)[0],
		"with another beginning": "aaaaaaaaaaaa" + own[0][12:],
		"with another end":       own[0][:12] + "aaaaaa",
		"of two":                 own[0][:12] + own[1][12:],
	}
	for name, token := range foreign {
		for field, r := range map[string]store.Record{
			"id":    {Type: "visit", ID: token},
			"token": {Type: "code", ID: "9", Fields: map[string]string{"token": token}},
		} {
			_, err := store.Put(ctx, r)
			wantError(t, field+" "+name, err, sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: field})
			if err != nil && (strings.Contains(err.Error(), token) || !strings.Contains(err.Error(), "store.Tokens")) {
				t.Errorf("%s %s: the error %q repeats the value or does not say where tokens come from", field, name, err)
			}
		}
	}
	// A newer version of the plugin knows the tokens of the one before.
	newer := binding("t")
	newer.Version = "1.0.1"
	deps.Manifests = services.ManifestsFunc(func(id capability.PluginID, _ string) *manifest.Manifest { return manifests(id, "1.0.0") })
	if _, err := store.Put(as(t, services.New(deps), newer), store.Record{Type: "visit", ID: own[0], Rev: 1}); err != nil {
		t.Errorf("after an update: %v", err)
	}
}

func TestTokensAreBoundedAndNeedAKey(t *testing.T) {
	deps := all(t, nil)
	ctx := as(t, services.New(deps), binding("t"))
	for _, n := range []int{-1, 0, 501} {
		_, err := store.Tokens(ctx, n)
		wantError(t, fmt.Sprint(n), err, sdk.Error{Code: sdk.Invalid, Source: sdk.FromHost, Field: "count"})
	}
	token := mint(ctx, t, 1)[0]
	for name, c := range map[string]struct {
		key  func(context.Context, capability.TenantID) ([]byte, error)
		want sdk.Code
	}{
		"no key at all":    {nil, sdk.Unimplemented},
		"an empty key":     {func(context.Context, capability.TenantID) ([]byte, error) { return nil, nil }, sdk.Internal},
		"a key that fails": {func(context.Context, capability.TenantID) ([]byte, error) { return nil, errors.New("broken") }, sdk.Internal},
		"a store that fails": {func(context.Context, capability.TenantID) ([]byte, error) {
			return nil, fmt.Errorf("read: %w", hoststore.ErrUnavailable)
		}, sdk.Unavailable},
	} {
		deps.TokenKey = c.key
		ctx := as(t, services.New(deps), binding("t"))
		_, err := store.Tokens(ctx, 1)
		wantError(t, name+", Tokens", err, sdk.Error{Code: c.want, Source: sdk.FromHost})
		_, err = store.Put(ctx, store.Record{Type: "visit", ID: token})
		wantError(t, name+", Put", err, sdk.Error{Code: c.want, Source: sdk.FromHost})
		// What needs no token goes on.
		if _, err := store.Put(ctx, code("8", "1", 0)); err != nil && sdk.CodeOf(err) != sdk.Exists {
			t.Errorf("%s: %v", name, err)
		}
	}
	deps.TokenKey, deps.Random = tokenKey, strings.NewReader("too little")
	_, err := store.Tokens(as(t, services.New(deps), binding("t")), 1)
	wantError(t, "no randomness", err, sdk.Error{Code: sdk.Internal, Source: sdk.FromHost})
}
