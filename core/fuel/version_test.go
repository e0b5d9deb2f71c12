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
	2: "d9ced9c7e3d88e8f7e3b0dd86f156ce392c04eb01a3c85cba8938f06f0d90f70",
}

func TestResultsBelongToTheVersion(t *testing.T) {
	programs := [][]byte{withData(at(8, "one"), at(11, "two"), at(60, "three"), at(600, "four")).bytes()}
	for seed := range uint64(50) {
		programs = append(programs, generate(seed))
	}
	sum := sha256.New()
	for _, code := range programs {
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
