package auth

import (
	"context"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pergola-platform/pergola/host/tenant"
)

// parse decodes a token into claims and checks algorithm, signature and times. key is asked after the algorithm has been
// checked, with the decoded but unverified token.
func (v *Verifier) parse(via Via, raw, algorithm string, claims jwt.Claims, key func(*jwt.Token) (any, *Error)) error {
	var refused *Error
	parser := jwt.NewParser(append(timeRules(v.clock), jwt.WithValidMethods([]string{algorithm}), jwt.WithStrictDecoding())...)
	_, err := parser.ParseWithClaims(raw, claims, func(t *jwt.Token) (any, error) {
		// A header that must be understood and is not: RFC 7515, section 4.1.11.
		if _, ok := t.Header["crit"]; ok {
			refused = refuse(via, ReasonMalformed, nil)
			return nil, refused
		}
		k, e := key(t)
		if e != nil {
			refused = e
			return nil, e
		}
		return k, nil
	})
	switch {
	case err == nil:
		return nil
	case refused != nil:
		return refused
	}
	return refuse(via, reasonOf(raw, algorithm, err), nil)
}

// timeRules are what every token's times are judged by, when it is verified and whenever it comes again.
func timeRules(clock func() time.Time) []jwt.ParserOption {
	return []jwt.ParserOption{jwt.WithTimeFunc(clock), jwt.WithLeeway(Leeway), jwt.WithExpirationRequired(), jwt.WithIssuedAt()}
}

// reasonOf translates what the token library found. Its own words are dropped, because they quote the token.
func reasonOf(raw, algorithm string, err error) Reason {
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return ReasonMalformed
	case errors.Is(err, jwt.ErrTokenUnverifiable), errors.Is(err, jwt.ErrTokenSignatureInvalid):
		// The library has one error for a wrong algorithm and a wrong signature; the log shall tell them apart.
		if t, _, _ := jwt.NewParser().ParseUnverified(raw, jwt.MapClaims{}); t == nil || t.Method == nil || t.Method.Alg() != algorithm {
			return ReasonAlgorithm
		}
		return ReasonSignature
	case errors.Is(err, jwt.ErrTokenRequiredClaimMissing):
		return ReasonClaim
	case errors.Is(err, jwt.ErrTokenExpired):
		return ReasonExpired
	case errors.Is(err, jwt.ErrTokenUsedBeforeIssued), errors.Is(err, jwt.ErrTokenNotValidYet):
		return ReasonEarly
	}
	return ReasonMalformed
}

// parseRS256 verifies a token of Atlassian's, whose key the header names.
func (v *Verifier) parseRS256(ctx context.Context, via Via, raw string, claims jwt.Claims, keys KeySource) error {
	return v.parse(via, raw, jwt.SigningMethodRS256.Alg(), claims, func(t *jwt.Token) (any, *Error) {
		kid, _ := t.Header["kid"].(string)
		key, err := keys.Key(ctx, kid)
		switch {
		case errors.Is(err, ErrUnknownKey):
			return nil, refuse(via, ReasonKey, nil)
		case err != nil:
			return nil, refuse(via, ReasonKeyHost, err)
		}
		return key, nil
	})
}

// parseHS256 verifies a token that the site which issued it signed with the shared secret, and fills in that site.
func (v *Verifier) parseHS256(ctx context.Context, via Via, raw string, c *wire, t *tenant.Tenant) error {
	return v.parse(via, raw, jwt.SigningMethodHS256.Alg(), c, func(*jwt.Token) (any, *Error) {
		if c.Issuer == "" {
			return nil, refuse(via, ReasonClaim, nil)
		}
		if c.Issuer == v.appKey {
			return nil, refuse(via, ReasonIssuer, nil)
		}
		found, err := v.tenants.ByClientKey(ctx, c.Issuer)
		if refused := lookup(via, err); refused != nil {
			return nil, refused
		}
		secret := found.SharedSecret.Reveal()
		if found.ClientKey != c.Issuer || secret == "" {
			// An empty secret, such as a site has that only knows us through Forge, would verify what anybody signs.
			return nil, refuse(via, ReasonTenant, nil)
		}
		*t = found
		return []byte(secret), nil
	})
}
