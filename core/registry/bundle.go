package registry

import (
	"crypto/sha256"
	"os"
	"strings"

	"github.com/pergola-platform/pergola/core/bundle"
)

// isBundle says whether a file of the plugin directory is a packed bundle.
func isBundle(item os.DirEntry) bool {
	return !item.IsDir() && strings.HasSuffix(item.Name(), bundle.Extension)
}

// readBundle reads and verifies one packed bundle. What the entry then holds are parts of the bytes that were verified.
func readBundle(root *os.Root, name string, trust bundle.Trust) Entry {
	e := Entry{Dir: name}
	archive, signatures, err := bundle.ReadPair(root, name)
	if err != nil {
		e.Reason = err.Error()
		return e
	}
	v, err := trust.Verify(name, archive, signatures)
	if err != nil {
		e.Reason = err.Error()
		return e
	}
	e.Manifest, e.Code, e.Digest = v.Manifest, v.Code, sha256.Sum256(v.Code)
	e.Trust, e.Signer, e.Archive = v.Signer.Tier, v.Signer, v.Digest
	return e
}
