//go:build !wasip1

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql/driver"
	"errors"
	"net"
	"strings"
	"syscall"

	"github.com/pergola-platform/pergola/sdk"
	"github.com/pergola-platform/pergola/sdk/sync"
)

// trouble is what kind of failure an error is. The texts of drivers and databases do not go further: they hold addresses, and values of
// rows.
type trouble struct {
	kind  kind
	code  string // the database's own, such as SQLSTATE 42P01; "" where there is none
	words string // the database's own about a statement; names of tables and columns at most
}

type kind int

const (
	unknownTrouble kind = iota
	otherTrouble        // the database refuses, and only its code says why
	addressClosed
	noName
	noAnswer
	noEncryption
	wrongCertificate
	tunnelTrouble
	wrongLogin
	noDatabase
	noFile
	noPermission
	notReadOnly
	badStatement
	badValue
	tooSlow
	notNow
)

// explanation is a kind of failure in words for an admin.
type explanation struct {
	code    sdk.Code
	setting string
	what    string
	do      string
}

var explanations = map[kind]explanation{
	unknownTrouble: {sdk.Unavailable, "", "The connection to the database broke.", "Try again; if it stays, ask whoever runs the database."},
	otherTrouble:   {sdk.Invalid, "", "The database refuses what was asked.", "Look its code up in the database's documentation, or ask whoever runs it."},
	addressClosed: {sdk.PermissionDenied, "host", "The address is not one of the public internet.",
		"Use a server with a public address, or ask the operator of this installation to open the network."},
	noName:           {sdk.Unavailable, "host", "There is no server of that name.", "Correct the name."},
	noAnswer:         {sdk.Unavailable, "host", "Nobody answers there.", "Check name and port, and that a firewall lets this installation through."},
	noEncryption:     {sdk.Unavailable, "tls", "The server offers no encryption.", "Switch it on there. Choose off only in a network that nobody else can listen to."},
	wrongCertificate: {sdk.PermissionDenied, "tls", "The server's certificate is not one that is trusted here.", "Paste the certificate of its authority, and check that it names the server."},
	tunnelTrouble:    {sdk.Unavailable, "ssh.host", "", "Check the settings of the SSH server."},
	wrongLogin:       {sdk.PermissionDenied, "user", "The database does not accept user and password.", "Correct them."},
	noDatabase:       {sdk.Invalid, "database", "There is no such database.", "Correct its name."},
	noFile:           {sdk.Invalid, "file", "There is no such database file in the folder that the operator opened.", "Correct its name."},
	noPermission:     {sdk.PermissionDenied, "user", "The user may not do that in the database.", "Grant it there, reading for a start, or choose another user."},
	notReadOnly:      {sdk.Invalid, "query", "The query would change something.", "Write one that only reads."},
	badStatement:     {sdk.Invalid, "query", "The database does not understand the statement.", "Correct the query, or look at the table's columns again."},
	badValue:         {sdk.Invalid, "", "The database does not take a value.", "Look at the column's type and rules."},
	tooSlow:          {sdk.Exhausted, "timeout", "The database took too long.", "Allow more time, ask for fewer rows, or add an index on the key."},
	notNow:           {sdk.Unavailable, "", "The database takes no connections now.", "Try again later."},
}

// sort says what kind of failure an error is.
func (t *target) sort(err error) trouble {
	var (
		tunnel *tunnelError
		dns    *net.DNSError
		op     *net.OpError
		record tls.RecordHeaderError
		verify *tls.CertificateVerificationError
		unsure x509.UnknownAuthorityError
		host   x509.HostnameError
		cert   x509.CertificateInvalidError
	)
	switch {
	case errors.Is(err, errClosed):
		return trouble{kind: addressClosed}
	case errors.As(err, &tunnel):
		return trouble{kind: tunnelTrouble, words: tunnel.what}
	case errors.Is(err, errNoFile):
		return trouble{kind: noFile}
	case errors.As(err, &dns):
		return trouble{kind: noName}
	case errors.As(err, &verify), errors.As(err, &unsure), errors.As(err, &host), errors.As(err, &cert):
		return trouble{kind: wrongCertificate}
	case errors.As(err, &record), strings.Contains(err.Error(), "refused TLS"), strings.Contains(err.Error(), "TLS requested but server does not support TLS"):
		return trouble{kind: noEncryption}
	}
	if sorted := t.engine.sort(err); sorted.kind != unknownTrouble {
		return sorted
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return trouble{kind: tooSlow}
	case errors.As(err, &op) && op.Op == "dial", errors.Is(err, syscall.ECONNREFUSED):
		return trouble{kind: noAnswer}
	case errors.Is(err, driver.ErrBadConn):
		return trouble{kind: unknownTrouble}
	}
	return trouble{}
}

// what is the trouble in a sentence or two.
func (k trouble) what() string {
	what := explanations[k.kind].what
	if k.kind == tunnelTrouble {
		what = k.words
	} else if k.words != "" {
		what += " It says: " + strings.ToValidUTF8(k.words, "") + "."
	}
	if k.code != "" {
		what += " (" + k.code + ")"
	}
	return what
}

// problem is an error as a check tells it.
func (t *target) problem(err error) sync.Problem {
	if e := (*sdk.Error)(nil); errors.As(err, &e) {
		return sync.Problem{Setting: e.Field, What: e.Message, Do: "Correct the connection."}
	}
	k := t.sort(err)
	e := explanations[k.kind]
	return sync.Problem{Setting: t.setting(e.setting), What: k.what(), Do: e.do}
}

// failure is an error as a read or a write ends with it.
func (t *target) failure(err error) error {
	if e := (*sdk.Error)(nil); errors.As(err, &e) {
		return err
	}
	k := t.sort(err)
	e := explanations[k.kind]
	code := e.code
	if k.kind == tooSlow && errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	return &sdk.Error{Code: code, Source: sdk.FromDownstream, Field: t.setting(e.setting), Message: k.what() + " " + e.do}
}

// setting leaves out one that this kind of connection does not have.
func (t *target) setting(name string) string {
	if t.engine.file && name != "file" && name != "query" && name != "timeout" || name == "query" && t.query == "" {
		return ""
	}
	return name
}
