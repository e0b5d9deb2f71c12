// Package config holds every setting of the host. [Load] puts them together from four layers, each stronger than the one
// before: defaults, a YAML file, the environment, command-line flags. The result is validated once, as a whole.
//
// Every setting has a key such as connect.app_key; in a file it stands under that path, in the environment as
// PERGOLA_CONNECT_APP_KEY.
package config

import (
	"strings"
	"time"

	"github.com/pergola-platform/pergola/core/bundle"
)

// Config is the effective configuration.
type Config struct {
	Data     string   `koanf:"data" help:"directory of everything the host keeps"`
	Listen   string   `koanf:"listen" help:"address to serve on, host:port; port 0 takes a free one"`
	BaseURL  string   `koanf:"base_url" help:"address under which Jira and browsers reach the host, without a trailing slash; empty: http:// and the listen address"`
	Log      Log      `koanf:"log"`
	Store    Store    `koanf:"store"`
	Keys     Keys     `koanf:"keys"`
	Privacy  Privacy  `koanf:"privacy"`
	Connect  Connect  `koanf:"connect"`
	Forge    Forge    `koanf:"forge"`
	Jira     Jira     `koanf:"jira"`
	Plugins  Plugins  `koanf:"plugins"`
	Engine   Engine   `koanf:"engine"`
	Jobs     Jobs     `koanf:"jobs"`
	Sync     Sync     `koanf:"sync"`
	Server   Server   `koanf:"server"`
	Web      Web      `koanf:"web"`
	Metrics  Metrics  `koanf:"metrics"`
	Operator Operator `koanf:"operator"`
}

// Log is how the host logs, always to stderr.
type Log struct {
	Level  string `koanf:"level" help:"debug, info, warn or error"`
	Format string `koanf:"format" help:"text or json"`
}

// Store is where documents are kept.
type Store struct {
	Driver   string `koanf:"driver" help:"sqlite: a file in the data directory, for one host; mongodb: a server, for any number of hosts"`
	URI      string `koanf:"uri" help:"address of the MongoDB server, mongodb://…" secret:"true"`
	Database string `koanf:"database" help:"name of the MongoDB database"`
	// A server without transactions cannot carry out a batch of writes whole or not at all.
	WithoutTransactions bool `koanf:"without_transactions" help:"accept a MongoDB server that has no transactions: a crash can then leave half of a change behind (trials)"`
}

// Keys are what encrypts the sites' own keys, with which secrets are encrypted. All that are named open what they encrypted; the
// first of KMS encrypts what is new, else the first of Ring, else that of File. So keys move from one source to another by
// naming both for a while.
type Keys struct {
	KMS  []string `koanf:"kms" help:"keys of a key management service, such as aws-kms://arn:aws:kms:REGION:ACCOUNT:key/ID"`
	Ring string   `koanf:"ring" help:"keys as ID:BASE64,ID:BASE64; better set in the environment than in a file" secret:"true"`
	File string   `koanf:"file" help:"file with keys, made at the first start; keep a copy apart from any copy of the data. empty: keys.json in the data directory, unless kms or ring is set"`
}

// Privacy is what admins are told about their data, and how long it outlives the app.
type Privacy struct {
	Region string        `koanf:"region" help:"where the data lies, as admins read it, such as Frankfurt, Germany (eu-central-1)"`
	Grace  time.Duration `koanf:"grace" help:"how long the data of a site is kept after it uninstalled the app, for the case that it comes back"`
}

// Connect is the app as Jira sees it.
type Connect struct {
	AppKey  string `koanf:"app_key" help:"the app's key; never change it once a site has installed the app"`
	AppName string `koanf:"app_name" help:"the app's name in Jira"`
	// Audiences are accepted beside base_url: Atlassian has changed the audience of install tokens before.
	Audiences      []string `koanf:"audiences" help:"further base URLs that a signed install may be addressed to"`
	KeyHosts       []string `koanf:"key_hosts" help:"where the public keys of signed installs are fetched, in order"`
	BridgeURL      string   `koanf:"bridge_url" help:"Atlassian's all.js, which connects our pages with Jira"`
	FrameAncestors []string `koanf:"frame_ancestors" help:"sites that may show our pages in a frame; add those that have a domain of their own, https://jira.example.com"`
	// Without it synchronizations write as the app, and only look whether the account that an admin chose might.
	ActAsUser bool `koanf:"act_as_user" help:"ask sites for the scope ACT_AS_USER, so that synchronizations write in the name of the account that an admin chose"`
	// Without it a mapping that adds options is refused. The scope lets the app do whatever a Jira admin can, so it is off until an operator
	// decides.
	AddOptions bool `koanf:"add_options" help:"ask sites for the scope ADMIN, so that synchronizations add choices that a select field does not have"`
	// RegisterWebhooks needs no update of the app on a site where a plugin begins to listen, and no traffic where none does.
	RegisterWebhooks bool   `koanf:"register_webhooks" help:"have a site tell of its issues by a webhook that is registered where a plugin that listens is on, instead of by the descriptor's; sites have to update the app once"`
	TokenURL         string `koanf:"token_url" help:"where tokens for calls in the name of a person are had"`
	LoopbackSites    bool   `koanf:"loopback_sites" help:"let Jira sites install that are reached by plain http on this machine (development)"`
}

// Forge is the app as Atlassian Forge knows it, which pergola forge export writes.
type Forge struct {
	AppID string `koanf:"app_id" help:"id of the Forge app that you registered, as app.id of its manifest.yml; empty: no calls of a Forge app are taken"`
	// Once an app with a key is deployed to production, the key stays for ever, so it is off until an operator decides.
	TakeOver     bool     `koanf:"take_over" help:"let the Forge app take over the sites that have the Connect app of connect.app_key, with their data"`
	Environments []string `koanf:"environments" help:"environments of the Forge app whose calls are taken: PRODUCTION, STAGING, DEVELOPMENT"`
	JWKSURL      string   `koanf:"jwks_url" help:"where the public keys of Forge's invocation tokens are fetched"`
	APIHosts     []string `koanf:"api_hosts" help:"hosts to which the tokens that come with a call are sent"`
	// A farewell can be lost. Sites call once an hour, so a week is long for an outage of theirs and short beside the grace period.
	Silence time.Duration `koanf:"silence" help:"how long after its last call a site counts as one that removed the app; 0: it never does"`
}

// Plugins is which plugins there are.
type Plugins struct {
	Dir string `koanf:"dir" help:"directory with a bundle (NAME.pergola) or a folder for each plugin; empty: plugins beside the program"`
	// Enabled are on for a tenant until its admin says otherwise; the others are off. Their permissions count as
	// granted with the installation of the app.
	Enabled []string `koanf:"enabled" help:"ids of the plugins that are on until a tenant's admin switches them off; * for all"`
	Watch   bool     `koanf:"watch" help:"read the directory again whenever it changes, and let a plugin change without a new version (development)"`
	Trust   Trust    `koanf:"trust"`
	Process Process  `koanf:"process"`
}

// Trust is whose signatures of packed plugins count. Folders of the plugin directory are the operator's own and need none.
type Trust struct {
	Operators  []string `koanf:"operators" help:"public keys that may sign every plugin: the line of a .pub file that begins with RW"`
	Publishers []string `koanf:"publishers" help:"keys that may sign some plugins, as IDS=KEY: acme.*=RWQ… or acme.labels=RWQ…"`
	// AllowUnsigned also lets in what only strangers signed.
	AllowUnsigned bool `koanf:"allow_unsigned" help:"accept bundles that nobody signed whose key is named here (development)"`
}

// Keys reads the keys. A validated configuration has no wrong ones.
func (t Trust) Keys() (bundle.Trust, error) {
	return bundle.NewTrust(t.Operators, t.Publishers, t.AllowUnsigned)
}

// Process is which plugins may run as processes. Such a plugin can do what the host's user can.
type Process struct {
	Allow  []string `koanf:"allow" help:"SHA-256 digests, in hex, of the executables that may run as plugins; nothing else is ever executed"`
	Cgroup string   `koanf:"cgroup" help:"directory of cgroup v2 that is handed over to the host, in which plugins' memory, CPU time and processes can be bounded; empty: the host's own"`
	CPUs   float64  `koanf:"cpus" help:"CPU time that each plugin's process may use, where there is such a directory: 1.5 is one and a half CPUs; 0 is no bound"`
}

// Engine bounds what plugins may use.
type Engine struct {
	Instances       int `koanf:"instances" help:"most calls of one plugin at the same time; 0: eight for each CPU"`
	MemoryBudgetMiB int `koanf:"memory_budget_mib" help:"most memory of all Wasm plugins together, in MiB"`
	// A minute's fuel is what one CPU does in it: some 1e11 units of code from C, up to 1e13 of tight loops in code compiled from Go.
	TenantFuel     int64 `koanf:"tenant_fuel" help:"most units of fuel that all Wasm plugins of one tenant use in a minute; 0: no bound"`
	AllowUnmetered bool  `koanf:"allow_unmetered" help:"run Wasm code that the fuel counter does not know; only where every plugin is trusted"`
	// A newer version of a plugin that serves is tried on a share of the sites first. With one in ten, a version that fails
	// hurts few and is taken back after a handful of calls, while a good one serves everybody within rollout_patience.
	RolloutShare    int           `koanf:"rollout_share" help:"share of the sites that get a newer version of a plugin first, in per cent, at least one site; 0: all at once"`
	RolloutCalls    int           `koanf:"rollout_calls" help:"calls that a newer version has to answer before it serves every site"`
	RolloutPatience time.Duration `koanf:"rollout_patience" help:"time after which a newer version with fewer calls serves every site, if none of them was stopped"`
	// A plugin that keeps being stopped on a site is not called there for a while.
	BreakerStops    int           `koanf:"breaker_stops" help:"calls of a plugin that have to be stopped on a site within breaker_window before it is paused there"`
	BreakerWindow   time.Duration `koanf:"breaker_window" help:"time within which breaker_stops count"`
	BreakerPause    time.Duration `koanf:"breaker_pause" help:"how long a plugin is paused the first time; each further time in a row twice as long"`
	BreakerMaxPause time.Duration `koanf:"breaker_max_pause" help:"most time that a plugin is paused before it is tried again"`
	// A plugin gets what its manifest asks for and no more than this, by the class of call.
	Request Class `koanf:"request"`
	Event   Class `koanf:"event"`
	Step    Class `koanf:"step"`
}

// Class bounds one class of calls.
type Class struct {
	MemoryMiB   int           `koanf:"memory_mib" help:"most memory that a call may ask for, in MiB"`
	Fuel        int64         `koanf:"fuel" help:"most units of fuel that a call may ask for; about one for each instruction, several in code compiled from Go"`
	Timeout     time.Duration `koanf:"timeout" help:"most time that a call may ask for"`
	HostCalls   int           `koanf:"host_calls" help:"most host calls that a call may ask for"`
	EgressKiB   int           `koanf:"egress_kib" help:"most that a call may ask to exchange with services outside of the host, in KiB"`
	LogKiB      int           `koanf:"log_kib" help:"most that a call may ask to log, in KiB"`
	Concurrency int           `koanf:"concurrency" help:"most calls of one tenant and plugin that a plugin may ask to run at the same time"`
}

// Jira bounds how often sites are called.
type Jira struct {
	InFlight  int `koanf:"in_flight" help:"most calls of this host to Jira at the same time; sites take turns"`
	PerTenant int `koanf:"per_tenant" help:"most of these calls to the site of one tenant"`
	Points    int `koanf:"points" help:"points that Atlassian gives the app in an hour for all sites together, of which work in the background leaves the last fifth to pages; 0: nobody counts until Jira names a quota"`
}

// Jobs is what works in the background, such as synchronizations.
type Jobs struct {
	// A queue of the host's own needs nothing; hosts that share a MongoDB server share a NATS cluster as well.
	URL         string        `koanf:"url" help:"NATS cluster with JetStream that several hosts share, nats://A:4222,nats://B:4222; empty: a queue in the data directory, for one host" secret:"true"`
	Credentials string        `koanf:"credentials" help:"file with the credentials of a NATS user; empty for none"`
	CA          string        `koanf:"ca" help:"file with the certificates of the authorities that sign the cluster's; empty for those of the system"`
	Replicas    int           `koanf:"replicas" help:"nodes of the cluster that keep the queue"`
	Workers     int           `koanf:"workers" help:"runs that this host works on at the same time"`
	PerTenant   int           `koanf:"per_tenant" help:"runs of one tenant that all hosts together work on at the same time"`
	Keep        time.Duration `koanf:"keep" help:"how long a run and what it did is kept after its end"`
}

// Sync is what synchronizers may reach beside the public internet. A tenant gets only what is named for it or for all.
type Sync struct {
	Networks []string `koanf:"networks" help:"ranges of addresses that synchronizers may connect to though they are not public, as RANGE for all tenants or TENANT=RANGE: 10.20.0.0/16"`
	Folder   string   `koanf:"folder" help:"directory that holds a folder for each tenant, named by its id, whose files its synchronizers may read; empty for none"`
}

// NetworksOf returns the ranges that are open to a tenant.
func (s Sync) NetworksOf(tenant string) []string {
	var out []string
	for _, entry := range s.Networks {
		of, network, named := strings.Cut(entry, "=")
		if !named {
			out = append(out, entry)
		} else if of == tenant {
			out = append(out, network)
		}
	}
	return out
}

// Web bounds what clients may send.
type Web struct {
	BodyLimit     int           `koanf:"body_limit" help:"most bytes of a request's body"`
	ReadTimeout   time.Duration `koanf:"read_timeout" help:"most time for the body of a request to arrive"`
	HeaderTimeout time.Duration `koanf:"header_timeout" help:"most time for the header of a request to arrive"`
	Drain         time.Duration `koanf:"drain" help:"most time that running requests are given at shutdown"`
	Rates         Rates         `koanf:"rates"`
}

// Metrics is who may read /metrics.
type Metrics struct {
	Token string `koanf:"token" help:"bearer token for /metrics; empty: only this machine may read them, and only while base_url is an address of this machine" secret:"true"`
}

// Default returns the defaults.
func Default() Config {
	return Config{
		Data:   "data",
		Listen: "127.0.0.1:8080",
		Log:    Log{Level: "info", Format: "text"},
		Store:  Store{Driver: "sqlite", Database: "pergola"},
		// A month is what a site needs to notice that it uninstalled by mistake.
		Privacy: Privacy{Grace: 30 * 24 * time.Hour},
		Forge: Forge{
			Environments: []string{"PRODUCTION"},
			JWKSURL:      "https://forge.cdn.prod.atlassian-dev.net/.well-known/jwks.json",
			APIHosts:     []string{"api.atlassian.com"},
			Silence:      7 * 24 * time.Hour,
		},
		Connect: Connect{
			AppKey:         "pergola",
			AppName:        "Pergola",
			KeyHosts:       []string{"https://connect-install-keys.atlassian.com"},
			BridgeURL:      "https://connect-cdn.atl-paas.net/all.js",
			TokenURL:       "https://oauth-2-authorization-server.services.atlassian.com/oauth2/token",
			FrameAncestors: []string{"https://*.atlassian.net", "https://*.jira.com"},
		},
		Plugins: Plugins{Enabled: []string{"*"}},
		Engine: Engine{
			MemoryBudgetMiB: 1024,
			RolloutShare:    10, RolloutCalls: 50, RolloutPatience: 10 * time.Minute,
			BreakerStops: 5, BreakerWindow: time.Minute, BreakerPause: 30 * time.Second, BreakerMaxPause: time.Hour,
			Request: Class{MemoryMiB: 128, Fuel: 5e12, Timeout: 10 * time.Second, HostCalls: 1000, EgressKiB: 64 << 10, LogKiB: 256, Concurrency: 16},
			Event:   Class{MemoryMiB: 128, Fuel: 5e12, Timeout: 10 * time.Second, HostCalls: 1000, EgressKiB: 64 << 10, LogKiB: 256, Concurrency: 8},
			Step:    Class{MemoryMiB: 256, Fuel: 50e12, Timeout: 30 * time.Second, HostCalls: 5000, EgressKiB: 256 << 10, LogKiB: 1024, Concurrency: 8},
		},
		// 65,000 points are what an app has that Atlassian did not review.
		Jira:   Jira{InFlight: 64, PerTenant: 16, Points: 65_000},
		Jobs:   Jobs{Replicas: 3, Workers: 8, PerTenant: 4, Keep: 30 * 24 * time.Hour},
		Server: Server{TLS: TLS{MinVersion: "1.2"}, ProxyHeader: "X-Forwarded-For"},
		Web: Web{
			BodyLimit: 2 << 20, ReadTimeout: 15 * time.Second, HeaderTimeout: 5 * time.Second, Drain: 20 * time.Second,
			// All people of a large company can have one address, and what they ask with a valid token does not count for it.
			Rates: Rates{Address: 1200, Static: 6000, Health: 1200, Tenant: 12_000, Events: 30_000},
		},
	}
}
