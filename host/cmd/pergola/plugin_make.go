package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/pergola-platform/pergola/core/bundle"
)

// passphraseVariable holds the passphrase of a secret key where nobody can type it.
const passphraseVariable = "PERGOLA_KEY_PASSPHRASE"

type keygenCmd struct {
	Output       string `short:"o" help:"Name of the key: NAME.key is the secret, NAME.pub is for everybody." default:"pergola" placeholder:"NAME"`
	NoPassphrase bool   `help:"Leave the secret key unencrypted, for a machine that keeps it in a safe place of its own."`
}

func (c keygenCmd) Run(ctx context.Context, s streams) error {
	secretName, publicName := c.Output+".key", c.Output+".pub"
	for _, name := range []string{secretName, publicName} {
		if _, err := os.Lstat(name); err == nil {
			return usageError{fmt.Errorf("%s is there already, and a key that is lost cannot be made again; -o takes another name", name)}
		}
	}
	phrase := ""
	if !c.NoPassphrase {
		var err error
		if phrase, err = passphrase(ctx, s, "Passphrase for the new key: ", true); err != nil {
			return err
		}
	}
	key, err := bundle.GenerateKey()
	if err != nil {
		return err
	}
	secret, err := key.Encrypt(phrase)
	if err != nil {
		return err
	}
	public, err := key.Public().MarshalText()
	if err != nil {
		return err
	}
	if err := create(secretName, secret, 0o600); err != nil {
		return err
	}
	if err := create(publicName, public, 0o644); err != nil {
		return errors.Join(err, os.Remove(secretName))
	}
	fmt.Fprintf(s.out, "key %s: %s is secret, %s is for those who run your plugins.\nThey add to plugins.trust.publishers, with the ids of your plugins before the sign:\n\n    acme.*=%s\n",
		key.Public().ID(), secretName, publicName, key.Public())
	return nil
}

// create writes a file that was not there.
func create(name string, data []byte, mode os.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// passphrase takes a passphrase from the environment or asks for it, twice where it is a new one.
func passphrase(ctx context.Context, s streams, prompt string, twice bool) (string, error) {
	if phrase := os.Getenv(passphraseVariable); phrase != "" {
		return phrase, nil
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		next := ""
		if twice {
			next = ", or leave the key unencrypted with --no-passphrase"
		}
		return "", usageError{fmt.Errorf("there is no terminal to ask for the passphrase; set %s%s", passphraseVariable, next)}
	}
	first, err := ask(ctx, s, prompt)
	if err != nil {
		return "", err
	}
	if first == "" {
		return "", usageError{errors.New("the passphrase is empty")}
	}
	if twice {
		second, err := ask(ctx, s, "Once more: ")
		if err != nil {
			return "", err
		}
		if second != first {
			return "", usageError{errors.New("the two passphrases differ")}
		}
	}
	return first, nil
}

// ask reads a line that is not shown. When the program is interrupted it gives the terminal back as it was; what reads it
// ends with the program.
func ask(ctx context.Context, s streams, prompt string) (string, error) {
	fd := int(os.Stdin.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	fmt.Fprint(s.err, prompt)
	defer fmt.Fprintln(s.err)
	type line struct {
		text []byte
		err  error
	}
	read := make(chan line, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		read <- line{text, err}
	}()
	select {
	case l := <-read:
		return string(l.text), l.err
	case <-ctx.Done():
		return "", errors.Join(ctx.Err(), term.Restore(fd, before))
	}
}

type packCmd struct {
	Dir    string `arg:"" help:"Directory with plugin.json and the plugin's code." placeholder:"DIR"`
	Output string `short:"o" help:"File to write; ID-VERSION.pergola where none is named." placeholder:"FILE"`
}

func (c packCmd) Run(s streams) error {
	packed, err := bundle.PackDir(c.Dir)
	if err != nil {
		return err
	}
	name := c.Output
	if name == "" {
		name = packed.FileName()
	}
	if len(packed.Left) > 0 {
		fmt.Fprintf(s.err, "left out: %s (a bundle takes plugin.json, the code, the folder static, README.md, CHANGELOG.md, LICENSE and NOTICE)\n", clean(strings.Join(packed.Left, ", ")))
	}
	// A signature of what lay there before would only make the new bundle look forged.
	if old, err := os.ReadFile(name); err == nil && !bytes.Equal(old, packed.Archive) {
		if err := os.Remove(name + bundle.SignatureExtension); err == nil {
			fmt.Fprintf(s.err, "removed %s, which was for the bundle that was there before\n", name+bundle.SignatureExtension)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := save(name, packed.Archive); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s: %s %s, %d files, %d bytes, %s\n", name, packed.Manifest.ID, packed.Manifest.Version, len(packed.Files), len(packed.Archive), packed.Digest)
	return nil
}

type signCmd struct {
	File      string `arg:"" help:"The bundle." placeholder:"FILE"`
	SecretKey string `short:"s" required:"" help:"Secret key, the .key file of keygen or of minisign; its passphrase is asked for, or taken from PERGOLA_KEY_PASSPHRASE." placeholder:"FILE"`
}

func (c signCmd) Run(ctx context.Context, s streams) error {
	archive, old, err := readPair(c.File)
	if err != nil {
		return err
	}
	b, err := bundle.Parse(filepath.Base(c.File), archive)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(c.SecretKey)
	if err != nil {
		return err
	}
	phrase := ""
	if bundle.Encrypted(text) {
		if phrase, err = passphrase(ctx, s, "Passphrase of "+c.SecretKey+": ", false); err != nil {
			return err
		}
	}
	key, err := bundle.ParseSecretKey(text, phrase)
	if err != nil {
		return fmt.Errorf("%s: %w", c.SecretKey, err)
	}
	signatures, err := bundle.AddSignature(old, key.Sign(b.Name, archive, time.Now()))
	if err != nil {
		return fmt.Errorf("%s: %w; remove it to begin anew", c.File+bundle.SignatureExtension, err)
	}
	if err := save(c.File+bundle.SignatureExtension, signatures); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%s: signed %s %s, %s, with key %s\n", c.File+bundle.SignatureExtension, b.Manifest.ID, b.Manifest.Version, b.Digest, key.Public().ID())
	return nil
}
