package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
)

// ask uses the site's REST interface as the person in front of the screen: what a page can do is what that interface lets its
// user do. body and out may be nil. A refusal is a [rest.Error] with the words for each field.
func (v *view) ask(method, path string, body, out any) error {
	var raw []byte
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return fmt.Errorf("%s %s: %w", method, path, err)
		}
	}
	a, err := v.pass(method, path, http.Header{"Content-Type": {"application/json"}}, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	if a.status >= 300 {
		return a.refusal()
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(a.body.Bytes(), out); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

// pass sends a request to the REST interface as the person.
func (v *view) pass(method, path string, header http.Header, body io.Reader) (*heard, error) {
	r, err := http.NewRequestWithContext(v.r.Context(), method, path, body)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", method, path, err)
	}
	r.RequestURI, r.Header = path, header
	r.Header["Cookie"] = v.r.Header["Cookie"]
	a := &heard{header: http.Header{}, status: http.StatusOK}
	v.site.rest.ServeHTTP(a, r)
	return a, nil
}

// heard keeps an answer of the REST interface.
type heard struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *heard) Header() http.Header         { return a.header }
func (a *heard) WriteHeader(status int)      { a.status = status }
func (a *heard) Write(b []byte) (int, error) { return a.body.Write(b) }

func (a *heard) refusal() error {
	var in struct {
		ErrorMessages []string          `json:"errorMessages"`
		Errors        map[string]string `json:"errors"`
	}
	_ = json.Unmarshal(a.body.Bytes(), &in) // an answer of another form has no words
	if len(in.ErrorMessages)+len(in.Errors) == 0 {
		in.ErrorMessages = []string{http.StatusText(a.status) + "."}
	}
	return &rest.Error{Status: a.status, Messages: in.ErrorMessages, Fields: in.Errors}
}
