package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/pergola-platform/pergola/host/app"
	"github.com/pergola-platform/pergola/host/config"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/store/archive"
	"github.com/pergola-platform/pergola/host/store/sqlitestore"
)

type backupCmd struct {
	storageFlags `embed:""`
	File         string `arg:"" help:"The new file." placeholder:"FILE"`
}

// embedded refuses a command that is about the embedded store where another one is configured.
func embedded(c config.Config, instead string) error {
	if c.Store.Driver != "sqlite" {
		return usageError{fmt.Errorf("store.driver is %s: %s", c.Store.Driver, instead)}
	}
	return nil
}

func (c backupCmd) Run(ctx context.Context, s streams) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	if err := embedded(cfg, "back the database up with its own tools, or use admin export"); err != nil {
		return err
	}
	bytes, err := sqlitestore.Backup(ctx, cfg.Data, c.File)
	if err != nil {
		return err
	}
	if err := noteBackup(cfg.Data, time.Now()); err != nil {
		fmt.Fprintf(s.err, "pergola: when the backup was made was not noted, for pergola doctor: %v\n", err)
	}
	fmt.Fprintf(s.out, "%s: %d bytes, checked.\n", c.File, bytes)
	if file := app.KeyFile(cfg); file != "" {
		fmt.Fprintf(s.out, "The secrets in it are encrypted with the keys in %s, of which you need a copy too, kept elsewhere.\n", file)
	}
	return nil
}

type restoreCmd struct {
	storageFlags `embed:""`
	File         string `arg:"" help:"What admin backup wrote." placeholder:"FILE"`
}

func (c restoreCmd) Run(ctx context.Context, s streams) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	if err := embedded(cfg, "restore the database with its own tools, or use admin import"); err != nil {
		return err
	}
	bytes, err := sqlitestore.Restore(ctx, c.File, cfg.Data)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s: %d bytes restored.\n", cfg.Data, bytes)
	return err
}

type exportCmd struct {
	storageFlags `embed:""`
	Dir          string `arg:"" help:"The directory to write; one that an interrupted export left is completed." placeholder:"DIR"`
}

func (c exportCmd) Run(ctx context.Context, s streams) (err error) {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	from, done, err := c.source(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done(err == nil)) }()
	sum, err := archive.Export(ctx, from, c.Dir, archive.ExportOptions{Application: app.Version(), Created: time.Now(), Progress: progress(s.err, "exported")})
	if err != nil {
		return err
	}
	printSummary(s.out, c.Dir, sum)
	if cfg.Store.Driver != "sqlite" {
		fmt.Fprintln(s.out, "What was written meanwhile may be in it or not. Stop every host for an export to move with.")
	}
	return nil
}

// source is what is exported: a snapshot of the embedded store, which lies beside the directory until the export is done, so
// that one that was interrupted goes on with the same documents; or the server's database as it is.
func (c exportCmd) source(ctx context.Context, cfg config.Config) (from store.Store, done func(finished bool) error, err error) {
	if cfg.Store.Driver != "sqlite" {
		from, err = app.OpenDriver(ctx, cfg, slog.New(slog.DiscardHandler))
		return from, func(bool) error { return from.Close() }, err
	}
	snapshot := c.Dir + ".snapshot"
	if _, err := os.Stat(snapshot); errors.Is(err, fs.ErrNotExist) {
		if err := takeSnapshot(ctx, cfg.Data, snapshot); err != nil {
			return nil, nil, err
		}
	}
	if from, err = sqlitestore.Open(ctx, snapshot, sqlitestore.Config{}); err != nil {
		return nil, nil, fmt.Errorf("%w; delete %s to begin anew", err, snapshot)
	}
	return from, func(finished bool) error {
		err := from.Close()
		if finished {
			err = errors.Join(err, os.RemoveAll(snapshot))
		}
		return err
	}, nil
}

func takeSnapshot(ctx context.Context, data, snapshot string) error {
	copied := snapshot + ".db"
	_ = os.Remove(copied) // half of one that was interrupted
	if _, err := sqlitestore.Backup(ctx, data, copied); err != nil {
		return err
	}
	_, err := sqlitestore.Restore(ctx, copied, snapshot)
	return errors.Join(err, os.Remove(copied))
}

type importCmd struct {
	storageFlags `embed:""`
	Dir          string `arg:"" help:"What admin export wrote." placeholder:"DIR"`
}

func (c importCmd) Run(ctx context.Context, s streams) (err error) {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	to, err := app.OpenDriver(ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	sum, err := archive.Import(ctx, c.Dir, to, archive.ImportOptions{Progress: progress(s.err, "imported")})
	if err != nil {
		return err
	}
	printSummary(s.out, c.Dir, sum)
	_, err = fmt.Fprintln(s.out, "The secrets in it are encrypted: the host needs the keys of the installation that was exported (keys.ring, keys.file or keys.kms).")
	return err
}

type archiveCmd struct {
	Dir string `arg:"" help:"What admin export wrote." placeholder:"DIR"`
}

func (c archiveCmd) Run(ctx context.Context, s streams) error {
	sum, err := archive.Verify(ctx, c.Dir)
	if err != nil {
		return err
	}
	printSummary(s.out, c.Dir, sum)
	return nil
}

func printSummary(w io.Writer, dir string, sum archive.Summary) {
	fmt.Fprintf(w, "%s: %d documents of %d tenants in %d files, %d bytes, exported %s by %s. All checksums are right.\n",
		dir, sum.Documents, sum.Tenants, sum.Files, sum.Bytes, sum.Created.Format(time.DateTime), clean(sum.Application))
}

// progress prints how far long work is, at most once a second.
func progress(w io.Writer, word string) archive.Progress {
	var last time.Time
	return func(done, total int64) {
		if now := time.Now(); now.Sub(last) >= time.Second {
			last = now
			fmt.Fprintf(w, "%d of %d documents %s\n", done, total, word)
		}
	}
}
