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
func (d *Driver) rewrite(code []byte, sum [sha256.Size]byte) (rewritten, error) {
	path := ""
	if d.config.CacheDir != "" {
		path = filepath.Join(d.config.CacheDir, fmt.Sprintf("metered-%d", fuel.Version), hex.EncodeToString(sum[:]))
		if r, err := readRewritten(path); err == nil {
			return r, nil
		}
	}
	var r rewritten
	var err error
	if r.code, r.info, err = fuel.Rewrite(code, fuel.Config{Initial: startFuel}); err != nil {
		return rewritten{}, err
	}
	r.digest = sha256.Sum256(r.code)
	if path == "" {
		return r, nil
	}
	if err := r.write(path); err != nil {
		d.log.Warn("keep module with a fuel counter", "error", err)
	}
	return r, nil
}

// rewritten is a module with a fuel counter.
type rewritten struct {
	code   []byte
	digest [sha256.Size]byte // of code
	info   fuel.Info
}

// startFuel is what a module's start function has, before the host can set the counter.
const startFuel = slice

// A file of the cache is the SHA-256 of the module, then the SHA-256 and the length in bytes, as 32 bits, of what Rewrite said of it,
// that as JSON, and the module.
const rewrittenHeader = 2*sha256.Size + 4

var errDamaged = errors.New("the file is damaged")

func readRewritten(path string) (rewritten, error) {
	var r rewritten
	raw, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if len(raw) < rewrittenHeader {
		return r, errDamaged
	}
	n, rest := uint64(binary.LittleEndian.Uint32(raw[2*sha256.Size:])), raw[rewrittenHeader:]
	if n > uint64(len(rest)) {
		return r, errDamaged
	}
	about := rest[:n]
	r.code = rest[n:]
	r.digest = sha256.Sum256(r.code)
	saidOf := sha256.Sum256(about)
	if !bytes.Equal(r.digest[:], raw[:sha256.Size]) || !bytes.Equal(saidOf[:], raw[sha256.Size:2*sha256.Size]) || json.Unmarshal(about, &r.info) != nil {
		return rewritten{}, errDamaged
	}
	return r, nil
}

// write writes a file that is either there as a whole or not at all.
func (r rewritten) write(path string) error {
	about, err := json.Marshal(r.info)
	if err != nil {
		return err
	}
	saidOf := sha256.Sum256(about)
	raw := binary.LittleEndian.AppendUint32(append(bytes.Clone(r.digest[:]), saidOf[:]...), uint32(len(about)))
	raw = append(append(raw, about...), r.code...)
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
