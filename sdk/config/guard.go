package config

import (
	"context"

	"github.com/pergola-platform/pergola/sdk"
)

// Guard judges what an admin is about to do to a document: one for sdk.Plugin.Guards. It says no where no form can: to two documents that
// exclude each other, to a circle. Its error, as against its problems, means that it could not judge, and nothing is done either.
//
// Since: v0.5
type Guard func(ctx context.Context, c *Change) (*Verdict, error)

var _ sdk.Guard = Guard(nil)

// Judge implements sdk.Guard.
func (g Guard) Judge(ctx context.Context, change []byte) ([]byte, error) {
	var c Change
	if _, err := c.UnmarshalMsg(change); err != nil {
		return nil, sdk.Errorf(sdk.Invalid, "decode a change: %v", err)
	}
	v, err := g(ctx, &c)
	if err != nil {
		return nil, err
	}
	if v == nil {
		v = &Verdict{}
	}
	return v.MarshalMsg(nil)
}

// No is a verdict with one problem.
//
// Since: v0.5
func No(setting, message string) *Verdict {
	return &Verdict{Problems: []Problem{{Setting: setting, Message: message}}}
}
