package openapitest

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/pergola-platform/pergola/host/sandbox/openapi"
)

// Answer is a response that was read whole.
type Answer struct {
	Status      int
	ContentType string
	Body        []byte
}

// Check compares an answer to a request of that method and path, still encoded, with what the documents say. It returns nil
// for what is not below /rest.
func (d *Documents) Check(method, path string, a Answer) error {
	if !strings.HasPrefix(path, "/rest/") || undescribed[method+" "+path] != "" || method == http.MethodHead {
		return nil // HEAD is GET without what there is to judge
	}
	row, ok := openapi.Find(method, path)
	if !ok {
		for below := range undescribedBelow {
			if strings.HasPrefix(path, below) {
				return nil
			}
		}
		if a.Status == http.StatusNotFound || a.Status == http.StatusMethodNotAllowed {
			return nil
		}
		return fmt.Errorf("status %d for what is no operation of Jira", a.Status)
	}
	op := d.ops[row.Method+" "+row.Path]
	if op == nil {
		return errors.New("the table of operations is older than the documents: run go test ./host/sandbox/openapi -update")
	}
	return op.check(a)
}

func (op *operation) check(a Answer) error {
	status := strconv.Itoa(a.Status)
	resp, ok := op.responses[status]
	if !ok {
		if slices.Contains(gateway, a.Status) {
			return nil
		}
		if everywhere[a.Status] == "" && missing[op.ID+" "+status] == "" {
			return fmt.Errorf("status %d is not in the document", a.Status)
		}
		return checkError(a)
	}
	if a.Status == http.StatusNoContent || a.Status == http.StatusNotModified {
		if len(a.Body) > 0 {
			return fmt.Errorf("status %d with a body", a.Status)
		}
		return nil
	}
	if len(resp.Content) == 0 {
		if a.Status >= 400 {
			return checkError(a)
		}
		return nil
	}
	return op.checkContent(status, resp, a)
}

func (op *operation) checkContent(status string, resp response, a Answer) error {
	if len(a.Body) == 0 {
		// An empty schema says as little as none.
		for _, c := range resp.Content {
			if len(c.Schema) == 0 {
				return nil
			}
		}
		return errors.New("no body")
	}
	kind, _, err := mime.ParseMediaType(a.ContentType)
	if err != nil {
		return fmt.Errorf("content type %q: %w", a.ContentType, err)
	}
	content, ok := resp.Content[kind]
	if !ok {
		if content, ok = resp.Content["*/*"]; !ok {
			return fmt.Errorf("content type %s is not in the document", kind)
		}
	}
	if kind != "application/json" || len(content.Schema) == 0 {
		return nil
	}
	return op.checkBody(status, kind, content.Schema, a.Body)
}

func (op *operation) checkBody(status, kind string, schema map[string]any, body []byte) error {
	s, err := op.doc.schema(strings.Join([]string{op.Method, op.Path, status, kind}, " "), schema)
	if err != nil {
		return fmt.Errorf("the schema in %s: %w", op.doc.name, err)
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("body: %w", err)
	}
	var invalid *jsonschema.ValidationError
	err = s.Validate(v)
	if !errors.As(err, &invalid) {
		return err
	}
	lines := slices.DeleteFunc(leaves(invalid), func(line string) bool {
		return slices.ContainsFunc(mistakes[op.ID], func(m mistake) bool { return m.line.MatchString(line) })
	})
	if len(lines) == 0 {
		return nil
	}
	return errors.New(strings.Join(lines, "; "))
}

// leaves are the innermost causes: those above say only that something below is wrong.
func leaves(e *jsonschema.ValidationError) []string {
	if len(e.Causes) == 0 {
		unit := e.BasicOutput()
		return []string{fmt.Sprintf("/%s: %s", strings.Join(e.InstanceLocation, "/"), unit.Error)}
	}
	var out []string
	for _, c := range e.Causes {
		for _, line := range leaves(c) {
			if !slices.Contains(out, line) {
				out = append(out, line)
			}
		}
	}
	return out
}

// checkError looks at a body of which the document says nothing: an error says why, in one of the forms that Jira has.
func checkError(a Answer) error {
	if a.Status == http.StatusForbidden && string(a.Body) == "XSRF check failed" { // the gateway's only words without JSON
		return nil
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.Body))
	if err != nil {
		return fmt.Errorf("error %d: body: %w", a.Status, err)
	}
	body, _ := v.(map[string]any)
	_, messages := body["errorMessages"].([]any)
	_, message := body["message"].(string)
	_, jsm := body["errorMessage"].(string)
	if !messages && !message && !jsm {
		return fmt.Errorf("error %d without errorMessages or message: %.200s", a.Status, a.Body)
	}
	return nil
}
