package tenant

import "io"

// SetRandom makes ids and aliases predictable.
func SetRandom(r *Tenants, random io.Reader) { r.random = random }
