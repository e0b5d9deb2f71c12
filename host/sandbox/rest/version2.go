package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/adf"
	"github.com/pergola-platform/pergola/host/sandbox/openapi"
	"github.com/pergola-platform/pergola/host/sandbox/world"
)

// Version2 serves the paths of version 2 of the interface, which clients from before there were documents use, and whoever writes wiki
// markup. It is version 3 with text where that has documents. Markup is text here: nobody interprets it. state is asked which
// custom fields hold documents.
func Version2(v3 http.Handler, state func() *world.State) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		// An app's properties are its own business, whatever they look like.
		opaque := strings.Contains(r.URL.Path, "/properties")
		to := r.Clone(r.Context())
		to.URL.Path, to.URL.RawPath = openapi.V3(r.URL.Path), openapi.V3(r.URL.RawPath)
		if !opaque && isJSON(r.Header) {
			raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
			var tooLarge *http.MaxBytesError
			if errors.As(err, &tooLarge) {
				WriteJSON(w, http.StatusRequestEntityTooLarge, object{"errorMessages": []string{"The request body is too large."}, "errors": object{}})
				return
			}
			raw = rewrite(raw, documents{state()}.in)
			to.Body, to.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
		}
		answer := &held{ResponseWriter: w, status: http.StatusOK}
		v3.ServeHTTP(answer, to)
		body := answer.body.Bytes()
		if !opaque && isJSON(w.Header()) {
			body = rewrite(body, asText)
		}
		w.WriteHeader(answer.status)
		_, _ = w.Write(body) // the status is out: a broken connection is all that can be wrong now
	}
}

// held keeps status and body back, to be changed.
type held struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (h *held) WriteHeader(status int) { h.status = status }

func (h *held) Write(b []byte) (int, error) { return h.body.Write(b) }

func isJSON(h http.Header) bool {
	kind, _, _ := mime.ParseMediaType(h.Get("Content-Type"))
	return kind == "application/json"
}

// rewrite changes a JSON text; what is none stays as it is, for the handler to refuse.
func rewrite(raw []byte, change func(any) any) []byte {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil || d.More() {
		return raw
	}
	out, err := json.Marshal(change(v))
	if err != nil {
		return raw
	}
	return out
}

// documents makes documents of the texts of a request that version 3 wants as such.
type documents struct{ st *world.State }

// in changes the body of a request: of a comment, a worklog, a link, an issue, or of issues to make.
func (d documents) in(v any) any {
	body, ok := v.(object)
	if !ok {
		return v
	}
	for _, name := range []string{"body", "comment"} {
		if text, ok := body[name].(string); ok {
			body[name] = adf.Document(text)
		}
	}
	for _, part := range []string{"fields", "update", "comment"} {
		if body[part] != nil {
			body[part] = d.below(body[part])
		}
	}
	if list, ok := body["issueUpdates"].([]any); ok {
		for n := range list {
			list[n] = d.in(list[n])
		}
	}
	return body
}

func (d documents) below(v any) any {
	switch v := v.(type) {
	case object:
		for name, member := range v {
			text, ok := member.(string)
			switch {
			case ok && (name == "description" || name == "environment" || name == "body" || name == "comment" || d.rich(name)):
				v[name] = adf.Document(text)
			case d.rich(name):
				v[name] = settings(member)
			default:
				v[name] = d.below(member)
			}
		}
	case []any:
		for n := range v {
			v[n] = d.below(v[n])
		}
	}
	return v
}

// rich says whether there is a custom field of that name that holds documents.
func (d documents) rich(name string) bool {
	f := d.st.Field(world.FieldID(name))
	return f != nil && f.Kind == world.TextArea
}

// settings makes documents of the texts that a field is set to, in "update".
func settings(v any) any {
	list, _ := v.([]any)
	for _, each := range list {
		if change, ok := each.(object); ok {
			if text, ok := change["set"].(string); ok {
				change["set"] = adf.Document(text)
			}
		}
	}
	return v
}

// asText makes texts of the documents in an answer, and links to version 2 of those to version 3.
func asText(v any) any {
	switch v := v.(type) {
	case object:
		if _, ok := v["content"].([]any); ok && v["type"] == "doc" {
			if raw, err := json.Marshal(v); err == nil {
				return adf.Plain(raw)
			}
		}
		for name, member := range v {
			if name != "properties" {
				v[name] = asText(member)
			}
		}
		return v
	case []any:
		for n := range v {
			v[n] = asText(v[n])
		}
		return v
	case string:
		if strings.HasPrefix(v, "http") {
			return strings.Replace(v, "/rest/api/3/", "/rest/api/2/", 1)
		}
	}
	return v
}
