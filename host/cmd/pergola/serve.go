package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/pergola-platform/pergola/host/app"
	"github.com/pergola-platform/pergola/host/logbook"
)

type serveCmd struct {
	hostFlags `embed:""`
}

func (c serveCmd) Run(ctx context.Context, s streams) error {
	cfg, _, err := c.load(nil)
	if err != nil {
		return err
	}
	book := logbook.Open(s.err)
	defer book.Close()
	log := slog.New(book.Handler(newLog(streams{err: book}, cfg.Log).Handler()))
	hangup := make(chan os.Signal, 1) // from the start on: by default the signal ends the program
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	host, err := app.Start(ctx, cfg, log)
	if err != nil {
		return err
	}
	host.Announce()
	log.Info("serving", "url", host.URL(), "version", app.Version())
	ctx, stop := context.WithCancel(ctx)
	var reloading sync.WaitGroup
	reloading.Go(func() { reload(ctx, host, hangup, log) })
	err = host.Wait(ctx)
	stop()
	reloading.Wait()
	return err
}

// reload reads the keys and the plugin directory again at each signal, until ctx ends.
func reload(ctx context.Context, host *app.Host, signals <-chan os.Signal, log *slog.Logger) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
		}
		if err := host.ReloadKeys(ctx); err != nil {
			log.Error("keys were not read again", "error", err)
		}
		if _, err := host.Reload(ctx); err != nil {
			log.Error("plugins were read again, and some were left out", "error", err)
		}
	}
}
