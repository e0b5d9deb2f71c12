package auth

import (
	"crypto/rsa"
	"errors"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// SignHS256 returns a token signed with the secret that a tenant and the app share. An empty secret is refused.
func SignHS256(c Claims, secret string) (string, error) {
	if secret == "" {
		return "", errors.New("sign token: the shared secret is empty")
	}
	return signed(jwt.NewWithClaims(jwt.SigningMethodHS256, c.wire()), []byte(secret))
}

// SignRS256 returns a token signed with a private key whose public half is known under kid. The sandbox signs
// installations with it.
func SignRS256(c Claims, kid string, key *rsa.PrivateKey) (string, error) {
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, c.wire())
	t.Header["kid"] = kid
	return signed(t, key)
}

func signed(t *jwt.Token, key any) (string, error) {
	s, err := t.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return s, nil
}
