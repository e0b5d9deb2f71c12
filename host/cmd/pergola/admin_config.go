package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/pergola-platform/pergola/host/configset"
)

type setCmd struct {
	Export setExportCmd `cmd:"" help:"Print what the admins of a site wrote for plugins as JSON, without secrets."`
	Import setImportCmd `cmd:"" help:"Write configuration that was exported, or a template, for a site: all of it or nothing."`
}

type setExportCmd struct {
	syncFlags `embed:""`
	Plugin    []string `help:"Only these plugins, by their ids." placeholder:"ID"`
}

func (c setExportCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, func(d *desk) error {
		var file []byte
		if err := d.ask(ctx, http.MethodGet, d.setPath("/export?plugin="+url.QueryEscape(strings.Join(c.Plugin, ","))), nil, &file); err != nil {
			return err
		}
		_, err := s.out.Write(file)
		return err
	})
}

// setPath is where a site's configuration is.
func (d *desk) setPath(path string) string {
	return "/tenants/" + url.PathEscape(d.tenant) + "/config" + path
}

type setImportCmd struct {
	syncFlags `embed:""`
	File      string   `arg:"" help:"What export wrote; - for standard input, template:cmdb, template:crm or template:hr for a template." placeholder:"FILE"`
	DryRun    bool     `help:"Only say what would change."`
	Map       string   `help:"JSON that says what things of the file are here, such as {\"project\":{\"10000\":\"OPS\"},\"field\":{\"customfield_10010\":\"\"}}: by id, key or name; \"\" leaves one out." placeholder:"FILE" type:"existingfile"`
	Plugin    []string `help:"Only these plugins, by their ids." placeholder:"ID"`
	Lenient   bool     `help:"Leave out what would be refused, and what refers to it."`
	As        string   `help:"Account of an admin of the site, by whose rights plugins judge what is imported." placeholder:"ACCOUNT"`
}

// setAnswer is what the host says of an import. Fields are added, never changed.
type setAnswer struct {
	Import string `json:"import,omitempty"`
	Items  []struct {
		Ref      string                 `json:"ref"`
		Label    string                 `json:"label"`
		What     configset.What         `json:"what"`
		Diff     []configset.Difference `json:"diff,omitempty"`
		Problems []configset.Problem    `json:"problems,omitempty"`
		Notes    []string               `json:"notes,omitempty"`
	} `json:"items"`
	Open []struct {
		Source string `json:"source"`
		ID     string `json:"id"`
		Name   string `json:"name"`
	} `json:"open"`
	LeftOut      []string `json:"leftOut"`
	NotInstalled []string `json:"notInstalled"`
	Notes        []string `json:"notes"`
	Refused      string   `json:"refused,omitempty"`
}

func (c setImportCmd) Run(ctx context.Context, s streams) error {
	raw, err := c.file()
	if err != nil {
		return err
	}
	mapping, err := mappingFrom(c.Map)
	if err != nil {
		return err
	}
	return c.with(ctx, func(d *desk) error {
		var got setAnswer
		in := map[string]any{"file": string(raw), "plugins": c.Plugin, "map": mapping, "lenient": c.Lenient, "as": c.As}
		if err := d.ask(ctx, http.MethodPost, d.setPath("/import?dry="+strconv.FormatBool(c.DryRun)), in, &got); err != nil {
			return err
		}
		if c.JSON {
			err = printJSON(s.out, got)
		} else {
			c.print(s, got)
		}
		if err == nil && got.Refused != "" {
			return fmt.Errorf("%s", clean(got.Refused))
		}
		return err
	})
}

// file reads the file, or a template that comes with this program.
func (c setImportCmd) file() ([]byte, error) {
	if name, ok := strings.CutPrefix(c.File, "template:"); ok {
		f, err := configset.ReadTemplate(name)
		if err != nil {
			return nil, err
		}
		return f.Bytes()
	}
	return input(c.File)
}

func mappingFrom(name string) (configset.Mapping, error) {
	if name == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read the mapping: %w", err)
	}
	var m configset.Mapping
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf(`the mapping %s is no JSON such as {"project": {"10000": "OPS"}}: %w`, name, err)
	}
	return m, nil
}

func (c setImportCmd) print(s streams, got setAnswer) {
	counts := map[configset.What]int{}
	for _, i := range got.Items {
		counts[i.What]++
		if i.What == configset.Equal || i.What == configset.Skipped && len(i.Problems) == 0 {
			continue
		}
		fmt.Fprintf(s.out, "%s: %s (%s)\n", clean(i.Label), i.What, clean(i.Ref))
		for _, p := range i.Problems {
			words := strings.TrimPrefix(p.Setting+": "+p.Message, ": ")
			if got.Import == "" && p.Do != "" { // it is not too late
				words += " " + p.Do
			}
			fmt.Fprintf(s.out, "  %s\n", clean(words))
		}
		for _, d := range i.Diff {
			if i.What == configset.Skipped {
				break
			}
			if i.What == configset.Created || i.What == configset.Restored {
				fmt.Fprintf(s.out, "  %s: %s\n", clean(d.Setting), clean(shown(d.After)))
				continue
			}
			fmt.Fprintf(s.out, "  %s: %s → %s\n", clean(d.Setting), clean(shown(d.Before)), clean(shown(d.After)))
		}
		for _, n := range i.Notes {
			fmt.Fprintf(s.out, "  %s\n", clean(n))
		}
	}
	for _, o := range got.Open {
		fmt.Fprintf(s.out, "not found here: %s %s (%s); name it in the file of --map\n", o.Source, clean(o.ID), clean(o.Name))
	}
	for _, a := range got.LeftOut {
		fmt.Fprintf(s.out, "not active here: account %s; it is left out\n", clean(a))
	}
	for _, id := range got.NotInstalled {
		fmt.Fprintf(s.out, "not installed here: plugin %s; what the file has for it is left out\n", clean(id))
	}
	for _, n := range got.Notes {
		fmt.Fprintln(s.out, clean(n))
	}
	would := ""
	if c.DryRun {
		would = " Nothing was done: this was a dry run."
	}
	fmt.Fprintf(s.out, "%d created, %d changed, %d taken back, %d same, %d left out, %d refused.%s\n",
		counts[configset.Created], counts[configset.Changed], counts[configset.Restored], counts[configset.Equal], counts[configset.Skipped], counts[configset.Refused], would)
	if got.Import != "" {
		fmt.Fprintln(s.out, "An admin of the site can undo it on the page Configuration for 30 days.")
	}
}
