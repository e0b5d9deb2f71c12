package auth_test

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/tenant"
)

// refusals says why each vector must be refused, so that none is refused for a wrong reason.
var refusals = map[string]auth.Reason{
	"install iss != body.clientKey":                   auth.ReasonClientKey,
	"install HS256 with stored secret":                auth.ReasonAlgorithm,
	"install HS256 keyed with the RSA public key PEM": auth.ReasonAlgorithm,
	"install alg none":                                auth.ReasonAlgorithm,
	"install unknown kid":                             auth.ReasonKey,
	"install kid absolute URL":                        auth.ReasonKey,
	"install expired":                                 auth.ReasonExpired,
	"install wrong qsh":                               auth.ReasonQSH,
	"page signed with other tenant secret":            auth.ReasonSignature,
	"page unknown iss":                                auth.ReasonTenant,
	"page RS256":                                      auth.ReasonAlgorithm,
	"page no exp":                                     auth.ReasonClaim,
	"page qsh of other query":                         auth.ReasonQSH,
	"page no qsh":                                     auth.ReasonQSH,
	"page context-qsh":                                auth.ReasonQSH,
	"api with an iframe token":                        auth.ReasonQSH,
	"webhook context-qsh":                             auth.ReasonQSH,
	"fit wrong iss":                                   auth.ReasonIssuer,
	"fit no exp":                                      auth.ReasonClaim,
	"fit HS256 with public key":                       auth.ReasonAlgorithm,
	"fit staging apiBaseUrl in an unverified claim":   auth.ReasonAPIBase,
	"fit apiBaseUrl on a foreign host":                auth.ReasonAPIBase,
}

func TestTokensMatchVectors(t *testing.T) {
	var file struct {
		Clock       int64
		AppKey      string
		BaseURL     string
		ForgeAppID  string
		Tenants     map[string]string // client key → secret
		InstallKeys map[string]string // kid → PEM
		ForgeJWKS   json.RawMessage
		Vectors     []struct{ Name, Use, Token, Expect, BodyClientKey, Method, Target string }
	}
	vectors(t, "jwt.json", &file)
	if len(file.Vectors) < 27 {
		t.Fatalf("only %d vectors", len(file.Vectors))
	}
	installs := keys{}
	for kid, text := range file.InstallKeys {
		block, _ := pem.Decode([]byte(text))
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		installs[kid] = key.(*rsa.PublicKey)
	}
	forgeKeys, err := auth.ParseJWKS(file.ForgeJWKS)
	if err != nil {
		t.Fatal(err)
	}
	var ts tenants
	for clientKey, secret := range file.Tenants {
		ts = append(ts, tenant.Tenant{ClientKey: clientKey, SharedSecret: seal.NewSecret(secret), State: tenant.Active})
	}
	ts[0].InstallationID = install
	v, err := auth.New(auth.Config{
		AppKey: file.AppKey, BaseURLs: []string{file.BaseURL}, Keys: installs, Tenants: ts,
		Clock: func() time.Time { return time.Unix(file.Clock, 0) },
		Forge: &auth.ForgeConfig{AppID: file.ForgeAppID, Keys: keys(forgeKeys), Installations: ts},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	for _, x := range file.Vectors {
		t.Run(x.Name, func(t *testing.T) {
			r := auth.Request{Method: x.Method, Target: x.Target, Authorization: "JWT " + x.Token}
			var err error
			switch x.Use {
			case "install":
				_, err = v.Lifecycle(ctx, r, x.BodyClientKey)
			case "page":
				_, err = v.Page(ctx, r)
			case "api":
				_, err = v.API(ctx, r)
			case "webhook":
				_, err = v.Webhook(ctx, r)
			case "forge":
				r.Authorization = "Bearer " + x.Token
				_, err = v.Forge(ctx, r)
			default:
				t.Fatalf("unknown use %q", x.Use)
			}
			if want := refusals[x.Name]; reason(t, err) != want || (x.Expect == "accept") != (want == "") {
				t.Errorf("reason %q, want %q; the vector says %s", reason(t, err), want, x.Expect)
			}
		})
	}
}
