//go:build !wasip1

package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
)

// tlsMode is how a connection to a server is encrypted.
type tlsMode string

const (
	noTLS       tlsMode = "off"
	encryptOnly tlsMode = "encrypt"   // with whoever answers: keeps out who listens, and nobody who stands in between
	verifyCA    tlsMode = "verify-ca" // with whoever has a certificate of that authority
	verifyAll   tlsMode = "verify"    // and with the server's name in it
)

var tlsModes = []tlsMode{noTLS, encryptOnly, verifyCA, verifyAll}

// checkTLS says which secret cannot be read, and why.
func (t *target) checkTLS() (setting string, err error) {
	if t.ca != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(t.ca)) {
		return "ca", errors.New("The certificate of the authority cannot be read.") //nolint:staticcheck,revive // a sentence for an admin
	}
	if t.cert != "" || t.key != "" {
		if _, err := tls.X509KeyPair([]byte(t.cert), []byte(t.key)); err != nil {
			return "certificate", errors.New("The client's certificate and its key cannot be read, or do not belong together.") //nolint:staticcheck,revive // as above
		}
	}
	return "", nil
}

// tlsConfig returns what the mode asks for, nil for no encryption.
func (t *target) tlsConfig() *tls.Config {
	if t.tls == noTLS {
		return nil
	}
	c := &tls.Config{ServerName: t.host, MinVersion: tls.VersionTLS12}
	if t.ca != "" {
		c.RootCAs = x509.NewCertPool()
		c.RootCAs.AppendCertsFromPEM([]byte(t.ca))
	}
	if t.cert != "" {
		if pair, err := tls.X509KeyPair([]byte(t.cert), []byte(t.key)); err == nil { // checkTLS has read it
			c.Certificates = []tls.Certificate{pair}
		}
	}
	switch t.tls {
	case encryptOnly:
		c.InsecureSkipVerify = true // what the admin chose, and the form says what it means
	case verifyCA:
		c.InsecureSkipVerify = true // the chain is verified below, all but the name
		c.VerifyConnection = func(s tls.ConnectionState) error { return verifyChain(s, c.RootCAs) }
	}
	return c
}

func verifyChain(s tls.ConnectionState, roots *x509.CertPool) error {
	if len(s.PeerCertificates) == 0 {
		return errors.New("the server shows no certificate")
	}
	between := x509.NewCertPool()
	for _, c := range s.PeerCertificates[1:] {
		between.AddCert(c)
	}
	_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
	return err
}
