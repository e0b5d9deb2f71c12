package main

import (
	"context"

	"github.com/pergola-platform/pergola/host/app"
)

type serveCmd struct {
	hostFlags `embed:""`
}

func (c serveCmd) Run(ctx context.Context, s streams) error {
	cfg, _, err := c.load(nil)
	if err != nil {
		return err
	}
	log := newLog(s, cfg.Log)
	host, err := app.Start(ctx, cfg, log)
	if err != nil {
		return err
	}
	host.Announce()
	log.Info("serving", "url", host.URL(), "version", app.Version())
	return host.Wait(ctx)
}
