package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pergola-platform/pergola/core/bundle"
	"github.com/pergola-platform/pergola/host/app"
)

type pushCmd struct {
	registryFlags `embed:""`
	File          string `arg:"" help:"The bundle; its signatures go with it." placeholder:"FILE"`
	Ref           string `arg:"" help:"HOST/NAME or HOST/NAME:TAG; the tag is the version where none is named." placeholder:"REF"`
}

func (c pushCmd) Run(ctx context.Context, s streams) error {
	archive, signatures, err := readPair(c.File)
	if err != nil {
		return err
	}
	b, err := bundle.Parse(filepath.Base(c.File), archive)
	if err != nil {
		return err
	}
	if signatures == nil {
		fmt.Fprintf(s.err, "%s is not signed; hosts refuse it until somebody signs it (pergola plugin sign)\n", c.File)
	} else if _, err := bundle.ParseSignatures(signatures); err != nil {
		return fmt.Errorf("%s: %w", c.File+bundle.SignatureExtension, err)
	}
	client, ctx, cancel := c.client(ctx)
	defer cancel()
	pushed, err := client.Push(ctx, c.Ref, b, signatures)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s@%s\n", pushed.Ref, pushed.Digest)
	return nil
}

type pullCmd struct {
	trustFlags    `embed:""`
	registryFlags `embed:""`
	Ref           string `arg:"" help:"HOST/NAME:TAG, or HOST/NAME@sha256:… for one that cannot change." placeholder:"REF"`
	Output        string `short:"o" help:"File to write; ID-VERSION.pergola where none is named." placeholder:"FILE"`
}

func (c pullCmd) Run(ctx context.Context, s streams) error {
	trust, _, err := c.load()
	if err != nil {
		return err
	}
	client, ctx, cancel := c.client(ctx)
	defer cancel()
	p, err := client.Pull(ctx, c.Ref, trust)
	if err != nil {
		return err
	}
	name := c.Output
	if name == "" {
		name = p.FileName()
	}
	if p.Signatures != nil {
		err = save(name+bundle.SignatureExtension, p.Signatures)
	} else if err = os.Remove(name + bundle.SignatureExtension); errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return err
	}
	if err := save(name, p.Archive); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s: %s %s, %s, signed by %s\npinned: %s@%s\n", name, p.Manifest.ID, p.Manifest.Version, p.Bundle.Digest, p.Signer, repository(c.Ref), p.Digest)
	return nil
}

// repository is a reference without its tag and digest.
func repository(ref string) string {
	ref, _, _ = strings.Cut(ref, "@")
	if colon := strings.LastIndexByte(ref, ':'); colon > strings.LastIndexByte(ref, '/') {
		ref = ref[:colon]
	}
	return ref
}

type installCmd struct {
	trustFlags    `embed:""`
	registryFlags `embed:""`
	From          string `arg:"" name:"file-or-ref" help:"The bundle: a file, or HOST/NAME:TAG or HOST/NAME@sha256:… in a container registry." placeholder:"FILE|REF"`
}

func (c installCmd) Run(ctx context.Context, s streams) error {
	trust, cfg, err := c.load()
	if err != nil {
		return err
	}
	host := trust
	if len(c.Key) > 0 { // --key judges this bundle; what the host will say at its start is the configuration's business
		if host, err = cfg.Plugins.Trust.Keys(); err != nil {
			return err
		}
	}
	dir, err := app.PluginDir(cfg)
	if err != nil {
		return err
	}
	v, err := c.fetch(ctx, trust)
	if err != nil {
		return err
	}
	if len(c.Key) > 0 {
		if _, err := host.Verify(v.Name, v.Archive, v.Signatures); err != nil {
			return fmt.Errorf("the key fits, but the host would not load the bundle: %w", err)
		}
	}
	waiting, cancel := context.WithTimeout(ctx, installPatience)
	defer cancel()
	p, err := place(waiting, dir, host, v)
	if err != nil {
		return err
	}
	what := "installed"
	if p.Same {
		what = "was installed already"
	}
	fmt.Fprintf(s.out, "%s %s %s as %s, %s, signed by %s\n", v.Manifest.ID, v.Manifest.Version, what, filepath.Join(dir, p.Name), v.Digest, v.Signer)
	if len(p.Removed) > 0 {
		fmt.Fprintf(s.out, "removed the older %s\n", strings.Join(p.Removed, ", "))
	}
	for _, name := range p.Beside {
		fmt.Fprintf(s.err, "the directory %s holds an older version, which no longer serves; remove it when you like\n", name)
	}
	if !p.Same {
		fmt.Fprintln(s.out, "the host serves it after SIGHUP (kill -HUP), or when it starts")
	}
	return nil
}

// fetch reads and verifies the bundle, wherever it is.
func (c installCmd) fetch(ctx context.Context, trust bundle.Trust) (bundle.Verified, error) {
	_, err := os.Stat(c.From)
	if err == nil || strings.HasSuffix(c.From, bundle.Extension) || !strings.Contains(c.From, "/") {
		archive, signatures, err := readPair(c.From)
		if err != nil {
			return bundle.Verified{}, err
		}
		return trust.Verify(filepath.Base(c.From), archive, signatures)
	}
	client, ctx, cancel := c.client(ctx)
	defer cancel()
	p, err := client.Pull(ctx, c.From, trust)
	return p.Verified, err
}
