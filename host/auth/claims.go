package auth

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Claims are what a Connect token says. A zero field is left out of a signed token; an absent claim reads as a zero field.
type Claims struct {
	Issuer    string   // the site's client key in tokens from Jira, our app key in tokens to it
	Subject   string   // account id; empty for an anonymous user
	Audience  []string // a single string or a list on the wire; a list of one is written as a string
	IssuedAt  time.Time
	Expiry    time.Time
	NotBefore time.Time
	QSH       string
	Tenant    string // the site's address, in an assertion of the app that asks for a person's token
	Context   Context
}

// Context is where a page stands in Jira, as a context token says it.
type Context struct {
	Jira Jira `json:"jira,omitzero"`
}

// Jira names the issue and project beside which a page stands; both are zero elsewhere.
type Jira struct {
	Issue   Ref `json:"issue,omitzero"`
	Project Ref `json:"project,omitzero"`
}

// Ref names an issue or project. On the wire the id is a string or a number.
type Ref struct {
	ID  ID     `json:"id,omitempty"`
	Key string `json:"key,omitempty"`
}

// ID is a numeric identifier in decimal.
type ID string

// UnmarshalJSON reads a string or a number, because Jira has written both, and refuses everything but digits.
func (id *ID) UnmarshalJSON(b []byte) error {
	s := string(b)
	if s == "null" {
		return nil
	}
	if b[0] == '"' {
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
	}
	if len(s) > 20 || strings.Trim(s, "0123456789") != "" {
		return errors.New("an identifier is not numeric")
	}
	*id = ID(s)
	return nil
}

// wire is Claims as they are encoded. It satisfies jwt.Claims, so that the library checks times and audiences.
type wire struct {
	Issuer    string     `json:"iss,omitempty"`
	Subject   string     `json:"sub,omitempty"`
	Audience  audience   `json:"aud,omitempty"`
	IssuedAt  *timestamp `json:"iat,omitempty"`
	Expiry    *timestamp `json:"exp,omitempty"`
	NotBefore *timestamp `json:"nbf,omitempty"`
	QSH       string     `json:"qsh,omitempty"`
	Tenant    string     `json:"tnt,omitempty"`
	Context   Context    `json:"context,omitzero"`
}

func (c Claims) wire() *wire {
	return &wire{
		Issuer: c.Issuer, Subject: c.Subject, Audience: c.Audience,
		IssuedAt: stamp(c.IssuedAt), Expiry: stamp(c.Expiry), NotBefore: stamp(c.NotBefore),
		QSH: c.QSH, Tenant: c.Tenant, Context: c.Context,
	}
}

// The methods of jwt.Claims.

func (w *wire) GetIssuer() (string, error)                   { return w.Issuer, nil }
func (w *wire) GetSubject() (string, error)                  { return w.Subject, nil }
func (w *wire) GetAudience() (jwt.ClaimStrings, error)       { return jwt.ClaimStrings(w.Audience), nil }
func (w *wire) GetIssuedAt() (*jwt.NumericDate, error)       { return w.IssuedAt.date(), nil }
func (w *wire) GetExpirationTime() (*jwt.NumericDate, error) { return w.Expiry.date(), nil }
func (w *wire) GetNotBefore() (*jwt.NumericDate, error)      { return w.NotBefore.date(), nil }

// audience is a string or a list of strings on the wire.
type audience []string

func (a audience) MarshalJSON() ([]byte, error) {
	if len(a) == 1 {
		return json.Marshal(a[0])
	}
	return json.Marshal([]string(a))
}

func (a *audience) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// timestamp is a number of seconds since 1970. It is not jwt.NumericDate, which turns a number beyond the range of
// time.Time into some other moment instead of refusing it.
type timestamp float64

// lastSecond is the last second of the year 9999.
const lastSecond = 253402300799

func (t *timestamp) UnmarshalJSON(b []byte) error {
	var f float64
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	if f < 0 || f > lastSecond {
		return strconv.ErrRange
	}
	*t = timestamp(f)
	return nil
}

func (t timestamp) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, int64(t), 10), nil
}

func stamp(t time.Time) *timestamp {
	if t.IsZero() {
		return nil
	}
	s := timestamp(t.Unix())
	return &s
}

func (t *timestamp) time() time.Time {
	if t == nil {
		return time.Time{}
	}
	whole, fraction := math.Modf(float64(*t))
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC()
}

func (t *timestamp) date() *jwt.NumericDate {
	if t == nil {
		return nil
	}
	return &jwt.NumericDate{Time: t.time()}
}
