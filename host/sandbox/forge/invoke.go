package forge

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/pergola-platform/pergola/host/sandbox/rest"
)

// remoteFetch is how @forge/bridge marks what comes from invokeRemote.
const remoteFetch = "ui-remote-fetch"

// invocationIn is what invoke, invokeRemote and invokeService send.
type invocationIn struct {
	Function string            `json:"functionKey"`
	Payload  json.RawMessage   `json:"payload"`
	Metadata map[string]any    `json:"metadata"`
	Type     string            `json:"invokeType"`
	Path     string            `json:"path"`
	Method   string            `json:"method"`
	Headers  map[string]string `json:"headers"`
	Body     json.RawMessage   `json:"body"`
}

// invoke calls the endpoint of the module's resolver: with a path, as invokeRemote does, or with the key of a function.
func (s *Forge) invoke(ctx context.Context, p *place) (any, error) {
	var in invocationIn
	if err := json.Unmarshal(p.Payload, &in); err != nil {
		return nil, rest.Fail(http.StatusBadRequest, "invoke: want an object.")
	}
	if in.Type != "" && in.Type != remoteFetch {
		return nil, rest.Fail(http.StatusNotImplemented, "The sandbox's bridge has no invokeService: it runs no containers.")
	}
	e := p.m.endpoint(p.module.Resolver.Endpoint)
	if e == nil {
		return nil, rest.Fail(http.StatusNotImplemented, "The module %s has no resolver.endpoint, and the sandbox runs no functions of Forge.", p.module.Key)
	}
	if in.Type == remoteFetch {
		return s.invokeRemote(ctx, p, e, in)
	}
	raw, err := json.Marshal(object{"call": object{"functionKey": in.Function, "payload": in.Payload}})
	if err != nil {
		return nil, err
	}
	got, err := s.call(ctx, p, e, http.MethodPost, e.Route.Path, nil, raw)
	switch {
	case err != nil:
		return nil, err
	case got.Status >= http.StatusBadRequest:
		return nil, rest.Fail(http.StatusBadGateway, "There was an error invoking the function: the remote %s answered %d.", e.Remote, got.Status)
	case in.Metadata != nil: // then the answer stands in a wrapping; there are no limits of which it could tell
		return object{"body": got.Body, "metadata": object{}}, nil
	}
	return got.Body, nil
}

func (s *Forge) invokeRemote(ctx context.Context, p *place, e *Endpoint, in invocationIn) (any, error) {
	method := strings.ToUpper(in.Method)
	if method == "" {
		method = http.MethodGet
	}
	if !slices.Contains([]string{"GET", "POST", "PUT", "PATCH", "DELETE"}, method) || !strings.HasPrefix(in.Path, "/") {
		return nil, rest.Fail(http.StatusBadRequest, "invokeRemote: want a path with a slash at its beginning, and GET, POST, PUT, PATCH or DELETE.")
	}
	var body []byte
	if len(in.Body) > 0 && string(in.Body) != "null" {
		body = in.Body
		var text string
		if json.Unmarshal(in.Body, &text) == nil {
			body = []byte(text)
		}
	}
	got, err := s.call(ctx, p, e, method, in.Path, in.Headers, body)
	if err != nil {
		return object{"success": false, "error": object{"status": http.StatusBadGateway, "message": err.Error()}}, nil //nolint:nilerr // the frame is told
	}
	return object{"success": true, "payload": got}, nil
}

// remoteAnswer is what a frame gets of a remote's answer.
type remoteAnswer struct {
	Status  int                 `json:"status"`
	Headers map[string][]string `json:"headers"`
	Body    any                 `json:"body"`
}

// call calls a remote for whoever looks at a page.
func (s *Forge) call(ctx context.Context, p *place, e *Endpoint, method, path string, header map[string]string, body []byte) (remoteAnswer, error) {
	remote := p.m.Remote(e.Remote)
	h, err := s.headers(p.st, p.app, p.m, invocation{
		remote: remote, auth: e.Auth, kind: p.module.Kind, key: p.module.Key, context: s.pageContext(p), user: p.user.Account,
	})
	if err != nil {
		return remoteAnswer{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, uiTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, string(remote.Base)+path, bytes.NewReader(body))
	if err != nil {
		return remoteAnswer{}, rest.Fail(http.StatusBadRequest, "The path %q is wrong.", path)
	}
	for k, v := range header {
		r.Header.Set(k, v)
	}
	for k, v := range h { // an app cannot put its own tokens there
		r.Header[k] = v
	}
	if r.Header.Get("Content-Type") == "" && len(body) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := s.client.Do(r)
	if err != nil {
		return remoteAnswer{}, rest.Fail(http.StatusBadGateway, "The remote %s did not answer.", remote.Key)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxFile))
	if err != nil {
		return remoteAnswer{}, rest.Fail(http.StatusBadGateway, "The answer of the remote %s ended too early.", remote.Key)
	}
	out := remoteAnswer{Status: resp.StatusCode, Headers: map[string][]string{}}
	for k, v := range resp.Header {
		out.Headers[strings.ToLower(k)] = v
	}
	if json.Unmarshal(raw, &out.Body) != nil {
		out.Body = string(raw)
	}
	return out, nil
}

// fetchRemote lets a frame call a remote itself, from the browser, with an invocation token and no others.
func (s *Forge) fetchRemote(p *place) (any, error) {
	var in struct {
		Remote string `json:"remoteKey"`
	}
	if err := json.Unmarshal(p.Payload, &in); err != nil || p.m.Remote(in.Remote) == nil {
		return nil, rest.Fail(http.StatusBadRequest, "requestRemote: the manifest has no remote %q.", in.Remote)
	}
	remote := p.m.Remote(in.Remote)
	token, err := s.token(p.st, p.app, invocation{remote: remote, kind: p.module.Kind, key: p.module.Key, context: s.pageContext(p), user: p.user.Account})
	if err != nil {
		return nil, err
	}
	return object{"url": string(remote.Base), "token": token}, nil
}
