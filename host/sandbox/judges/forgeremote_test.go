package judges_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

const forgePage = `<!doctype html>
<html><head><meta charset="utf-8"><meta name="judge" content="%s"><link rel="icon" href="data:,">
<style>
body { margin: 0; padding: 12px; font: 14px/20px sans-serif; color: var(--ds-text, #172b4d); }
td, th { padding: 4px 24px 4px 0; text-align: left; } th { color: var(--ds-text-subtle, #505258); font-weight: 400; }
</style></head>
<body><div id="app"><table><tr><th>Asset</th><td>ThinkPad X1 Carbon</td></tr><tr><th>Warranty</th><td>until 2028</td></tr><tr><th>Resource</th><td>%s</td></tr></table></div>
<script src="app.js"></script></body></html>`

// resolve is the endpoint that invoke reaches.
func resolve(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Call struct {
			Function string `json:"functionKey"`
			Payload  any    `json:"payload"`
		} `json:"call"`
	}
	if json.NewDecoder(r.Body).Decode(&in) != nil || in.Call.Function == "fail" {
		http.Error(w, "no", http.StatusInternalServerError)
		return
	}
	answer(w, map[string]any{"called": in.Call.Function, "with": in.Call.Payload})
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// api is what the remote serves to frames: it tells what it was asked.
func (j *forgeJudge) api(w http.ResponseWriter, r *http.Request) {
	switch r.PathValue("what") {
	case "fail":
		http.Error(w, `{"why": "no"}`, http.StatusTeapot)
		return
	case "picture":
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write(picture)
		return
	case "form":
		_, head, err := r.FormFile("file")
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer(w, map[string]any{"file": head.Filename, "type": head.Header.Get("Content-Type"), "size": head.Size, "asset": r.FormValue("asset")})
		return
	}
	raw, _ := io.ReadAll(r.Body)
	var body any
	_ = json.Unmarshal(raw, &body) // a GET has none
	w.Header().Set("X-Judge", r.Header.Get("X-Judge"))
	answer(w, map[string]any{"method": r.Method, "path": r.URL.RequestURI(), "sent": body, "user": principal(r), "header": r.Header.Get("X-Judge")})
}

// picture is no text in any encoding.
var picture = []byte{0x89, 'P', 'N', 'G', 0, 255, 254}

// principal is who the invocation token speaks of.
func principal(r *http.Request) string {
	parts := strings.Split(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), ".")
	if len(parts) != 3 {
		return ""
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var claims struct{ Principal string }
	_ = json.Unmarshal(raw, &claims) // then it is nobody
	return claims.Principal
}
