package main

import (
	"context"

	"github.com/pergola-platform/pergola/core/bench/echo"
	"github.com/pergola-platform/pergola/core/bench/work"
)

func init() { echo.RegisterTransformer(transformer{}) }

type transformer struct{}

func (transformer) Transform(_ context.Context, m *echo.Message) (*echo.Message, error) {
	return &echo.Message{Body: work.XOR(m.Body)}, nil
}
