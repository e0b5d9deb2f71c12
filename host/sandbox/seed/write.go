package seed

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
)

// WriteJSON writes a stream as [ReadJSON] reads it: the site on one line, then an issue a line. Equal streams are equal
// bytes.
func WriteJSON(w io.Writer, src *Stream) error {
	b := bufio.NewWriterSize(w, 64<<10)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	site := *src.Site
	site.Format = Version
	if err := enc.Encode(&site); err != nil {
		return fmt.Errorf("write the site: %w", err)
	}
	for i, err := range src.Issues {
		if err != nil {
			return err
		}
		if err := enc.Encode(i); err != nil {
			return fmt.Errorf("write issue %s: %w", i.Key, err)
		}
	}
	return b.Flush()
}

// sorted returns the keys of a map in order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
