//go:build !wasip1

package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	stdsync "sync"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/pergola-platform/pergola/sdk/settings"
	"github.com/pergola-platform/pergola/sdk/sync"
)

func TestDatabaseIsReachedThroughASSHTunnel(t *testing.T) {
	for _, engine := range []string{"postgresql", "mariadb"} {
		t.Run(engine, func(t *testing.T) {
			p := fixture(t, engine)
			server := startSSH(t)
			// The database itself has an address that only the SSH server reaches.
			target := net.JoinHostPort("127.0.0.1", strconv.Itoa(servers[engine]))
			server.names = map[string]string{net.JoinHostPort("db.inside", strconv.Itoa(servers[engine])): target}
			with := func(change func(c *sync.Config)) sync.Config {
				return p.with(func(c *sync.Config) {
					for name, value := range map[string]string{"host": "db.inside", "ssh.host": "127.0.0.1", "ssh.user": "tunnel", "ssh.hostKey": ssh.FingerprintSHA256(server.key.PublicKey())} {
						c.Settings.Strings[name] = value
					}
					c.Settings.Numbers["ssh.port"] = float64(server.port)
					c.Secrets["sshKey"] = sync.Secret(server.clientKey)
					change(c)
				})
			}
			s := served()
			c := with(func(*sync.Config) {})
			page, err := s.Read.Read(t.Context(), &sync.Read{Config: c, Stream: fixtures[engine]("assets"), Columns: []string{"name"}})
			if err != nil || len(page.Rows) != 60 {
				t.Fatalf("%v, %v", page, err)
			}
			if server.forwarded.Load() == 0 {
				t.Error("nothing went through the tunnel")
			}
			server.drop() // and the next call makes another one
			if _, err := s.Discover.Discover(t.Context(), &sync.Discover{Config: c}); err != nil {
				if _, err := s.Discover.Discover(t.Context(), &sync.Discover{Config: c}); err != nil {
					t.Errorf("after the tunnel broke: %v", err)
				}
			}
			for name, broken := range map[string]struct {
				config  sync.Config
				setting string
			}{
				"other key": {with(func(c *sync.Config) {
					c.Settings.Strings["ssh.hostKey"] = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
				}), "ssh.host"},
				"no key of the server": {with(func(c *sync.Config) { c.Settings.Strings["ssh.hostKey"] = "" }), "ssh.hostKey"},
				"nobody's key":         {with(func(c *sync.Config) { c.Secrets["sshKey"], _ = newClientKey(t) }), "ssh.host"},
				"no key":               {with(func(c *sync.Config) { c.Secrets["sshKey"] = "" }), "sshKey"},
				"broken key":           {with(func(c *sync.Config) { c.Secrets["sshKey"] = "-----BEGIN" }), "sshKey"},
				"not reached":          {with(func(c *sync.Config) { c.Settings.Strings["host"] = "other.inside" }), "ssh.host"},
				"closed network":       {with(func(c *sync.Config) { c.Reach.Networks = nil }), "host"},
			} {
				health, err := s.Check.Check(t.Context(), &sync.Check{Config: broken.config})
				if err != nil || len(health.Problems) == 0 || health.Problems[0].Setting != broken.setting {
					t.Errorf("%s: %+v, %v; want a problem of %s", name, health, err, broken.setting)
				}
			}
			password := with(func(c *sync.Config) { c.Secrets["sshKey"], c.Secrets["sshPassword"] = "", "open sesame" })
			if health, err := s.Check.Check(t.Context(), &sync.Check{Config: password}); err != nil || len(health.Problems) > 0 {
				t.Errorf("by password: %+v, %v", health, err)
			}
			whole := with(func(c *sync.Config) {
				c.Settings.Strings["ssh.hostKey"] = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(server.key.PublicKey())))
			})
			if health, err := s.Check.Check(t.Context(), &sync.Check{Config: whole}); err != nil || len(health.Problems) > 0 {
				t.Errorf("by the whole key: %+v, %v", health, err)
			}
		})
	}
}

// sshServer forwards connections, and does nothing else.
type sshServer struct {
	port      int
	key       ssh.Signer
	clientKey string            // PEM, of a user that it knows
	names     map[string]string // addresses by names that only it knows
	forwarded atomic.Int64

	mu    stdsync.Mutex
	conns []net.Conn
}

func newClientKey(t *testing.T) (sync.Secret, ssh.PublicKey) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return sync.Secret(pem.EncodeToMemory(block)), signer.PublicKey()
}

func startSSH(t *testing.T) *sshServer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := &sshServer{}
	if s.key, err = ssh.NewSignerFromKey(private); err != nil {
		t.Fatal(err)
	}
	secret, known := newClientKey(t)
	s.clientKey = secret.Reveal()
	config := &ssh.ServerConfig{
		PublicKeyCallback: func(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if c.User() != "tunnel" || string(key.Marshal()) != string(known.Marshal()) {
				return nil, errors.New("unknown key")
			}
			return nil, nil
		},
		PasswordCallback: func(_ ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			if string(password) != "open sesame" {
				return nil, errors.New("wrong password")
			}
			return nil, nil
		},
	}
	config.AddHostKey(s.key)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = listener.Addr().(*net.TCPAddr).Port
	t.Cleanup(func() { _ = listener.Close(); s.drop() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, conn)
			s.mu.Unlock()
			go s.serve(conn, config)
		}
	}()
	return s
}

// drop ends all connections.
func (s *sshServer) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		_ = c.Close()
	}
	s.conns = nil
}

func (s *sshServer) serve(conn net.Conn, config *ssh.ServerConfig) {
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for c := range channels {
		var to struct {
			Host   string
			Port   uint32
			Origin string
			From   uint32
		}
		if c.ChannelType() != "direct-tcpip" || ssh.Unmarshal(c.ExtraData(), &to) != nil {
			_ = c.Reject(ssh.UnknownChannelType, "")
			continue
		}
		address := s.names[net.JoinHostPort(to.Host, strconv.Itoa(int(to.Port)))]
		inner, err := net.Dial("tcp", address)
		if address == "" || err != nil {
			_ = c.Reject(ssh.ConnectionFailed, "")
			continue
		}
		channel, requests, err := c.Accept()
		if err != nil {
			_ = inner.Close()
			continue
		}
		s.forwarded.Add(1)
		go ssh.DiscardRequests(requests)
		go func() { _, _ = io.Copy(channel, inner); _ = channel.Close() }()
		go func() { _, _ = io.Copy(inner, channel); _ = inner.Close() }()
	}
}

func TestSettingsSayEverythingThatIsWrongAtOnce(t *testing.T) {
	_, problems := parse(sync.Config{Settings: settings.Values{
		Strings: map[string]string{"engine": "postgresql", "host": "db.example.com:5432", "tls": "maybe", "timeZone": "Local", "query": "DELETE FROM a"},
		Numbers: map[string]float64{"port": 70000, "timeout": 99},
	}, Reach: sync.Reach{Networks: []string{"everything"}}})
	var got []string
	for _, p := range problems {
		got = append(got, p.Setting)
		if p.What == "" || p.Do == "" {
			t.Errorf("%+v does not say what is wrong and what to do", p)
		}
	}
	if want := " host port database user tls timeZone timeout query"; strings.Join(got, " ") != want {
		t.Errorf("problems of %q, want %q", strings.Join(got, " "), want)
	}
}
