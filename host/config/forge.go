package config

import (
	"regexp"
	"slices"
	"time"
)

var (
	forgeAppID        = regexp.MustCompile(`^ari:cloud:ecosystem::app/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	forgeEnvironments = []string{"PRODUCTION", "STAGING", "DEVELOPMENT"}
)

func (f Forge) validate(bad func(key, format string, args ...any)) {
	if f.AppID != "" && !forgeAppID.MatchString(f.AppID) {
		bad("forge.app_id", "%q is no id of a Forge app; copy app.id of manifest.yml, ari:cloud:ecosystem::app/ and a UUID", f.AppID)
	}
	for _, e := range f.Environments {
		if !slices.Contains(forgeEnvironments, e) {
			bad("forge.environments", "%q is unknown; write PRODUCTION, STAGING or DEVELOPMENT", e)
		}
	}
	if len(f.Environments) == 0 {
		bad("forge.environments", "is empty; without an environment no call of the Forge app is taken")
	}
	if f.Silence != 0 && f.Silence < 24*time.Hour {
		bad("forge.silence", "%s is too short: sites call once an hour, and their site or yours may be down for a while; write 24h or more, or 0 for never", f.Silence)
	}
	if err := absolute(f.JWKSURL); err != nil {
		bad("forge.jwks_url", "%v", err)
	}
	if len(f.APIHosts) == 0 {
		bad("forge.api_hosts", "is empty; without a host no site can be called")
	}
}
