package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/certs"
)

// patience is how long an answer is waited for.
const patience = 10 * time.Second

// maxDrift is how far a clock may be off: tokens are let be off by a minute, and Jira's clock may be, too.
const maxDrift = 30 * time.Second

// Client returns a client for the checks: it follows no redirect, since neither Jira nor a browser's POST is sent on.
func Client() *http.Client {
	return &http.Client{
		Timeout:       patience,
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: patience},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type answer struct {
	status int
	body   []byte
	date   time.Time
	tls    *tls.ConnectionState
}

func get(ctx context.Context, client *http.Client, address string) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return answer{}, err
	}
	res, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return answer{}, err
	}
	date, _ := http.ParseTime(res.Header.Get("Date"))
	return answer{res.StatusCode, body, date, res.TLS}, nil
}

// Address checks the address under which Jira and browsers reach a host: that it answers, by TLS with a certificate that is good, and
// that it is this host with this key. It returns the date of the answer, zero where there was none.
func (r *Report) Address(ctx context.Context, client *http.Client, base, appKey string, now time.Time) time.Time {
	const check = "base URL"
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		r.Fail(check, "Set base_url to the address under which Jira reaches the host, such as https://pergola.example.com.", "%q is no address", base)
		return time.Time{}
	}
	if u.Scheme != "https" {
		r.Warn(check, "Set base_url to an https address: Jira Cloud and Forge take no other one.", "%s is plain HTTP, which is for trials on this machine", base)
	}
	health, err := get(ctx, client, base+"/healthz")
	if err != nil {
		do, found := advice(err)
		r.Fail(check, do, "%s does not answer: %s", base, found)
		return time.Time{}
	}
	if health.status != http.StatusOK || strings.TrimSpace(string(health.body)) != "ok" {
		do := "Something else answers there, or a proxy that cannot reach the host: start the host, and lead the address to listen."
		if health.status/100 == 3 {
			do = "Set base_url to where it leads to: Jira follows no redirect."
		}
		r.Fail(check, do, "%s/healthz answers with status %d and not as a host does", base, health.status)
		return health.date
	}
	r.descriptor(ctx, client, base, appKey)
	if health.tls != nil {
		r.certificate("TLS", base, health.tls.PeerCertificates[0], now)
	}
	return health.date
}

func (r *Report) descriptor(ctx context.Context, client *http.Client, base, appKey string) {
	const check = "descriptor"
	got, err := get(ctx, client, base+"/atlassian-connect.json")
	var d struct {
		Key     string `json:"key"`
		BaseURL string `json:"baseUrl"`
	}
	switch {
	case err != nil:
		r.Fail(check, "Look at the log of the host and at the proxy before it.", "%s/atlassian-connect.json does not answer", base)
	case got.status != http.StatusOK || json.Unmarshal(got.body, &d) != nil || d.Key == "":
		r.Fail(check, "Lead the address to a host: what answers there is something else.", "%s/atlassian-connect.json is no descriptor (status %d)", base, got.status)
	case d.Key != appKey:
		r.Fail(check, "Set connect.app_key to the key that sites have installed, or base_url to the address of this host.", "the host at %s has the key %q and not %q of connect.app_key", base, d.Key, appKey)
	case strings.TrimSuffix(d.BaseURL, "/") != base:
		r.Fail(check, "Set base_url of the host that answers to the address under which it is reached, and start it again; sites then update the app.", "the host at %s calls itself %s", base, d.BaseURL)
	default:
		r.OK(check, "key %s, base URL %s", d.Key, d.BaseURL)
	}
}

// advice says in words why an address does not answer, and what to do.
func advice(err error) (do, found string) {
	var (
		name      *net.DNSError
		unknown   x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
		wrong     x509.HostnameError
		handshake tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &name):
		return "Make an entry in DNS for the name, or mend base_url.", "there is no address for the name " + name.Name
	case errors.As(err, &wrong):
		return "Get a certificate for the name in base_url.", "its certificate is for another name"
	case errors.As(err, &unknown):
		return "Put the certificates between the host's and its authority behind it in the file, and use an authority that Atlassian and browsers know.", "its certificate is not by an authority that this machine knows, or one in the chain is missing"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "Renew the certificate, and look at the clock of this machine.", "its certificate has expired, or is not valid yet"
	case errors.As(err, &handshake), errors.Is(err, http.ErrSchemeMismatch):
		return "Set server.tls.cert_file and server.tls.key_file, or lead the address to a proxy that speaks TLS.", "it speaks plain HTTP and not TLS"
	case errors.Is(err, context.DeadlineExceeded), isTimeout(err):
		return "Look at the firewall between here and there.", "no answer came in time"
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return "Start the host, and lead the address to it.", op.Err.Error()
	}
	return "Look at the proxy and the certificate of the address.", "the connection failed"
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// certificate checks when one ends. Name and chain were verified with the connection.
func (r *Report) certificate(check, where string, c *x509.Certificate, now time.Time) {
	left := c.NotAfter.Sub(now)
	days := int(left / (24 * time.Hour))
	switch {
	case left <= 0:
		r.Fail(check, "Renew it.", "the certificate of %s has expired on %s", where, c.NotAfter.Format(time.DateOnly))
	case left < certs.Soon:
		r.Warn(check, "Renew it; find out why whatever renews it did not.", "the certificate of %s expires in %d days", where, days)
	default:
		r.OK(check, "the certificate of %s is valid for %d days", where, days)
	}
}

// CertFiles checks the files of a certificate.
func (r *Report) CertFiles(certFile, keyFile string, now time.Time) {
	const check = "TLS files"
	pair, err := certs.Load(certFile, keyFile)
	if err != nil {
		r.Fail(check, "Name the right files; the host does not start with these.", "%v", err)
		return
	}
	r.certificate(check, certFile, pair.Leaf, now)
}

// Clock compares this machine's clock with the date of an answer. Where there was none, it asks the addresses in turn.
func (r *Report) Clock(ctx context.Context, client *http.Client, date time.Time, now func() time.Time, addresses ...string) {
	const check = "clock"
	for _, a := range addresses {
		if got, err := get(ctx, client, a); err == nil && !got.date.IsZero() {
			date = got.date
			break
		}
	}
	if date.IsZero() {
		r.Warn(check, "Have the machine set its clock by NTP: tokens of Jira are refused by a host whose clock is off by a minute.", "nobody could be asked for the time")
		return
	}
	off := now().Sub(date).Round(time.Second)
	if off.Abs() > maxDrift {
		r.Fail(check, "Set the clock, and have the machine keep it by NTP: tokens of Jira are refused while it is off.", "it is off by %s", off)
		return
	}
	r.OK(check, "right to %s", max(off.Abs(), time.Second))
}

// Outbound checks that an address which the host calls can be reached from here. Any answer will do; needed says that nothing works
// without.
func (r *Report) Outbound(ctx context.Context, client *http.Client, check, setting, address string, needed bool) {
	got, err := get(ctx, client, address)
	if err == nil && got.status < http.StatusInternalServerError {
		r.OK(check, "%s answers", address)
		return
	}
	found := fmt.Sprintf("status %d", got.status)
	if err != nil {
		_, found = advice(err)
	}
	do := "Let the host reach it through the firewall (a proxy is named by HTTPS_PROXY), or mend " + setting + "."
	if needed {
		r.Fail(check, do, "%s cannot be reached: %s", address, found)
		return
	}
	r.Warn(check, do, "%s cannot be reached: %s", address, found)
}

// KeySet checks that the keys of Forge's tokens can be had.
func (r *Report) KeySet(ctx context.Context, client *http.Client, address string) {
	const check = "Forge keys"
	got, err := get(ctx, client, address)
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	switch {
	case err != nil:
		do, found := advice(err)
		r.Fail(check, do+" Without these keys no call of Forge is believed.", "%s cannot be reached: %s", address, found)
	case got.status != http.StatusOK || json.Unmarshal(got.body, &set) != nil || len(set.Keys) == 0:
		r.Fail(check, "Mend forge.jwks_url; pergola config shows where it was set.", "%s is no set of keys (status %d)", address, got.status)
	default:
		r.OK(check, "%d keys at %s", len(set.Keys), address)
	}
}

// Listen checks that an address can be listened on, or that the host itself does.
func (r *Report) Listen(ctx context.Context, setting, address string, running bool) {
	if running {
		r.OK(setting, "%s is the host's", address)
		return
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		var op *net.OpError
		found := err.Error()
		if errors.As(err, &op) {
			found = op.Err.Error()
		}
		r.Fail(setting, "End what listens there, or set "+setting+" to another address; a port below 1024 needs the right to (CAP_NET_BIND_SERVICE).", "%s cannot be listened on: %s", address, found)
		return
	}
	_ = l.Close()
	r.OK(setting, "%s is free", address)
}
