package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/store"
)

// maxLine is the longest line in bytes: the largest body in base64, and the largest key and indexes with every byte escaped.
const maxLine = (store.MaxBody+2)/3*4 + 6*(2*store.MaxID+store.MaxCollection+store.MaxIndexes*(store.MaxIndexName+store.MaxIndexValue)) + 4096

type line struct {
	Tenant     capability.TenantID `json:"tenant"`
	Collection string              `json:"collection"`
	ID         string              `json:"id"`
	Index      map[string]string   `json:"index,omitempty"`
	Body       []byte              `json:"body"`
}

// encodeLine returns a document's line, with its end.
func encodeLine(d store.Doc) ([]byte, error) {
	b, err := json.Marshal(line{d.Key.Tenant, d.Key.Collection, d.Key.ID, d.Index, d.Body})
	return append(b, '\n'), err
}

var (
	errLine     = errors.New("is no document")
	errProgress = errors.New("is the progress of an import")
)

// parseLine reads a line, with or without its end. The document is one that every store takes. Errors say nothing of what
// the line holds except for the document's key.
func parseLine(b []byte) (store.Doc, error) {
	var l line
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return store.Doc{}, errLine // JSON's own errors quote what they found
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return store.Doc{}, errLine
	}
	doc := store.Doc{Key: store.Key{Tenant: l.Tenant, Collection: l.Collection, ID: l.ID}, Index: l.Index, Body: l.Body}
	if err := store.ValidateOp(put(doc)); err != nil {
		return store.Doc{}, err
	}
	if doc.Key == progressKey {
		return store.Doc{}, errProgress
	}
	return doc, nil
}

func put(d store.Doc) store.Op { return store.Op{Doc: d, IfRev: store.Any} }
