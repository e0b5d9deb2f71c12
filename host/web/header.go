package web

import (
	"fmt"
	"net/textproto"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/pergola-platform/pergola/host/connect"
)

// header is one that every answer carries, in the bytes that are sent.
type header struct{ name, value []byte }

// everyHeader returns what every answer carries, after OWASP's list (https://owasp.org/www-project-secure-headers/). Three of that list are left
// out: X-Frame-Options knows no list of sites, and Jira has to show our pages in a frame, so frame-ancestors of the policy stands in its place;
// Cross-Origin-Embedder-Policy would keep Atlassian's bridge out, which is sent without the headers that it asks for; and Clear-Site-Data has
// nothing to clear where no cookie is set and nothing is stored.
func everyHeader(c Config, csp string) (out []header) {
	// Names are sent as fasthttp spells them.
	add := func(name, value string) {
		out = append(out, header{[]byte(textproto.CanonicalMIMEHeaderKey(name)), []byte(value)})
	}
	add(fiber.HeaderContentSecurityPolicy, csp)
	add("Reporting-Endpoints", reportGroup+`="`+c.BaseURL+reportPath+`"`)
	add(fiber.HeaderXContentTypeOptions, "nosniff")
	add(fiber.HeaderReferrerPolicy, "no-referrer")
	add("Cross-Origin-Resource-Policy", "same-origin")
	add("Cross-Origin-Opener-Policy", "same-origin") // of a page in a frame browsers ignore it
	add("X-Permitted-Cross-Domain-Policies", "none")
	add("X-DNS-Prefetch-Control", "off")
	add("Permissions-Policy", permissionsPolicy)
	add(fiber.HeaderCacheControl, "no-store") // what may be cached says so itself
	if c.TLS || strings.HasPrefix(c.BaseURL, "https:") {
		add(fiber.HeaderStrictTransportSecurity, "max-age=31536000") // of this name alone: others below it are not ours to bind
	}
	return out
}

// permissionsPolicy switches off what no page of ours uses.
const permissionsPolicy = "accelerometer=(), autoplay=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), " +
	"microphone=(), midi=(), payment=(), publickey-credentials-get=(), screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()"

// reportGroup is the name by which the policy refers to reportPath.
const reportGroup = "csp"

// contentSecurityPolicy lets a page load our own files and Atlassian's bridge (its script, and the theme's style sheets
// that the script adds), and lets only Jira show it in a frame. It has no unsafe-inline: no page holds inline script or style.
func contentSecurityPolicy(baseURL, bridgeURL string, ancestors []string) (string, error) {
	u, err := url.Parse(bridgeURL)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("bridge address %q is not absolute", bridgeURL)
	}
	bridge := u.Scheme + "://" + u.Host
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self' " + bridge,
		"style-src 'self' " + bridge,
		"img-src 'self' data: blob:",
		"connect-src 'self'",
		"font-src 'self'",
		"form-action 'self'",
		"base-uri 'none'",
		strings.Join(append([]string{"frame-ancestors 'self'"}, ancestors...), " "),
		"report-uri " + baseURL + reportPath, // for browsers without the Reporting API, and for hosts without TLS
		"report-to " + reportGroup,
	}, "; "), nil
}

// maxHeaders is how many headers a request may have. Browsers send some 20, proxies add a few; how long they are together is bounded by
// ReadBufferSize.
const maxHeaders = 100

func (s *Server) fewHeaders(c *fiber.Ctx) error {
	if c.Request().Header.Len() > maxHeaders {
		return fiber.ErrRequestHeaderFieldsTooLarge
	}
	return c.Next()
}

// Bounds of bodies that are shorter than others. A webhook of an issue is as long as the issue, and Jira does not send again what is refused
// as too long, so BodyLimit holds for it.
const (
	maxLifecycle = 32 << 10 // some 2 KB
	maxFunction  = 64 << 10 // arguments that somebody typed into a search
)

// arriving says how long the body of a request may be, and how long it may take, when its header is there: what is too long is
// not read.
func (s *Server) arriving(h *fasthttp.RequestHeader) fasthttp.RequestConfig {
	path, _, _ := strings.Cut(string(h.RequestURI()), "?")
	return fasthttp.RequestConfig{ReadTimeout: s.ReadTimeout, MaxRequestBodySize: s.bodyLimit(path)}
}

func (s *Server) bodyLimit(path string) int {
	switch {
	case path == reportPath:
		return maxReport
	case strings.HasPrefix(path, connect.FunctionPath):
		return min(s.BodyLimit, maxFunction)
	case atlassianCalls(path) && !strings.HasPrefix(path, connect.EventPath) && !strings.HasPrefix(path, forgePrefix+"/"):
		return min(s.BodyLimit, maxLifecycle)
	}
	return s.BodyLimit
}
