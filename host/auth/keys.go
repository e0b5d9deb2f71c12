package auth

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// ErrUnknownKey says that there is no key under a kid, as opposed to one that cannot be had just now.
var ErrUnknownKey = errors.New("no such key")

// KeySource has the public keys of tokens that Atlassian signs.
type KeySource interface {
	// Key returns the key that a token's header calls kid, which is anything a stranger wrote. ErrUnknownKey where there
	// is none; any other error means that the question could not be answered.
	Key(ctx context.Context, kid string) (*rsa.PublicKey, error)
}

const (
	maxKeyBytes     = 16 << 10         // of a key file; a real one has about 500
	maxJWKSBytes    = 256 << 10        // of a key set
	minKeyBits      = 2048             // shorter RSA keys are refused
	keyTimeout      = 5 * time.Second  // for one fetch
	unknownFor      = 30 * time.Second // how long a kid without a key stays unknown
	maxCachedKeys   = 256              // known and unknown ones together
	parallelFetches = 4                // so that tokens with invented kids cannot flood the key host
)

// CDN fetches the keys of signed installs, each from <host>/<kid>. A key never changes under its kid, so it is kept as
// long as there is room; that there is none is only remembered for half a minute. Make it with NewCDN.
type CDN struct {
	hosts []string
	http  *http.Client
	clock func() time.Time
	slots chan struct{}

	mu     sync.Mutex
	cached map[string]cachedKey
}

type cachedKey struct {
	key   *rsa.PublicKey // nil: there is none
	until time.Time      // of an unknown key
}

// NewCDN returns a source that asks the hosts in order, such as https://connect-install-keys.atlassian.com. A host comes
// from the configuration, never from a token. client and clock may be nil.
func NewCDN(hosts []string, client *http.Client, clock func() time.Time) (*CDN, error) {
	if len(hosts) == 0 {
		return nil, errors.New("install keys: no key host")
	}
	c := &CDN{http: noRedirects(client), clock: clock, slots: make(chan struct{}, parallelFetches), cached: map[string]cachedKey{}}
	if c.clock == nil {
		c.clock = time.Now
	}
	for _, h := range hosts {
		c.hosts = append(c.hosts, strings.TrimSuffix(h, "/"))
	}
	return c, nil
}

var _ KeySource = (*CDN)(nil)

// Key implements KeySource.
func (c *CDN) Key(ctx context.Context, kid string) (*rsa.PublicKey, error) {
	if !plainKid(kid) {
		return nil, ErrUnknownKey
	}
	if k, ok := c.remembered(kid); ok {
		return known(k)
	}
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for the key host: %w", ctx.Err())
	}
	if k, ok := c.remembered(kid); ok { // another request fetched it meanwhile
		return known(k)
	}
	var down error
	for _, host := range c.hosts {
		key, err := c.fetch(ctx, host+"/"+kid)
		if err == nil {
			c.remember(kid, cachedKey{key: key})
			return key, nil
		}
		if !errors.Is(err, ErrUnknownKey) {
			down = err
		}
	}
	if down != nil {
		return nil, down
	}
	c.remember(kid, cachedKey{until: c.clock().Add(unknownFor)})
	return nil, ErrUnknownKey
}

// plainKid accepts what looks like a UUID or a name. A slash, a dot or a percent sign could change the address.
func plainKid(kid string) bool {
	if kid == "" || len(kid) > 128 {
		return false
	}
	for _, c := range []byte(kid) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

func known(k cachedKey) (*rsa.PublicKey, error) {
	if k.key == nil {
		return nil, ErrUnknownKey
	}
	return k.key, nil
}

func (c *CDN) remembered(kid string) (cachedKey, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.cached[kid]
	return k, ok && (k.key != nil || c.clock().Before(k.until))
}

// remember makes room first among what is unknown: real keys are few, invented ones are not.
func (c *CDN) remember(kid string, k cachedKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.cached) >= maxCachedKeys {
		for old, was := range c.cached {
			if was.key == nil {
				delete(c.cached, old)
			}
		}
	}
	if len(c.cached) >= maxCachedKeys {
		clear(c.cached)
	}
	c.cached[kid] = k
}

func (c *CDN) fetch(ctx context.Context, address string) (*rsa.PublicKey, error) {
	body, err := fetch(ctx, c.http, address, maxKeyBytes)
	if err != nil {
		return nil, fmt.Errorf("fetch install key: %w", err)
	}
	block, _ := pem.Decode(body)
	if block == nil {
		return nil, errors.New("fetch install key: the answer is no PEM")
	}
	any, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("fetch install key: %w", err)
	}
	key, ok := any.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < minKeyBits {
		return nil, errors.New("fetch install key: the answer is no RSA key of 2048 bits or more")
	}
	return key, nil
}

// fetch gets a small file. 404 and 403, with which object stores hide what is not there, are ErrUnknownKey.
func fetch(ctx context.Context, client *http.Client, address string, limit int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, keyTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusForbidden:
		return nil, ErrUnknownKey
	default:
		return nil, fmt.Errorf("the key host answers %d", res.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("the key host sends more than %d bytes", limit)
	}
	return body, nil
}

// noRedirects returns a client that takes a redirect for an answer: a key comes from the configured host or not at all.
func noRedirects(client *http.Client) *http.Client {
	c := http.Client{}
	if client != nil {
		c = *client
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}
