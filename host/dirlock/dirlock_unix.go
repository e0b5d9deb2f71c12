//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package dirlock

import (
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// acquire locks the file, or says who holds it.
func acquire(path string) (file io.Closer, holder string, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, "", err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, "", err
		}
		return nil, holderOf(path), nil
	}
	if err := sign(f); err != nil {
		return nil, "", errors.Join(err, f.Close())
	}
	return f, "", nil
}

// sign leaves the process's id for the message that a second process gives.
func sign(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

func holderOf(path string) string {
	raw, err := os.ReadFile(path)
	if id := strings.TrimSpace(string(raw)); err == nil && id != "" {
		return "process " + id
	}
	return "a process of unknown id"
}
