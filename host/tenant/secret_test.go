package tenant_test

import (
	"bytes"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/tenant"
)

func TestSecretIsNeverRendered(t *testing.T) {
	r := tenant.NewTenants(openStore(t), clock())
	in := site("key-1")
	got := install(t, r, in)
	type unexported struct {
		t  tenant.Tenant
		in tenant.Installation
		p  *tenant.Tenant
		s  tenant.Secret
	}
	for name, v := range map[string]any{
		"tenant": got, "pointer": &got, "secret": got.SharedSecret, "pointer to secret": &got.SharedSecret,
		"installation": in, "slice": []tenant.Tenant{got}, "map": map[string]tenant.Tenant{"a": got},
		"unexported fields": unexported{got, in, &got, got.SharedSecret}, "any": any(got),
		"error": fmt.Errorf("tenant %v: %w", got, fmt.Errorf("secret %s", got.SharedSecret)),
	} {
		renderings := map[string]string{}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%T", "%10.3v"} {
			renderings[verb] = fmt.Sprintf(verb, v)
		}
		renderings["Sprint"] = fmt.Sprint(v)
		if b, err := json.Marshal(v); err == nil {
			renderings["JSON"] = string(b)
		}
		if b, err := xml.Marshal(v); err == nil {
			renderings["XML"] = string(b)
		}
		var buf bytes.Buffer
		if err := gob.NewEncoder(&buf).Encode(v); err == nil {
			renderings["gob"] = buf.String()
		}
		for handler, h := range map[string]func(*bytes.Buffer) slog.Handler{
			"slog text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
			"slog JSON": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
		} {
			var out bytes.Buffer
			slog.New(h(&out)).With("with", v).WithGroup("group").Info("message", "value", v, slog.Group("inner", "value", v))
			renderings[handler] = out.String()
		}
		for how, text := range renderings {
			lower := strings.ToLower(text)
			if strings.Contains(lower, secret) || strings.Contains(lower, hex.EncodeToString([]byte(secret))) {
				t.Errorf("%s as %s shows the secret: %s", name, how, text)
			}
		}
	}
}

func TestSecretRevealsItselfOnlyByName(t *testing.T) {
	s := tenant.NewSecret(secret)
	if s.Reveal() != secret {
		t.Error("Reveal does not return the secret")
	}
	if (tenant.Secret{}).Reveal() != "" {
		t.Error("the zero secret is not empty")
	}
	for _, c := range []struct {
		a, b tenant.Secret
		want bool
	}{
		{s, tenant.NewSecret(secret), true},
		{s, tenant.NewSecret(secret + "x"), false},
		{s, tenant.Secret{}, false},
		{tenant.NewSecret(""), tenant.Secret{}, true},
	} {
		if got := c.a.Equal(c.b); got != c.want {
			t.Errorf("Equal = %t, want %t", got, c.want)
		}
	}
}
