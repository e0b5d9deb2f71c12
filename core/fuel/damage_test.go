package fuel_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/pergola-platform/pergola/core/fuel"
)

// A module that a validator refuses must not become one that it takes, and the other way round.
func TestDamagedModulesKeepTheirValidity(t *testing.T) {
	ctx := t.Context()
	r := newRuntime(t, wazero.NewRuntimeConfigInterpreter())
	modules := uint64(40)
	if testing.Short() {
		modules = 5
	}
	var rewritten, stillValid int
	for seed := range modules {
		original := generate(seed)
		random := rand.New(rand.NewPCG(seed, 1))
		for range 300 {
			code := bytes.Clone(original)
			for range 1 + random.IntN(2) {
				// Small numbers are more often indices and instructions that mean something.
				code[8+random.IntN(len(code)-8)] = byte(random.IntN(256) >> random.IntN(5))
			}
			if announcesMuch(code) {
				continue
			}
			before := validate(ctx, r, code)
			out, _, err := fuel.Rewrite(code, fuel.Config{})
			if err != nil {
				// wazero lets pass a bit beyond a number's sign that the specification does not.
				if before == nil && !strings.Contains(err.Error(), "number out of range") {
					t.Errorf("seed %d: valid, and yet %v", seed, err)
				}
				continue
			}
			rewritten++
			if before == nil {
				stillValid++
			}
			if after := validate(ctx, r, out); (before == nil) != (after == nil) {
				t.Errorf("seed %d: %v before, %v after", seed, before, after)
			}
		}
	}
	t.Logf("%d damaged modules rewritten, %d of them valid", rewritten, stillValid)
}
