// Package dirlock keeps a directory for one process: whoever holds its lock file is the only one, until it lets go or ends. Start
// with [Hold].
package dirlock

import (
	"fmt"
	"io"
)

// Lock is a held lock file. The system lets go of it when the process ends, however it ends.
type Lock struct{ file io.Closer }

// Release lets go. The file stays: taking it away would let two processes lock two files of the same name.
func (l *Lock) Release() error { return l.file.Close() }

// Hold locks the file, which is made if needed. Where another process holds it, or this one already, the error wraps taken, says who
// does and what to do.
func Hold(path string, taken error) (*Lock, error) {
	file, holder, err := acquire(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("lock %s: %w", path, err)
	case file == nil:
		return nil, fmt.Errorf("%w: %s holds %s; stop it, or give this one a data directory of its own", taken, holder, path)
	}
	return &Lock{file}, nil
}
