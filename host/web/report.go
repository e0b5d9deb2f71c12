package web

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/host/rate"
)

// What browsers tell of violations of the content security policy. Anybody can send it, and it can quote an address with an issue's key or a
// token; so it is counted by words of our own, and no part of it is kept.

const (
	reportPath = "/csp"
	// maxReport is the longest body, maxReports the most reports in one.
	maxReport  = 16 << 10
	maxReports = 20
)

// ofReportLog is how often the log is told. The metrics count all.
var ofReportLog = rate.Rate{Burst: 10, Minute: 10}

// directives are those of our policy.
var directives = []string{
	"default-src", "script-src", "script-src-elem", "script-src-attr", "style-src", "style-src-elem", "style-src-attr", "img-src", "connect-src",
	"font-src", "form-action", "base-uri", "frame-ancestors", "frame-src", "object-src", "media-src", "worker-src", "manifest-src",
}

// violation is a report, in the form of report-uri or in that of the Reporting API.
type violation struct {
	Effective string `json:"effective-directive"`
	Violated  string `json:"violated-directive"`
	Blocked   string `json:"blocked-uri"`
	Source    string `json:"source-file"`
	Line      int    `json:"line-number"`

	EffectiveDirective string `json:"effectiveDirective"`
	BlockedURL         string `json:"blockedURL"`
	SourceFile         string `json:"sourceFile"`
	LineNumber         int    `json:"lineNumber"`
}

// reported takes reports.
func (s *Server) reported(c *fiber.Ctx) error {
	kind, _, _ := strings.Cut(c.Get(fiber.HeaderContentType), ";")
	var all []violation
	switch kind {
	case "application/csp-report", fiber.MIMEApplicationJSON:
		var one struct {
			Report *violation `json:"csp-report"`
		}
		if json.Unmarshal(c.Body(), &one) != nil || one.Report == nil {
			return invalid("That is no report of a violation.")
		}
		all = []violation{*one.Report}
	case "application/reports+json":
		var many []struct {
			Type string    `json:"type"`
			Body violation `json:"body"`
		}
		if json.Unmarshal(c.Body(), &many) != nil {
			return invalid("That is no list of reports.")
		}
		for _, r := range many {
			if r.Type == "csp-violation" {
				all = append(all, r.Body)
			}
		}
	default:
		return fiber.ErrUnsupportedMediaType
	}
	for _, v := range all[:min(len(all), maxReports)] {
		s.violated(c, v)
	}
	return c.SendStatus(http.StatusNoContent)
}

func (s *Server) violated(c *fiber.Ctx, v violation) {
	directive, _, _ := strings.Cut(cmp.Or(v.EffectiveDirective, v.Effective, v.Violated), " ")
	if !slices.Contains(directives, directive) {
		directive = "other"
	}
	blocked := s.blocked(cmp.Or(v.BlockedURL, v.Blocked))
	s.Metrics.Violation(directive, blocked)
	if _, ok := s.traffic.reports.Take(s.Now(), map[string]rate.Rate{"": ofReportLog}); ok {
		s.Log.WarnContext(c.UserContext(), "a browser blocked something on a page of ours", "directive", directive, "blocked", blocked,
			"file", s.ownFile(cmp.Or(v.SourceFile, v.Source)), "line", max(0, v.LineNumber+v.Line))
	}
}

// blocked says where something came from that was blocked, in one of a few words.
func (s *Server) blocked(address string) string {
	switch address {
	case "":
		return "none"
	case "inline", "eval", "self", "data", "blob", "wasm-eval", "trusted-types-policy", "trusted-types-sink":
		return address
	}
	u, err := url.Parse(address)
	if err != nil {
		return "other"
	}
	origin := u.Scheme + "://" + u.Host
	switch {
	case u.Scheme == "data", u.Scheme == "blob":
		return u.Scheme
	case strings.HasSuffix(u.Scheme, "-extension"):
		return "extension"
	case sameOrigin(s.BaseURL, origin):
		return "self"
	case sameOrigin(s.BridgeURL, origin):
		return "bridge"
	case slices.ContainsFunc(s.FrameAncestors, func(a string) bool { return isOf(u, a) }):
		return "jira"
	case u.Scheme == "http" || u.Scheme == "https":
		return "elsewhere"
	}
	return "other"
}

// ownFile returns the path of a file of ours, "" of any other: an address of a page can name an issue.
func (s *Server) ownFile(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	name, ok := strings.CutPrefix(u.Path, "/static/")
	if !ok || !sameOrigin(s.BaseURL, u.Scheme+"://"+u.Host) {
		return ""
	}
	if _, _, _, ok := s.UI.Static(name); !ok {
		return ""
	}
	return name
}

func sameOrigin(of, origin string) bool {
	u, err := url.Parse(of)
	return err == nil && u.Host != "" && strings.EqualFold(u.Scheme+"://"+u.Host, origin)
}

// isOf says whether an address is of an origin that may begin with a star.
func isOf(u *url.URL, ancestor string) bool {
	scheme, host, _ := strings.Cut(ancestor, "://")
	if rest, any := strings.CutPrefix(host, "*"); any {
		return u.Scheme == scheme && strings.HasSuffix(strings.ToLower(u.Host), rest)
	}
	return u.Scheme == scheme && strings.EqualFold(u.Host, host)
}
