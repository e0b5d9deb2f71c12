//go:build !wasip1

package main

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	stdsync "sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// dialer makes the connections of one pool: straight, or through an SSH tunnel that they share.
type dialer struct {
	target *target

	mu     stdsync.Mutex
	client *ssh.Client // nil while there is no tunnel
}

// DialContext connects to the target, whatever a driver has as its address. The guard sees the first hop: the database itself, or the
// SSH server, behind which the admin's own network begins.
func (d *dialer) DialContext(ctx context.Context, network, _ string) (net.Conn, error) {
	address := net.JoinHostPort(d.target.host, strconv.Itoa(d.target.port))
	if d.target.jump == nil {
		return d.target.guard.dial(ctx, network, address)
	}
	for {
		client, fresh, err := d.tunnel(ctx)
		if err != nil {
			return nil, err
		}
		conn, err := client.DialContext(ctx, "tcp", address)
		if err == nil {
			return &forwarded{Conn: conn}, nil
		}
		// Either the server says no, and the tunnel serves others still, or the tunnel broke since it was made.
		refused := &ssh.OpenChannelError{}
		if !errors.As(err, &refused) && ctx.Err() == nil {
			d.drop(client)
			if !fresh {
				continue
			}
		}
		return nil, &tunnelError{"The SSH server does not reach the database.", err}
	}
}

// tunnelError is a failure on the way to or through an SSH server.
type tunnelError struct {
	what string // a sentence
	err  error
}

func (e *tunnelError) Error() string { return e.what }
func (e *tunnelError) Unwrap() error { return e.err }

// tunnel returns the tunnel, and whether it was made just now.
func (d *dialer) tunnel(ctx context.Context) (_ *ssh.Client, fresh bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.client != nil {
		return d.client, false, nil
	}
	j := d.target.jump
	conn, err := d.target.guard.dial(ctx, "tcp", net.JoinHostPort(j.host, strconv.Itoa(j.port)))
	if err != nil {
		return nil, false, &tunnelError{"The SSH server does not answer.", err}
	}
	deadline, bounded := ctx.Deadline()
	if !bounded {
		deadline = time.Now().Add(10 * time.Second)
	}
	_ = conn.SetDeadline(deadline)
	config := &ssh.ClientConfig{User: j.user, Auth: j.auth(), HostKeyCallback: j.known}
	shaken, channels, requests, err := ssh.NewClientConn(conn, j.host, config)
	if err != nil {
		_ = conn.Close()
		if errors.Is(err, errOtherKey) {
			return nil, false, &tunnelError{"The SSH server has another key than the one that is written here.", err}
		}
		return nil, false, &tunnelError{"The SSH server refuses the user, the key or the password.", err}
	}
	_ = conn.SetDeadline(time.Time{})
	d.client = ssh.NewClient(shaken, channels, requests)
	go func(c *ssh.Client) { // ends with the connection
		_ = c.Wait()
		d.drop(c)
	}(d.client)
	return d.client, true, nil
}

// drop forgets a tunnel and closes it.
func (d *dialer) drop(c *ssh.Client) {
	d.mu.Lock()
	if d.client == c {
		d.client = nil
	}
	d.mu.Unlock()
	_ = c.Close()
}

func (d *dialer) close() {
	d.mu.Lock()
	c := d.client
	d.client = nil
	d.mu.Unlock()
	if c != nil {
		_ = c.Close()
	}
}

// check says whether the key can be read.
func (j *jump) check() error {
	if j.key == "" {
		return nil
	}
	if _, err := ssh.ParsePrivateKey([]byte(j.key)); err != nil {
		return errors.New("The private key cannot be read.") //nolint:staticcheck,revive // a sentence for an admin
	}
	return nil
}

func (j *jump) auth() []ssh.AuthMethod {
	var out []ssh.AuthMethod
	if signer, err := ssh.ParsePrivateKey([]byte(j.key)); err == nil {
		out = append(out, ssh.PublicKeys(signer))
	}
	if j.password != "" {
		out = append(out, ssh.Password(j.password), ssh.KeyboardInteractive(func(_, _ string, questions []string, _ []bool) ([]string, error) {
			answers := make([]string, len(questions))
			for i := range answers {
				answers[i] = j.password
			}
			return answers, nil
		}))
	}
	return out
}

var errOtherKey = errors.New("the SSH server's key is another one")

// known compares the server's key with the one of the settings.
func (j *jump) known(_ string, _ net.Addr, key ssh.PublicKey) error {
	if subtle.ConstantTimeCompare([]byte(ssh.FingerprintSHA256(key)), []byte(strings.TrimRight(j.hostKey, "="))) == 1 {
		return nil
	}
	if written, _, _, _, err := ssh.ParseAuthorizedKey([]byte(j.hostKey)); err == nil && subtle.ConstantTimeCompare(written.Marshal(), key.Marshal()) == 1 {
		return nil
	}
	return fmt.Errorf("compare the keys: %w", errOtherKey)
}

// forwarded is a connection through a tunnel. The tunnel knows no deadlines, and drivers need one to give up: at its deadline the
// connection is closed, which nobody minds who has waited too long.
type forwarded struct {
	net.Conn
	mu    stdsync.Mutex
	timer *time.Timer
}

// SetDeadline implements net.Conn.
func (f *forwarded) SetDeadline(at time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.timer != nil {
		f.timer.Stop()
		f.timer = nil
	}
	if !at.IsZero() {
		f.timer = time.AfterFunc(time.Until(at), func() { _ = f.Conn.Close() })
	}
	return nil
}

// SetReadDeadline implements net.Conn.
func (f *forwarded) SetReadDeadline(at time.Time) error { return f.SetDeadline(at) }

// SetWriteDeadline implements net.Conn.
func (f *forwarded) SetWriteDeadline(at time.Time) error { return f.SetDeadline(at) }

// Close implements net.Conn.
func (f *forwarded) Close() error {
	_ = f.SetDeadline(time.Time{})
	return f.Conn.Close()
}
