package dirlock

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// acquire opens the file and shares it with nobody.
func acquire(path string) (file io.Closer, holder string, err error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, "", err
	}
	const shareNothing = 0
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, shareNothing, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	const sharingViolation = syscall.Errno(32)
	switch {
	case errors.Is(err, sharingViolation):
		return nil, "another process", nil
	case err != nil:
		return nil, "", err
	}
	return os.NewFile(uintptr(h), path), "", nil
}
