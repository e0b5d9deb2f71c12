package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"

	"github.com/pergola-platform/pergola/host/syncing/blueprint"
)

type syncExportCmd struct {
	syncFlags `embed:""`
	IDs       bool `help:"Ask nothing of the site: ids stand where names would." name:"ids"`
}

func (c syncExportCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, func(d *desk) error {
		var file []byte
		if err := d.call(ctx, http.MethodGet, "/export?ids="+strconv.FormatBool(c.IDs), nil, &file); err != nil {
			return err
		}
		if c.JSON {
			return printJSON(s.out, map[string]string{"file": string(file)})
		}
		_, err := s.out.Write(file)
		return err
	})
}

type syncImportCmd struct {
	syncFlags `embed:""`
	File      string `arg:"" help:"What export wrote, or somebody in its form; - for standard input." placeholder:"FILE"`
	DryRun    bool   `help:"Only say what would change."`
	Delete    bool   `help:"Delete the connections and synchronizations that the file does not name. Issues stay as they are."`
}

func (c syncImportCmd) Run(ctx context.Context, s streams) error {
	raw, err := input(c.File)
	if err != nil {
		return err
	}
	secrets, err := secretsOf(raw)
	if err != nil {
		return err
	}
	return c.with(ctx, func(d *desk) error {
		var got struct {
			Changes []blueprint.Change `json:"changes"`
		}
		path := fmt.Sprintf("/import?dry=%t&delete=%t", c.DryRun, c.Delete)
		if err := d.call(ctx, http.MethodPost, path, map[string]any{"file": string(raw), "secrets": secrets}, &got); err != nil {
			return err
		}
		if c.JSON {
			return printJSON(s.out, got)
		}
		c.print(s, got.Changes)
		return nil
	})
}

// secretsOf reads the secrets that a file names, where it says that they are.
func secretsOf(raw []byte) (map[string]map[string]string, error) {
	origins, err := blueprint.Origins(raw)
	if err != nil {
		return nil, asProblems(err)
	}
	out := map[string]map[string]string{}
	for _, o := range origins {
		var secret string
		if o.Env != "" {
			if secret = os.Getenv(o.Env); secret == "" {
				return nil, fmt.Errorf("line %d: the variable %s is not set; the secret %s of the connection %q is to be in it", o.Line, clean(o.Env), clean(o.Name), o.Connection)
			}
		} else if secret, err = secretFrom(o.File); err != nil {
			return nil, fmt.Errorf("line %d: the secret %s of the connection %q: %w", o.Line, clean(o.Name), o.Connection, err)
		}
		if out[o.Connection] == nil {
			out[o.Connection] = map[string]string{}
		}
		out[o.Connection][o.Name] = secret
	}
	return out, nil
}

func (c syncImportCmd) print(s streams, changes []blueprint.Change) {
	counts := map[string]int{}
	for _, change := range changes {
		counts[change.What]++
		if change.What == blueprint.Unchanged {
			continue
		}
		fmt.Fprintf(s.out, "%s %s: %s\n", change.Kind, clean(change.Name), change.What)
		for _, diff := range change.Diff {
			fmt.Fprintf(s.out, "  %s: %s → %s\n", clean(diff.At), clean(shown(diff.Before)), clean(shown(diff.After)))
		}
	}
	would := ""
	if c.DryRun {
		would = " Nothing was done: this was a dry run."
	}
	fmt.Fprintf(s.out, "%d created, %d changed, %d unchanged, %d deleted.%s\n",
		counts[blueprint.Created], counts[blueprint.Changed], counts[blueprint.Unchanged], counts[blueprint.Deleted], would)
}

func shown(text string) string {
	if text == "" {
		return "nothing"
	}
	return value(text)
}
