package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/pergola-platform/pergola/host/door"
	"github.com/pergola-platform/pergola/host/operator"
)

// Commands from elsewhere, with operator credentials; and how these are made, on the host alone.

// tokenVariable is where a token is found that no file holds. It is never an argument, which other users of a machine can read.
const tokenVariable = "PERGOLA_OPERATOR_TOKEN"

// remoteFlags lead to a host on another machine.
type remoteFlags struct {
	Host      string `help:"Address of a host's operator.listen, such as https://pergola.example.com:8444; without it the host is the one on --data." placeholder:"URL"`
	TokenFile string `help:"File with an operator token, which nobody else may read; without it the token is that of PERGOLA_OPERATOR_TOKEN." placeholder:"FILE"`
}

// reach returns a desk of the host that is named, of no site yet.
func (f remoteFlags) reach() (*desk, error) {
	u, err := url.Parse(f.Host)
	switch {
	case err != nil || u.Host == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, usageError{errors.New("--host is an address such as https://pergola.example.com:8444")}
	case u.Scheme == "http" && u.Hostname() != "localhost" && !net.ParseIP(u.Hostname()).IsLoopback():
		return nil, usageError{errors.New("the token would go to --host unencrypted; write https in place of http")}
	}
	token, err := f.token()
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext, TLSHandshakeTimeout: 10 * time.Second,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
	}
	// The token goes to the host that was named, and nowhere that it leads to.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &desk{client: &http.Client{Transport: transport, CheckRedirect: stay}, base: u.Scheme + "://" + u.Host, token: token}, nil
}

// maxTokenFile is more than a token has, in bytes.
const maxTokenFile = 4 << 10

// token returns the token of the file, or of the environment.
func (f remoteFlags) token() (string, error) {
	from, token := tokenVariable, os.Getenv(tokenVariable)
	if f.TokenFile != "" {
		kept, err := readPrivate(f.TokenFile)
		if err != nil {
			return "", err
		}
		from, token = "the file "+f.TokenFile, kept
	}
	token = strings.TrimSpace(token)
	switch {
	case token == "":
		return "", usageError{fmt.Errorf("--host needs an operator token: name a file with --token-file, or set %s; pergola admin operator add on the host makes one", tokenVariable)}
	case !operator.Formed(token):
		return "", fmt.Errorf("%s holds no operator token; it is what pergola admin operator add printed, and begins with %s", from, operator.Prefix)
	}
	return token, nil
}

// readPrivate reads a file that nobody but its owner may read.
func readPrivate(name string) (string, error) {
	file, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("there is no file %s", name)
	}
	if err != nil {
		return "", fmt.Errorf("read the operator token: %w", err)
	}
	defer func() { _ = file.Close() }()
	is, err := file.Stat()
	if err != nil {
		return "", fmt.Errorf("read the operator token: %w", err)
	}
	if runtime.GOOS != "windows" && is.Mode().Perm()&0o077 != 0 {
		return "", fmt.Errorf("others may read the operator token in %s; take that right from them with chmod 600 %s, and revoke the token if somebody may have", name, name)
	}
	raw, err := io.ReadAll(io.LimitReader(file, maxTokenFile))
	if err != nil {
		return "", fmt.Errorf("read the operator token: %w", err)
	}
	return string(raw), nil
}

// explain says what an error of the connection means for whoever gave the command.
func (d *desk) explain(err error) error {
	if d.token == "" {
		return err // host/door has
	}
	var certificate *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var plain tls.RecordHeaderError
	var dial *net.OpError
	switch {
	case errors.As(err, &unknown):
		return fmt.Errorf("the certificate of %s is of an authority that this machine does not know: %w; name a file with the authority's certificate in SSL_CERT_FILE", d.base, err)
	case errors.As(err, &name):
		return fmt.Errorf("the certificate of %s is for another name: %w; give --host the name that stands in it", d.base, err)
	case errors.As(err, &certificate):
		return fmt.Errorf("the certificate of %s is refused: %w; renew it on the host", d.base, err)
	case errors.As(err, &plain), strings.Contains(err.Error(), "HTTP response to HTTPS client"): // net/http has no type for it
		return fmt.Errorf("%s does not speak TLS: %w; --host is the address of operator.listen", d.base, err)
	case errors.As(err, &dial) && dial.Op == "dial":
		return fmt.Errorf("%s is not reached: %w; see whether the host runs with operator.listen, and whether something between keeps connections out", d.base, err)
	}
	return fmt.Errorf("%s gave no answer: %w; --host is the address of operator.listen, with https: where the host has server.tls", d.base, err)
}

type operatorCmd struct {
	Add    operatorAddCmd    `cmd:"" help:"Make a credential for commands from elsewhere, and print its token this once."`
	List   operatorListCmd   `cmd:"" help:"List the credentials."`
	Revoke operatorRevokeCmd `cmd:"" help:"End a credential at once."`
}

// atDoor asks the host that runs on the data directory about credentials.
func (f storageFlags) atDoor(run func(*desk) error) error {
	cfg, err := f.load()
	if err != nil {
		return err
	}
	d := &desk{client: door.Client(cfg.Data)}
	defer d.client.CloseIdleConnections()
	return run(d)
}

type operatorAddCmd struct {
	storageFlags `embed:""`
	Name         string `arg:"" help:"What the credential is for, such as nightly-import. It stands in the audit trail of each site; name no person." placeholder:"NAME"`
	Expires      string `help:"How long it is good: 90d, or hours as 12h; 365d at most." default:"90d" placeholder:"TIME"`
	ReadOnly     bool   `help:"Only for commands that change nothing."`
	JSON         bool   `help:"Print JSON, for programs." name:"json"`
}

// life reads a time in days, or as Go writes times.
func (c operatorAddCmd) life() (time.Duration, error) {
	if days, ok := strings.CutSuffix(c.Expires, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	life, err := time.ParseDuration(c.Expires)
	if err != nil {
		return 0, usageError{fmt.Errorf("--expires %q is no time; write 90d or 12h", c.Expires)}
	}
	return life, nil
}

func (c operatorAddCmd) Run(ctx context.Context, s streams) error {
	life, err := c.life()
	if err != nil {
		return err
	}
	return c.atDoor(func(d *desk) error {
		var made struct {
			Credential operator.Credential `json:"credential"`
			Token      string              `json:"token"`
		}
		in := map[string]any{"name": c.Name, "readOnly": c.ReadOnly, "seconds": int64(life / time.Second)}
		if err := d.ask(ctx, http.MethodPost, "/operators", in, &made); err != nil {
			return err
		}
		if c.JSON {
			return printLine(s.out, made)
		}
		fmt.Fprintf(s.err, "This is the token of %s, good until %s. It is shown this once; keep it as you keep passwords.\n", clean(made.Credential.Name), moment(made.Credential.Expires))
		_, err := fmt.Fprintln(s.out, clean(made.Token))
		return err
	})
}

type operatorListCmd struct {
	storageFlags `embed:""`
	JSON         bool `help:"Print one JSON object a line." name:"json"`
}

func (c operatorListCmd) Run(ctx context.Context, s streams) error {
	return c.atDoor(func(d *desk) error {
		var all []operator.Credential
		if err := d.ask(ctx, http.MethodGet, "/operators", nil, &all); err != nil {
			return err
		}
		now := time.Now()
		return lines(s, c.JSON, "NAME\tFOR\tMADE\tGOOD UNTIL\tLAST USED", all, func(i int) string {
			one := all[i]
			may, until, used := "everything", moment(one.Expires), "never"
			if one.ReadOnly {
				may = "reading"
			}
			if !now.Before(one.Expires) {
				until += " (expired)"
			}
			if !one.Used.IsZero() {
				used = one.Used.Format(time.DateOnly)
			}
			return cells(one.Name, may, moment(one.Created), until, used)
		})
	})
}

type operatorRevokeCmd struct {
	storageFlags `embed:""`
	Name         string `arg:"" help:"The credential, as list shows it." placeholder:"NAME"`
}

func (c operatorRevokeCmd) Run(ctx context.Context, s streams) error {
	return c.atDoor(func(d *desk) error {
		if err := d.ask(ctx, http.MethodDelete, "/operators/"+url.PathEscape(c.Name), nil, nil); err != nil {
			return err
		}
		_, err := fmt.Fprintf(s.out, "The credential %s is revoked; its token opens nothing any more.\n", clean(c.Name))
		return err
	})
}
