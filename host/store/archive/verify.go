package archive

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

// Verify reads an archive from end to end, and returns what it holds. Errors: ErrNewer, and ErrDamaged, which names the file
// that is not as it was written.
func Verify(ctx context.Context, dir string) (Summary, error) {
	a, err := load(dir)
	if err == nil {
		err = a.verify(ctx, nil)
	}
	if err != nil {
		return Summary{}, fmt.Errorf("verify %s: %w", dir, err)
	}
	return a.manifest.summary(), nil
}

// archive is a directory with a manifest that agrees with itself.
type archive struct {
	dir      string
	manifest manifest
	sum      string // the checksum of the manifest, by which an archive is known
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s; copy it again from where it is whole, or export again", ErrDamaged, fmt.Sprintf(format, args...))
}

// load reads the manifest.
func load(dir string) (*archive, error) {
	names, err := list(dir)
	if err != nil {
		return nil, err
	}
	if slices.Contains(names, journalName) && !slices.Contains(names, manifestName) {
		return nil, errors.New("the export into this directory is not finished; start it again")
	}
	b, err := os.ReadFile(filepath.Join(dir, manifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s; name a directory that an export wrote", manifestName)
	}
	if err != nil {
		return nil, err
	}
	a := &archive{dir: dir}
	if a.manifest, err = parseManifest(b); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(b)
	a.sum = hex.EncodeToString(sum[:])
	return a, a.checkNames(names)
}

func parseManifest(b []byte) (manifest, error) {
	// A newer format may have any fields, but says so in this one.
	var version struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(b, &version); err != nil {
		return manifest{}, damaged("%s is cut off or was changed", manifestName)
	}
	if version.Format > Format {
		return manifest{}, fmt.Errorf("%w: it has format %d, and this version reads up to %d; use the newer version", ErrNewer, version.Format, Format)
	}
	var m manifest
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil || m.Format != Format {
		return manifest{}, damaged("%s was changed", manifestName)
	}
	var total manifest
	for i, f := range m.Files {
		if f.Name != fileName(i) || f.Documents < 1 || f.Bytes < 1 || f.Tenants < 1 {
			return manifest{}, damaged("%s was changed: file %d is not as an export writes it", manifestName, i+1)
		}
		total.Documents += f.Documents
		total.Bytes += f.Bytes
	}
	if total.Documents != m.Documents || total.Bytes != m.Bytes {
		return manifest{}, damaged("%s was changed: its files do not add up", manifestName)
	}
	return m, nil
}

// checkNames returns an error where the directory holds more or less than the manifest says.
func (a *archive) checkNames(names []string) error {
	want := map[string]bool{manifestName: true, journalName: true} // an export that was killed at its very end leaves the journal
	for _, f := range a.manifest.Files {
		want[f.Name] = true
		if !slices.Contains(names, f.Name) {
			return damaged("%s is missing", f.Name)
		}
	}
	for _, name := range names {
		if !want[name] {
			return fmt.Errorf("%w: %s is no part of it; take it away", ErrDamaged, name)
		}
	}
	return nil
}

// verify reads every file. Where counts is not nil it is filled with the number of documents of each collection.
func (a *archive) verify(ctx context.Context, counts map[collection]int64) error {
	var last store.Key
	tenants := int64(0)
	for _, f := range a.manifest.Files {
		err := a.scan(ctx, f, func(d store.Doc) error {
			if !before(last, d.Key) {
				return damaged("%s is out of order at %s", f.Name, d.Key)
			}
			if d.Key.Tenant != last.Tenant {
				tenants++
			}
			last = d.Key
			if counts != nil {
				counts[collection{d.Key.Tenant, d.Key.Collection}]++
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	if tenants != a.manifest.Tenants {
		return damaged("%s speaks of %d tenants, and there are %d", manifestName, a.manifest.Tenants, tenants)
	}
	return nil
}

// scan calls each for every document of a file. What it was called for counts only when scan returns nil: the checksum is
// known at the end.
func (a *archive) scan(ctx context.Context, want file, each func(store.Doc) error) error {
	f, err := os.Open(filepath.Join(a.dir, want.Name))
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha256.New()
	found := file{Name: want.Name}
	lines := bufio.NewReaderSize(io.TeeReader(f, sum), 1<<18)
	tenant := capability.TenantID("")
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, err := readLine(lines)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && !errors.Is(err, errLine) {
			return err
		}
		var doc store.Doc
		if err == nil {
			doc, err = parseLine(b)
		}
		if err != nil {
			// Only the checksum says whether the line was written like this.
			if _, err := io.Copy(io.Discard, lines); err != nil {
				return err
			}
			if hex.EncodeToString(sum.Sum(nil)) != want.SHA256 {
				return damaged("%s was changed: its checksum differs", want.Name)
			}
			return fmt.Errorf("%w: line %d of %s: %w", ErrDamaged, found.Documents+1, want.Name, err)
		}
		found.Documents++
		found.Bytes += int64(len(b))
		if doc.Key.Tenant != tenant {
			found.Tenants++
			tenant = doc.Key.Tenant
		}
		if err := each(doc); err != nil {
			return err
		}
	}
	if found.SHA256 = hex.EncodeToString(sum.Sum(nil)); found.SHA256 != want.SHA256 {
		return damaged("%s was changed: its checksum differs", want.Name)
	}
	if found != want {
		return damaged("%s does not hold as many documents as %s says", want.Name, manifestName)
	}
	return nil
}

// readLine returns a line with its end; io.EOF after the last one. A line that is too long or has no end is an errLine.
func readLine(r *bufio.Reader) ([]byte, error) {
	var long []byte
	for {
		b, err := r.ReadSlice('\n')
		switch {
		case err == nil && long == nil:
			return b, nil // valid until the next read
		case len(long)+len(b) > maxLine:
			return nil, errLine
		case err == nil:
			return append(long, b...), nil
		case errors.Is(err, bufio.ErrBufferFull):
			long = append(long, b...)
		case errors.Is(err, io.EOF) && len(long)+len(b) > 0:
			return nil, errLine
		default:
			return nil, err
		}
	}
}
