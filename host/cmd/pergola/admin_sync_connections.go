package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/pergola-platform/pergola/core/capability"
	"github.com/pergola-platform/pergola/host/syncing"
)

type connectionsCmd struct {
	List   connectionsListCmd   `cmd:"" help:"List the connections."`
	Show   connectionsShowCmd   `cmd:"" help:"Print a connection as JSON, without secrets."`
	Save   connectionsSaveCmd   `cmd:"" help:"Make a connection, or change one."`
	Test   connectionsTestCmd   `cmd:"" help:"Try whether a connection works."`
	Delete connectionsDeleteCmd `cmd:"" help:"Delete a connection that no synchronization reads."`
}

type connectionsListCmd struct {
	syncFlags `embed:""`
}

func (c connectionsListCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, func(d *desk) error {
		var all []syncing.Connection
		if err := d.call(ctx, http.MethodGet, "/connections", nil, &all); err != nil {
			return err
		}
		return lines(s, c.JSON, "ID\tNAME\tSOURCE\tSECRETS\tCHANGED\tTROUBLE", all, func(i int) string {
			one := all[i]
			return cells(one.ID, one.Name, string(one.Plugin)+"/"+one.Synchronizer, strings.Join(one.Set, ", "), moment(one.Changed), troubleWords(one.Trouble))
		})
	})
}

// connectionFlags name a connection.
type connectionFlags struct {
	syncFlags  `embed:""`
	Connection string `arg:"" help:"Name or id of the connection." placeholder:"CONNECTION"`
}

type connectionsShowCmd struct {
	connectionFlags `embed:""`
}

func (c connectionsShowCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, func(d *desk) error {
		one, err := d.connection(ctx, c.Connection)
		if err != nil {
			return err
		}
		return printJSON(s.out, one)
	})
}

type connectionsSaveCmd struct {
	connectionFlags `embed:""`
	Source          string            `help:"Of a new one: what it connects to, as sources lists it." placeholder:"PLUGIN/SYNCHRONIZER"`
	Settings        string            `help:"File with the settings, a JSON object; - for standard input. Without it they stay as they are." placeholder:"FILE"`
	Secret          map[string]string `help:"Take a secret from a file, or from standard input for -. May be given several times." placeholder:"NAME=FILE" mapsep:"none"`
	Unset           []string          `help:"Take a secret away. May be given several times." placeholder:"NAME"`
	Rename          string            `help:"Another name." placeholder:"NAME"`
}

// draftBody is a syncing.ConnectionDraft with its secrets in the clear.
type draftBody struct {
	Name         string              `json:"name"`
	Plugin       capability.PluginID `json:"plugin"`
	Synchronizer string              `json:"synchronizer"`
	Settings     json.RawMessage     `json:"settings"`
	Secrets      map[string]string   `json:"secrets,omitempty"`
	Rev          int64               `json:"rev,omitempty"`
}

func (c connectionsSaveCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, func(d *desk) error {
		there, err := d.connection(ctx, c.Connection)
		method, path := http.MethodPut, "/connections/"+there.ID
		var none noneError
		if errors.As(err, &none) && c.Source != "" {
			method, path, err = http.MethodPost, "/connections", nil
			there = syncing.Connection{Name: c.Connection, Settings: json.RawMessage("{}")}
		} else if errors.As(err, &none) {
			return usageError{fmt.Errorf("%w. To make it give --source", err)}
		}
		if err != nil {
			return err
		}
		body, err := c.draft(there)
		if err != nil {
			return err
		}
		var saved syncing.Connection
		if err := d.call(ctx, method, path, body, &saved); err != nil {
			return err
		}
		if c.JSON {
			return printJSON(s.out, saved)
		}
		_, err = fmt.Fprintf(s.out, "Connection %s (%s) is saved. Try it with pergola admin sync connections test.\n", clean(saved.Name), saved.ID)
		return err
	})
}

// draft is what is there with what the flags change.
func (c connectionsSaveCmd) draft(there syncing.Connection) (draftBody, error) {
	body := draftBody{there.Name, there.Plugin, there.Synchronizer, there.Settings, map[string]string{}, there.Rev}
	if c.Source != "" {
		plugin, synchronizer, ok := strings.Cut(c.Source, "/")
		if !ok {
			return body, usageError{fmt.Errorf("--source: %q is not PLUGIN/SYNCHRONIZER; pergola admin sync sources lists them", c.Source)}
		}
		body.Plugin, body.Synchronizer = capability.PluginID(plugin), synchronizer
	}
	if c.Rename != "" {
		body.Name = c.Rename
	}
	if c.piped() > 1 {
		return body, usageError{errors.New("standard input can be one thing only; put the others into files")}
	}
	if c.Settings != "" {
		raw, err := input(c.Settings)
		if err != nil {
			return body, err
		}
		if !json.Valid(raw) {
			return body, usageError{fmt.Errorf("--settings: %s holds no JSON; write an object such as {\"host\": \"db.example.com\"}", c.Settings)}
		}
		body.Settings = raw
	}
	for name, file := range c.Secret {
		secret, err := secretFrom(file)
		if err != nil {
			return body, err
		}
		body.Secrets[name] = secret
	}
	for _, name := range c.Unset {
		body.Secrets[name] = ""
	}
	return body, nil
}

// piped is how many things are to come from standard input.
func (c connectionsSaveCmd) piped() int {
	n := 0
	if c.Settings == "-" {
		n++
	}
	for _, file := range c.Secret {
		if file == "-" {
			n++
		}
	}
	return n
}

type connectionsTestCmd struct {
	connectionFlags `embed:""`
}

func (c connectionsTestCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, func(d *desk) error {
		one, err := d.connection(ctx, c.Connection)
		if err != nil {
			return err
		}
		var health struct {
			About    string    `json:"about"`
			Problems []problem `json:"problems"`
		}
		if err := d.call(ctx, http.MethodPost, "/connections/"+one.ID+"/test", nil, &health); err != nil {
			return err
		}
		if c.JSON {
			if err := printJSON(s.out, health); err != nil {
				return err
			}
		}
		if len(health.Problems) > 0 {
			return &hostError{Message: fmt.Sprintf("the connection %q does not work", one.Name), Problems: health.Problems}
		}
		if !c.JSON {
			fmt.Fprintln(s.out, strings.TrimSpace(fmt.Sprintf("Connection %s works. %s", clean(one.Name), clean(health.About))))
		}
		return nil
	})
}

type connectionsDeleteCmd struct {
	connectionFlags `embed:""`
}

func (c connectionsDeleteCmd) Run(ctx context.Context, s streams) error {
	return c.with(ctx, func(d *desk) error {
		one, err := d.connection(ctx, c.Connection)
		if err != nil {
			return err
		}
		if err := d.call(ctx, http.MethodDelete, "/connections/"+one.ID, nil, nil); err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.out, "Connection %s is deleted.\n", clean(one.Name))
		return err
	})
}
