// Package sealtest makes keepers of secrets for the tests of other packages.
package sealtest

import (
	"testing"
	"time"

	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
)

// Keeper returns a keeper of the data keys in d, under a wrapping key of its own.
func Keeper(t testing.TB, d store.Driver) *seal.Keeper {
	t.Helper()
	keys, err := seal.ParseKeys(seal.GenerateKey())
	if err != nil {
		t.Fatal(err)
	}
	ring, err := seal.NewRing(keys...)
	if err != nil {
		t.Fatal(err)
	}
	keeper, err := seal.NewKeeper(d, ring, time.Now, seal.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return keeper
}
