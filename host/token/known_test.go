package token_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/proof"
	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/token"
)

// lookups counts how often a site is looked up, with which every look into the store begins.
type lookups struct {
	*tenant.Tenants
	n int
}

func (l *lookups) ByAlias(ctx context.Context, alias string) (tenant.Tenant, error) {
	l.n++
	return l.Tenants.ByAlias(ctx, alias)
}

// remembering is a bench whose token was used twice, so that it is known.
func remembering(t *testing.T) (b *bench, l *lookups, made token.Token, text string) {
	t.Helper()
	b = newBench(t)
	l = &lookups{Tenants: b.tenants}
	c := b.Config
	c.Tenants = l
	b.Service = token.New(c)
	made, text = b.make(b.one)
	for range 2 { // the first use of the day is noted
		_, _, err := b.Verify(t.Context(), text)
		b.check(err)
	}
	return b, l, made, text
}

func TestATokenThatComesAgainIsBelievedForSeconds(t *testing.T) {
	b, l, made, text := remembering(t)
	before := l.n
	for range 5 {
		got, _, err := b.Verify(t.Context(), text)
		b.check(err)
		if got.ID != made.ID || len(got.Scopes) != 2 {
			t.Errorf("token %+v", got)
		}
		got.Scopes[0] = "everything" // what whoever asks does with it is theirs
	}
	if l.n != before {
		t.Errorf("looked up %d times", l.n-before)
	}
	if got, _, err := b.Verify(t.Context(), text); err != nil || got.Scopes[0] == "everything" {
		t.Errorf("%+v, %v: a caller has changed what is remembered", got, err)
	}
	b.now = b.now.Add(proof.Believed)
	if _, _, err := b.Verify(t.Context(), text); err != nil || l.n != before+1 {
		t.Errorf("later: looked up %d times, %v", l.n-before, err)
	}
}

func TestAKnownTokenEndsWithWhatItRestsOn(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(b *bench, made token.Token) error
		want error
	}{
		{"revoked", func(b *bench, made token.Token) error { return b.Revoke(b.Context(), b.one.ID, made.ID) }, token.ErrUnknown},
		{"all revoked", func(b *bench, _ token.Token) error { return b.RevokeAll(b.Context(), b.one.ID) }, token.ErrUnknown},
		{"expired", func(b *bench, made token.Token) error { b.now = made.Expires; return nil }, token.ErrExpired},
		{"account closed", func(b *bench, _ token.Token) error {
			b.dead[owner], b.now = true, b.now.Add(time.Minute)
			return nil
		}, token.ErrDead},
		{"revoked by another process", func(b *bench, made token.Token) error {
			other := token.New(b.Config)
			b.now = b.now.Add(proof.Believed)
			return other.Revoke(b.Context(), b.one.ID, made.ID)
		}, token.ErrUnknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, _, made, text := remembering(t)
			b.check(tt.end(b, made))
			if _, _, err := b.Verify(t.Context(), text); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
	t.Run("within its last second", func(t *testing.T) {
		b, _, made, text := remembering(t)
		b.now = made.Expires.Add(-time.Second)
		for range 2 {
			_, _, err := b.Verify(t.Context(), text)
			b.check(err)
		}
		b.now = made.Expires
		b.refuses(token.ErrExpired, text)
	})
}

func TestTheStateOfASiteIsKnownAtOnce(t *testing.T) {
	b, _, _, text := remembering(t)
	for _, state := range []tenant.State{tenant.Disabled, tenant.Active, tenant.Uninstalled} {
		_, err := b.tenants.SetState(t.Context(), b.one.ID, state)
		b.check(err)
		if _, site, err := b.Verify(t.Context(), text); err != nil || site.State != state {
			t.Errorf("a site that is %s is said to be %s: %v", state, site.State, err)
		}
	}
}
