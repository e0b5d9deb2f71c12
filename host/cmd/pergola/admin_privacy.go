package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/app"
	"github.com/pergola-platform/pergola/host/config"
	"github.com/pergola-platform/pergola/host/personal"
	"github.com/pergola-platform/pergola/host/retention"
	"github.com/pergola-platform/pergola/host/store"
	"github.com/pergola-platform/pergola/host/tenant"
)

type purgeCmd struct {
	storageFlags `embed:""`
	Site         string `arg:"" help:"The site's id, as admin sites shows it."`
	Yes          bool   `help:"Do it. Without this the command says what it would destroy."`
}

func (c purgeCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, s, func(storage *app.Storage, cfg config.Config) error {
		id := capability.TenantID(c.Site)
		if !c.Yes {
			there, err := storage.Store.Collections(ctx, id)
			if err != nil {
				return err
			}
			fmt.Fprintln(s.out, "These documents, the site itself and its encryption keys would be destroyed, and cannot be brought back:")
			for _, collection := range there {
				fmt.Fprintf(s.out, "  %6d  %s\n", collection.Documents, collection.Name)
			}
			fmt.Fprintln(s.out, "Give --yes to do it.")
			return nil
		}
		receipt, err := storage.Sweeper(cfg.Privacy.Grace, cfg.Jobs.Keep).Purge(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("there is no site %q; admin sites lists them, admin receipts those that were purged", c.Site)
		}
		if err != nil {
			return err
		}
		return printJSON(s.out, receipt)
	})
}

type receiptsCmd struct {
	storageFlags `embed:""`
	Verify       string `help:"Verify the receipt in a file, or - for standard input, instead of showing any." placeholder:"FILE"`
	Key          string `help:"The public key that must have signed it; without it the one that the receipt names." placeholder:"KEY"`
}

func (c receiptsCmd) Run(ctx context.Context, s streams) error {
	if c.Verify != "" {
		return c.verify(s.out)
	}
	return c.with(ctx, s, func(storage *app.Storage, _ config.Config) error {
		all, err := retention.Receipts(ctx, storage.Store)
		if err != nil {
			return err
		}
		for _, r := range all {
			if err := printJSON(s.out, r); err != nil {
				return err
			}
		}
		if len(all) == 0 {
			fmt.Fprintln(s.err, "No site was purged yet.")
		}
		return nil
	})
}

func (c receiptsCmd) verify(out io.Writer) error {
	in := io.Reader(os.Stdin)
	if c.Verify != "-" {
		f, err := os.Open(c.Verify)
		if err != nil {
			return usageError{err}
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	var r retention.Receipt
	if err := json.NewDecoder(io.LimitReader(in, 1<<20)).Decode(&r); err != nil {
		return fmt.Errorf("%s holds no receipt: %w", c.Verify, err)
	}
	if err := r.Verify(c.Key); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "The receipt of site %s is genuine: purged %s, signed by %s\n", clean(string(r.Tenant)), r.Purged.Format(time.DateTime), r.PublicKey)
	return err
}

type accountCmd struct {
	Show  accountShowCmd  `cmd:"" help:"Print every document that names an account, as one JSON object a line."`
	Erase accountEraseCmd `cmd:"" help:"Erase an account on every site."`
	List  accountListCmd  `cmd:"" help:"List the accounts that are kept, by site."`
}

// holding is what account show prints. Fields are added, never changed.
type holding struct {
	Site capability.TenantID `json:"site"`
	personal.Held
}

type accountShowCmd struct {
	storageFlags `embed:""`
	Account      string `arg:"" help:"The Atlassian account id."`
}

func (c accountShowCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, s, func(storage *app.Storage, _ config.Config) error {
		n := 0
		err := eachSite(ctx, storage, func(t tenant.Tenant) error {
			held, err := storage.Accounts.Held(ctx, t.ID, c.Account)
			if err != nil {
				return err
			}
			for _, h := range held {
				n++
				if err := printLine(s.out, holding{t.ID, h}); err != nil {
					return err
				}
			}
			return nil
		})
		fmt.Fprintf(s.err, "%d documents name the account.\n", n)
		return err
	})
}

type accountEraseCmd struct {
	storageFlags `embed:""`
	Account      string `arg:"" help:"The Atlassian account id."`
	Yes          bool   `help:"Do it. Without this the command says how many documents name the account."`
}

func (c accountEraseCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, s, func(storage *app.Storage, _ config.Config) error {
		n := 0
		err := eachSite(ctx, storage, func(t tenant.Tenant) error {
			if c.Yes {
				erased, err := storage.Accounts.Erase(ctx, t.ID, c.Account)
				n += erased
				return err
			}
			held, err := storage.Accounts.Held(ctx, t.ID, c.Account)
			n += len(held)
			return err
		})
		if c.Yes {
			fmt.Fprintf(s.out, "Erased from %d documents.\n", n)
		} else {
			fmt.Fprintf(s.out, "%d documents name the account. Give --yes to erase it from them.\n", n)
		}
		return err
	})
}

type accountListCmd struct {
	storageFlags `embed:""`
}

func (c accountListCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, s, func(storage *app.Storage, _ config.Config) error {
		w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
		fmt.Fprintln(w, "SITE\tACCOUNT\tLAST CHANGE")
		err := eachSite(ctx, storage, func(t tenant.Tenant) error {
			all, err := storage.Accounts.Accounts(ctx, t.ID)
			if err != nil {
				return err
			}
			for account, at := range all {
				fmt.Fprintf(w, "%s\t%s\t%s\n", t.ID, account, at.Format(time.DateTime))
			}
			return nil
		})
		return errors.Join(err, w.Flush())
	})
}
