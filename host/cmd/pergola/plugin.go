package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/pergola-platform/pergola/core/bundle"
	"github.com/pergola-platform/pergola/core/bundle/oci"
	"github.com/pergola-platform/pergola/core/registry"
	"github.com/pergola-platform/pergola/host/config"
)

type pluginCmd struct {
	Keygen  keygenCmd  `cmd:"" help:"Make a key to sign bundles with."`
	Pack    packCmd    `cmd:"" help:"Pack a plugin's directory into a bundle."`
	Sign    signCmd    `cmd:"" help:"Sign a bundle; a further signature is added."`
	Verify  verifyCmd  `cmd:"" help:"Check a bundle as the host does."`
	Inspect inspectCmd `cmd:"" help:"Show what is in a bundle, trusted or not."`
	Push    pushCmd    `cmd:"" help:"Put a bundle and its signatures into a container registry."`
	Pull    pullCmd    `cmd:"" help:"Fetch a bundle from a container registry, verify it and save it."`
	Install installCmd `cmd:"" help:"Verify a bundle and put it into the plugin directory."`
}

// exitOf returns the exit code of an error.
func exitOf(err error) int {
	var usage usageError
	var braked brakedError
	var fromRegistry *oci.Error
	switch {
	case errors.As(err, &usage), errors.Is(err, oci.ErrReference):
		return exitUsage
	case bundle.Refused(err), errors.As(err, &braked):
		return exitRefused
	case errors.Is(err, registry.ErrVersion), errors.Is(err, oci.ErrExists):
		return exitVersion
	case errors.As(err, &fromRegistry):
		return exitRegistry
	}
	return exitFailed
}

// trustFlags say whose signatures count: what the host's configuration says, or the keys that are given.
type trustFlags struct {
	Config string            `help:"Configuration file (YAML) with plugins.trust." placeholder:"FILE"`
	Set    map[string]string `help:"Any setting by its key, such as --set plugins.trust.allow_unsigned=true." placeholder:"KEY=VALUE" mapsep:"none"`
	Key    []string          `help:"Public key that may sign, RW… or the name of a .pub file; those of the configuration do not count then." placeholder:"KEY" sep:"none"`
}

func (f trustFlags) load() (bundle.Trust, config.Config, error) {
	c, _, err := hostFlags{Config: f.Config, Set: f.Set}.load(nil)
	if err != nil {
		return bundle.Trust{}, c, err
	}
	if len(f.Key) == 0 {
		trust, err := c.Plugins.Trust.Keys()
		return trust, c, err
	}
	var keys []string
	for _, key := range f.Key {
		if text, err := os.ReadFile(key); err == nil {
			key = string(text)
		} else if !strings.HasPrefix(key, "RW") {
			return bundle.Trust{}, c, usageError{fmt.Errorf("--key: %w", err)}
		}
		keys = append(keys, key)
	}
	trust, err := bundle.NewTrust(keys, nil, false)
	if err != nil {
		return trust, c, usageError{fmt.Errorf("--key: %w", err)}
	}
	return trust, c, nil
}

// registryFlags say how a container registry is reached.
type registryFlags struct {
	PlainHTTP bool `help:"Speak http instead of https; without it only with a registry on this machine." name:"plain-http"`
}

// maxTransfer bounds a push or a pull.
const maxTransfer = 10 * time.Minute

func (f registryFlags) client(ctx context.Context) (*oci.Client, context.Context, context.CancelFunc) {
	c := oci.Config{User: os.Getenv("PERGOLA_REGISTRY_USER"), Password: os.Getenv("PERGOLA_REGISTRY_PASSWORD")}
	if f.PlainHTTP {
		c.Scheme = oci.HTTP
	}
	ctx, cancel := context.WithTimeout(ctx, maxTransfer)
	return oci.New(c), ctx, cancel
}

// readPair reads a bundle that was named on the command line, and its signatures.
func readPair(name string) (archive, signatures []byte, err error) {
	root, err := os.OpenRoot(filepath.Dir(name))
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = root.Close() }()
	return bundle.ReadPair(root, filepath.Base(name))
}

// save writes a file that is there completely or not at all.
func save(name string, data []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// printJSON prints a value over several lines.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// printLine prints a value on one line.
func printLine(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// clean keeps what a bundle says about itself from writing to the terminal.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, text)
}
