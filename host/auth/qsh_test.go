package auth_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/pergola-platform/pergola/host/auth"
)

func TestQSHMatchesVectors(t *testing.T) {
	var file struct {
		Vectors []struct {
			Kind, Name, Method, URL, BaseURL string
			Body                             map[string]json.RawMessage
			QSH, QSHJava                     string
			ImplementationsAgree             bool
		}
	}
	vectors(t, "qsh.json", &file)
	if len(file.Vectors) < 40 {
		t.Fatalf("only %d vectors", len(file.Vectors))
	}
	for _, v := range file.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			// Where Atlassian's libraries differ we take the Java form, because Jira itself is written in Java: a context
			// path is cut off by whole segments, and names are sorted in their encoded form as the specification says.
			want := v.QSH
			if !v.ImplementationsAgree {
				want = v.QSHJava
			}
			base, err := url.Parse(v.BaseURL)
			if err != nil {
				t.Fatal(err)
			}
			got := auth.QSH(v.Method, v.URL, base.EscapedPath())
			if v.Kind == "form" {
				got = auth.FormQSH(v.Method, v.URL, base.EscapedPath(), form(t, v.Body))
			}
			if got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

// form encodes a form body whose values are strings or lists of strings.
func form(t *testing.T, body map[string]json.RawMessage) string {
	t.Helper()
	out := url.Values{}
	for name, raw := range body {
		var one string
		var many []string
		if json.Unmarshal(raw, &one) == nil {
			many = []string{one}
		} else if err := json.Unmarshal(raw, &many); err != nil {
			t.Fatal(err)
		}
		out[name] = many
	}
	return out.Encode()
}

func TestQSHOfOddAddresses(t *testing.T) {
	const plain = "/x?a=1&b=2"
	for _, tt := range []struct {
		name, method, target, contextPath string
		sameAs                            string // a target without a context path
	}{
		{"semicolon is an ordinary character", "GET", "/x?a=1;b=2", "", "/x?a=1%3Bb%3D2"},
		{"empty pairs vanish", "GET", "/x?&a=1&&b=2&", "", plain},
		{"fragment does not count", "GET", "/x?a=1&b=2#c", "", plain},
		{"method in lower case", "get", plain, "", plain},
		{"broken escape stays", "GET", "/x?a=%zz&b=%", "", "/x?a=%25zz&b=%25"},
		{"name that spells jwt with escapes", "GET", "/x?j%77t=A&a=1&b=2", "", plain},
		{"context path with trailing slash", "GET", "/app/x?a=1&b=2", "/app/", plain},
		{"context path is the whole path", "GET", "/app", "/app", "/"},
		{"context path of a proxy that cut it off", "GET", plain, "/app", plain},
		{"absolute address without path", "GET", "https://a.example?a=1", "", "/?a=1"},
		{"address inside the query", "GET", "/x?a=http://b.example/y", "", "/x?a=http%3A%2F%2Fb.example%2Fy"},
		{"query value with equals signs", "GET", "/x?a=b=c", "", "/x?a=b%3Dc"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, want := auth.QSH(tt.method, tt.target, tt.contextPath), auth.QSH("GET", tt.sameAs, ""); got != want {
				t.Errorf("%s hashes otherwise than %s", tt.target, tt.sameAs)
			}
		})
	}
}

func TestFormCountsOnlyWithoutQueryInPostAndPut(t *testing.T) {
	if auth.FormQSH("POST", "/x", "", "a=1") != auth.QSH("POST", "/x?a=1", "") {
		t.Error("form of a POST without query does not count")
	}
	if auth.FormQSH("POST", "/x?b=2", "", "a=1") != auth.QSH("POST", "/x?b=2", "") {
		t.Error("form counts beside a query")
	}
	if auth.FormQSH("DELETE", "/x", "", "a=1") != auth.QSH("DELETE", "/x", "") {
		t.Error("form of a DELETE counts")
	}
}

func FuzzQSH(f *testing.F) {
	f.Add("GET", "/path?zee_last=param&repeated=parameter%201&first=param&repeated=parameter%202", "")
	f.Add("POST", "https://example.com/jira-app//x/?a=%zz&;=+&jwt=a.b.c", "/jira-app")
	f.Add("", "?&=&#", "/")
	f.Fuzz(func(t *testing.T, method, target, contextPath string) {
		want := auth.QSH(method, target, contextPath)
		if len(want) != 64 || strings.Trim(want, "0123456789abcdef") != "" {
			t.Fatalf("%q is no hash", want)
		}
		if got := auth.QSH(method, target+"#fragment", contextPath); got != want {
			t.Error("a fragment changes the hash")
		}
		if strings.Contains(target, "#") {
			return
		}
		path, query, found := strings.Cut(target, "?")
		pairs := strings.Split(query, "&")
		slices.Reverse(pairs)
		if got := auth.QSH(method, path+"?"+strings.Join(pairs, "&"), contextPath); got != want {
			t.Error("the order of parameters changes the hash")
		}
		glue := "?"
		if found {
			glue = "&"
		}
		if got := auth.QSH(method, target+glue+"jwt=a.b.c", contextPath); got != want {
			t.Error("the token changes the hash")
		}
		if strings.HasPrefix(path, "/") {
			if got := auth.QSH(method, "https://host.example"+target, contextPath); got != want {
				t.Error("scheme and host change the hash")
			}
		}
		// Whatever a parameter holds, writing it in its encoded form is the same request.
		if got := auth.QSH(method, path+"?"+reencoded(query), contextPath); got != want {
			t.Error("the way a parameter is escaped changes the hash")
		}
	})
}

// reencoded escapes every byte of the names and values that is neither an escape nor a plus sign already.
func reencoded(query string) string {
	var out strings.Builder
	for _, c := range []byte(query) {
		if strings.IndexByte("&=%+", c) >= 0 || '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F' {
			out.WriteByte(c)
			continue
		}
		const hex = "0123456789abcdef"
		out.Write([]byte{'%', hex[c>>4], hex[c&15]})
	}
	return out.String()
}
