package relations

import (
	"hash/fnv"
	"strconv"
	"strings"
)

// SectionName names a section of a page after what it is about. Ids can hold what names of sections cannot, so it is a short digest.
func SectionName(kind, id string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // it never fails
	return kind + "-" + strconv.FormatUint(uint64(h.Sum32()), 36)
}

// IsKey says whether what a user typed looks like an issue's key, in capitals.
func IsKey(text string) bool {
	project, number, ok := strings.Cut(text, "-")
	if !ok || project == "" || number == "" || len(text) > 40 {
		return false
	}
	for i, r := range project {
		if !(r >= 'A' && r <= 'Z' || i > 0 && (r >= '0' && r <= '9' || r == '_')) {
			return false
		}
	}
	return strings.Trim(number, "0123456789") == ""
}
