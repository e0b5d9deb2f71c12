package fuel_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/pergola-platform/pergola/core/fuel"
)

// rewritten is the digest of what Rewrite makes of some programs, by its version. Whoever keeps rewritten modules goes by the
// version, so results that change without it would be mixed with old ones.
var rewritten = map[int]string{
	2: "22c36f8f2d45efa0871bf20ded489f8989bef32d8bf234cb36e55756bf6f1702",
}

func TestResultsBelongToTheVersion(t *testing.T) {
	sum := sha256.New()
	for seed := range uint64(50) {
		code := generate(seed)
		sum.Write(code)
		out, _, err := fuel.Rewrite(code, fuel.Config{})
		if err != nil {
			t.Fatal(err)
		}
		sum.Write(out)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != rewritten[fuel.Version] {
		t.Errorf("version %d gives %s: where Rewrite changed, raise Version and add a line here; where only the programs of the tests did, correct its line", fuel.Version, got)
	}
}
