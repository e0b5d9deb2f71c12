package bundle

import (
	"fmt"
	"strings"
)

// checkPath says what is wrong with a file's name, "" for nothing. Names are plain ASCII: systems disagree about how to write
// and compare anything else, and then two names in one bundle would be one file on somebody's disk, or the other way round.
func checkPath(path string) string {
	switch {
	case path == "":
		return "the name is empty"
	case len(path) > MaxPath:
		return fmt.Sprintf("the name is longer than %d bytes", MaxPath)
	case strings.Contains(path, `\`):
		return `the name holds a backslash; folders are separated by "/"`
	case strings.HasPrefix(path, "/"):
		return "the name is absolute; names start in the bundle"
	case len(path) > 1 && path[1] == ':':
		return "the name begins with a drive; names start in the bundle"
	}
	for part := range strings.SplitSeq(path, "/") {
		switch {
		case part == "..":
			return `the name leads out of the bundle ("..")`
		case part == "" || part == ".":
			return `the name has an empty part ("//", "/./" or a slash at its end)`
		case strings.HasPrefix(part, "."):
			return "the name, or a folder of it, begins with a dot, which hides it"
		case strings.HasSuffix(part, "."):
			return "the name, or a folder of it, ends with a dot, which some systems drop"
		}
	}
	for _, c := range []byte(path) {
		switch {
		case c >= 0x80:
			return "the name holds a character outside ASCII, which systems spell in more than one way"
		case c < 0x20 || c == 0x7f:
			return fmt.Sprintf("the name holds the control character 0x%02x", c)
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("._-/+@", c) >= 0:
		default:
			return fmt.Sprintf("the name holds %q; use letters, digits and . _ - + @", c)
		}
	}
	return ""
}

// names finds files that would be one and the same on a disk that ignores case.
type names map[string]struct {
	path   string
	folder bool
}

// add says what is wrong with one more file, "" for nothing.
func (n names) add(path string) string {
	for i := range len(path) + 1 {
		folder := i < len(path)
		if folder && path[i] != '/' {
			continue
		}
		part := path[:i]
		folded := strings.ToLower(part)
		first, taken := n[folded]
		switch {
		case !taken:
			n[folded] = struct {
				path   string
				folder bool
			}{part, folder}
		case first.path != part:
			return fmt.Sprintf("the name differs from %s only by upper and lower case", first.path)
		case first.folder != folder:
			return fmt.Sprintf("%s is a file and a folder at once", part)
		case !folder:
			return "the name is there twice"
		}
	}
	return ""
}
