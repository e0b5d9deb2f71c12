//go:build !linux

package snapshot

import (
	"errors"
	"fmt"
)

// open saves mem for a strategy; refused are better ones than what Auto found.
func open(s Strategy, mem []byte) (st store, refused []error, err error) {
	if s != Auto && s != Copy {
		return nil, nil, fmt.Errorf("strategy %q: %w", s, errors.ErrUnsupported)
	}
	return newHeapStore(mem), nil, nil
}
