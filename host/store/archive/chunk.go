package archive

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

// fileName is the name of the file of documents with this index.
func fileName(i int) string { return fmt.Sprintf("documents-%06d.ndjson", i+1) }

// chunk is a file of documents that is being written.
type chunk struct {
	file    *os.File
	out     *bufio.Writer
	hash    hash.Hash
	info    file
	tenant  capability.TenantID // of the last document
	tenants int64               // of the whole archive up to here
}

func (e *exporter) startChunk() error {
	name := fileName(len(e.manifest.Files))
	f, err := os.OpenFile(filepath.Join(e.dir, name+partial), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	e.chunk = &chunk{file: f, hash: sha256.New(), info: file{Name: name}, tenants: e.manifest.Tenants}
	e.chunk.out = bufio.NewWriterSize(io.MultiWriter(f, e.chunk.hash), 1<<18)
	return nil
}

// add writes a document, and ends the file with it where that is large enough.
func (e *exporter) add(d store.Doc) error {
	// An archive out of order would be refused when it is read.
	if !before(e.last, d.Key) {
		return fmt.Errorf("the store lists %s behind %s, which is not the order of its ids; report this as a bug of the store's driver", d.Key, e.last)
	}
	if e.chunk == nil {
		if err := e.startChunk(); err != nil {
			return err
		}
	}
	b, err := encodeLine(d)
	if err != nil {
		return fmt.Errorf("encode %s: %w", d.Key, err)
	}
	c := e.chunk
	if _, err := c.out.Write(b); err != nil {
		return err
	}
	if d.Key.Tenant != e.last.Tenant {
		c.tenants++
	}
	if d.Key.Tenant != c.tenant {
		c.info.Tenants++
	}
	c.tenant, e.last = d.Key.Tenant, d.Key
	c.info.Documents++
	c.info.Bytes += int64(len(b))
	if c.info.Documents >= e.opts.FileDocuments || c.info.Bytes >= e.opts.FileBytes {
		return e.finishChunk()
	}
	return nil
}

// finishChunk gives the file its name, and then says in the journal that it is complete.
func (e *exporter) finishChunk() error {
	c := e.chunk
	if c == nil {
		return nil
	}
	if err := c.out.Flush(); err != nil {
		return err
	}
	e.chunk = nil
	if err := settle(c.file, filepath.Join(e.dir, c.info.Name)); err != nil {
		return err
	}
	c.info.SHA256 = hex.EncodeToString(c.hash.Sum(nil))
	b, err := json.Marshal(entry{File: c.info, Tenants: c.tenants, Tenant: e.last.Tenant, Collection: e.last.Collection, ID: e.last.ID})
	if err != nil {
		return err
	}
	if _, err := e.journal.Write(append(b, '\n')); err != nil {
		return err
	}
	if err := e.journal.Sync(); err != nil {
		return err
	}
	e.complete(c.info, c.tenants)
	return nil
}

// complete adds a file to the manifest.
func (e *exporter) complete(f file, tenants int64) {
	e.manifest.Files = append(e.manifest.Files, f)
	e.manifest.Tenants = tenants
	e.manifest.Documents += f.Documents
	e.manifest.Bytes += f.Bytes
}

// sumFile returns a file's size and checksum.
func sumFile(path string) (int64, string, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, "", err
	}
	h := sha256.New()
	n, err := io.Copy(h, f)
	return n, hex.EncodeToString(h.Sum(nil)), errors.Join(err, f.Close())
}
