package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"text/tabwriter"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/app"
	"github.com/pergola-platform/pergola/host/config"
	"github.com/pergola-platform/pergola/host/tenant"
)

type adminCmd struct {
	Sites    sitesCmd    `cmd:"" help:"List the sites, and how they stand."`
	Purge    purgeCmd    `cmd:"" help:"Destroy at once everything that is kept of a site that uninstalled the app."`
	Receipts receiptsCmd `cmd:"" help:"Show the receipts of purges, or verify one."`
	Account  accountCmd  `cmd:"" help:"Show or erase what is kept on an Atlassian account."`
	Keys     keysCmd     `cmd:"" help:"Look at the encryption keys, and exchange them."`
	Backup   backupCmd   `cmd:"" help:"Copy the embedded store into a file while the host runs."`
	Restore  restoreCmd  `cmd:"" help:"Put a backup into a data directory that has no store."`
	Export   exportCmd   `cmd:"" help:"Write a whole installation into a directory, for another store."`
	Import   importCmd   `cmd:"" help:"Read an exported installation into an empty store."`
	Verify   archiveCmd  `cmd:"" help:"Check an exported installation."`
	Set      setCmd      `cmd:"" name:"config" help:"Carry configuration from site to site, and set sites up by templates."`
	Events   eventsCmd   `cmd:"" help:"Look at events of Jira of which no plugin could be told, have them told again or discard them."`
	Operator operatorCmd `cmd:"" help:"Make, list and revoke credentials for commands from elsewhere."`
	Sync     syncCmd     `cmd:"" help:"Look after synchronizations: connections, plans, runs, schedules, configuration as code."`
}

// storageFlags are the flags of commands that work on what a host keeps.
type storageFlags struct {
	Config string            `help:"Configuration file (YAML) of the host." placeholder:"FILE"`
	Data   string            `help:"The host's data directory." placeholder:"DIR"`
	Set    map[string]string `help:"Any setting by its key, such as --set store.driver=mongodb." placeholder:"KEY=VALUE" mapsep:"none"`
}

func (f storageFlags) load() (config.Config, error) {
	c, _, err := hostFlags{Config: f.Config, Data: f.Data, Set: f.Set}.load(nil)
	return c, err
}

// open opens what the host keeps, whether it runs or not.
func (f storageFlags) open(ctx context.Context, s streams) (*app.Storage, config.Config, error) {
	c, err := f.load()
	if err != nil {
		return nil, c, err
	}
	// What the commands do, they say themselves; the log is for what an operator has to look at.
	log := slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	storage, err := app.OpenBeside(ctx, c, log)
	return storage, c, err
}

// with runs f on what the host keeps and closes it.
func (f storageFlags) with(ctx context.Context, s streams, run func(*app.Storage, config.Config) error) error {
	storage, c, err := f.open(ctx, s)
	if err != nil {
		return err
	}
	return errors.Join(run(storage, c), storage.Close())
}

type sitesCmd struct {
	storageFlags `embed:""`
	JSON         bool `help:"Print one JSON object a line." name:"json"`
}

// siteLine is what sites prints as JSON. Fields are added, never changed.
type siteLine struct {
	ID        capability.TenantID `json:"id"`
	State     tenant.State        `json:"state"`
	Address   string              `json:"address"`
	Installed time.Time           `json:"installed"`
	Purge     time.Time           `json:"purge,omitzero"` // when it is due
	Documents int64               `json:"documents"`
}

func (c sitesCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, s, func(storage *app.Storage, cfg config.Config) error {
		w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
		if !c.JSON {
			fmt.Fprintln(w, "SITE\tSTATE\tADDRESS\tINSTALLED\tPURGED\tDOCUMENTS")
		}
		err := eachSite(ctx, storage, func(t tenant.Tenant) error {
			line := siteLine{ID: t.ID, State: t.State, Address: t.BaseURL, Installed: t.Installed}
			if t.State == tenant.Uninstalled || t.State == tenant.Purging {
				line.Purge = t.Uninstalled.Add(cfg.Privacy.Grace)
			}
			there, err := storage.Store.Collections(ctx, t.ID)
			if err != nil {
				return err
			}
			for _, collection := range there {
				line.Documents += collection.Documents
			}
			if c.JSON {
				return printLine(s.out, line)
			}
			purge := "-"
			if !line.Purge.IsZero() {
				purge = "due " + line.Purge.Format(time.DateTime)
			}
			_, err = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\n", t.ID, t.State, clean(t.BaseURL), t.Installed.Format(time.DateOnly), purge, line.Documents)
			return err
		})
		return errors.Join(err, w.Flush())
	})
}

// eachSite calls f for every site, until it returns an error.
func eachSite(ctx context.Context, storage *app.Storage, f func(tenant.Tenant) error) error {
	for t, err := range storage.Tenants.Each(ctx) {
		if err != nil {
			return err
		}
		if err := f(t); err != nil {
			return err
		}
	}
	return nil
}
