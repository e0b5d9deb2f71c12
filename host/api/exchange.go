package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/tinylib/msgp/msgp"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/rest"
)

// MaxBody is how many bytes of JSON a request may have.
const MaxBody = 256 << 10

// maxDepth is how deep JSON may nest: less than what the wire takes.
const maxDepth = 32

// Sent is what a program sent, beside the path.
type Sent struct {
	Query       string // raw
	ContentType string
	IfMatch     string // the header
	Body        []byte
}

// Request makes the request for the handler: every parameter and the body as the schemas have it. given are the parameters of the path. The
// error is an *[Error].
func (r *Route) Request(given map[string]string, in Sent) (rest.Request, error) {
	out := rest.Request{Name: r.Handler}
	var err error
	if out.Params, err = r.readParams(given, in.Query); err != nil {
		return rest.Request{}, err
	}
	if out.Body, err = r.readBody(in); err != nil {
		return rest.Request{}, err
	}
	return out, nil
}

func (r *Route) readParams(given map[string]string, query string) (map[string]string, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, invalid(400, "The query of the address cannot be read.")
	}
	texts, wrong := maps.Clone(given), []Fault(nil)
	if texts == nil {
		texts = map[string]string{}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		switch _, known := r.of[name]; {
		case !known || given[name] != "":
			wrong = append(wrong, Fault{Parameter: name, Detail: "is not known here"})
		case len(values[name]) > 1:
			wrong = append(wrong, Fault{Parameter: name, Detail: "is there more than once"})
		default:
			texts[name] = values.Get(name)
		}
	}
	typed := map[string]any{}
	for name, text := range texts {
		v, ok := r.of[name].read(text)
		if !ok {
			wrong = append(wrong, Fault{Parameter: name, Detail: "is no " + r.of[name].Type})
		}
		typed[name] = v
	}
	if r.params != nil && len(wrong) == 0 {
		if err := r.params.Validate(typed); err != nil {
			wrong = faults(err, func(at []string, words string) Fault {
				return Fault{Parameter: strings.Join(at, "."), Detail: words}
			})
		}
	}
	if len(wrong) > 0 {
		e := invalid(400, "The parameter %s %s.", wrong[0].Parameter, wrong[0].Detail)
		e.Err.Field, e.Faults = wrong[0].Parameter, wrong
		return nil, e
	}
	for name, p := range r.of {
		if _, there := texts[name]; !there && p.Default != nil {
			var s string
			if json.Unmarshal(p.Default, &s) != nil {
				s = string(p.Default)
			}
			texts[name] = s
		}
	}
	return texts, nil
}

// read makes a value of what stands in an address. It is false where it is of another type.
func (p parameter) read(text string) (any, bool) {
	switch p.Type {
	case "integer":
		n, err := strconv.ParseInt(text, 10, 64)
		return json.Number(strconv.FormatInt(n, 10)), err == nil
	case "boolean":
		return text == "true", text == "true" || text == "false"
	}
	return text, true
}

func (r *Route) readBody(in Sent) ([]byte, error) {
	if r.body == nil {
		if len(bytes.TrimSpace(in.Body)) > 0 {
			return nil, invalid(400, "This address takes no body.")
		}
		return nil, nil
	}
	if media, _, err := mime.ParseMediaType(in.ContentType); err != nil || media != "application/json" {
		return nil, invalid(415, "Send JSON, with the header Content-Type: application/json.")
	}
	if len(in.Body) > MaxBody {
		return nil, invalid(413, "The body has %d bytes; send %d at most.", len(in.Body), MaxBody)
	}
	if deep(in.Body) {
		return nil, invalid(400, "The body nests deeper than %d levels.", maxDepth)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(in.Body))
	if err != nil {
		return nil, invalid(400, "The body is no JSON: one value, in UTF-8, with nothing behind it.")
	}
	if err := r.body.Validate(v); err != nil {
		wrong := faults(err, pointer)
		at := wrong[0].Pointer
		if at == "" {
			at = "The body"
		}
		e := invalid(400, "%s: %s.", at, wrong[0].Detail)
		e.Err.Field, e.Faults = strings.TrimPrefix(wrong[0].Pointer, "/"), wrong
		return nil, e
	}
	raw, err := msgp.AppendIntf(nil, whole(v))
	if err != nil {
		return nil, fmt.Errorf("encode a body for a plugin: %w", err)
	}
	return raw, nil
}

// deep says whether JSON nests too deep. Brackets in strings do not count.
func deep(raw []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			if depth++; depth > maxDepth {
				return true
			}
		case c == ']' || c == '}':
			depth--
		}
	}
	return false
}

// whole makes integers of whole numbers, as rest.Request says.
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

// Read decodes the body of a request that was judged, for the host's own handlers, which have no types for MessagePack.
func Read(r rest.Request, into any) error {
	var text bytes.Buffer
	if _, err := msgp.UnmarshalAsJSON(&text, r.Body); err != nil {
		return fmt.Errorf("decode a body that was sent: %w", err)
	}
	return json.Unmarshal(text.Bytes(), into)
}

// ETag is the header that names a version.
func ETag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// Version reads the version that If-Match names. It is no matter of taste whether it is there: of two programs that change a thing at once, one would undo
// what the other did.
func Version(ifMatch string) (int64, error) {
	if ifMatch == "" {
		return 0, invalid(428, "Send the ETag of what you have read in the header If-Match.")
	}
	text, quoted := strings.CutPrefix(ifMatch, `"`)
	text, ended := strings.CutSuffix(text, `"`)
	n, err := strconv.ParseInt(text, 10, 64)
	if !quoted || !ended || err != nil || n < 1 || ETag(n) != ifMatch {
		return 0, invalid(400, `The header If-Match is no ETag of this API. Send one as it was read, such as "3" with its quotation marks.`)
	}
	return n, nil
}

// Answer makes what the program gets of what a handler answered. A status that the route does not declare, and a body that is not of the type that it
// declares, are defects of the plugin.
func (r *Route) Answer(a *rest.Answer) (Answered, error) {
	if media, ok := r.media[a.Status]; ok {
		raw, rest, err := msgp.ReadBytesBytes(a.Body, nil)
		if err != nil || len(rest) > 0 || len(raw) == 0 {
			return Answered{}, defect("its answer %d is no file", a.Status)
		}
		return Answered{Status: a.Status, Body: raw, ContentType: media}, nil
	}
	body, err := r.json(a)
	return Answered{Status: a.Status, Body: body}, err
}

// json makes JSON of a body, nil for none.
func (r *Route) json(a *rest.Answer) ([]byte, error) {
	if _, ok := r.answers[a.Status]; !ok {
		return nil, defect("it answers with the status %d, which its plugin.json does not declare", a.Status)
	}
	if a.Status == 204 || a.Body == nil {
		if a.Status != 204 || a.Body != nil {
			return nil, defect("its answer %d has a body where none goes, or none", a.Status)
		}
		return nil, nil
	}
	var b bytes.Buffer
	rest, err := msgp.UnmarshalAsJSON(&b, a.Body)
	if err != nil || len(rest) > 0 || !json.Valid(b.Bytes()) {
		return nil, defect("its answer is no JSON")
	}
	return b.Bytes(), nil
}

func defect(format string, args ...any) error {
	return &sdk.Error{Code: sdk.Internal, Source: sdk.FromPlugin, Message: "the plugin has a defect: " + fmt.Sprintf(format, args...) + ". Its publisher can help"}
}

// Conforms says whether an answer is as the route declares. Tests ask; judging each answer would cost as much as making it.
func (r *Route) Conforms(status int, body []byte) error {
	schema, ok := r.answers[status]
	if !ok {
		return fmt.Errorf("the status %d is not declared", status)
	}
	if status == 204 {
		if len(body) > 0 {
			return fmt.Errorf("a 204 has a body")
		}
		return nil
	}
	if r.media[status] != "" {
		return nil // a file
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return schema.Validate(v)
}

// Call is a call of a plugin's route.
type Call struct {
	Plugin capability.PluginID
	Method string
	Parts  []string // of the path behind the plugin's id, decoded
	Sent
}

// Answered is what the program gets.
type Answered struct {
	Status int
	Body   []byte // nil for none
	// ContentType is that of a file; "" for JSON.
	ContentType string
	ETag        string // the header; "" for none
}
