package auth_test

import (
	"context"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/tenant"
)

func part(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

// FuzzClaimsOfASite has a site sign whatever it likes: what opens says when it ends, is good at this time, and again; what it names are ids.
func FuzzClaimsOfASite(f *testing.F) {
	header := []byte(`{"alg":"HS256","typ":"JWT"}`)
	for _, payload := range []string{
		`{"iss":"client-one","sub":"5b10","iat":1798761600,"exp":1798761780,"qsh":"context-qsh","context":{"jira":{"issue":{"id":"10001"},"project":{"id":10000}}}}`,
		`{"iss":"client-one","iat":1798761600,"qsh":"context-qsh"}`, `{"iss":"client-one","exp":1e300,"qsh":"context-qsh"}`, `{"iss":"client-one","exp":-1,"qsh":"context-qsh"}`,
		`{"iss":"client-one","exp":1798761780,"nbf":1798761780,"qsh":"context-qsh"}`, `{"iss":"client-one","exp":"1798761780","qsh":"context-qsh"}`,
		`{"iss":"client-one","exp":1798761780,"exp":null,"qsh":"context-qsh"}`, `{"iss":"client-one","aud":[1],"exp":1798761780,"qsh":"context-qsh"}`,
		`{"iss":"client-one","exp":1798761780.5,"qsh":"context-qsh","context":{"jira":{"issue":{"id":"x y"}}}}`, `{"ISS":"client-one","EXP":1798761780,"Qsh":"context-qsh"}`, `null`, `[]`, `"x"`,
	} {
		f.Add(header, []byte(payload))
	}
	f.Add([]byte(`{"alg":"none"}`), []byte(`{"iss":"client-one","exp":1798761780,"qsh":"context-qsh"}`))
	f.Add([]byte(`{"alg":"HS256","crit":["x"]}`), []byte(`{"iss":"client-one","exp":1798761780,"qsh":"context-qsh"}`))
	f.Fuzz(func(t *testing.T, header, payload []byte) {
		text := part(header) + "." + part(payload)
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(text))
		r := auth.Request{Method: "POST", Target: "/api/x", Authorization: "JWT " + text + "." + part(mac.Sum(nil))}
		v := verifier(t, site(tenant.Active))
		p, err := v.API(context.Background(), r)
		again, anew := v.API(context.Background(), r)
		if (err == nil) != (anew == nil) || cmp.Diff(p, again) != "" {
			t.Errorf("first %+v, %v; then %+v, %v", p, err, again, anew)
		}
		if err != nil {
			reason(t, err)
			if cmp.Diff(p, auth.Principal{}) != "" {
				t.Error("a refusal names a principal")
			}
			return
		}
		var said struct {
			Exp, Nbf, Iat *float64
			Iss, Sub, Qsh string
		}
		if json.Unmarshal(payload, &said) != nil || said.Exp == nil || said.Iss != p.ClientKey || said.Sub != p.Account || said.Qsh != auth.ContextQSH {
			t.Fatalf("%s opens as %+v", payload, p)
		}
		leeway, moment := auth.Leeway.Seconds(), float64(now.Unix())
		if *said.Exp+leeway <= moment || said.Nbf != nil && *said.Nbf-leeway > moment || said.Iat != nil && *said.Iat-leeway > moment {
			t.Errorf("%s opens at %.0f", payload, moment)
		}
		if strings.Trim(p.IssueID+p.ProjectID, "0123456789") != "" {
			t.Errorf("%q and %q are ids", p.IssueID, p.ProjectID)
		}
	})
}

// FuzzClaimsOfForge has Forge's key sign whatever there is: what opens is for this app, ends, and has its tokens sent to Atlassian's gateway.
func FuzzClaimsOfForge(f *testing.F) {
	key, err := rsa.GenerateKey(rand.Reader, 1024) // signs in this test alone, thousands of times
	if err != nil {
		f.Fatal(err)
	}
	good := `{"iss":"forge/invocation-token","aud":"` + appID + `","jti":"d8","principal":"5b10","iat":1798761600,"nbf":1798761300,"exp":1798761900,` +
		`"app":{"id":"` + appID + `","installationId":"` + install + `","apiBaseUrl":"https://api.atlassian.com/ex/jira/1","environment":{"type":"PRODUCTION","id":"e"},"module":{"type":"jira:issuePanel","key":"p"}},` +
		`"context":{"cloudId":"1","siteUrl":"https://acme.atlassian.net","extension":{"issue":{"id":"10001"},"project":{"id":10000}}}}`
	for _, payload := range []string{
		good, strings.Replace(good, `"exp":1798761900,`, "", 1), strings.Replace(good, "api.atlassian.com/", "api.atlassian.com.evil.example/", 1),
		strings.Replace(good, "api.atlassian.com/ex", "x@api.atlassian.com/ex", 1), strings.Replace(good, "/ex/jira/1", "/ex/../x", 1), strings.Replace(good, `"10001"`, `{"a":1}`, 1), `{}`, `null`,
	} {
		f.Add([]byte(payload), "token of the app")
	}
	f.Fuzz(func(t *testing.T, payload []byte, system string) {
		text := part([]byte(`{"alg":"RS256","kid":"k"}`)) + "." + part(payload)
		sum := sha256.Sum256([]byte(text))
		signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		v := verifier(t, site(tenant.Active), func(c *auth.Config) { c.Forge.Keys = keys{"k": &key.PublicKey} })
		r := auth.Request{Authorization: "Bearer " + text + "." + part(signature), ForgeSystem: system}
		i, err := v.Invocation(context.Background(), r)
		p, refused := v.Forge(context.Background(), r)
		again, anew := v.Forge(context.Background(), r)
		if (refused == nil) != (anew == nil) || cmp.Diff(p, again) != "" || err != nil && refused == nil {
			t.Errorf("first %+v, %v; then %+v, %v; alone %v", p, refused, again, anew, err)
		}
		if err != nil {
			reason(t, err)
			return
		}
		var said struct{ Exp *float64 }
		if json.Unmarshal(payload, &said) != nil || said.Exp == nil || *said.Exp+auth.Leeway.Seconds() <= float64(now.Unix()) {
			t.Errorf("%s opens", payload)
		}
		if u, err := url.Parse(i.APIBaseURL); err != nil || u.Scheme != "https" || u.Host != "api.atlassian.com" || u.User != nil || !strings.HasPrefix(u.Path, "/ex/") {
			t.Errorf("tokens would be sent to %q", i.APIBaseURL)
		}
		if i.Installation == "" || i.SystemToken != system || strings.Trim(i.IssueID+i.ProjectID, "0123456789") != "" || i.IssuedAt.After(now.Add(auth.Leeway+time.Second)) {
			t.Errorf("%+v", i)
		}
	})
}

// FuzzRequestsApart compares two requests by their hashes, and by what they ask, which is read here in another way.
func FuzzRequestsApart(f *testing.F) {
	for _, s := range [][2]string{
		{"/x?a=1&b=2", "/x?b=2&a=1"}, {"/x?a=1,2", "/x?a=1&a=2"}, {"/x?a=1%2C2", "/x?a=1,2"}, {"/x?a=+", "/x?a=%20"}, {"/x/", "/x"}, {"/x//", "/x"}, {"/a&b", "/a%26b"}, {"/?a", "/?a="},
		{"/?a=1&jwt=x", "/?a=1"}, {"/?JWT=x", "/"}, {"/?a=%zz", "/?a=%25zz"}, {"/?a;b=1", "/?a%3Bb=1"}, {"/?=1", "/?"}, {"/?a==", "/?a=%3D"}, {"/?a=b&a", "/?a=&a=b"}, {"/x?y?z", "/x?y%3Fz"},
	} {
		f.Add("GET", s[0], "GET", s[1])
	}
	f.Add("GET", "/x", "POST", "/x")
	f.Fuzz(func(t *testing.T, one, a, other, b string) {
		for _, s := range []string{one + other, a, b} {
			if strings.ContainsAny(s, "#") || strings.Contains(s, "://") {
				t.Skip("another address by its form")
			}
		}
		letters := func(s string) bool { return strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" }
		if !letters(one) || !letters(other) {
			t.Skip("no method")
		}
		same := one == other && cmp.Equal(asked(a), asked(b))
		if got := auth.QSH(one, a, "") == auth.QSH(other, b, ""); got != same {
			t.Errorf("%s %q and %s %q: the hashes are the same: %v, the requests: %v", one, a, other, b, got, same)
		}
	})
}

type askedFor struct {
	Path  string
	Query map[string][]string
}

func asked(target string) askedFor {
	path, query, _ := strings.Cut(target, "?")
	path = strings.ReplaceAll(strings.TrimSuffix(path, "/"), "&", "%26")
	if path == "" {
		path = "/"
	}
	out := askedFor{path, map[string][]string{}}
	for _, pair := range strings.FieldsFunc(query, func(r rune) bool { return r == '&' }) {
		name, value, _ := strings.Cut(pair, "=")
		if name = plainText(name); name != "jwt" {
			out.Query[name] = append(out.Query[name], plainText(value))
		}
	}
	for _, name := range slices.Collect(maps.Keys(out.Query)) {
		slices.Sort(out.Query[name])
	}
	return out
}

// plainText undoes escapes; one that is none stays as it is.
func plainText(s string) string {
	var out strings.Builder
	for s != "" {
		if len(s) >= 3 && s[0] == '%' {
			if c, err := url.PathUnescape(s[:3]); err == nil {
				out.WriteString(c)
				s = s[3:]
				continue
			}
		}
		out.WriteString(strings.Replace(s[:1], "+", " ", 1))
		s = s[1:]
	}
	return out.String()
}
