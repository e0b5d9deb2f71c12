package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/app"
	"github.com/pergola-platform/pergola/host/config"
	"github.com/pergola-platform/pergola/host/seal"
	"github.com/pergola-platform/pergola/host/store"
)

type keysCmd struct {
	Status  keysStatusCmd  `cmd:"" help:"Show the wrapping keys, and how many of the sites' keys need each."`
	Make    keysMakeCmd    `cmd:"" help:"Print a new wrapping key, for keys.ring."`
	Add     keysAddCmd     `cmd:"" help:"Add a new wrapping key to the key file. Every host has to read it before it is promoted."`
	Promote keysPromoteCmd `cmd:"" help:"Have a wrapping key of the key file encrypt what is new. Hosts that read it wrap the sites' keys anew."`
	Remove  keysRemoveCmd  `cmd:"" help:"Take a wrapping key that nothing needs any more out of the key file."`
	Rotate  keysRotateCmd  `cmd:"" help:"Give a site a new key of its own, and encrypt its secrets with it."`
}

type keysStatusCmd struct {
	storageFlags `embed:""`
}

func (c keysStatusCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, s, func(storage *app.Storage, _ config.Config) error {
		count, err := storage.Keys.Census(ctx, storage.Store)
		if err != nil {
			return err
		}
		for i, id := range storage.Ring().IDs() {
			use := "opens what it encrypted"
			if i == 0 {
				use = "encrypts what is new"
			}
			fmt.Fprintf(s.out, "%-24s %5d keys of sites  %s\n", id, count[id], use)
			delete(count, id)
		}
		for _, id := range slices.Sorted(maps.Keys(count)) {
			fmt.Fprintf(s.out, "%-24s %5d keys of sites  MISSING: these sites cannot be served until it is in the ring again\n", id, count[id])
		}
		return nil
	})
}

type keysMakeCmd struct{}

func (keysMakeCmd) Run(s streams) error {
	_, err := fmt.Fprintln(s.out, seal.GenerateKey().Reveal())
	return err
}

// keyFileFlags are those of commands that change the key file, which need no store.
type keyFileFlags struct {
	storageFlags `embed:""`
}

func (f keyFileFlags) file() (string, error) {
	c, err := f.load()
	if err != nil {
		return "", err
	}
	file := app.KeyFile(c)
	if file == "" {
		return "", usageError{fmt.Errorf("the keys come from keys.ring or keys.kms: change them there")}
	}
	return file, nil
}

type keysAddCmd struct {
	keyFileFlags `embed:""`
}

func (c keysAddCmd) Run(s streams) error {
	file, err := c.file()
	if err != nil {
		return err
	}
	id, err := seal.AddKey(file)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s\nCopy %s to every host and have them read it (kill -HUP), then: pergola admin keys promote %s\n", id, file, id)
	return err
}

type keysPromoteCmd struct {
	keyFileFlags `embed:""`
	ID           string `arg:"" help:"The key's id."`
}

func (c keysPromoteCmd) Run(s streams) error {
	file, err := c.file()
	if err != nil {
		return err
	}
	if err := seal.PromoteKey(file, c.ID); err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.out, "Copy it to every host and have them read it (kill -HUP). When admin keys status shows that nothing needs the old key: pergola admin keys remove")
	return err
}

type keysRemoveCmd struct {
	keyFileFlags `embed:""`
	ID           string `arg:"" help:"The key's id."`
}

func (c keysRemoveCmd) Run(ctx context.Context, s streams) error {
	file, err := c.file()
	if err != nil {
		return err
	}
	return c.with(ctx, s, func(storage *app.Storage, _ config.Config) error {
		count, err := storage.Keys.Census(ctx, storage.Store)
		if err != nil {
			return err
		}
		if count[c.ID] > 0 {
			return fmt.Errorf("%d keys of sites still need %s; promote another one and have the host read it (kill -HUP), which wraps them anew", count[c.ID], c.ID)
		}
		return seal.RemoveKey(file, c.ID)
	})
}

type keysRotateCmd struct {
	storageFlags `embed:""`
	Site         string `arg:"" help:"The site's id, as admin sites shows it."`
}

func (c keysRotateCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, s, func(storage *app.Storage, _ config.Config) error {
		n, err := storage.Sealer().Rotate(ctx, capability.TenantID(c.Site))
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("there is no site %q with a key; admin sites lists the sites", c.Site)
		}
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.out, "%d secrets are encrypted with the new key. The host destroys the old one within two hours.\n", n)
		return err
	})
}
