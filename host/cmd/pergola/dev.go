package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/pergola-platform/pergola/host/app"
	"github.com/pergola-platform/pergola/host/config"
)

type devCmd struct {
	hostFlags `embed:""`
	seedFlags `embed:""`
	Sandbox   string `help:"Address of the sandbox Jira site; port 0 takes a free one." default:"127.0.0.1:8090" placeholder:"HOST:PORT"`
	JSON      bool   `help:"Print events as one JSON object a line." name:"json"`
}

func (c devCmd) Run(ctx context.Context, s streams) (err error) {
	// The sandbox comes first: the host is configured to trust it, and nothing else.
	first, _, err := c.load(nil)
	if err != nil {
		return err
	}
	log := newLog(s, first.Log)
	site, err := c.start(ctx, s, app.SandboxConfig{Dir: filepath.Join(first.Data, "sandbox"), Listen: c.Sandbox, Log: log}, "--sandbox", "--data")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shut(site.Close)) }()

	override := site.Override()
	override["plugins.watch"] = "true"
	if first.Engine.RolloutShare == config.Default().Engine.RolloutShare { // whoever writes a plugin wants to see it at once
		override["engine.rollout_share"] = "0"
	}
	cfg, _, err := c.load(override)
	if err != nil {
		return err
	}
	host, err := app.Start(ctx, cfg, log)
	if err != nil {
		return err
	}
	if err := site.Install(ctx, host.URL()); err != nil {
		return errors.Join(err, shut(host.Close))
	}
	host.Announce() // and again when a plugin has changed
	c.ready(s.out, site, host, cfg)
	ctx, stop := context.WithCancel(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() { renew(ctx, host, site, log) })
	err = host.Wait(ctx)
	stop()
	renewing.Wait()
	if c.JSON {
		printEvent(s.out, map[string]string{"event": "stopped"})
	}
	return err
}

// renew installs the app anew whenever its modules have changed, so that the site shows what came with a plugin. An
// installation renews the site's secret, and with it ends every page that is open; so none is made in vain.
func renew(ctx context.Context, host *app.Host, site *app.Sandbox, log *slog.Logger) {
	installed := host.Descriptor()
	for {
		select {
		case <-ctx.Done():
			return
		case <-host.Changed():
		}
		now := host.Descriptor()
		if bytes.Equal(installed, now) {
			continue
		}
		installed = now
		if err := site.Install(ctx, host.URL()); err != nil {
			log.Error("install the app anew", "error", err)
		}
	}
}

func (c devCmd) ready(w io.Writer, site *app.Sandbox, host *app.Host, cfg config.Config) {
	if c.JSON {
		printEvent(w, map[string]string{
			"event": "ready", "host": host.URL(), "sandbox": site.URL(),
			"admin": site.Admin("/plugins/servlet/ac/" + cfg.Connect.AppKey + "/admin"),
			"issue": site.Welcome(),
		})
		return
	}
	fmt.Fprintf(w, "\nPergola runs, and a Jira site has it installed. Open\n\n    %s\n\nData is kept in %s. Ctrl-C stops everything.\n\n",
		site.Welcome(), cfg.Data)
}

// printEvent prints one JSON object on a line.
func printEvent(w io.Writer, fields map[string]string) {
	line, err := json.Marshal(fields)
	if err != nil {
		panic(err) // strings always encode
	}
	fmt.Fprintf(w, "%s\n", line)
}

// shut closes something within a bounded time, after the program's own context has ended.
func shut(closer func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return closer(ctx)
}
