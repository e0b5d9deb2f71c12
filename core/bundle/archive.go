package bundle

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/core/manifest"
)

// Extension ends the name of a bundle's file, SignatureExtension that of the file with its signatures: x.pergola and
// x.pergola.minisig.
const (
	Extension          = ".pergola"
	SignatureExtension = ".minisig"
)

// ManifestName is the file of every bundle that describes it.
const ManifestName = "plugin.json"

// File is a file of a bundle.
type File struct {
	Path string // slash-separated, from the top of the bundle
	Data []byte
}

// Bundle is an archive that was read and found to be in order. Nothing in it may be changed: all bytes are parts of Archive.
// Who made it is not known before [Trust.Verify].
type Bundle struct {
	Name    string // of the bundle's file, as messages give it
	Archive []byte
	Digest  Digest // of Archive
	// Manifest is plugin.json, Code the file that its runtime.entry names.
	Manifest *manifest.Manifest
	Code     []byte
	// Files are all files but SHA256SUMS.json, plugin.json and the code among them, sorted by path.
	Files []File
}

// FileName is what the bundle's file is called where nobody names it: ID-VERSION.pergola.
func (b *Bundle) FileName() string {
	return string(b.Manifest.ID) + "-" + b.Manifest.Version + Extension
}

// Encode returns the one archive of some files, whatever their order. It does not look into them; [PackDir] does.
func Encode(files []File) ([]byte, error) {
	sorted := make([]file, 0, len(files))
	seen := names{}
	for _, f := range files {
		problem := checkPath(f.Path)
		if problem == "" {
			problem = seen.add(f.Path)
		}
		switch {
		case problem != "":
		case f.Path == indexName:
			problem = "this name is for the bundle's own list of digests; choose another one"
		case len(f.Data) > MaxFile:
			problem = fmt.Sprintf("it is %d bytes long, more than the %d that a file may have", len(f.Data), MaxFile)
		}
		if problem != "" {
			return nil, fmt.Errorf("pack %q: %s", f.Path, problem)
		}
		sorted = append(sorted, file{f.Path, f.Data})
	}
	if len(sorted) > MaxFiles {
		return nil, fmt.Errorf("pack %d files: a bundle holds at most %d", len(sorted), MaxFiles)
	}
	slices.SortFunc(sorted, func(a, b file) int { return strings.Compare(a.path, b.path) })
	all := slices.Insert(sorted, 0, file{indexName, index(sorted)})
	size := len(zeros)
	for _, f := range all {
		size += block + (len(f.data)+block-1)/block*block
	}
	if size > MaxArchive {
		return nil, fmt.Errorf("pack: the bundle would be %d bytes long, more than %d; leave out what the plugin does not need", size, MaxArchive)
	}
	archive := make([]byte, 0, size)
	for _, f := range all {
		h := header(f.path, len(f.data))
		archive = append(archive, h[:]...)
		archive = append(archive, f.data...)
		archive = append(archive, zeros[:(block-len(f.data)%block)%block]...)
	}
	return append(archive, zeros[:]...), nil
}

// Parse reads an archive; name is its file's name for messages. The error is a [*Refusal], or wraps [manifest.Errors]
// where plugin.json is wrong. What Parse returns is in order, but anybody may have made it: to use it, [Trust.Verify].
func Parse(name string, archive []byte) (*Bundle, error) {
	all, refusal := contents(name, archive)
	if refusal != nil {
		return nil, refusal
	}
	b := &Bundle{Name: name, Archive: archive, Digest: DigestOf(archive)}
	var description []byte
	for _, f := range all {
		b.Files = append(b.Files, File{f.path, f.data})
		if f.path == ManifestName {
			description = f.data
		}
	}
	if description == nil {
		return nil, &Refusal{Kind: Malformed, Bundle: name, Problem: "holds no " + ManifestName, Next: packAnew}
	}
	m, err := manifest.Parse(name+"/"+ManifestName, description)
	if err != nil {
		return nil, err
	}
	b.Manifest = m
	i := slices.IndexFunc(b.Files, func(f File) bool { return f.Path == m.Runtime.Entry && f.Path != ManifestName })
	if i < 0 {
		return nil, &Refusal{Kind: Malformed, Bundle: name, File: m.Runtime.Entry,
			Problem: "is not there, although plugin.json names it as runtime.entry", Next: packAnew}
	}
	b.Code = b.Files[i].Data
	return b, nil
}

// contents returns the files of an archive whose form and digests are right, without the index.
func contents(name string, archive []byte) ([]file, *Refusal) {
	all, wrong := files(archive)
	if wrong != nil {
		return nil, &Refusal{Kind: Malformed, Bundle: name, File: wrong.file, Problem: wrong.problem, Next: wrong.next}
	}
	if refusal := checkIndex(name, all); refusal != nil {
		return nil, refusal
	}
	return all[1:], nil
}

// Refused says whether a bundle was refused for what it is or who signed it, as opposed to a file that could not be read.
func Refused(err error) bool {
	var refusal *Refusal
	var problems manifest.Errors
	return errors.As(err, &refusal) || errors.As(err, &problems)
}
