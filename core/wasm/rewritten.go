package wasm

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pergola-platform/pergola/core/fuel"
)

// rewrite returns a module with a fuel counter, from the cache on disk where it is there. What is wrong with the cache is
// repaired by doing the work again.
func (d *Driver) rewrite(code []byte, sum [sha256.Size]byte) ([]byte, fuel.Info, error) {
	if d.config.CacheDir == "" {
		return fuel.Rewrite(code, fuel.Config{Initial: startFuel})
	}
	path := filepath.Join(d.config.CacheDir, fmt.Sprintf("metered-%d", fuel.Version), hex.EncodeToString(sum[:]))
	if metered, info, err := readRewritten(path); err == nil {
		return metered, info, nil
	}
	metered, info, err := fuel.Rewrite(code, fuel.Config{Initial: startFuel})
	if err != nil {
		return nil, fuel.Info{}, err
	}
	if err := writeRewritten(path, metered, info); err != nil {
		d.log.Warn("keep module with a fuel counter", "error", err)
	}
	return metered, info, nil
}

// startFuel is what a module's start function has, before the host can set the counter.
const startFuel = slice

// A file of the cache is the SHA-256 of all that follows, the length of what Rewrite said of the module as 32 bits, that as JSON,
// and the module.
const rewrittenHeader = sha256.Size + 4

var errDamaged = errors.New("the file is damaged")

func readRewritten(path string) ([]byte, fuel.Info, error) {
	var info fuel.Info
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, info, err
	}
	if len(raw) < rewrittenHeader {
		return nil, info, errDamaged
	}
	if sum := sha256.Sum256(raw[sha256.Size:]); !bytes.Equal(sum[:], raw[:sha256.Size]) {
		return nil, info, errDamaged
	}
	n, rest := uint64(binary.LittleEndian.Uint32(raw[sha256.Size:])), raw[rewrittenHeader:]
	if n > uint64(len(rest)) || json.Unmarshal(rest[:n], &info) != nil {
		return nil, info, errDamaged
	}
	return rest[n:], info, nil
}

// writeRewritten writes a file that is either there as a whole or not at all.
func writeRewritten(path string, metered []byte, info fuel.Info) error {
	about, err := json.Marshal(info)
	if err != nil {
		return err
	}
	raw := make([]byte, rewrittenHeader, rewrittenHeader+len(about)+len(metered))
	binary.LittleEndian.PutUint32(raw[sha256.Size:], uint32(len(about)))
	raw = append(append(raw, about...), metered...)
	sum := sha256.Sum256(raw[sha256.Size:])
	copy(raw, sum[:])
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
