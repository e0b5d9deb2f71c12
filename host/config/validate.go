package config

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"
)

var (
	appKey = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,64}$`)
	digest = regexp.MustCompile(`^(sha256:)?[0-9a-fA-F]{64}$`)
	// MongoDB's own rules, without what differs between systems.
	database = regexp.MustCompile(`^[A-Za-z0-9_-]{1,63}$`)
)

// validate returns every problem at once, each naming the setting and what to write instead.
func (c *Config) validate() error {
	var errs []error
	bad := func(key, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s (%s): %s", key, EnvName(key), fmt.Sprintf(format, args...)))
	}
	if c.Data == "" {
		bad("data", "is empty; name a directory")
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		bad("listen", "%q is not host:port; write 127.0.0.1:8080, or :8080 for every address of this machine", c.Listen)
	}
	if c.BaseURL != "" {
		if err := absolute(c.BaseURL); err != nil {
			bad("base_url", "%v", err)
		}
	}
	c.Store.validate(bad)
	c.Forge.validate(bad)
	if c.Privacy.Grace < 0 || c.Privacy.Grace > maxGrace {
		bad("privacy.grace", "%s is out of range; write 0s to %s", c.Privacy.Grace, maxGrace)
	}
	if len(c.Privacy.Region) > 200 {
		bad("privacy.region", "is longer than 200 bytes; write a place, such as Frankfurt, Germany")
	}
	switch c.Log.Level {
	case "debug", "info", "warn", "error":
	default:
		bad("log.level", "%q is unknown; write debug, info, warn or error", c.Log.Level)
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		bad("log.format", "%q is unknown; write text or json", c.Log.Format)
	}
	if !appKey.MatchString(c.Connect.AppKey) {
		bad("connect.app_key", "%q is no app key; use 1 to 64 letters, digits, dots, dashes and underscores", c.Connect.AppKey)
	}
	if c.Connect.AppName == "" {
		bad("connect.app_name", "is empty; name the app as admins shall see it")
	}
	for _, list := range []struct {
		key    string
		values []string
	}{{"connect.audiences", c.Connect.Audiences}, {"connect.key_hosts", c.Connect.KeyHosts}} {
		for _, u := range list.values {
			if err := absolute(u); err != nil {
				bad(list.key, "%v", err)
			}
		}
	}
	if len(c.Connect.KeyHosts) == 0 {
		bad("connect.key_hosts", "is empty; without a key host no site can install the app")
	}
	if u, err := url.Parse(c.Connect.BridgeURL); err != nil || u.Host == "" {
		bad("connect.bridge_url", "%q is no absolute address of a script", c.Connect.BridgeURL)
	}
	if err := absolute(c.Connect.TokenURL); err != nil {
		bad("connect.token_url", "%v", err)
	}
	for _, a := range c.Connect.FrameAncestors {
		if wrong := ancestor(a); wrong != "" {
			bad("connect.frame_ancestors", "%q %s; write it as https://*.atlassian.net", a, wrong)
		}
	}
	for _, list := range []struct {
		key   string
		trust Trust
	}{{"plugins.trust.operators", Trust{Operators: c.Plugins.Trust.Operators}}, {"plugins.trust.publishers", Trust{Publishers: c.Plugins.Trust.Publishers}}} {
		if _, err := list.trust.Keys(); err != nil {
			bad(list.key, "%v", err)
		}
	}
	for _, d := range c.Plugins.Process.Allow {
		if !digest.MatchString(d) {
			bad("plugins.process.allow", "%q is no SHA-256 digest; write the 64 hex digits that sha256sum prints for the executable", d)
		}
	}
	if cpus := c.Plugins.Process.CPUs; cpus < 0 || cpus > 0 && cpus < 0.01 || math.IsNaN(cpus) {
		bad("plugins.process.cpus", "%v is no share of CPUs; write 0 for no bound, or 0.01 or more", cpus)
	}
	c.Engine.validate(bad)
	if c.Engine.TenantFuel < 0 {
		bad("engine.tenant_fuel", "%d is negative; write 0 for no bound", c.Engine.TenantFuel)
	}
	c.Engine.Request.validate("engine.request", 20*time.Second, " a page's request ends after 25s", bad)
	c.Engine.Event.validate("engine.event", time.Minute, "", bad)
	c.Engine.Step.validate("engine.step", time.Minute, "", bad)
	c.Jira.validate(bad)
	c.Jobs.validate(c.Store.Driver, bad)
	c.Sync.validate(bad)
	c.Server.validate(c.BaseURL, bad)
	c.Web.validate(bad)
	c.Operator.validate(c.Server.TLS.On(), bad)
	if len(errs) > 0 {
		return fmt.Errorf("configuration: %w", errors.Join(errs...))
	}
	return nil
}

// maxGrace is a year: whoever left is not to find their data here after longer.
const maxGrace = 365 * 24 * time.Hour

func (s *Store) validate(bad func(key, format string, args ...any)) {
	switch s.Driver {
	case "sqlite":
		if s.URI != "" {
			bad("store.uri", "is set, but store.driver is sqlite; write mongodb there, or leave it out")
		}
	case "mongodb":
		if !strings.HasPrefix(s.URI, "mongodb://") && !strings.HasPrefix(s.URI, "mongodb+srv://") {
			bad("store.uri", "is no address of a MongoDB server; write mongodb://HOST/")
		}
		if !database.MatchString(s.Database) {
			bad("store.database", "%q is no name of a database; write 1 to 63 letters, digits, _ and -", s.Database)
		}
	default:
		bad("store.driver", "%q is unknown; write sqlite or mongodb", s.Driver)
	}
}

func (j *Jira) validate(bad func(key, format string, args ...any)) {
	for _, n := range []struct {
		key                string
		value, least, most int
	}{{"in_flight", j.InFlight, 1, 10_000}, {"per_tenant", j.PerTenant, 1, 10_000}, {"points", j.Points, 0, 100_000_000}} {
		if n.value < n.least || n.value > n.most {
			bad("jira."+n.key, "%d is out of range; write %d to %d", n.value, n.least, n.most)
		}
	}
}

func (j *Jobs) validate(driver string, bad func(key, format string, args ...any)) {
	if j.URL == "" && (j.Credentials != "" || j.CA != "") {
		bad("jobs.url", "is empty, and jobs.credentials or jobs.ca are for a NATS cluster; name it, or leave them out")
	}
	if j.URL != "" && driver == "sqlite" {
		bad("jobs.url", "is set, but store.driver is sqlite, which is for one host; leave it out")
	}
	for _, n := range []struct {
		key         string
		value, most int
	}{{"replicas", j.Replicas, 5}, {"workers", j.Workers, 1024}, {"per_tenant", j.PerTenant, 1024}} {
		if n.value < 1 || n.value > n.most {
			bad("jobs."+n.key, "%d is out of range; write 1 to %d", n.value, n.most)
		}
	}
	if j.Keep < time.Hour || j.Keep > maxGrace {
		bad("jobs.keep", "%s is out of range; write 1h to %s", j.Keep, maxGrace)
	}
}

func (s *Sync) validate(bad func(key, format string, args ...any)) {
	for _, entry := range s.Networks {
		_, network, named := strings.Cut(entry, "=")
		if !named {
			network = entry
		}
		if _, err := netip.ParsePrefix(network); err != nil {
			bad("sync.networks", "%q is no range of addresses; write 10.20.0.0/16 or TENANT=10.20.0.0/16, and 192.0.2.7/32 for one address", entry)
		}
	}
}

func (e *Engine) validate(bad func(key, format string, args ...any)) {
	for _, n := range []struct {
		key                string
		value, least, most int
	}{
		{"instances", e.Instances, 0, 1024},
		{"memory_budget_mib", e.MemoryBudgetMiB, 64, 1 << 20},
		{"rollout_share", e.RolloutShare, 0, 100},
		{"rollout_calls", e.RolloutCalls, 1, 1e6},
		{"breaker_stops", e.BreakerStops, 1, 1000},
	} {
		if n.value < n.least || n.value > n.most {
			bad("engine."+n.key, "%d is out of range; write %d to %d", n.value, n.least, n.most)
		}
	}
	for _, n := range []struct {
		key                string
		value, least, most time.Duration
	}{
		{"rollout_patience", e.RolloutPatience, time.Second, 7 * 24 * time.Hour},
		{"breaker_window", e.BreakerWindow, time.Second, 24 * time.Hour},
		{"breaker_pause", e.BreakerPause, time.Second, 24 * time.Hour},
		{"breaker_max_pause", e.BreakerMaxPause, time.Second, 24 * time.Hour},
	} {
		if n.value < n.least || n.value > n.most {
			bad("engine."+n.key, "%s is out of range; write %s to %s", n.value, n.least, n.most)
		}
	}
	if e.BreakerMaxPause < e.BreakerPause {
		bad("engine.breaker_max_pause", "%s is less than breaker_pause, %s; write as much or more", e.BreakerMaxPause, e.BreakerPause)
	}
}

func (c *Class) validate(prefix string, longest time.Duration, why string, bad func(key, format string, args ...any)) {
	for _, n := range []struct {
		key         string
		value       int64
		least, most int64
	}{
		{"memory_mib", int64(c.MemoryMiB), 8, 4096},
		{"fuel", c.Fuel, 1e6, 1e15},
		{"host_calls", int64(c.HostCalls), 1, 1e6},
		{"egress_kib", int64(c.EgressKiB), 1, 1 << 24},
		{"log_kib", int64(c.LogKiB), 1, 1 << 20},
		{"concurrency", int64(c.Concurrency), 1, 1024},
	} {
		if n.value < n.least || n.value > n.most {
			bad(prefix+"."+n.key, "%d is out of range; write %d to %d", n.value, n.least, n.most)
		}
	}
	if c.Timeout < 10*time.Millisecond || c.Timeout > longest {
		if why != "" {
			why = ":" + why
		}
		bad(prefix+".timeout", "%s is out of range; write 10ms to %s%s", c.Timeout, longest, why)
	}
}

func absolute(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return fmt.Errorf("%q is no absolute http or https address", s)
	}
	if strings.HasSuffix(s, "/") || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%q must end without a slash, query or fragment", s)
	}
	return nil
}
