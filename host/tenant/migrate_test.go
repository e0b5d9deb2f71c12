package tenant_test

import (
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/seal/sealtest"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
)

func TestSecretsOfEarlyVersionsAreSealed(t *testing.T) {
	d := openStore(t)
	r := tenant.NewTenants(d, sealtest.Keeper(t, d), clock())
	ours, other := install(t, r, site("ours")), install(t, r, site("other"))
	key := store.Key{Tenant: store.Platform, Collection: "tenant", ID: string(ours.ID)}
	doc, err := d.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(doc.Body), secret) {
		t.Fatal("the secret lies in the store as it is")
	}
	_, rest, _ := strings.Cut(string(doc.Body), `"sharedSecret":"`)
	sealed, _, _ := strings.Cut(rest, `"`)
	doc.Body = []byte(strings.Replace(string(doc.Body), sealed, secret, 1)) // as an early version wrote it
	if _, err := d.Write(t.Context(), store.Op{Doc: doc, IfRev: doc.Rev}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.ByID(t.Context(), ours.ID); err == nil {
		t.Error("a secret that is not sealed was taken")
	}
	for range 2 {
		if err := r.SealSecrets(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, err := r.ByID(t.Context(), ours.ID)
		if err != nil || !got.SharedSecret.Equal(ours.SharedSecret) || got.Rev != 3 {
			t.Errorf("after sealing: %v, %v; want the secret, at revision 3", got, err)
		}
	}
	if doc, err = d.Get(t.Context(), key); err != nil || strings.Contains(string(doc.Body), secret) {
		t.Errorf("the secret lies in the store as it is (%v)", err)
	}
	if got, err := r.ByID(t.Context(), other.ID); err != nil || got.Rev != other.Rev {
		t.Errorf("what was sealed already was written again: %v, %v", got, err)
	}
}
