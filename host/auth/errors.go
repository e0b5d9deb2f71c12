package auth

import (
	"github.com/pergola-platform/pergola/sdk"
)

// Reason says in one word why a token was refused. It is for logs and metrics, never for the visitor: whoever guesses
// tokens learns nothing from the answer.
type Reason string

// The reasons.
const (
	ReasonMissing     Reason = "token_missing"
	ReasonTwoTokens   Reason = "token_twice"       // in the header and in the address, or twice in the address
	ReasonPlace       Reason = "token_in_address"  // where only the header may carry it
	ReasonMalformed   Reason = "token_malformed"   // no JWT, or claims of the wrong type
	ReasonAlgorithm   Reason = "token_algorithm"   // another algorithm than this route's
	ReasonKey         Reason = "key_unknown"       // no key under that kid
	ReasonSignature   Reason = "token_signature"   // the signature is not by that key
	ReasonClaim       Reason = "claim_missing"     // exp or another claim that must be there
	ReasonExpired     Reason = "token_expired"     // exp has passed
	ReasonEarly       Reason = "token_early"       // iat or nbf lies ahead
	ReasonIssuer      Reason = "issuer"            // not who may issue such tokens
	ReasonAudience    Reason = "audience"          // addressed to another app
	ReasonClientKey   Reason = "client_key"        // the body speaks of another site than the token
	ReasonQSH         Reason = "qsh"               // the token is for another address, or of another kind
	ReasonTenant      Reason = "tenant_unknown"    // no site with that client key or installation
	ReasonUninstalled Reason = "tenant_gone"       // the site has uninstalled the app
	ReasonDisabled    Reason = "tenant_disabled"   // the site has switched the app off
	ReasonAPIBase     Reason = "api_base_url"      // a Forge token that would send us to a foreign host
	ReasonEnvironment Reason = "forge_environment" // of a Forge app's environment that is not served
	ReasonSetup       Reason = "not_configured"    // no Forge app is configured
	ReasonKeyHost     Reason = "key_host_down"     // the keys cannot be had just now; the token may be fine
	ReasonStore       Reason = "store_unavailable" // the tenant cannot be looked up just now; the token may be fine
	ReasonUnknown     Reason = "token_unknown"     // an API token that was never made, or was revoked
	ReasonAccount     Reason = "account_gone"      // whose API token it is
)

// Error is a refusal. errors.As finds in it the *sdk.Error that the visitor may read; neither holds any part of the
// token.
type Error struct {
	via    Via
	reason Reason
	public *sdk.Error
	cause  error
}

// Error returns the reason, and the cause where our side was at fault.
func (e *Error) Error() string {
	s := "refused " + string(e.via) + " token: " + string(e.reason)
	if e.cause != nil {
		s += ": " + e.cause.Error()
	}
	return s
}

// Reason returns why the token was refused, for logs.
func (e *Error) Reason() string { return string(e.reason) }

// Unwrap returns what the visitor may read, and the cause.
func (e *Error) Unwrap() []error {
	if e.cause == nil {
		return []error{e.public}
	}
	return []error{e.public, e.cause}
}

// refuse returns the error for a reason. cause is only for faults of our own side, never for what a token library says
// of a token.
func refuse(via Via, reason Reason, cause error) *Error {
	public := &sdk.Error{
		Code: sdk.Unauthenticated, Source: sdk.FromHost,
		Message: "We could not verify that this comes from your Jira site. Open the page again from Jira.",
	}
	switch reason {
	case ReasonDisabled:
		public.Code = sdk.PermissionDenied
		public.Message = "The app is switched off on this Jira site. A Jira admin can switch it on again under Manage apps."
	case ReasonUninstalled:
		public.Message = "The app is no longer installed on this Jira site. A Jira admin can install it again."
	case ReasonKeyHost, ReasonStore:
		public.Code = sdk.Unavailable
		public.Message = "We cannot verify requests just now. Try again in a minute."
	case ReasonMissing:
		public.Message = "This page opens from inside Jira only. Open it there."
	case ReasonExpired:
		public.Message = "This page was open for too long. Open it again from Jira."
	default:
	}
	if via == ViaToken {
		public.Message = tokenWords(reason, public.Message)
	}
	return &Error{via: via, reason: reason, public: public, cause: cause}
}
