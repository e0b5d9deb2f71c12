//go:build !wasip1

package main

import (
	"crypto/sha256"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // an empty working directory and no environment: the host's own data may not be there

	"github.com/pergola-platform/pergola/sdk/sync"
)

// target is a connection as its settings say.
type target struct {
	engine   *engine
	host     string
	port     int
	database string
	user     string
	password string
	file     string // of SQLite, below the operator's folder
	tls      tlsMode
	ca       string // PEM
	cert     string // PEM, with key
	key      string
	jump     *jump // nil without an SSH tunnel
	zone     *time.Location
	timeout  time.Duration // of one statement
	query    string        // "" without one
	queryKey []string
	writable []string // names of columns, TABLE.COLUMN or COLUMN
	guard    *guard
	folder   string
	digest   [sha256.Size]byte // of all settings and secrets
}

// jump is the SSH server through which a database is reached.
type jump struct {
	host     string
	port     int
	user     string
	password string
	key      string // PEM
	hostKey  string // SHA256:… as ssh-keygen prints it, or a line of known_hosts without names
}

// The bounds of settings.
const (
	defaultTimeout = 20
	maxTimeout     = 55 // seconds: a call has a minute at most
	maxQuery       = 64 << 10
)

// parse reads settings, and says everything that is wrong with them.
func parse(c sync.Config) (*target, []sync.Problem) {
	s := &c.Settings
	p := parser{}
	t := &target{
		host: strings.TrimSpace(s.String("host")), port: s.Int("port"), database: s.String("database"), user: s.String("user"), file: s.String("file"),
		password: c.Secrets["password"].Reveal(), ca: c.Secrets["ca"].Reveal(), cert: c.Secrets["certificate"].Reveal(), key: c.Secrets["certificateKey"].Reveal(),
		query: strings.TrimSpace(s.String("query")), queryKey: s.List("queryKey"), writable: s.List("writable"), folder: c.Reach.Folder, digest: digest(c),
	}
	if t.engine = engines[s.String("engine")]; t.engine == nil {
		p.add("engine", "The kind of database is not chosen.", "Choose one of "+strings.Join(engineNames(), ", ")+".")
		return nil, p.problems
	}
	var err error
	if t.guard, err = newGuard(c.Reach.Networks); err != nil {
		p.add("", "The operator's list of networks cannot be read.", "Tell the operator of this installation.")
	}
	if t.engine.file {
		p.file(t)
	} else {
		p.server(t, s.String("tls"))
		p.tunnel(t, &c)
	}
	if t.zone, err = time.LoadLocation(orDefault(s.String("timeZone"), "UTC")); err != nil || s.String("timeZone") == "Local" {
		p.add("timeZone", "There is no such time zone.", "Write a name of the IANA database, such as Europe/Berlin.")
	}
	seconds := s.Int("timeout")
	if seconds == 0 {
		seconds = defaultTimeout
	}
	if seconds < 1 || seconds > maxTimeout {
		p.add("timeout", "The time for a statement is out of range.", fmt.Sprintf("Write 1 to %d seconds.", maxTimeout))
	}
	t.timeout = time.Duration(seconds) * time.Second
	if t.query != "" {
		if len(t.query) > maxQuery {
			p.add("query", "The query is too long.", "Make a view of it in the database.")
		} else if err := oneSelect(t.query, t.engine.lex); err != nil {
			p.add("query", "The query cannot be used: "+err.Error()+".", "Write a single SELECT, or make a view of it in the database.")
		}
	}
	return t, p.problems
}

type parser struct{ problems []sync.Problem }

func (p *parser) add(setting, what, do string) {
	p.problems = append(p.problems, sync.Problem{Setting: setting, What: what, Do: do})
}

func (p *parser) file(t *target) {
	switch {
	case t.folder == "":
		p.add("file", "This installation opens no folder for database files.", "Ask its operator for one, or choose a database with a server.")
	case t.file == "":
		p.add("file", "The name of the file is missing.", "Write the file's name in the folder that the operator opened.")
	}
}

func (p *parser) server(t *target, mode string) {
	if t.port == 0 {
		t.port = t.engine.port
	}
	switch {
	case t.host == "":
		p.add("host", "The server is missing.", "Write its name or address.")
	case strings.ContainsAny(t.host, "/@\\ ") || strings.Contains(t.host, ":") && net.ParseIP(t.host) == nil:
		p.add("host", "This is no name or address of a server.", "Write the name alone, such as db.example.com, and the port into its own field.")
	}
	if t.port < 1 || t.port > 65535 {
		p.add("port", "There is no such port.", "Write 1 to 65535, or leave it empty for "+strconv.Itoa(t.engine.port)+".")
	}
	if t.database == "" {
		p.add("database", "The database is missing.", "Write its name.")
	}
	if t.user == "" {
		p.add("user", "The user is missing.", "Write the name of a user who may read the tables.")
	}
	t.tls = tlsMode(orDefault(mode, string(verifyAll)))
	if !slices.Contains(tlsModes, t.tls) {
		p.add("tls", "There is no such way of encryption.", "Choose one of the list.")
	} else if setting, err := t.checkTLS(); err != nil {
		p.add(setting, err.Error(), "Paste it as it is in the file, with its first and last line.")
	}
}

func (p *parser) tunnel(t *target, c *sync.Config) {
	s := &c.Settings
	j := jump{
		host: strings.TrimSpace(s.String("ssh.host")), port: s.Int("ssh.port"), user: s.String("ssh.user"), hostKey: strings.TrimSpace(s.String("ssh.hostKey")),
		password: c.Secrets["sshPassword"].Reveal(), key: c.Secrets["sshKey"].Reveal(),
	}
	if j.host == "" {
		return
	}
	if j.port == 0 {
		j.port = 22
	}
	switch {
	case j.user == "":
		p.add("ssh.user", "The user of the SSH server is missing.", "Write the name of a user who may forward connections.")
	case j.hostKey == "":
		p.add("ssh.hostKey", "The key of the SSH server is missing, without which anybody could stand in its place.",
			"Write its fingerprint, SHA256:…, as ssh-keygen -lf prints it on the server.")
	case j.password == "" && j.key == "":
		p.add("sshKey", "There is neither a key nor a password for the SSH server.", "Paste a private key.")
	}
	if err := j.check(); err != nil {
		p.add("sshKey", err.Error(), "Paste a private key in OpenSSH's form, without a passphrase.")
	}
	t.jump = &j
}

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// digest tells connections apart. Names and values are written with their lengths, so that none can stand for two.
func digest(c sync.Config) [sha256.Size]byte {
	h := sha256.New()
	write := func(parts ...string) {
		for _, part := range parts {
			fmt.Fprintf(h, "%d:%s", len(part), part)
		}
	}
	s := &c.Settings
	for _, name := range sorted(s.Strings) {
		write("string", name, s.Strings[name])
	}
	for _, name := range sorted(s.Numbers) {
		write("number", name, strconv.FormatFloat(s.Numbers[name], 'g', -1, 64))
	}
	for _, name := range sorted(s.Switches) {
		write("switch", name, strconv.FormatBool(s.Switches[name]))
	}
	for _, name := range sorted(s.Lists) {
		write("list", name, strconv.Itoa(len(s.Lists[name])))
		write(s.Lists[name]...)
	}
	for _, name := range sorted(c.Secrets) {
		write("secret", name, c.Secrets[name].Reveal())
	}
	write("folder", c.Reach.Folder)
	write(c.Reach.Networks...)
	return [sha256.Size]byte(h.Sum(nil))
}
