package web

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/auth"
	"github.com/pergola-platform/pergola/host/connect"
	"github.com/pergola-platform/pergola/host/forge"
	"github.com/pergola-platform/pergola/host/rate"
	"github.com/pergola-platform/pergola/sdk"
)

// How often clients may ask. A request counts for the address that it came from until its token has been verified, and for the site
// that the token is of from then on: so strangers do not use up what a site may ask, and the people of a company that has one address do not use up
// each other's. RATIONALE.md says why Atlassian's own calls are verified in any case.

// Rates are how often may be asked in a minute. 0 is no bound.
type Rates struct {
	Address, Static, Health int // by one address
	Tenant, Events          int // for one site
}

// group is what requests have in common that are counted together.
type group string

const (
	groupPages     group = "pages" // and their calls, and programs
	groupEvents    group = "events"
	groupStatic    group = "static"
	groupHealth    group = "health"
	groupReports   group = "reports"
	groupOperators group = "operators" // of the listener for their credentials
	groupSuspect   group = "suspect"   // Atlassian's routes, from addresses that sent too many wrong tokens
)

var (
	// ofReports is for what browsers tell of our own pages. A browser that tells more tells nothing new.
	ofReports = rate.Rate{Burst: 30, Minute: 60}
	// ofSuspects is how many calls of all addresses together are verified though their address has asked too often: a verification
	// takes some 100 µs, so they cost less than one per cent of a CPU.
	ofSuspects = rate.Rate{Burst: 200, Minute: 3000}
)

// wrongToken is as how many requests one with a wrong token counts: nobody who is honest has many of them.
const wrongToken = 5

// groupOf says what a request counts as.
func groupOf(path string) group {
	switch {
	case path == "/healthz", path == "/readyz", path == "/metrics":
		return groupHealth
	case strings.HasPrefix(path, "/static/"), path == "/atlassian-connect.json":
		return groupStatic
	case path == reportPath:
		return groupReports
	case atlassianCalls(path):
		return groupEvents
	}
	return groupPages
}

// atlassianCalls says whether it is Atlassian's servers that call an address, and not a browser or a program.
func atlassianCalls(path string) bool {
	switch path {
	case "/connect/installed", "/connect/uninstalled", "/connect/enabled", "/connect/disabled":
		return true
	}
	return strings.HasPrefix(path, connect.EventPath) || strings.HasPrefix(path, connect.FunctionPath) || strings.HasPrefix(path, forgePrefix+"/")
}

// traffic is how often was asked. The zero value works.
type traffic struct {
	addresses rate.Limiter[byAddress]
	tenants   rate.Limiter[bySite]
	reports   rate.Limiter[string] // of lines of the log

	mu      sync.Mutex
	refused int       // since told
	told    time.Time // when the log was told last
}

type byAddress struct {
	group   group
	address netip.Prefix
}

type bySite struct {
	group  group
	tenant capability.TenantID
}

func (s *Server) rateOf(g group) rate.Rate {
	switch g {
	case groupHealth:
		return rate.PerMinute(s.Rates.Health)
	case groupStatic:
		return rate.PerMinute(s.Rates.Static)
	case groupReports:
		return ofReports
	case groupOperators:
		return ofOperators
	}
	return rate.PerMinute(s.Rates.Address)
}

// visitKey is where limit leaves whom a request counts for.
type visitKey struct{}

type visit struct {
	group  group
	key    byAddress
	rate   rate.Rate
	judged bool // its token was
}

// limit counts a request for its address, and refuses it where that asks too often.
func (s *Server) limit(c *fiber.Ctx) error {
	g := groupOf(c.Path())
	if c.App() == s.remote {
		g = groupOperators
	}
	v := &visit{group: g, rate: s.rateOf(g)}
	counted := g
	if g == groupEvents { // one bucket for all that is not verified
		counted = groupPages
	}
	v.key = byAddress{counted, s.client(c)}
	now := s.Now()
	left, ok := s.traffic.addresses.Take(now, map[byAddress]rate.Rate{v.key: v.rate})
	if !ok && g == groupEvents {
		_, ok = s.traffic.addresses.Take(now, map[byAddress]rate.Rate{{group: groupSuspect}: ofSuspects})
		v.rate = rate.Rate{} // it was not counted, so nothing is taken back
	}
	if !ok {
		s.tell(c.UserContext(), g, "address")
		return &limited{tooOften("Too many requests came from this address.", left)}
	}
	c.Locals(visitKey{}, v)
	return c.Next()
}

// wrong says whether an error is about a token that no honest client sends, other than one that is too old or was left out.
func wrong(err error) bool {
	var refused *auth.Error
	if !errors.As(err, &refused) {
		return false
	}
	switch auth.Reason(refused.Reason()) {
	case auth.ReasonMissing, auth.ReasonExpired, auth.ReasonEarly, auth.ReasonUninstalled, auth.ReasonDisabled,
		auth.ReasonKeyHost, auth.ReasonStore, auth.ReasonSetup, auth.ReasonEnvironment, auth.ReasonAccount:
		return false
	}
	return true
}

// verified takes what a verifier says: a request that is somebody's counts for their site, and not for the address any more. It refuses
// one of a site that asks too often. An installation or its like is taken in any case.
func (s *Server) verified(c *fiber.Ctx) func(auth.Principal, error) (auth.Principal, error) {
	return func(p auth.Principal, err error) (auth.Principal, error) {
		if err = s.passes(c, err); err != nil {
			return p, err
		}
		g, most := groupPages, s.Rates.Tenant
		switch {
		case p.Tenant == "", p.Via == auth.ViaEvent, lifecycleOfForge(c.Path()):
			return p, nil
		case p.Via == auth.ViaWebhook, c.Path() == forge.PathEvent, strings.HasPrefix(c.Path(), forge.PathFunction):
			g, most = groupEvents, s.Rates.Events
		}
		left, ok := s.traffic.tenants.Take(s.Now(), map[bySite]rate.Rate{{g, p.Tenant}: rate.PerMinute(most)})
		if ok {
			return p, nil
		}
		s.tell(c.UserContext(), g, "tenant")
		return p, &limited{tooOften("This Jira site asks too often just now, all of its users together.", left)}
	}
}

// lifecycleOfForge says whether an address is called when an app comes and goes, and once an hour.
func lifecycleOfForge(path string) bool {
	return path == forge.PathRefresh || path == forge.PathInstalled || path == forge.PathUninstalled
}

// passes takes what became of the verification of a request: one that was verified is taken off its address, a wrong token
// counts for more than other requests. It returns err.
func (s *Server) passes(c *fiber.Ctx, err error) error {
	v, _ := c.Locals(visitKey{}).(*visit)
	switch {
	case v == nil || v.judged: // by the operator's door, or by a handler that led on to this one
	case err == nil:
		v.judged = true
		s.traffic.addresses.Charge(s.Now(), v.key, v.rate, -1)
	case wrong(err):
		v.judged = true
		s.strike(c)
	}
	return err
}

// strike counts a wrong token.
func (s *Server) strike(c *fiber.Ctx) {
	if v, _ := c.Locals(visitKey{}).(*visit); v != nil {
		s.traffic.addresses.Charge(s.Now(), v.key, v.rate, wrongToken-1)
		s.Metrics.WrongToken(string(v.group))
	}
}

// limited is a refusal because of a limit. A flood of them is no flood of the log.
type limited struct{ err *sdk.Error }

func (l *limited) Error() string { return l.err.Error() }

func (l *limited) Unwrap() error { return l.err }

// quietKey marks a request of which the log is told when all is logged.
type quietKey struct{}

// levelOf is the level at which the log is told of a refusal.
func levelOf(c *fiber.Ctx, err error) slog.Level {
	var l *limited
	if errors.As(err, &l) {
		c.Locals(quietKey{}, true)
	}
	if c.Locals(quietKey{}) != nil {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

func tooOften(what string, left rate.Left) *sdk.Error {
	wait := max(1, seconds(left.Retry))
	return &sdk.Error{
		Code: sdk.Exhausted, Source: sdk.FromHost, RetryAfter: wait,
		Message: what + " Wait " + strconv.Itoa(wait) + " s, then try again.",
	}
}

// quiet is how long the log is told nothing more of refusals after it was told of some.
const quiet = 10 * time.Second

// tell counts a refusal, and has the log say how many there were, seldom and without an address.
func (s *Server) tell(ctx context.Context, g group, by string) {
	s.Metrics.Limited(string(g), by)
	now := s.Now()
	s.traffic.mu.Lock()
	s.traffic.refused++
	n := s.traffic.refused
	due := now.Sub(s.traffic.told) >= quiet || now.Before(s.traffic.told)
	if due {
		s.traffic.refused, s.traffic.told = 0, now
	}
	s.traffic.mu.Unlock()
	if due {
		s.Log.WarnContext(ctx, "requests are refused because they come too often; web.rates.* says how many may", "refused", n, "last group", g, "last limit", by)
	}
}
