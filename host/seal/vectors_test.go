package seal_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
)

type vectors struct {
	Ring    string `json:"ring"`
	Tenants []struct {
		Tenant   capability.TenantID `json:"tenant"`
		Key      string              `json:"key"`
		Document json.RawMessage     `json:"document"`
		Values   []struct {
			Collection, ID, Field, Sealed, Value string
		} `json:"values"`
	} `json:"tenants"`
}

// Values and data keys that another implementation made as the doc describes them. There is no -update: what was sealed once must
// open for ever.
func TestOldValuesOpen(t *testing.T) {
	files, err := filepath.Glob("testdata/v*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors in testdata: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var v vectors
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		wrappers, err := seal.ParseKeys(seal.NewSecret(v.Ring))
		if err != nil {
			t.Fatal(err)
		}
		s := openStore(t)
		k := keeperOf(t, s, ringOf(t, wrappers...), (&clock{now: start}).Now, seal.Config{})
		values := 0
		for _, tenant := range v.Tenants {
			doc := store.Doc{Key: store.Key{Tenant: tenant.Tenant, Collection: seal.Collection, ID: tenant.Key}, Body: tenant.Document}
			if _, err := s.Write(t.Context(), store.Op{Doc: doc}); err != nil {
				t.Fatal(err)
			}
			for _, value := range tenant.Values {
				opens(t, k, tenant.Tenant, seal.Place{Collection: value.Collection, ID: value.ID, Field: value.Field}, value.Sealed, value.Value)
				values++
			}
		}
		if values == 0 {
			t.Errorf("%s holds no values", file)
		}
	}
}
