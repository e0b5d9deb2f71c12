package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pergola-platform/pergola/host/config"
)

func TestDefaultsAreValid(t *testing.T) {
	t.Chdir(t.TempDir())
	got, _, err := config.Load(config.Options{Environ: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(config.Default(), got); diff != "" {
		t.Errorf("defaults changed on the way (-want +got):\n%s", diff)
	}
}

func TestLaterLayersWinAndAreNamed(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "pergola.yaml")
	write(t, name, "listen: 127.0.0.1:1\nlog:\n  level: warn\nengine:\n  request:\n    timeout: 3s\nplugins:\n  enabled: [a.b]\n")
	c, values, err := config.Load(config.Options{
		File:     name,
		Environ:  []string{"PERGOLA_LISTEN=127.0.0.1:2", "PERGOLA_PLUGINS_ENABLED=c.d, e.f", "PERGOLA_METRICS_TOKEN=hush", "PERGOLA_VECTORS=elsewhere"},
		Flags:    map[string]string{"listen": "127.0.0.1:3"},
		Override: map[string]string{"connect.loopback_sites": "true"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := config.Default()
	want.Listen, want.Log.Level, want.Engine.Request.Timeout = "127.0.0.1:3", "warn", 3*time.Second
	want.Plugins.Enabled, want.Metrics.Token, want.Connect.LoopbackSites = []string{"c.d", "e.f"}, "hush", true
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("effective configuration (-want +got):\n%s", diff)
	}
	origins := map[string]string{}
	for _, v := range values {
		origins[v.Key] = v.Origin
		if strings.Contains(v.Text, "hush") {
			t.Errorf("%s shows the secret", v.Key)
		}
		if v.Help == "" {
			t.Errorf("%s has no help", v.Key)
		}
	}
	for key, origin := range map[string]string{
		"listen": "flag", "log.level": "file " + name, "plugins.enabled": "environment",
		"connect.loopback_sites": "command", "data": "default",
	} {
		if origins[key] != origin {
			t.Errorf("origin of %s = %q, want %q", key, origins[key], origin)
		}
	}
}

func TestBadConfigurationSaysWhatToWrite(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	typo := filepath.Join(dir, "typo.yaml")
	write(t, typo, "connect:\n  appkey: x\n")
	broken := filepath.Join(dir, "broken.yaml")
	write(t, broken, "listen: [\n")
	for _, tt := range []struct {
		name string
		in   config.Options
		want []string
	}{
		{"unknown key", config.Options{File: typo}, []string{`no setting "connect.appkey"`, "did you mean", "connect.app_key"}},
		{"missing file", config.Options{File: "nowhere.yaml"}, []string{"nowhere.yaml does not exist"}},
		{"broken file", config.Options{File: broken}, []string{"broken.yaml"}},
		{"bad digest", config.Options{Flags: map[string]string{"plugins.process.allow": "sha256sum"}}, []string{"plugins.process.allow (PERGOLA_PLUGINS_PROCESS_ALLOW)", "64 hex digits"}},
		{"bad listen", config.Options{Flags: map[string]string{"listen": "8080"}}, []string{"listen (PERGOLA_LISTEN)", "127.0.0.1:8080"}},
		{"all at once", config.Options{Flags: map[string]string{"log.level": "loud", "engine.request.memory_mib": "1"}}, []string{"log.level", "engine.request.memory_mib"}},
		{"not a number", config.Options{Environ: []string{"PERGOLA_ENGINE_REQUEST_MEMORY_MIB=lots"}}, []string{"memory_mib"}},
		{"share beyond everybody", config.Options{Flags: map[string]string{"engine.rollout_share": "101"}}, []string{"engine.rollout_share (PERGOLA_ENGINE_ROLLOUT_SHARE)", "0 to 100"}},
		{"no calls, no patience", config.Options{Flags: map[string]string{"engine.rollout_calls": "0", "engine.rollout_patience": "0"}}, []string{"engine.rollout_calls", "engine.rollout_patience", "write 1s to 168h"}},
		{"breaker", config.Options{Flags: map[string]string{"engine.breaker_stops": "0", "engine.breaker_window": "1ms", "engine.breaker_pause": "-1s"}}, []string{"engine.breaker_stops", "engine.breaker_window", "engine.breaker_pause"}},
		{"longest pause", config.Options{Flags: map[string]string{"engine.breaker_pause": "2h", "engine.breaker_max_pause": "1h"}}, []string{"engine.breaker_max_pause", "2h0m0s; write as much or more"}},
		{"base URL with slash", config.Options{Flags: map[string]string{"base_url": "https://x.example/"}}, []string{"base_url", "without a slash"}},
		{"unknown driver", config.Options{Flags: map[string]string{"store.driver": "postgres"}}, []string{"store.driver (PERGOLA_STORE_DRIVER)", "sqlite or mongodb"}},
		{"server without an address", config.Options{Flags: map[string]string{"store.driver": "mongodb", "store.database": "a/b"}}, []string{"store.uri", "mongodb://HOST/", "store.database"}},
		{"address without its driver", config.Options{Flags: map[string]string{"store.uri": "mongodb://u:hunter2@h/"}}, []string{"store.uri", "store.driver is sqlite"}},
		{"endless grace", config.Options{Flags: map[string]string{"privacy.grace": "9000h"}}, []string{"privacy.grace", "0s to 8760h"}},
		{"no key", config.Options{Flags: map[string]string{"plugins.trust.operators": "hello"}}, []string{"plugins.trust.operators (PERGOLA_PLUGINS_TRUST_OPERATORS)", "begins with RW"}},
		{"key without plugins", config.Options{Flags: map[string]string{"plugins.trust.publishers": "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"}}, []string{"plugins.trust.publishers (PERGOLA_PLUGINS_TRUST_PUBLISHERS)", "write IDS=KEY"}},
		{"a certificate without its key", config.Options{Flags: map[string]string{"server.tls.cert_file": "a.crt"}}, []string{"server.tls.cert_file", "server.tls.key_file belong together"}},
		{"old TLS", config.Options{Flags: map[string]string{"server.tls.min_version": "1.1"}}, []string{"server.tls.min_version (PERGOLA_SERVER_TLS_MIN_VERSION)", "1.2 or 1.3"}},
		{"TLS for a plain address", config.Options{Flags: map[string]string{"server.tls.cert_file": "a", "server.tls.key_file": "b", "base_url": "http://x.example"}}, []string{"base_url", "write https:"}},
		{"sent on to nowhere", config.Options{Flags: map[string]string{"server.redirect_listen": ":80"}}, []string{"server.redirect_listen", "base_url"}},
		{"a proxy by its name", config.Options{Flags: map[string]string{"server.trusted_proxies": "10.0.0.0/8,proxy.example"}}, []string{"server.trusted_proxies", "proxy.example", "10.0.0.0/8"}},
		{"a header of two", config.Options{Flags: map[string]string{"server.proxy_header": "A: b"}}, []string{"server.proxy_header"}},
		{"operators without a port", config.Options{Flags: map[string]string{"operator.listen": "127.0.0.1"}}, []string{"operator.listen (PERGOLA_OPERATOR_LISTEN)", "is not host:port"}},
		{"operators without TLS", config.Options{Flags: map[string]string{"operator.listen": ":8444"}}, []string{"operator.listen", "unencrypted", "server.tls.cert_file", "127.0.0.1:PORT"}},
		{"operators without TLS, by name", config.Options{Flags: map[string]string{"operator.listen": "pergola.example:8444"}}, []string{"operator.listen", "unencrypted"}},
		{"a negative rate", config.Options{Flags: map[string]string{"web.rates.tenant": "-1"}}, []string{"web.rates.tenant (PERGOLA_WEB_RATES_TENANT)", "0 for no bound"}},
		{"no time for headers", config.Options{Flags: map[string]string{"web.header_timeout": "0s"}}, []string{"web.header_timeout"}},
		{"a page in place of an origin", config.Options{Flags: map[string]string{"connect.frame_ancestors": "https://x.example/jira"}}, []string{"frame_ancestors", "more than an origin"}},
		{"every site", config.Options{Flags: map[string]string{"connect.frame_ancestors": "https://*"}}, []string{"frame_ancestors", "a * where none may be"}},
		{"every site of a domain", config.Options{Flags: map[string]string{"connect.frame_ancestors": "https://*.com"}}, []string{"frame_ancestors", "top-level domain"}},
		{"script as origin", config.Options{Flags: map[string]string{"connect.frame_ancestors": "javascript://x.example"}}, []string{"frame_ancestors", "no origin"}},
		{"policy injection", config.Options{Flags: map[string]string{"connect.frame_ancestors": "https://x; script-src *"}}, []string{"frame_ancestors"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.in.Environ == nil {
				tt.in.Environ = []string{}
			}
			_, _, err := config.Load(tt.in)
			if err == nil {
				t.Fatal("accepted")
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error %q shows a password", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOperatorsAreListenedToByTLSOrOnThisMachine(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, flags := range []map[string]string{
		{"operator.listen": "127.0.0.1:8444"}, {"operator.listen": "[::1]:8444"}, {"operator.listen": "localhost:8444"},
		{"operator.listen": ":8444", "server.tls.cert_file": "a", "server.tls.key_file": "b"},
	} {
		if _, _, err := config.Load(config.Options{Environ: []string{}, Flags: flags}); err != nil {
			t.Errorf("%v: %v", flags, err)
		}
	}
}

func TestTrustIsReadFromEveryLayer(t *testing.T) {
	t.Chdir(t.TempDir())
	const key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"
	write(t, "pergola.yaml", "plugins:\n  trust:\n    publishers:\n      - acme.*="+key+"\n      - labs.tool="+key+"\n")
	c, _, err := config.Load(config.Options{Environ: []string{"PERGOLA_PLUGINS_TRUST_OPERATORS=" + key}, Flags: map[string]string{"plugins.trust.allow_unsigned": "true"}})
	if err != nil {
		t.Fatal(err)
	}
	trust, err := c.Plugins.Trust.Keys()
	if err != nil || len(trust.Operators) != 1 || len(trust.Publishers) != 2 || trust.Publishers[1].IDs != "labs.tool" || !trust.AllowUnsigned {
		t.Errorf("got %+v, %v", trust, err)
	}
}

// Whatever is a secret is shown as one, wherever it was set, and a file of secrets that others may read is named.
func TestSecretsAreShownNowhereAndTheirFilesAreThoseOfTheirOwner(t *testing.T) {
	name := filepath.Join(t.TempDir(), "pergola.yaml")
	const hush = "hush-0123"
	write(t, name, "metrics:\n  token: "+hush+"\nstore:\n  driver: mongodb\n  uri: mongodb://u:"+hush+"@h/\njobs:\n  url: nats://u:"+hush+"@h\n")
	o := config.Options{File: name, Environ: []string{"PERGOLA_KEYS_RING=" + hush}}
	_, values, err := config.Load(o)
	if err != nil {
		t.Fatal(err)
	}
	secrets := map[string]bool{}
	for _, v := range values {
		if strings.Contains(v.Text, hush) {
			t.Errorf("%s shows its secret: %s", v.Key, v.Text)
		}
		if v.Secret {
			secrets[v.Key] = true
		}
		for _, word := range []string{"password", "token", "secret"} { // whoever adds one remembers its tag
			if strings.HasSuffix(v.Key, word) && !v.Secret {
				t.Errorf("%s sounds like a secret and is none", v.Key)
			}
		}
	}
	if diff := cmp.Diff(map[string]bool{"metrics.token": true, "store.uri": true, "jobs.url": true, "keys.ring": true}, secrets); diff != "" {
		t.Errorf("what holds secrets (-want +got):\n%s", diff)
	}
	if file, keys := config.Exposed(values); file != "" || keys != nil {
		t.Errorf("of a file of its owner alone: %s, %v", file, keys)
	}
	if err := os.Chmod(name, 0o640); err != nil {
		t.Fatal(err)
	}
	file, keys := config.Exposed(values)
	if diff := cmp.Diff([]string{"store.uri", "jobs.url", "metrics.token"}, keys); file != name || diff != "" {
		t.Errorf("of a file that a group may read: %s (-want +got):\n%s", file, diff)
	}
	o.Flags = map[string]string{"log.level": "loud", "store.uri": hush + "://"}
	if _, _, err := config.Load(o); err == nil || strings.Contains(err.Error(), hush) {
		t.Errorf("a wrong configuration: %v", err)
	}
}
