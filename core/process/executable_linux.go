package process

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// executable is a program in a file that nobody can change and that has no name: what was hashed is what runs.
type executable struct {
	file   *os.File // open for reading
	digest string   // of the file, SHA-256 in hex
	size   uint64   // bytes
}

// openExecutable writes code to a sealed file in memory, or where the system has none that may be executed, to a file that it
// removes from its private directory again. The digest is that of the bytes in the file, read back after nobody can write.
func openExecutable(code []byte) (*executable, error) {
	f, err := sealed(code)
	if err != nil {
		if f, err = unnamed(code); err != nil {
			return nil, err
		}
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, io.NewSectionReader(f, 0, int64(len(code))+1)); err != nil {
		return nil, errors.Join(fmt.Errorf("read the executable back: %w", err), f.Close())
	}
	return &executable{file: f, digest: hex.EncodeToString(hash.Sum(nil)), size: uint64(len(code))}, nil
}

func (e *executable) close() error { return e.file.Close() }

// seals keep everybody from changing the file, its owner too, and from taking the seals off.
const seals = unix.F_SEAL_WRITE | unix.F_SEAL_GROW | unix.F_SEAL_SHRINK | unix.F_SEAL_SEAL

// sealed returns a file in memory with code in it.
func sealed(code []byte) (*os.File, error) {
	const name = "pergola-plugin"
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING|unix.MFD_EXEC)
	if errors.Is(err, unix.EINVAL) { // before Linux 6.3 every such file may be executed, and the flag is unknown
		fd, err = unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	}
	if err != nil {
		return nil, fmt.Errorf("create a file in memory: %w", err)
	}
	w := os.NewFile(uintptr(fd), name)
	defer func() { _ = w.Close() }()
	if _, err := io.Copy(w, bytes.NewReader(code)); err != nil {
		return nil, fmt.Errorf("write the executable to memory: %w", err)
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals); err != nil {
		return nil, fmt.Errorf("seal the executable: %w", err)
	}
	// Opened anew for reading, so that no descriptor is left that could write were there no seals.
	return os.Open(fmt.Sprintf("/proc/self/fd/%d", fd))
}

// unnamed returns a file on disk with code in it, to which no path leads. Between its creation and its removal only the host's
// own user can reach it.
func unnamed(code []byte) (_ *os.File, err error) {
	dir, err := os.MkdirTemp("", "pergola-plugin-") // mode 0700
	if err != nil {
		return nil, fmt.Errorf("write the executable: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "plugin")
	w, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o500)
	if err != nil {
		return nil, fmt.Errorf("write the executable: %w", err)
	}
	_, err = w.Write(code)
	if err := errors.Join(err, w.Close()); err != nil { // a file that is open for writing cannot be executed
		return nil, fmt.Errorf("write the executable: %w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("write the executable: %w", err)
	}
	return f, nil
}
