package world

import (
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
)

// lock is a held directory. Windows lets go of it when the process ends, however it ends.
type lock struct{ handle syscall.Handle }

// hold locks a data directory, or returns [ErrLocked].
func hold(dir string) (*lock, error) {
	path := filepath.Join(dir, lockName)
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	const shareNothing = 0
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, shareNothing, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	const sharingViolation = syscall.Errno(32)
	if errors.Is(err, sharingViolation) {
		return nil, fmt.Errorf("%w: another process holds %s; stop it, or give this one a data directory of its own", ErrLocked, path)
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return &lock{h}, nil
}

func (l *lock) release() error { return syscall.CloseHandle(l.handle) }
