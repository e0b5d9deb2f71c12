package sdktest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/rest"
	"github.com/pergola-platform/pergola/sdk/wire"
)

// Route calls the handler of a route, as a program with a token of the account in Context does. The body is JSON, "" for none, and so is the
// answer. The schemas of plugin.json are not looked at: a handler is called with whatever the test sends.
//
// Since: v0.5
func (h *Host) Route(name string, params map[string]string, body string) (status int, answer string, err error) {
	r := rest.Request{Name: name, Context: h.Context, Params: params}
	r.Context.IssueID, r.Context.ProjectID, r.Context.Module = "", "", ""
	if body != "" {
		if r.Body, err = fromJSON([]byte(body)); err != nil {
			return 0, "", err
		}
	}
	var out rest.Answer
	if err := h.call(wire.OpRoute, &r, &out); err != nil {
		return 0, "", err
	}
	if out.Status < 200 || out.Status > 299 {
		return 0, "", sdk.Errorf(sdk.Internal, "the route %s answers %d; return an error, or a status from 200 to 299", name, out.Status)
	}
	if out.Body == nil {
		return out.Status, "", nil
	}
	var text bytes.Buffer
	rest, err := msgp.UnmarshalAsJSON(&text, out.Body)
	if err != nil || len(rest) > 0 {
		return 0, "", sdk.Errorf(sdk.Internal, "the answer of the route %s is no JSON: %v", name, err)
	}
	return out.Status, text.String(), nil
}

// fromJSON makes MessagePack of JSON, as a host does.
func fromJSON(raw []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("the body is no JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the body has something after its end")
	}
	return msgp.AppendIntf(nil, whole(v))
}

// whole makes integers of whole numbers.
func whole(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = whole(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = whole(v[name])
		}
	}
	return v
}
