package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
)

// ContextQSH stands in the qsh claim of a context token, which is bound to no address.
const ContextQSH = "context-qsh"

// tokenParam is the query parameter that can carry a token. It has no part in the hash.
const tokenParam = "jwt"

// QSH returns the query string hash of a request: the lower-case hexadecimal SHA-256 of its canonical form. target is
// the address exactly as it is on the wire, absolute or from the path on; it is neither decoded nor normalised first,
// because both sides hash the bytes that were sent. contextPath is the path part of the receiver's base URL ("" or "/"
// for none) and is cut off where it is a whole prefix of segments.
//
// It takes any bytes and never fails: an escape that is none stays as it is.
func QSH(method, target, contextPath string) string {
	path, query := split(target)
	return hash(canonical(method, path, query, contextPath))
}

// FormQSH is QSH for a request with a form as its body (application/x-www-form-urlencoded). The form takes the place of
// the query where the address has none and the method is POST or PUT; otherwise it does not count.
//
// A sender is free to hash a form or not, so a receiver compares with QSH first and with FormQSH then.
func FormQSH(method, target, contextPath, form string) string {
	path, query := split(target)
	if m := strings.ToUpper(method); query == "" && (m == http.MethodPost || m == http.MethodPut) {
		query = form
	}
	return hash(canonical(method, path, query, contextPath))
}

func hash(canonical string) string {
	sum := sha256.Sum256([]byte(canonical))
	return hex.EncodeToString(sum[:])
}

// split cuts an address into its raw path and raw query.
func split(target string) (path, query string) {
	target, _, _ = strings.Cut(target, "#")
	target, query, _ = strings.Cut(target, "?")
	scheme, rest, ok := strings.Cut(target, "://")
	if !ok || scheme == "" || strings.Contains(scheme, "/") {
		return target, query
	}
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		return rest[i:], query
	}
	return "", query
}

// canonical returns METHOD&path&query in the form that is hashed. It can hold what the user typed, so it is never logged.
func canonical(method, path, query, contextPath string) string {
	if c := strings.TrimSuffix(contextPath, "/"); c != "" {
		if rest, ok := strings.CutPrefix(path, c); ok && (rest == "" || rest[0] == '/') {
			path = rest
		}
	}
	path = strings.TrimSuffix(path, "/")
	if path == "" {
		path = "/"
	}
	return strings.ToUpper(method) + "&" + strings.ReplaceAll(path, "&", "%26") + "&" + canonicalQuery(query)
}

// canonicalQuery groups the parameters by name, sorts and encodes them. net/url is of no use here: it drops pairs with a
// semicolon and refuses broken escapes.
//
// Names are sorted in their encoded form, as the specification says and Jira's own Java code does; Atlassian's JavaScript
// library sorts the decoded ones. The two differ only for names with {, |, } or bytes beyond ASCII beside a name with ~.
func canonicalQuery(query string) string {
	values := map[string][]string{}
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		if name = unescape(name); name == tokenParam {
			continue
		}
		name = escape(name)
		values[name] = append(values[name], unescape(value))
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	var out strings.Builder
	for i, name := range names {
		if i > 0 {
			out.WriteByte('&')
		}
		out.WriteString(name)
		out.WriteByte('=')
		slices.Sort(values[name])
		for j, v := range values[name] {
			if j > 0 {
				out.WriteByte(',')
			}
			out.WriteString(escape(v))
		}
	}
	return out.String()
}

// escape encodes everything but the unreserved characters of RFC 3986.
func escape(s string) string {
	const upper = "0123456789ABCDEF"
	var out strings.Builder
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '~':
			out.WriteByte(c)
		default:
			out.WriteByte('%')
			out.WriteByte(upper[c>>4])
			out.WriteByte(upper[c&15])
		}
	}
	return out.String()
}

// unescape decodes percent escapes and plus signs of a query.
func unescape(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '+':
			out = append(out, ' ')
		case s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			out = append(out, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return string(out)
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	default:
		return c - 'a' + 10
	}
}
