package main

import (
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"

	"github.com/pergola-platform/pergola/core/bundle"
)

type verifyCmd struct {
	trustFlags `embed:""`
	File       string `arg:"" help:"The bundle; its signatures are in FILE.minisig." placeholder:"FILE"`
	JSON       bool   `help:"Print one JSON object." name:"json"`
}

func (c verifyCmd) Run(s streams) error {
	trust, _, err := c.load()
	if err != nil {
		return err
	}
	archive, signatures, err := readPair(c.File)
	if err != nil {
		return err
	}
	v, err := trust.Verify(filepath.Base(c.File), archive, signatures)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, describe(v.Bundle, nil, v.Signer, nil))
	}
	fmt.Fprintf(s.out, "%s: %s %s, %s, signed by %s\n", c.File, v.Manifest.ID, v.Manifest.Version, v.Digest, v.Signer)
	return nil
}

type inspectCmd struct {
	trustFlags `embed:""`
	File       string `arg:"" help:"The bundle." placeholder:"FILE"`
	JSON       bool   `help:"Print one JSON object." name:"json"`
}

// description is what inspect and verify print as JSON. Fields are added, never changed.
type description struct {
	ID          string                  `json:"id"`
	Version     string                  `json:"version"`
	Name        string                  `json:"name"`
	Publisher   string                  `json:"publisher"` // as plugin.json says
	Digest      string                  `json:"digest"`
	Bytes       int                     `json:"bytes"`
	Kind        string                  `json:"kind"`
	Entry       string                  `json:"entry"`
	ABI         int                     `json:"abi"`
	Permissions []permissionDescription `json:"permissions"`
	Files       []fileDescription       `json:"files"`
	Signatures  []signatureDescription  `json:"signatures,omitempty"`
	Trust       trustDescription        `json:"trust"`
}

type permissionDescription struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

type fileDescription struct {
	Path   string `json:"path"`
	Bytes  int    `json:"bytes"`
	Digest string `json:"digest"`
}

type signatureDescription struct {
	Key     string `json:"key"`
	Comment string `json:"comment"`
}

// trustDescription is what a host with this configuration would say.
type trustDescription struct {
	Tier      bundle.Tier `json:"tier,omitempty"`
	Publisher string      `json:"publisher,omitempty"`
	Key       string      `json:"key,omitempty"`
	Refused   string      `json:"refused,omitempty"` // why it would not be used
}

func describe(b *bundle.Bundle, signatures []bundle.Signature, signer bundle.Signer, refused error) description {
	m := b.Manifest
	d := description{
		ID: string(m.ID), Version: m.Version, Name: m.Name, Publisher: m.Publisher.Name, Digest: b.Digest.String(), Bytes: len(b.Archive),
		Kind: m.Runtime.Kind, Entry: m.Runtime.Entry, ABI: m.Compat.ABI,
		Permissions: []permissionDescription{}, Trust: trustDescription{Tier: signer.Tier, Publisher: signer.Publisher},
	}
	for _, p := range m.Permissions {
		d.Permissions = append(d.Permissions, permissionDescription{p.Name, p.Reason})
	}
	for _, f := range b.Files {
		d.Files = append(d.Files, fileDescription{f.Path, len(f.Data), bundle.DigestOf(f.Data).String()})
	}
	for _, s := range signatures {
		d.Signatures = append(d.Signatures, signatureDescription{s.Key.String(), s.Comment})
	}
	if signer.Key != 0 {
		d.Trust.Key = signer.Key.String()
	}
	if refused != nil {
		d.Trust = trustDescription{Refused: refused.Error()}
	}
	return d
}

func (c inspectCmd) Run(s streams) error {
	trust, _, err := c.load()
	if err != nil {
		return err
	}
	archive, text, err := readPair(c.File)
	if err != nil {
		return err
	}
	b, err := bundle.Parse(filepath.Base(c.File), archive)
	if err != nil {
		return err
	}
	v, refused := trust.Verify(b.Name, archive, text)
	var signatures []bundle.Signature
	if len(text) > 0 {
		signatures, _ = bundle.ParseSignatures(text) // what is wrong with them is in refused
	}
	d := describe(b, signatures, v.Signer, refused)
	if c.JSON {
		return printJSON(s.out, d)
	}
	return d.print(s.out, v.Signer)
}

// print prints the description for people.
func (d description) print(out io.Writer, signer bundle.Signer) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%s\t%s\n", name, clean(fmt.Sprintf(format, args...)))
	}
	row("plugin", "%s %s, %s", d.ID, d.Version, d.Name)
	row("publisher", "%s (as plugin.json says)", d.Publisher)
	row("runs", "%s (%s), ABI %d", d.Entry, d.Kind, d.ABI)
	row("digest", "%s", d.Digest)
	if d.Trust.Refused != "" {
		row("trust", "a host with this configuration refuses it: %s", d.Trust.Refused)
	} else {
		row("trust", "%s", signer)
	}
	for _, s := range d.Signatures {
		row("signature", "key %s says: %s", s.Key, s.Comment)
	}
	if len(d.Signatures) == 0 {
		row("signature", "none")
	}
	for _, p := range d.Permissions {
		row("permission", "%s: %s", p.Name, p.Reason)
	}
	if len(d.Permissions) == 0 {
		row("permission", "none")
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	for _, f := range d.Files {
		fmt.Fprintf(w, "%d\t%s\t%s\n", f.Bytes, f.Digest, f.Path)
	}
	return w.Flush()
}
