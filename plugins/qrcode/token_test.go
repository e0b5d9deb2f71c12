package main_test

import (
	"strings"
	"testing"

	"github.com/tinylib/msgp/msgp"

	qrcode "github.com/pergola-platform/pergola/plugins/qrcode"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/store"
	"github.com/pergola-platform/pergola/sdk/wire"
)

func TestTokensKeepTheirForm(t *testing.T) {
	s := newSite(t, 1)
	tokens, err := store.Tokens(s.With(t.Context()), 500)
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range append(tokens, aToken) {
		if !qrcode.ValidToken(token) {
			t.Errorf("%q is refused", token)
		}
	}
	for _, bad := range []string{"", "short", strings.Repeat("0", 18), strings.Repeat("a", 17), strings.Repeat("a", 19), "aaaaaaaaaaaaaaaaa-"} {
		if qrcode.ValidToken(bad) {
			t.Errorf("%q passes", bad)
		}
	}
}

func TestCodesOfABatchAreAskedForAtOnce(t *testing.T) {
	s := newSite(t, 100)
	s.finish(s.act("start", submit()))
	asked := 0
	for _, op := range s.Calls() {
		if op == store.OpTokens {
			asked++
		}
	}
	if asked != 1 || len(s.Records("code")) != 100 {
		t.Errorf("%d codes, tokens were asked for %d times; want 100 and once", len(s.Records("code")), asked)
	}
}

func TestNoCodeWithoutAToken(t *testing.T) {
	s := newSite(t, 1)
	plain := s.Answer
	s.Answer = func(op string, body []byte) (msgp.Marshaler, error, bool) {
		if op == store.OpTokens {
			return nil, &sdk.Error{Code: sdk.Unimplemented, Source: sdk.FromHost, Message: "this host makes no tokens"}, true
		}
		return plain(op, body)
	}
	if _, _, err := s.try(wire.OpAction, "create", s.beside(0)); sdk.CodeOf(err) != sdk.Unimplemented {
		t.Errorf("create: %v", err)
	}
	if n := len(s.revisions()); n > 0 {
		t.Errorf("%d records", n)
	}
}
