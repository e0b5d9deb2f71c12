package forge

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/sandbox/oauth"
	"github.com/pergola-platform/pergola/host/sandbox/rest"
)

// productRequest is what requestJira sends.
type productRequest struct {
	Product string `json:"product"`
	Path    string `json:"restPath"`
	Form    bool   `json:"isMultipartFormData"`
	Init    struct {
		Method  string      `json:"method"`
		Headers [][2]string `json:"headers"`
		Body    *string     `json:"body"`
	} `json:"fetchRequestInit"`
}

// fetchProduct calls the site's own REST interface as the user, with the app's scopes.
func (s *Forge) fetchProduct(ctx context.Context, p *place) (any, error) {
	var in productRequest
	if err := json.Unmarshal(p.Payload, &in); err != nil || in.Product != "jira" || !strings.HasPrefix(in.Path, "/rest/") {
		return nil, rest.Fail(http.StatusBadRequest, "requestJira: want a path below /rest of the product jira.")
	}
	r, err := in.request(ctx)
	if err != nil {
		return nil, err
	}
	token, err := s.Tokens.Mint(oauth.Token{
		Kind: oauth.User, App: p.app.Key, Client: p.app.Forge.Installation, Account: p.user.Account, Scopes: p.m.Permissions.Scopes,
	}, time.Minute)
	if err != nil {
		return nil, err
	}
	r.Header.Del("Cookie")
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	s.API.ServeHTTP(w, oauth.Gateway(r))
	headers := map[string]string{}
	for k := range w.Header() {
		headers[strings.ToLower(k)] = w.Header().Get(k)
	}
	out := object{"status": w.Code, "statusText": http.StatusText(w.Code), "headers": headers, "body": w.Body.String(), "isAttachment": false}
	if !isText(w.Header().Get("Content-Type")) && w.Body.Len() > 0 {
		out["body"], out["isAttachment"] = base64.StdEncoding.EncodeToString(w.Body.Bytes()), true
	}
	return out, nil
}

// isText says whether the bridge passes on an answer of a media type as it is, and not in base64.
func isText(contentType string) bool {
	kind, _, _ := mime.ParseMediaType(contentType)
	return kind == "" || strings.HasPrefix(kind, "text/") || strings.HasSuffix(kind, "json") || strings.HasSuffix(kind, "xml") || strings.HasSuffix(kind, "javascript")
}

func (in productRequest) request(ctx context.Context) (*http.Request, error) {
	method := strings.ToUpper(in.Init.Method)
	if method == "" {
		method = http.MethodGet
	}
	var body io.Reader = http.NoBody
	kind := ""
	switch {
	case in.Form:
		raw, boundary, err := form(in.Init.Body)
		if err != nil {
			return nil, rest.Fail(http.StatusBadRequest, "requestJira: the form cannot be read: %v.", err)
		}
		body, kind = bytes.NewReader(raw), boundary
	case in.Init.Body != nil:
		body = strings.NewReader(*in.Init.Body)
	}
	r, err := http.NewRequestWithContext(ctx, method, in.Path, body)
	if err != nil {
		return nil, rest.Fail(http.StatusBadRequest, "requestJira: the path %q is wrong.", in.Path)
	}
	r.RequestURI = in.Path
	for _, h := range in.Init.Headers {
		r.Header.Set(h[0], h[1])
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	return r, nil
}

// form makes the form again that @forge/bridge has made into JSON: the part file is a data URL, with name and type beside it.
func form(text *string) (raw []byte, contentType string, err error) {
	parts := map[string]string{}
	if text == nil {
		return nil, "", errors.New("it is empty")
	}
	if err := json.Unmarshal([]byte(*text), &parts); err != nil {
		return nil, "", err
	}
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		switch name {
		case "__fileName", "__fileType":
		case "file":
			err = writeFile(w, parts)
		default:
			err = w.WriteField(name, parts[name])
		}
		if err != nil {
			return nil, "", err
		}
	}
	if err := w.Close(); err != nil {
		return nil, "", err
	}
	return out.Bytes(), w.FormDataContentType(), nil
}

func writeFile(w *multipart.Writer, parts map[string]string) error {
	_, encoded, ok := strings.Cut(parts["file"], ";base64,")
	if !ok {
		return errors.New("its file is no data URL in base64")
	}
	content, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return err
	}
	kind := parts["__fileType"]
	if kind == "" {
		kind = "application/octet-stream"
	}
	h := textproto.MIMEHeader{}
	h.Set("Content-Disposition", mime.FormatMediaType("form-data", map[string]string{"name": "file", "filename": parts["__fileName"]}))
	h.Set("Content-Type", kind)
	part, err := w.CreatePart(h)
	if err != nil {
		return err
	}
	_, err = part.Write(content)
	return err
}
