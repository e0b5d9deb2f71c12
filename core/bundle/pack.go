package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/core/manifest"
)

// StaticFolder is the folder of a plugin's directory that is packed with everything in it.
const StaticFolder = "static"

// papers are packed where they are there: what a reader or a lawyer looks for.
var papers = []string{"CHANGELOG.md", "LICENSE", "NOTICE", "README.md"}

// Packed is a bundle made from a directory.
type Packed struct {
	*Bundle
	// Left are the files of the directory that were not packed, such as sources, sorted.
	Left []string
}

// PackDir packs a plugin's directory: plugin.json, the code, everything in the folder static, and CHANGELOG.md, LICENSE,
// NOTICE and README.md. Other files stay out, so that neither sources nor a key that lies beside them are published by
// accident. Links are refused. What it returns was read again with [Parse].
func PackDir(dir string) (Packed, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return Packed{}, fmt.Errorf("pack: %w", err)
	}
	defer func() { _ = root.Close() }()
	description, err := ReadFile(root, ManifestName, MaxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return Packed{}, fmt.Errorf("pack %s: there is no %s; name the directory that holds it beside the plugin's code", dir, ManifestName)
	}
	if err != nil {
		return Packed{}, fmt.Errorf("pack %s/%s: %w", dir, ManifestName, err)
	}
	m, err := manifest.Parse(dir+"/"+ManifestName, description)
	if err != nil {
		return Packed{}, err
	}
	wanted := append([]string{ManifestName, m.Runtime.Entry}, papers...)
	files := []File{{ManifestName, description}}
	var left []string
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name == "." || name == ManifestName || d.IsDir() && under(name):
			return nil
		case d.IsDir():
			left = append(left, name+"/")
			return fs.SkipDir
		case !slices.Contains(wanted, name) && !under(name):
			left = append(left, name)
			return nil
		case !d.Type().IsRegular():
			return fmt.Errorf("%s is a link or no plain file; put the file itself there", name)
		}
		data, err := ReadFile(root, name, MaxFile)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		files = append(files, File{name, data})
		return nil
	})
	if err != nil {
		return Packed{}, fmt.Errorf("pack %s: %w", dir, err)
	}
	if !slices.ContainsFunc(files, func(f File) bool { return f.Path == m.Runtime.Entry }) {
		return Packed{}, fmt.Errorf("pack %s: %s, which plugin.json names as runtime.entry, is not there; build the plugin first", dir, m.Runtime.Entry)
	}
	archive, err := Encode(files)
	if err != nil {
		return Packed{}, err
	}
	b, err := Parse(string(m.ID)+"-"+m.Version+Extension, archive)
	if err != nil {
		return Packed{}, err
	}
	return Packed{Bundle: b, Left: left}, nil
}

// under says whether a path is the static folder or in it.
func under(name string) bool {
	return name == StaticFolder || strings.HasPrefix(name, StaticFolder+"/")
}

// ReadFile reads a plain file below root once and completely, so that what is checked afterwards is what is used. It neither
// leaves root nor waits for a pipe. Errors name no directory of the host.
func ReadFile(root *os.Root, name string, limit int64) ([]byte, error) {
	info, err := root.Stat(name)
	if err != nil {
		return nil, cause(err)
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for its other end
		return nil, errors.New("it is no plain file")
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, cause(err)
	}
	defer func() { _ = f.Close() }()
	var data bytes.Buffer
	data.Grow(int(min(info.Size(), limit)) + bytes.MinRead) // all at once, as a file of many MiB wants it
	if _, err := data.ReadFrom(io.LimitReader(f, limit+1)); err != nil {
		return nil, cause(err)
	}
	if int64(data.Len()) > limit {
		return nil, fmt.Errorf("it is longer than %d MiB", limit>>20)
	}
	return data.Bytes(), nil
}

// cause drops the operation and the path of an error: an admin has no use for the host's directories.
func cause(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// ReadPair reads a bundle and the signatures beside it, each once. Without a file of signatures they are nil.
func ReadPair(root *os.Root, name string) (archive, signatures []byte, err error) {
	if archive, err = ReadFile(root, name, MaxArchive); err != nil {
		return nil, nil, fmt.Errorf("%s cannot be read: %w", path.Base(name), err)
	}
	signatures, err = ReadFile(root, name+SignatureExtension, MaxSignature)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%s cannot be read: %w", path.Base(name)+SignatureExtension, err)
	}
	return archive, signatures, nil
}
