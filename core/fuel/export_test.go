package fuel

// MaxRegion is for tests that cross the bound.
const MaxRegion = maxRegion

// RewriteWith lets a payment cover so many instructions at most. With 1 a module pays exactly for what it runs.
func RewriteWith(wasm []byte, region int64) ([]byte, Info, error) {
	return rewrite(wasm, Config{}, region)
}
