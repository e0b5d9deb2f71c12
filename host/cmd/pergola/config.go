package main

import (
	"fmt"
	"log/slog"
	"text/tabwriter"

	"github.com/pergola-platform/pergola/host/config"
)

// hostFlags are the flags of every command that runs a host. Everything else goes through --set, the environment or the
// configuration file.
type hostFlags struct {
	Config  string            `help:"Configuration file (YAML)." placeholder:"FILE"`
	Data    string            `help:"Directory of everything that is kept." placeholder:"DIR"`
	Listen  string            `help:"Address to serve on; port 0 takes a free one." placeholder:"HOST:PORT"`
	BaseURL string            `name:"base-url" help:"Address under which Jira and browsers reach the host." placeholder:"URL"`
	Set     map[string]string `help:"Any setting by its key, such as --set log.level=debug." placeholder:"KEY=VALUE" mapsep:"none"`
}

func (f hostFlags) load(override map[string]string) (config.Config, []config.Value, error) {
	flags := map[string]string{}
	for key, value := range f.Set {
		flags[key] = value
	}
	for key, value := range map[string]string{"data": f.Data, "listen": f.Listen, "base_url": f.BaseURL} {
		if value != "" {
			flags[key] = value
		}
	}
	c, values, err := config.Load(config.Options{File: f.Config, Flags: flags, Override: override})
	if err != nil {
		return c, nil, usageError{err}
	}
	return c, values, nil
}

func newLog(s streams, c config.Log) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Level)) // validated with the configuration
	options := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(s.err, options))
	}
	return slog.New(slog.NewTextHandler(s.err, options))
}

type configCmd struct {
	hostFlags `embed:""`
}

func (c configCmd) Run(s streams) error {
	_, values, err := c.load(nil)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "SETTING\tVALUE\tFROM\tMEANING")
	for _, v := range values {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", v.Key, v.Text, v.Origin, v.Help)
	}
	return w.Flush()
}
