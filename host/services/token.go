package services

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/sdk"
	sdkstore "github.com/pergola-platform/pergola/sdk/store"
)

// A token is random but for its end, which says that this host made it for this tenant and plugin: 12 random characters and 6
// of their MAC. So the host knows its tokens without a list of them, and a plugin can keep no word of its own as one.
// Who has no key guesses all 18 of them.
const (
	maxTokens = 500 // of a call; as many as records in a batch
	macLength = 6   // 35 bits: guessing one takes more calls than any limit allows
	minKey    = 16  // bytes
)

// tokenService makes tokens.
type tokenService struct {
	key    func(context.Context, capability.TenantID) ([]byte, error) // nil: there are none
	random io.Reader
}

func (s *tokenService) mint(ctx context.Context, b *capability.Binding, in *sdkstore.Mint) (*sdkstore.Minted, error) {
	m, err := s.maker(ctx, b)
	if err != nil {
		return nil, err
	}
	if in.Count < 1 || in.Count > maxTokens {
		return nil, withField("count", hostError(sdk.Invalid, "%d tokens are asked for; ask for 1 to %d at a time", in.Count, maxTokens))
	}
	out := &sdkstore.Minted{Tokens: make([]string, in.Count)}
	for i := range out.Tokens {
		body, err := randomText(s.random, sdkstore.TokenLength-macLength)
		if err != nil {
			return nil, err
		}
		out.Tokens[i] = body + m.mac(body)
	}
	return out, nil
}

// maker returns what makes and knows the tokens of a tenant and plugin.
func (s *tokenService) maker(ctx context.Context, b *capability.Binding) (*tokenMaker, error) {
	if s.key == nil {
		return nil, hostError(sdk.Unimplemented, "this host makes no tokens")
	}
	key, err := s.key(ctx, b.Tenant)
	if err != nil {
		return nil, fmt.Errorf("load the token key: %w", err)
	}
	if len(key) < minKey {
		return nil, fmt.Errorf("the token key has %d bytes, want %d or more", len(key), minKey)
	}
	return &tokenMaker{key, b}, nil
}

type tokenMaker struct {
	key []byte
	b   *capability.Binding
}

func (m *tokenMaker) mac(body string) string {
	h := hmac.New(sha256.New, m.key)
	// Neither ids nor bodies hold a zero byte, so no two triples are the same text.
	fmt.Fprintf(h, "%s\x00%s\x00%s", m.b.Tenant, m.b.Plugin, body)
	// 58^6 is so far below 2^64 that no character is noticeably likelier.
	n := binary.BigEndian.Uint64(h.Sum(nil))
	var out [macLength]byte
	for i := range out {
		out[i] = sdkstore.TokenAlphabet[n%uint64(len(sdkstore.TokenAlphabet))]
		n /= uint64(len(sdkstore.TokenAlphabet))
	}
	return string(out[:])
}

// made says whether a token is one that mint returned to this tenant and plugin.
func (m *tokenMaker) made(token string) bool {
	if sdkstore.Validate(sdkstore.KindToken, token) != nil {
		return false
	}
	body, mac := token[:sdkstore.TokenLength-macLength], token[sdkstore.TokenLength-macLength:]
	return subtle.ConstantTimeCompare([]byte(mac), []byte(m.mac(body))) == 1
}

// randomText returns n characters of the alphabet of tokens.
func randomText(random io.Reader, n int) (string, error) {
	const letters = len(sdkstore.TokenAlphabet)
	out := make([]byte, 0, n)
	pool := make([]byte, 2*n)
	for len(out) < n {
		if _, err := io.ReadFull(random, pool); err != nil {
			return "", fmt.Errorf("make a token: %w", err)
		}
		for _, b := range pool {
			// Bytes beyond the last multiple would make the first letters likelier.
			if int(b) < 256/letters*letters && len(out) < n {
				out = append(out, sdkstore.TokenAlphabet[int(b)%letters])
			}
		}
	}
	return string(out), nil
}
