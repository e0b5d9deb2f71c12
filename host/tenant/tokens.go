package tenant

import (
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
)

const tokenCollection = "token_key"

// NewTokens returns the keys in d by which a tenant's record tokens are known, sealed by keys. A token is good for as long as the tenant lives.
func NewTokens(d store.Driver, keys Keys) seal.Drawn {
	return seal.Drawn{Store: d, Keys: keys, Collection: tokenCollection}
}
