package sandbox_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"testing"
)

// upload sends files by name as a form does.
func (p *person) upload(path, token string, part string, files map[string]string) answer {
	p.site.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, content := range files {
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", `form-data; name="`+part+`"; filename="`+name+`"`)
		h.Set("Content-Type", "text/plain; charset=utf-8")
		w, err := form.CreatePart(h)
		if err != nil {
			p.site.t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			p.site.t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		p.site.t.Fatal(err)
	}
	r := request(p.site.t, http.MethodPost, p.site.url+path, body.String())
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("X-Atlassian-Token", token)
	return send(p.site.t, p.client, r)
}

func TestFilesAreAttachedReadAndDeleted(t *testing.T) {
	site := openSite(t)
	mia, jonas, ada := site.login("mia"), site.login("jonas"), site.login("ada")
	const all = "/rest/api/3/issue/OPS-1/attachments"
	for name, tt := range map[string]struct {
		who         *person
		token, part string
		files       map[string]string
		want        int
	}{
		"without the word against forged requests": {mia, "", "file", map[string]string{"a.txt": "a"}, http.StatusForbidden},
		"with no file":               {mia, "no-check", "upload", map[string]string{"a.txt": "a"}, http.StatusBadRequest},
		"by somebody who only looks": {ada, "no-check", "file", map[string]string{"a.txt": "a"}, http.StatusForbidden},
		"that is too large":          {mia, "no-check", "file", map[string]string{"a.txt": strings.Repeat("a", 10<<20+1)}, http.StatusRequestEntityTooLarge},
	} {
		if a := tt.who.upload(all, tt.token, tt.part, tt.files); a.status != tt.want {
			t.Errorf("a file %s: status %d, want %d: %.200s", name, a.status, tt.want, a.body)
		}
	}
	if a := mia.do("POST", all, `{}`); a.status != http.StatusForbidden { // it lacks the header, too
		t.Errorf("JSON: status %d", a.status)
	}
	if a := mia.upload(all, "no-check", "file", map[string]string{"../etc/invoice 7.txt": "Paid"}); a.status != http.StatusOK || !strings.Contains(a.body, `"filename":"invoice 7.txt"`) {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	const one, content = "/rest/api/3/attachment/10000", "/rest/api/3/attachment/content/10000"
	if a := ada.get(content); a.body != "Paid" || a.header.Get("Content-Type") != "text/plain" || !strings.Contains(a.header.Get("Content-Disposition"), "invoice 7.txt") {
		t.Errorf("%v %q", a.header, a.body)
	}
	if a := mia.get("/rest/api/3/attachment/meta"); a.json(t)["uploadLimit"] != float64(10<<20) {
		t.Error(a.body)
	}
	if a := mia.get(one); a.json(t)["size"] != float64(4) || a.json(t)["id"] != float64(10000) {
		t.Error(a.body)
	}
	if a := mia.get("/rest/api/3/attachment/thumbnail/10000"); a.status != http.StatusNotFound {
		t.Errorf("a text has a thumbnail: %d", a.status)
	}
	if a := jonas.do("DELETE", one, ""); a.status != http.StatusForbidden {
		t.Errorf("another's file: status %d", a.status)
	}
	if a := mia.do("DELETE", one, ""); a.status != http.StatusNoContent {
		t.Errorf("status %d: %s", a.status, a.body)
	}
	if a := mia.get(content); a.status != http.StatusNotFound {
		t.Errorf("what was deleted: status %d", a.status)
	}
}

func TestFilesOfHiddenIssuesAreHidden(t *testing.T) {
	site := openSite(t)
	if a := site.login("mia").upload("/rest/api/3/issue/HR-1/attachments", "no-check", "file", map[string]string{"contract.txt": "secret"}); a.status != http.StatusOK {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	ada := site.login("ada")
	for _, path := range []string{"/rest/api/3/attachment/10000", "/rest/api/3/attachment/content/10000", "/rest/api/3/attachment/thumbnail/10000"} {
		if a := ada.get(path); a.status != http.StatusNotFound {
			t.Errorf("%s: status %d: %s", path, a.status, a.body)
		}
	}
}
