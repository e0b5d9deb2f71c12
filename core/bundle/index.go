package bundle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// indexName is the first file of every bundle.
const indexName = "SHA256SUMS.json"

// indexVersion is the one version of the index, and with it of the archive, that this host reads.
const indexVersion = 1

// index returns the one SHA256SUMS.json of some files. It is written by hand, because what encoding/json writes (escapes,
// indentation) is no promise of Go's; names need no escapes.
func index(files []file) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\n  \"bundleVersion\": %d,\n  \"files\": [", indexVersion)
	for i, f := range files {
		if i > 0 {
			b.WriteByte(',')
		}
		digest := strings.TrimPrefix(DigestOf(f.data).String(), "sha256:")
		fmt.Fprintf(&b, "\n    {\"path\": \"%s\", \"size\": %d, \"sha256\": \"%s\"}", f.path, len(f.data), digest)
	}
	b.WriteString("\n  ]\n}\n")
	return b.Bytes()
}

// checkIndex compares the files of an archive, whose first one is the index, with what the index says. Anything that differs is
// named; that the index is the one which index writes is the last and strictest check.
func checkIndex(name string, all []file) *Refusal {
	refuse := func(kind Kind, file, problem, next string) *Refusal {
		return &Refusal{Kind: kind, Bundle: name, File: file, Problem: problem, Next: next}
	}
	if len(all) == 0 || all[0].path != indexName {
		return refuse(Malformed, "", "does not begin with "+indexName, packAnew)
	}
	var said struct {
		Version int `json:"bundleVersion"`
		Files   []struct {
			Path   string `json:"path"`
			Size   int    `json:"size"`
			SHA256 string `json:"sha256"`
		} `json:"files"`
	}
	if err := json.Unmarshal(all[0].data, &said); err != nil {
		return refuse(Malformed, indexName, "is not JSON of the form that a bundle has", packAnew)
	}
	if said.Version != indexVersion {
		return refuse(Malformed, indexName, fmt.Sprintf("has bundleVersion %d, and this program reads %d", said.Version, indexVersion),
			"use a newer pergola, or a bundle that was packed for this one")
	}
	const anew = "fetch the bundle anew, or ask its publisher for it"
	in := all[1:]
	for i, s := range said.Files {
		if i >= len(in) || in[i].path != s.Path {
			return refuse(Tampered, indexName, "names the file "+strconv.QuoteToASCII(s.Path)+", which is not in its place", anew)
		}
		if found := DigestOf(in[i].data).String(); found != "sha256:"+s.SHA256 || s.Size != len(in[i].data) {
			r := refuse(Tampered, s.Path, "differs from what "+indexName+" says", anew)
			if s.Size != len(in[i].data) {
				r.Problem += fmt.Sprintf(" (%d bytes, now %d)", s.Size, len(in[i].data))
			}
			r.Expected, r.Found = "sha256:"+printable(s.SHA256), found
			return r
		}
	}
	if len(in) > len(said.Files) {
		return refuse(Tampered, in[len(said.Files)].path, "is not named by "+indexName, anew)
	}
	if !bytes.Equal(all[0].data, index(in)) {
		return refuse(Malformed, indexName, "is written in another way than a bundle's", packAnew)
	}
	return nil
}

// printable keeps control characters and floods of text out of messages.
func printable(s string) string {
	const most = 200
	quoted := strconv.QuoteToASCII(s[:min(len(s), most)])
	if inner := quoted[1 : len(quoted)-1]; inner == s {
		return s
	}
	return quoted
}
