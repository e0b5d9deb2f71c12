package auth

import (
	"context"
	"errors"

	"github.com/pergola-platform/pergola/host/tenant"
	"github.com/pergola-platform/pergola/host/token"
)

// APITokens knows API tokens; token.Service is one. The tenant may be in any state.
type APITokens interface {
	Verify(ctx context.Context, text string) (token.Token, tenant.Tenant, error)
}

// Token verifies the API token of a program. It stands in the header, as Bearer, and never in an address, which ends up in logs. Whether it is for
// what is called is the caller's to decide (Scopes).
func (v *Verifier) Token(ctx context.Context, r Request) (Principal, error) {
	raw, refused := r.token(ViaToken, "Bearer", false)
	if refused != nil {
		return Principal{}, refused
	}
	if v.apiTokens == nil {
		return Principal{}, refuse(ViaToken, ReasonSetup, nil)
	}
	found, t, err := v.apiTokens.Verify(ctx, raw)
	switch {
	case err == nil:
	case errors.Is(err, token.ErrMalformed):
		return Principal{}, refuse(ViaToken, ReasonMalformed, nil)
	case errors.Is(err, token.ErrUnknown):
		return Principal{}, refuse(ViaToken, ReasonUnknown, nil)
	case errors.Is(err, token.ErrExpired):
		return Principal{}, refuse(ViaToken, ReasonExpired, nil)
	case errors.Is(err, token.ErrDead):
		return Principal{}, refuse(ViaToken, ReasonAccount, nil)
	default:
		return Principal{}, refuse(ViaToken, ReasonStore, err)
	}
	if err := serves(ViaToken, t.State, false); err != nil {
		return Principal{}, err
	}
	return Principal{
		Tenant: t.ID, ClientKey: t.ClientKey, Account: found.Account, Via: ViaToken, IssuedAt: found.Created, Token: found.ID, Scopes: found.Scopes,
	}, nil
}

// tokenWords are what a program reads of a refusal; usual are those of pages. Revoked, mistyped and foreign tokens are told apart in the log only.
func tokenWords(reason Reason, usual string) string {
	switch reason {
	case ReasonMissing:
		return "Send an API token in the header Authorization, as: Bearer pergola_… A Jira admin makes one under Apps, Pergola, API."
	case ReasonPlace, ReasonTwoTokens:
		return "An API token stands in the header Authorization only, never in an address."
	case ReasonExpired:
		return "This API token has expired. Make another one under Apps, Pergola, API."
	case ReasonAccount:
		return "The account of this API token is closed or deactivated. Make a token in the name of another account."
	case ReasonDisabled, ReasonUninstalled, ReasonStore:
		return usual
	default:
		return "This is no API token that is good here. It may have been revoked, or cut when it was copied."
	}
}
